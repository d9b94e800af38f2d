"""A parser whose errors are ours, and the values that its flags take."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from itertools import takewhile
from typing import Any, NoReturn

from .. import __version__
from ..core import UsageError, hide_keys_later
from ..events import JSON_FLAG

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
        """A page, laid out by ``help_page`` when somebody reads it."""
        from .help_page import page

        return page(self.prog, self.description or "", self._action_groups, self.epilog or "")

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


def _read_keys() -> None:
    """Everybody's keys by the bundle's config.json; a script that takes another says so later."""
    import os

    from ..config import read_keys_of_bundle

    read_keys_of_bundle(os.environ)


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
