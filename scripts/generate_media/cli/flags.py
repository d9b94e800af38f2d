"""The flags of create_and_wait.py and wait_generation.py, in the groups and the order of their help."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..core import DEFAULT_OUTPUT_DIR
from ..request import MEDIA_FLAGS
from .parser import PROVIDERS, Parser, filled, positive, seconds
from .sums_and_ages import age, amount

_Names = tuple[str, ...]
_MEDIA_WORDS = {
    "image": "a picture to change, combine or go by; again for more",
    "first_frame": "the picture that the clip begins with",
    "last_frame": "the picture that the clip ends with",
    "video": "a clip to change, lengthen or go by; again for more",
    "audio": "a sound to go by; again for more",
}
_TEXTS = (
    ("--aspect-ratio", "W:H", "width to height, such as 16:9"),
    ("--size", "V", "1K, 2K, 4K, or WIDTHxHEIGHT in pixels"),
    ("--resolution", "V", "the model's word, such as 720p or 2K"),
    ("--duration", "S", "the clip's length in seconds"),
)
_NUMBERS = (
    ("--seed", "N", "the same number again gives a like result, where the model has it"),
    ("--frames", "N", "the clip's length in frames"),
    ("--expires-after", "S", "seconds after which the provider gives up an unfinished job"),
)
_SWITCHES = (
    ("--audio-track", "a clip with sound, or without"),
    ("--watermark", "with the provider's mark, or without"),
)


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
        "--deadline", type=seconds, metavar="S", help="seconds for the whole run; exit 11 says how to go on"
    )
    group.add_argument("--open", action="store_true", help="show the result with the system's viewer")
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
    what.add_argument("--prompt", metavar="TEXT|-", help="what to show, in words; - is stdin")
    what.add_argument("--prompt-file", type=filled, metavar="FILE", help="the same from a file")
    parser.set_defaults(prompt_from=None)
    for flag in MEDIA_FLAGS:
        what.add_argument(
            f"--{flag.replace('_', '-')}", action="append", type=filled, metavar="FILE|URL", help=_MEDIA_WORDS[flag]
        )
    for flag, metavar, words in _TEXTS:
        what.add_argument(flag, type=filled, metavar=metavar, help=words)
    for flag, metavar, words in _NUMBERS:
        what.add_argument(flag, type=int, metavar=metavar, help=words)
    for flag, words in _SWITCHES:
        what.add_argument(flag, action=argparse.BooleanOptionalAction, default=None, help=words)
    what.add_argument("--return-last-frame", action="store_true", default=None, help="save the clip's last frame too")
    what.add_argument("--fit", action="store_true", help="scale local pictures down to the model's limits")
    what.add_argument(
        "--set", action="append", metavar="KEY=VALUE", default=[], help="any other field: dotted, JSON; again for more"
    )
    what.add_argument(
        "--from", dest="origin", type=filled, metavar="FILE", help="as the job that made this file, but for other flags"
    )
    what.add_argument("--chain", action="store_true", help="as many clips as --duration needs, joined")
    what.add_argument("--count", type=positive, metavar="N", help="this many jobs of the same request")
    which = parser.add_argument_group("which model (any one; left out: the default for what is asked)")
    which.add_argument("--model", type=filled, metavar="ID", help="one that inspect_openapi.py --models lists")
    which.add_argument("--kind", choices=("image", "video"), help="what to make, where no model says it")
    which.add_argument("--sse-endpoint", type=filled, metavar="PATH", help="call this path and read its stream")
    which.add_argument("--endpoint", type=filled, metavar="PATH", help="call this path and poll")
    which.add_argument("--payload", metavar="JSON", help="the exact request body")
    which.add_argument("--payload-file", type=filled, metavar="FILE|-", help="the same from a file; - is stdin")
    own = "an OpenAPI document of yours, over ours; again for more"
    which.add_argument("--openapi", action="append", type=Path, metavar="FILE", default=[], help=own)
    _add_running(parser)
    add_common(parser)
    output = add_outputs(parser)
    exactly = "exactly this file (--overwrite: in place of another); for many {n}, {id}, {ext} in it"
    output.add_argument("--output", type=filled, metavar="FILE", help=exactly)
    output.add_argument("--overwrite", action="store_true", help="let --output replace another file")
    _add_batch(parser)
    return parser


def _add_running(parser: argparse.ArgumentParser) -> None:
    run = parser.add_argument_group("running")
    run.add_argument("--dry-run", action="store_true", help="show the exact request, send nothing")
    run.add_argument("--no-validate", action="store_true", help="send although the contract objects or lacks it")
    run.add_argument("--detach", action="store_true", help="stop once the id is known and recorded")
    run.add_argument("--new", action="store_true", help="create although the same request exists already")
    cost = "stop before a job that would pass this sum, in the provider's unit"
    run.add_argument("--max-cost", type=amount, metavar="N", help=cost)
    _add_waits(run, ("--poll-timeout",), ("--poll-interval",), ("--poll-request-timeout",))
    quiet = "seconds without a byte of the stream before polling takes over (default 120)"
    run.add_argument("--sse-request-timeout", type=seconds, default=120.0, metavar="S", help=quiet)


def _add_waits(group: argparse._ActionsContainer, whole: _Names, between: _Names, one: _Names) -> None:
    """How long to wait in all, between two looks, and for one: each script has its own names."""
    limit = "seconds to wait once accepted (default 900 or 1800, by provider)"
    group.add_argument(*whole, type=seconds, metavar="S", dest="poll_timeout", help=limit)
    pause = "seconds between two looks (default 3 or 10, by provider)"
    group.add_argument(*between, type=seconds, metavar="S", dest="poll_interval", help=pause)
    answer = "seconds for one look's answer (default 20)"
    group.add_argument(*one, type=seconds, default=20.0, metavar="S", dest="poll_request_timeout", help=answer)


def _add_batch(parser: argparse.ArgumentParser) -> None:
    batch = parser.add_argument_group("many jobs")
    batch.add_argument(
        "--batch",
        type=filled,
        metavar="FILE",
        help=".jsonl: a job a line, flags' names as keys (@ID: another line's file); .txt: prompts",
    )
    batch.add_argument("--join", type=filled, metavar="FILM.mp4", help="join the clips, in the file's order")
    batch.add_argument("--concurrency", type=positive, metavar="N", help="jobs at once (default 8)")
    batch.add_argument("--shard", type=filled, metavar="I/N", help="the I-th of N parts of the file")
    batch.add_argument(
        "--max-jobs", type=positive, metavar="N", help="refuse a file of more jobs (default 50 without --yes)"
    )
    batch.add_argument("--yes", action="store_true", help="allow more jobs than 50, and unknown costs")
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
    which = "the job to go on with; again for more"
    parser.add_argument("--generation-id", action="append", type=filled, metavar="ID", default=[], help=which)
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
    _add_waits(
        parser,
        ("--timeout", "--poll-timeout"),
        ("--interval", "--poll-interval"),
        ("--request-timeout", "--poll-request-timeout"),
    )
    add_common(parser)
    add_outputs(parser)
    return parser
