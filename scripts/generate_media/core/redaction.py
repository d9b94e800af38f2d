"""Keys out of text, however they are spelled. Pure: text in, text out, the keys handed in.

A key is known by its letters and digits, in either case: whatever stands between them hides nothing, be it invisible,
a control character (so a text in UTF-16 too), a space or a punctuation mark. A text is looked through as it is, and
again after each round of undoing escapes (JSON, percent, HTML, one within another). Hex, and base64 at each of its
three alignments, are spellings of their own; base64 of a header that holds the key holds one of them.
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from .escapes import Level, levels, mapped_levels

MARK = "<key>"
LEAST_KEY_CHARS = 16
"""A shorter key may be a word, and is not looked for."""
_LEAST_LETTERS = 12
"""A key with fewer letters and digits than these is known by its other characters as well."""
_KNOWN_CHARS = 4096
"""So many characters of other scripts are remembered with their plain form."""
_LONG_NUMBER = 10**11
ROUNDS = 6
"""So often a text is cut: one that still holds a key then was made of a key's pieces, one within another."""
NOTHING: frozenset[str] = frozenset()
DEPTH_CAP = 100
THEIRS = frozenset({"response", "data", "account", "usage"})
"""Fields whose values are a server's: nothing in them is ours, whatever it is called."""


def mapped(value: Any, change: Callable[[str], str], ours: frozenset[str] = NOTHING, depth: int = 0) -> Any:
    """A JSON value with every text, name and long number changed; the values of names in ``ours`` stay as they are.

    The texts of a list are changed as one text of so many lines, should they be pieces of something. What is nested
    absurdly deep becomes a note.
    """
    if isinstance(value, str):
        return change(value)
    if depth > DEPTH_CAP and isinstance(value, (Mapping, list, tuple)):
        return "<nested too deep>"
    if isinstance(value, Mapping):
        return {
            change(str(name)): item
            if name in ours
            else mapped(item, change, NOTHING if name in THEIRS else ours, depth + 1)
            for name, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        items = [mapped(item, change, ours, depth + 1) for item in value]
        lines = "\n".join(items) if all(isinstance(item, str) for item in items) else ""
        return items if change(lines) == lines else change(lines).split("\n")
    if _is_long(value):
        return value if change(repr(value)) == repr(value) else change(repr(value))
    return value


def _texts(value: Any, ours: frozenset[str]) -> Iterator[str]:
    """What :func:`mapped` changes, in order; however deep it lies."""
    waiting = [(value, ours)]
    while waiting:
        item, ours = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, Mapping):
            yield from map(str, item)
            waiting += [
                (inner, NOTHING if name in THEIRS else ours) for name, inner in item.items() if name not in ours
            ]
        elif isinstance(item, (list, tuple)):
            waiting += [(inner, ours) for inner in reversed(item)]
        elif _is_long(item):
            yield repr(item)


def _is_long(value: Any) -> bool:
    """Whether a value is a number with so many digits that it could be a key."""
    return isinstance(value, (int, float)) and abs(value) >= _LONG_NUMBER


class _Table(dict[int, str]):
    """For ``str.translate``: a character's plain form (``Ａ`` and ``A`` are ``a``) if it is kept, else nothing."""

    def __init__(self, keeps: Callable[[str], bool]) -> None:
        self._keeps = keeps

    def __missing__(self, code: int) -> str:
        plain = chr(code).lower() if code < 128 else _compatible(chr(code)).lower()
        kept = "".join(ch for ch in plain if ch.isascii() and self._keeps(ch))
        if code < 128 or len(self) < _KNOWN_CHARS:
            self[code] = kept
        return kept


def _compatible(char: str) -> str:
    from unicodedata import normalize

    return normalize("NFKC", char)


_LETTERS = _Table(str.isalnum)
_VISIBLE = _Table(lambda ch: "!" <= ch <= "~")


class _Spelling(NamedTuple):
    """What is looked for in a text of which only letters and digits are left, or all that is visible."""

    plain: str
    is_base64: bool
    with_marks: bool

    @property
    def table(self) -> _Table:
        return _VISIBLE if self.with_marks else _LETTERS


