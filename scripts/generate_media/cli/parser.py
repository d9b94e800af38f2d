"""The flags of create_and_wait.py and wait_generation.py, and a parser whose errors are ours."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any, NoReturn

from .. import __version__
from ..core import CONFIG_FILE, DEFAULT_OUTPUT_DIR, UsageError, hide_keys_later
from ..events import JSON_FLAG
from ..request import MEDIA_FLAGS
from .sums_and_ages import age, amount

_STANDARD = ("help", "version", "json")
PROVIDERS = "(the providers of config.json)"
"""Stands in --help where their names are put once somebody reads it."""
_NUMBER = re.compile(r"-\d+$|-\d*\.\d+$")
"""What argparse takes for a value although it begins with a dash."""


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """With a width: argparse would load shutil and three decompressors to ask the terminal, with every flag added."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=120)


class Parser(argparse.ArgumentParser):
    """argparse whose errors become one ``error`` object on stdout, and which never abbreviates."""

    def __init__(self, *, prog: str, description: str, epilog: str) -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=epilog,
            allow_abbrev=False,
            formatter_class=_Formatter,
        )
        hide_keys_later(_read_keys)  # before a mistaken flag is said back, which may be a key
        self.add_argument("--version", action="version", version=f"generate-media {__version__}")
        self.add_argument(JSON_FLAG, action="store_true")

    def format_help(self) -> str:
        """A screen, not a scroll: flags that explain themselves stand side by side, the others with their words."""
        lines = [f"usage: python3 scripts/{self.prog} [flags]   (-h, --version, --json)", "", self.description or ""]
        for group in self._action_groups:
            plain = group.title in ("options", "optional arguments")
            actions = [a for a in group._group_actions if a.help is not argparse.SUPPRESS and a.dest not in _STANDARD]
            if actions:
                lines += ["", *([] if plain else [f"{group.title}:"]), *_group_lines(actions)]
        return "\n".join([*lines, "", self.epilog or "", ""]).replace(PROVIDERS, _provider_names())

    def parse_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:  # type: ignore[override]
        """An unknown flag is named before all else that may be missing because of it. ``words`` keeps all."""
        words = sys.argv[1:] if args is None else list(args)
        unknown = next(filter(self._is_unknown, takewhile(lambda word: word != "--", words)), None)
        if unknown is not None:
            raise self._unknown_flag(unknown)
        return super().parse_args(words, namespace or argparse.Namespace(words=words))

    def error(self, message: str) -> NoReturn:
        lost = message.removeprefix("unrecognized arguments: ")
        if lost != message:
            message = f"these words belong to no flag: {lost[:200]} (a text of several words stands in quotes)"
        raise UsageError("usage", message, guidance=(self._help_hint,))

    @property
    def _help_hint(self) -> str:
        return f"python3 scripts/{self.prog} --help shows every flag with examples"

    def _is_unknown(self, word: str) -> bool:
        """Whether argparse would take a word for a flag, and there is none of that name."""
        name = word.partition("=")[0]
        is_flag = name.startswith("-") and name != "-" and " " not in name and not _NUMBER.match(name)
        return is_flag and name not in self._option_string_actions

    def _unknown_flag(self, word: str) -> UsageError:
        from ..contract import nearest

        name = word.partition("=")[0]
        near = nearest(name, [known for known in self._option_string_actions if known.startswith("--")])
        meant = f"; did you mean {' or '.join(near)}?" if near else ""
        return UsageError(
            "usage",
            f"{self.prog} has no flag {name[:100]}{meant}",
            guidance=(self._help_hint, "a value that begins with a dash is written --flag=-value"),
            details={"received": name[:100], "suggestions": near},
        )


def _provider_names() -> str:
    """The providers of the bundle's config.json: read for --help alone, which a mistake in that file must not stop."""
    from ..config import load_settings

    try:
        return f"{', '.join(load_settings(CONFIG_FILE).providers)} (config.json)"
    except UsageError:
        return "a name in config.json"


def _read_keys() -> None:
    """Everybody's keys by the bundle's config.json; a script that takes another says so later."""
    import os

    from ..config import read_keys_of_bundle

    read_keys_of_bundle(os.environ)


def _group_lines(actions: Sequence[argparse.Action]) -> list[str]:
    bare = [_written(action) for action in actions if not action.help]
    worded = [f"  {_written(action):<24} {action.help}" for action in actions if action.help]
    return _wrapped(bare, "  ") + worded


