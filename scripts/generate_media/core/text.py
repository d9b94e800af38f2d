"""What a text loses before it is shown or kept: keys, the signatures of URLs, control characters, all beyond a cap.

The keys are those of this process, refused ones and those of other providers included. A key is known from the moment
it is read. Whoever chooses a config.json says how the other providers' keys are read; that is done when the first text
is looked through. A result URL's query is a secret too: whoever holds a signed one can fetch the file.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .escapes import CSI, ESC
from .redaction import MARK, NOTHING, Redactor

TEXT_CAP = 2000
LOOKED_THROUGH = 1 << 16
"""No more of a text that is shown is looked through for keys."""

OURS = frozenset(
    (
        *("prompt", "request", "body", "path", "files", "joined", "journal", "state_dir", "try"),
        *("resume", "command", "attach", "install", "guidance", "set_key", "credits_check_command"),
    )
)
"""Fields that hold the user's own words, our paths and our commands: what looks like a key in them stays."""
_QUOTES = "\"'`“”‘’„«»\ufeff"
_PLAIN_NAMES = frozenset(
    (
        *("w", "h", "width", "height", "dpr", "fit", "crop", "fm", "format", "ext", "type", "q", "quality", "size"),
        *("v", "ver", "version", "rev", "n", "page", "index", "frame", "dl", "download", "name", "filename", "file"),
        *("id", "lang"),
    )
)
_PLAIN_VALUE = r"[\w.,:@ -]{0,24}"
_WORD = rf"(?:{MARK}|[^\s\"'<>`])+"
_QUERY_MARK = r"(?i)\?|%(?:25)*3f|\\u003f"
_QUERY = r"(?i)=|%(?:25)*3d|\\u003d"
_HOST_MARK = r"(?i)[/\\]/|%(?:25)*2f%"
CUT_QUERY = "?<signature>"
"""What stands for a query that was cut out of a text."""


class KnownKeys:
    """The keys that were read, and how to read the others. Thread-safe."""

    def __init__(self) -> None:
        self._keys: frozenset[str] = frozenset()
        self._reader: Callable[[], object] | None = None
        self._redactor = Redactor(())
        self._lock = threading.RLock()

    def add(self, value: str) -> None:
        """Know a key, whatever is wrong with it: neither quotes nor spaces are part of one."""
        words = frozenset(word.strip(_QUOTES) for word in value.split())
        with self._lock:
            if not words <= self._keys:
                self._keys |= words
                self._redactor = Redactor(self._keys)

    def read_later(self, reader: Callable[[], object]) -> None:
        """``reader`` adds every provider's keys, when a text is looked through next; the last one given counts."""
        with self._lock:
            self._reader = reader

    @property
    def redactor(self) -> Redactor:
        with self._lock:
            reader, self._reader = self._reader, None
            if reader is not None:
                reader()
            return self._redactor


_known = KnownKeys()


def hide_key(value: str) -> None:
    _known.add(value)


def hide_keys_later(reader: Callable[[], object]) -> None:
    _known.read_later(reader)


def cut_keys(text: str) -> str:
    """A server's text without any key."""
    return _known.redactor.cut(text)


def holds_key(text: str) -> bool:
    """Whether a text holds a key."""
    return _known.redactor.holds(text)


def cut_keys_everywhere(value: Any, ours: frozenset[str] = NOTHING, longest: int | None = None) -> Any:
    """A JSON value without any key; see :meth:`Redactor.cut_all`."""
    return _known.redactor.cut_all(value, ours, longest)


def cut_fields(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """A row of ours without any key, but in the fields OURS."""
    return _known.redactor.cut_all(row, OURS)  # type: ignore[no-any-return]


def clean_text(text: str, cap: int = TEXT_CAP) -> str:
    """Text from a server as data: no control characters (new lines are spaces), no key, at most ``cap`` characters."""
    if ESC in text or CSI in text:  # the rest of a terminal's sequence would stand between the letters of a key
        text = _keyless(text)
    flat = text
    if not (text.isascii() and text.isprintable()):
        flat = "".join(
            " " if ch in "\r\n\t" else ch for ch in text if ch in "\r\n\t" or (ch.isprintable() and not _is_bidi(ch))
        )
    flat = " ".join(flat.split())
    shown = _keyless(flat)  # before the cap, which could leave half of a key
    return shown if len(flat) <= LOOKED_THROUGH and len(shown) <= cap else shown[: cap - 1] + "…"


def _keyless(text: str) -> str:
    """As much of a text without keys as is looked through."""
    shown = cut_keys(text[:LOOKED_THROUGH])
    return shown if len(text) <= LOOKED_THROUGH else shown[: -LOOKED_THROUGH // 2]  # its end may be half of a key


def _is_bidi(ch: str) -> bool:
    return "\u202a" <= ch <= "\u202e" or "\u2066" <= ch <= "\u2069"


def is_signed(url: str) -> bool:
    """Whether a URL's query may be a signature: anything but short values of well-known plain names counts as one."""
    try:
        query = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    except ValueError:
        return True
    if not query:
        return "?" in url and not url.endswith("?")
    return not all(name.lower() in _PLAIN_NAMES and re.fullmatch(_PLAIN_VALUE, value) for name, value in query)


def unsigned(text: str) -> str:
    """A text in which no URL has a query that may be a signature; URLs that are escaped in it are found too."""
    if not re.search(_QUERY_MARK, text):
        return text
    return re.sub(_WORD, lambda found: _unsigned_word(found[0]), text)


def _unsigned_word(word: str) -> str:
    mark = re.search(_QUERY_MARK, word)
    if mark is None:
        return word
    before, query = word[: mark.start()], word[mark.end() :]
    is_query = re.search(_QUERY, query) or (query and re.search(_HOST_MARK, before))
    if not is_query or (mark[0] == "?" and not is_signed("?" + query)):
        return word
    return before + CUT_QUERY
