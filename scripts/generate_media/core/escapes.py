"""Escapes undone, of JSON, percent encoding and HTML, one within another. Pure.

Every round gives a text; a character that a text escapes twice stands in the third. Where a terminal would obey a part
of a text in place of showing it, the rounds are gone through once more without such parts (ECMA-48's sequences).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

ROUNDS = 5
ESC, CSI = "\x1b", "\x9b"
"""What begins a sequence that a terminal obeys."""


class Level(NamedTuple):
    """A text with some escapes undone."""

    text: str
    begins: Sequence[int]
    """Where each of its characters begins in the original text, and where that ends."""


def levels(text: str) -> Iterator[str]:
    """The text, and what is left of it after each round of undoing escapes; then the same of what a terminal shows."""
    obeyed = False
    for level in _rounds(text, _escape):
        obeyed = obeyed or _may_hold_sequences(level)
        yield level
    if obeyed:
        yield from _rounds(text, _escape_or_sequence)


def mapped_levels(text: str) -> Iterator[Level]:
    """The same, and for each character where in the original it comes from."""
    obeyed = any(map(_may_hold_sequences, _rounds(text, _escape)))
    for pattern in (_escape, _escape_or_sequence) if obeyed else (_escape,):
        level = Level(text, range(len(text) + 1))
        for _ in _rounds(text, pattern):
            yield level
            level = _undone(level, pattern())


def _rounds(text: str, pattern: Callable[[], re.Pattern[str]]) -> Iterator[str]:
    """``pattern`` is only asked for where there is something for it: most texts have no escapes."""
    yield text
    for _ in range(ROUNDS):
        if not _may_hold_escapes(text):
            return
        before, text = text, pattern().sub(_meant, text)
        if text == before:
            return
        yield text


def _undone(level: Level, pattern: re.Pattern[str]) -> Level:
    from array import array  # a library of its own, and most texts hold no key

    parts, begins, done = [], array("L"), 0
    for found in pattern.finditer(level.text):
        meant = _meant(found)
        parts += [level.text[done : found.start()], meant]
        begins.extend(level.begins[done : found.start()])
        begins.extend([level.begins[found.start()]] * len(meant))
        done = found.end()
    parts.append(level.text[done:])
    begins.extend(level.begins[done:])
    return Level("".join(parts), begins)


def _may_hold_escapes(text: str) -> bool:
    return "\\" in text or "%" in text or "&" in text or _may_hold_sequences(text)


def _may_hold_sequences(text: str) -> bool:
    return ESC in text or CSI in text


_ESCAPES = (
    r"(?<!\\)\\+(?:u\{0*([0-9a-f]{1,6})\}|u([0-9a-f]{4})|x([0-9a-f]{2})|[bfnrt]|(?=[^\w\s\\]))"
    r"|%u([0-9a-f]{4})|%([0-9a-f]{2})|&\#x0*([0-9a-f]{1,6});?|&\#0*([0-9]{1,7});?|&[a-z]{2,31};"
)
_SEQUENCES = (
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # control sequences: colours, the cursor
    r"|\x1b[]PX^_][^\x07\x1b\x9c]*(?:\x07|\x9c|\x1b\\)"  # strings: titles, links
    r"|\x1b[ -/]*[0-~]"
)
"""No two parts that repeat begin alike, so that each is looked at in proportion to its length."""


@cache
def _escape() -> re.Pattern[str]:
    return re.compile(_ESCAPES, re.IGNORECASE)


@cache
def _escape_or_sequence() -> re.Pattern[str]:
    return re.compile(f"{_ESCAPES}|{_SEQUENCES}", re.IGNORECASE)


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