def _written(action: argparse.Action) -> str:
    if not action.option_strings:
        return f"[{action.metavar or action.dest}]"
    name = action.option_strings[0]
    if isinstance(action, argparse.BooleanOptionalAction):
        return name.replace("--", "--[no-]", 1)
    if action.nargs == 0:
        return name
    return f"{name} {action.metavar or '|'.join(map(str, action.choices or ()))}"


def _wrapped(words: Sequence[str], indent: str) -> list[str]:
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + len(word) + 2 <= 110:
            lines[-1] += f"  {word}"
        else:
            lines.append(indent + word)
    return lines


def seconds(text: str) -> float:
    """A number of seconds above 0."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return value


def positive(text: str) -> int:
    """A whole number from 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def filled(text: str) -> str:
    """Text that says something: an empty value is mostly a shell variable that was never set."""
    if not text.strip():
        raise argparse.ArgumentTypeError("a value is needed, and an empty one came")
    return text


def add_common(parser: argparse.ArgumentParser) -> None:
    """Flags that every script with a provider has."""
    group = parser.add_argument_group("provider")
    group.add_argument("--provider", type=filled, metavar="NAME", help=PROVIDERS)
    group.add_argument("--base-url", type=filled, metavar="URL", help="another host: one of config.json's, or loopback")
    group.add_argument("--sandbox", action="store_true", help="run against the bundled sandbox: no key, no cost")
    group.add_argument("--config", type=Path, metavar="FILE", help="in place of the bundle's config.json")


