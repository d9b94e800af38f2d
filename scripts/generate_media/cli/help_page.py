"""What ``--help`` prints: every flag in a few words, as wide as the terminal, the exit codes last."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from textwrap import wrap

from ..core import CONFIG_FILE, ExitCode, UsageError
from .parser import PROVIDERS

_STANDARD = ("help", "version", "json")
_WORDS_AT = 27
"""The column of a flag's words; on a narrower terminal than twice that they stand under it."""
EXIT_WORDS: Mapping[ExitCode, str] = {
    ExitCode.OK: "succeeded",
    ExitCode.USAGE: "usage, input, missing package",
    ExitCode.GENERATION_FAILED: "failed, expired or cancelled",
    ExitCode.DEADLINE: "deadline, the job goes on: run `resume`",
    ExitCode.DEADLINE_READS_FAILED: "the same, last reads failed",
    ExitCode.OUTCOME_UNKNOWN: "perhaps created",
    ExitCode.NO_OUTPUT: "made, but no file",
    ExitCode.CREDITS: "credits",
    ExitCode.AUTH: "key",
    ExitCode.INVALID: "request invalid",
    ExitCode.NOT_FOUND: "no such model or job",
    ExitCode.TRANSIENT: "transient, tries spent",
    ExitCode.UNKNOWN: "unforeseen",
    ExitCode.CONTENT_REJECTED: "moderation",
    ExitCode.SIGINT: "interrupted",
    ExitCode.SIGTERM: "ended by SIGTERM",
}
"""The contract's one table for all scripts, short."""


def page(prog: str, description: str, groups: Iterable[argparse._ArgumentGroup], epilog: str) -> str:
    """The whole text. Examples are never wrapped: they are there to be pasted."""
    width = _width()
    usage = f"usage: python3 scripts/{prog} [flags]   (-h, --version; --json: for programs)"
    lines = [usage, "", *wrap(description, width)]
    for group in groups:
        plain = group.title in ("options", "optional arguments")
        actions = [a for a in group._group_actions if a.help is not argparse.SUPPRESS and a.dest not in _STANDARD]
        if actions:
            lines += ["", *([] if plain else wrap(f"{group.title}:", width))]
            lines += [line for action in actions for line in _flag(action, width)]
    codes = [f"{code.value} {words}" for code, words in EXIT_WORDS.items()]
    return "\n".join([*lines, "", epilog, "", "exit codes:", *_flowing(codes, width), ""])


def _width() -> int:
    """Columns: the terminal's, 120 at most, and 120 where stdout is none."""
    try:
        return min(120, os.get_terminal_size(sys.stdout.fileno()).columns or 80)
    except (AttributeError, OSError, ValueError):
        return 120


def _flag(action: argparse.Action, width: int) -> Iterator[str]:
    name = f"  {_written(action)}"
    words = _provider_names() if action.help == PROVIDERS else action.help or ""
    if width < 2 * _WORDS_AT:
        yield name
        yield from _folded(words, width, " " * 6, " " * 6)
    else:
        yield from _folded(words, width, f"{name:<{_WORDS_AT - 1}} ", " " * _WORDS_AT)


def _folded(words: str, width: int, first: str, others: str) -> list[str]:
    """No flag broken at its dashes."""
    return wrap(words, width, initial_indent=first, subsequent_indent=others, break_on_hyphens=False)


def _provider_names() -> str:
    """The providers of the bundle's config.json, which a mistake in that file must not stop."""
    from ..config import load_settings

    try:
        return f"{', '.join(load_settings(CONFIG_FILE).providers)} (config.json)"
    except UsageError:
        return "a name in config.json"


def _written(action: argparse.Action) -> str:
    if not action.option_strings:
        return f"[{action.metavar or action.dest}]"
    name = action.option_strings[0]
    if isinstance(action, argparse.BooleanOptionalAction):
        return name.replace("--", "--[no-]", 1)
    if action.nargs == 0:
        return name
    return f"{name} {action.metavar or '|'.join(map(str, action.choices or ()))}"


def _flowing(words: Sequence[str], width: int) -> list[str]:
    """Side by side, two spaces between, none broken."""
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + len(word) + 3 <= width:
            lines[-1] += f"   {word}"
        else:
            lines.append(f"  {word}")
    return lines