class Redactor:
    """Cuts the given keys; those with less than LEAST_KEY_CHARS characters stay."""

    __slots__ = ("_kinds", "_spellings")

    def __init__(self, keys: Iterable[str]) -> None:
        found = (spelling for key in keys if len(key) >= LEAST_KEY_CHARS for spelling in _spellings(key))
        self._spellings = tuple(dict.fromkeys(one for one in found if len(one.plain) >= _LEAST_LETTERS))
        self._kinds = {spelling.with_marks for spelling in self._spellings}

    def cut(self, text: str) -> str:
        """The text with MARK in place of each key, or of all of it where it takes too many rounds."""
        for _ in range(ROUNDS):  # again, since what stood before and after a key may make up another
            if not self.holds(text):
                return text
            text = self._cut_once(text)
        return MARK if self.holds(text) else text

    def holds(self, text: str) -> bool:
        """Whether a key stands anywhere in the text."""
        return bool(self._spellings) and any(self._found(level) for level in levels(text))

    def cut_all(self, value: Any, ours: frozenset[str] = NOTHING, longest: int | None = None) -> Any:
        """A JSON value with MARK in place of each key; the value itself where there is none.

        ``ours`` as in :func:`mapped`; where no text of at most ``longest`` characters holds a key, none is cut.
        """
        return mapped(value, self.cut, ours) if self._is_in(value, ours, longest) else value

    def _is_in(self, value: Any, ours: frozenset[str], longest: int | None) -> bool:
        texts = _texts(value, ours)
        return bool(self._spellings) and self.holds(
            "\n".join(texts if longest is None else (text for text in texts if len(text) <= longest))
        )

    def _found(self, text: str) -> list[_Spelling]:
        plain = {marks: text.translate(_VISIBLE if marks else _LETTERS) for marks in self._kinds}
        return [spelling for spelling in self._spellings if spelling.plain in plain[spelling.with_marks]]

    def _cut_once(self, text: str) -> str:
        spans = sorted(span for level in mapped_levels(text) for span in self._spans(level))
        parts, done = [], 0
        for begin, end in spans:
            if begin >= done:
                parts += [text[done:begin], MARK]
            done = max(done, end)
        return "".join([*parts, text[done:]])

    def _spans(self, level: Level) -> Iterator[tuple[int, int]]:
        """Where keys stand, as places in the original text."""
        from array import array

        for spelling in self._found(level.text):
            place = array("L", (at for at, ch in enumerate(level.text) for _ in ch.translate(spelling.table)))
            plain = level.text.translate(spelling.table)
            at = plain.find(spelling.plain)
            while at >= 0:
                begin, end = place[at], place[at + len(spelling.plain) - 1] + 1
                begin, end = _with_its_ends(level.text, begin, end, spelling.is_base64)
                yield level.begins[begin], level.begins[end]
                at = plain.find(spelling.plain, at + 1)


def _spellings(key: str) -> Iterator[_Spelling]:
    data = key.encode("utf-8", "surrogatepass")
    yield _spelling(key)
    yield _spelling(data.hex())
    for lead in range(3):  # bytes before the key, as in a header: the characters that no neighbour has a part in
        text = b2a_base64(bytes(lead) + data, newline=False).decode("ascii")
        yield _spelling(text[-(-lead * 8 // 6) : (lead + len(data)) * 8 // 6], is_base64=True)


def _spelling(text: str, *, is_base64: bool = False) -> _Spelling:
    letters = text.translate(_LETTERS)
    if len(letters) >= _LEAST_LETTERS:
        return _Spelling(letters, is_base64, with_marks=False)
    return _Spelling(text.translate(_VISIBLE), is_base64, with_marks=True)


def _with_its_ends(text: str, begin: int, end: int, is_base64: bool) -> tuple[int, int]:
    """The span with base64's outermost characters, which hold bits of a neighbour too, and with the padding."""
    if is_base64:
        begin -= begin > 0 and _is_base64(text[begin - 1])
        end += end < len(text) and _is_base64(text[end])
    while end < len(text) and text[end] == "=":
        end += 1
    return begin, end


def _is_base64(char: str) -> bool:
    return char.isascii() and (char.isalnum() or char in "+/-_")