def add_outputs(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Flags about the results, and the group that they stand in."""
    group = parser.add_argument_group("results")
    group.add_argument(
        "--output-dir", type=filled, metavar="DIR", help=f"where files go (default {DEFAULT_OUTPUT_DIR}/)"
    )
    group.add_argument("--no-download", action="store_true", help="give the URLs, fetch nothing")
    group.add_argument(
        "--label",
        nargs="?",
        const="plain",
        choices=("plain", "prompt"),
        metavar="[prompt]",
        help="mark files as generated, in their metadata: model, provider, date",
    )
    group.add_argument(
        "--deadline", type=seconds, metavar="S", help="the whole run's budget; exit 11 says how to go on"
    )
    group.add_argument("--open", action="store_true")
    group.add_argument("--verbose", action="store_true", help="every server event, and the whole last answer")
    return group


def create_parser() -> Parser:
    parser = Parser(
        prog="create_and_wait.py",
        description="Make a picture or a clip: one command, one job, one checked file. Run again, it never pays twice.",
        epilog="""examples:
  create_and_wait.py --prompt "a paper boat on a river, morning light" --deadline 100
  create_and_wait.py --model bytedance/seedance-1.5 --first-frame boat.png --prompt "it drifts" --duration 5
  create_and_wait.py --sandbox --prompt "a cat"          (no key, no network, no cost)""",
    )
    what = parser.add_argument_group("what to make")
    what.add_argument("--prompt", metavar="TEXT|- (stdin)")
    what.add_argument("--prompt-file", type=filled, metavar="FILE")
    parser.set_defaults(prompt_from=None)
    for flag in MEDIA_FLAGS:
        what.add_argument(f"--{flag.replace('_', '-')}", action="append", type=filled, metavar="FILE|URL")
    for flag in ("aspect-ratio", "size", "resolution", "duration"):
        what.add_argument(f"--{flag}", type=filled, metavar="V")
    for flag in ("seed", "frames", "expires-after"):
        what.add_argument(f"--{flag}", type=int, metavar="N")
    for flag in ("audio-track", "watermark"):
        what.add_argument(f"--{flag}", action=argparse.BooleanOptionalAction, default=None)
    what.add_argument("--return-last-frame", action="store_true", default=None)
    what.add_argument("--fit", action="store_true", help="scale pictures down to the model's limits")
    what.add_argument("--set", action="append", metavar="KEY=VALUE", default=[], help="any other field; dotted, JSON")
    what.add_argument(
        "--from", dest="origin", type=filled, metavar="FILE", help="as the job that made this file, but for other flags"
    )
    what.add_argument("--chain", action="store_true")
    what.add_argument("--count", type=positive, metavar="N", help="N jobs of the same request")
    which = parser.add_argument_group("which model (any one; left out: the default for what is asked)")
    which.add_argument("--model", type=filled, metavar="ID")
    which.add_argument("--kind", choices=("image", "video"))
    which.add_argument("--sse-endpoint", type=filled, metavar="PATH")
    which.add_argument("--endpoint", type=filled, metavar="PATH")
    which.add_argument("--payload", metavar="JSON", help="the exact request body")
    which.add_argument("--payload-file", type=filled, metavar="FILE|-")
    which.add_argument("--openapi", action="append", type=Path, metavar="FILE", default=[])
    _add_running(parser)
    add_common(parser)
    output = add_outputs(parser)
    exactly = "exactly this file (--overwrite: in place of another); for many {n}, {id}, {ext} in it"
    output.add_argument("--output", type=filled, metavar="FILE", help=exactly)
    output.add_argument("--overwrite", action="store_true")
    _add_batch(parser)
    return parser


def _add_running(parser: argparse.ArgumentParser) -> None:
    run = parser.add_argument_group("running")
    run.add_argument("--dry-run", action="store_true", help="show the exact request, send nothing")
    run.add_argument("--no-validate", action="store_true", help="send although the contract objects or lacks it")
    run.add_argument("--detach", action="store_true", help="stop once the id is known and recorded")
    run.add_argument("--new", action="store_true", help="create although the same request exists already")
    run.add_argument("--max-cost", type=amount, metavar="N")
    run.add_argument("--poll-timeout", type=seconds, metavar="S")
    run.add_argument("--poll-interval", type=seconds, metavar="S")
    run.add_argument("--poll-request-timeout", type=seconds, default=20.0, metavar="S")
    run.add_argument("--sse-request-timeout", type=seconds, default=120.0, metavar="S")


def _add_batch(parser: argparse.ArgumentParser) -> None:
    batch = parser.add_argument_group("many jobs")
    batch.add_argument(
        "--batch",
        type=filled,
        metavar="FILE",
        help=".jsonl: a job a line, flags' names as keys (@ID: another line's file); .txt: prompts",
    )
    batch.add_argument("--join", type=filled, metavar="FILM.mp4")
    batch.add_argument("--concurrency", type=positive, metavar="N")
    batch.add_argument("--shard", type=filled, metavar="I/N", help="the I-th of N parts of the file")
    batch.add_argument("--max-jobs", type=positive, metavar="N", help="spend guard (default 50 without --yes)")
    batch.add_argument("--yes", action="store_true")
    batch.add_argument("--gallery", action="store_true", help="write index.html beside the files")


def wait_parser() -> Parser:
    parser = Parser(
        prog="wait_generation.py",
        description="Go on with jobs, list them, or cancel one. The journal knows where each was made.",
        epilog="""examples:
  wait_generation.py --generation-id=gen_123 --deadline 100
  wait_generation.py --all --deadline 100
  wait_generation.py --list --limit 10""",
    )
    parser.add_argument("--generation-id", action="append", type=filled, metavar="ID", default=[])
    settles = "that job is the one that a lost create made (exit 13: the command is in candidates[])"
    parser.add_argument("--settles", type=filled, metavar="ROW", help=settles)
    parser.add_argument("--all", action="store_true", help="every open job")
    parser.add_argument("--list", action="store_true", help="the journal as JSON")
    parser.add_argument("--failed", action="store_true", help="of --list only what failed, with why and the command")
    parser.add_argument("--limit", type=positive, default=50, metavar="N", help="rows of --list (default 50)")
    cancel = "where the provider can (--cancel --all: every open job); a finished job is saved instead"
    parser.add_argument("--cancel", nargs="?", const=True, type=filled, metavar="ID", help=cancel)
    parser.add_argument("--spent", action="store_true", help="what was spent, by provider, model and day")
    parser.add_argument(
        "--since", type=age, metavar="7d", help="with --list, --spent: so long ago (d, h, w), or a date"
    )
    parser.add_argument("--model", type=filled, metavar="ID", help="for an id made elsewhere, with --provider")
    parser.add_argument("--interval", "--poll-interval", type=seconds, metavar="S", dest="poll_interval")
    parser.add_argument("--timeout", "--poll-timeout", type=seconds, metavar="S", dest="poll_timeout")
    parser.add_argument(
        "--request-timeout", "--poll-request-timeout", type=seconds, default=20.0, metavar="S",
        dest="poll_request_timeout",
    )  # fmt: skip
    add_common(parser)
    add_outputs(parser)
    return parser
