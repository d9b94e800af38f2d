"""The keys of this process, as every door out cuts them: refused ones and those of other providers included.

A key is known from the moment it is read. Whoever chooses a config.json says how the other providers' keys are read;
that is done when the first text is looked through.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

from .redaction import NOTHING, Redactor

OURS = frozenset(
    (
        *("prompt", "request", "body", "path", "files", "joined", "journal", "state_dir", "try"),
        *("resume", "command", "attach", "install", "guidance", "set_key", "credits_check_command"),
    )
)
"""Fields that hold the user's own words, our paths and our commands: what looks like a key in them stays."""
_QUOTES = "\"'`“”‘’„«»\ufeff"


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
