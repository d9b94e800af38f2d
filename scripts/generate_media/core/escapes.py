"""Escapes undone, of JSON, percent encoding and HTML, one within another. Pure.

Every round gives a text; a character that a text escapes twice stands in the third.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

ROUNDS = 5


class Level(NamedTuple):
    """A text with some escapes undone."""

    text: str
    begins: Sequence[int]
    """Where each of its characters begins in the original text, and where that ends."""


def levels(text: str) -> Iterator[str]:
    """The text, and what is left of it after each round of undoing escapes."""
    yield text
    for _ in range(ROUNDS):
        if not _may_hold_escapes(text):
            return
        before, text = text, _escape().sub(_meant, text)
        if text == before:
            return
        yield text


def mapped_levels(text: str) -> Iterator[Level]:
    """The same, and for each character where in the original it comes from."""
    level = Level(text, range(len(text) + 1))
    for _ in levels(text):
        yield level
        level = _undone(level)


def _undone(level: Level) -> Level:
    parts, begins, done = [], array("L"), 0
    for found in _escape().finditer(level.text):
        meant = _meant(found)
        parts += [level.text[done : found.start()], meant]
        begins.extend(level.begins[done : found.start()])
        begins.extend([level.begins[found.start()]] * len(meant))
        done = found.end()
    parts.append(level.text[done:])
    begins.extend(level.begins[done:])
    return Level("".join(parts), begins)


def _may_hold_escapes(text: str) -> bool:
    return "\\" in text or "%" in text or "&" in text


@cache
def _escape() -> re.Pattern[str]:
    return re.compile(
        r"(?<!\\)\\+(?:u\{0*([0-9a-f]{1,6})\}|u([0-9a-f]{4})|x([0-9a-f]{2})|[bfnrt]|(?=[^\w\s\\]))"
        r"|%u([0-9a-f]{4})|%([0-9a-f]{2})|&\#x0*([0-9a-f]{1,6});?|&\#0*([0-9]{1,7});?|&[a-z]{2,31};",
        re.IGNORECASE,
    )


_DECIMAL = 7
"""The group of _escape() whose digits are decimal; those of the others are hexadecimal."""


def _meant(found: re.Match[str]) -> str:
    """The character that an escape stands for; none for what could be no part of a key."""
    if found.lastindex is None:
        return _named(found[0])
    code = int(found[found.lastindex], 10 if found.lastindex == _DECIMAL else 16)
    return chr(code) if code < 128 or (code < 0x110000 and found[0][0] != "%") else ""


def _named(escape: str) -> str:
    """``&plus;`` by its name; the backslash of ``\\/``, and all of ``\\n``, only split."""
    if escape[0] != "&":
        return ""
    from html import unescape

    return unescape(escape)
