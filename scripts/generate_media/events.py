"""The only place that prints: JSON lines (or one document) on stdout, words for a person on stderr."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TextIO

from .errors import ExitCode, GenerateMediaError, clean_text
from .known_keys import OURS, cut_fields
from .redaction import mapped
from .urls import unsigned

SERVER_WORDS = frozenset({"generation_id", "status", "code", "reason"})
"""Fields of a line that hold a provider's own words and are not cleaned where they are made."""


KEPT = {"retry": ("http_status",)}
"""Fields that stand in a line as null as well: no HTTP status means that no answer came."""


class Printer:
    """Thread-safe. A closed stdout never stops a job: what cannot be printed is in the journal and sidecar."""

    def __init__(self, out: TextIO, words: TextIO, *, verbose: bool = False) -> None:
        self._out = out
        self._words = words
        self._lock = threading.Lock()
        self._held: list[Mapping[str, Any]] | None = []
        """Warnings that came before the first line, which is ``start`` where there is one; None from then on."""
        self.verbose = verbose

    def event(self, name: str, **fields: Any) -> None:
        """One JSON object on a line of its own, flushed; fields that are None are left out."""
        kept = KEPT.get(name, ())
        row = {"event": name, **{key: value for key, value in fields.items() if value is not None or key in kept}}
        if name == "warning" and self._held is not None:
            if row not in self._held:  # what holds for every job of a batch is said once
                self._held.append(row)
            return
        self.line(row)

    def line(self, row: Mapping[str, Any]) -> None:
        held, self._held = self._held or [], None
        rows = [row, *held] if row.get("event") == "start" else [*held, row]
        self._write(self._out, "".join(json.dumps(_shown(one), separators=(",", ":")) + "\n" for one in rows))

    def say(self, text: str) -> None:
        """Words for a person, ASCII-safe where the terminal is."""
        encoding = getattr(self._words, "encoding", None) or "ascii"
        safe = unsigned(clean_text(text)).encode(encoding, "backslashreplace").decode(encoding)
        self._write(self._words, safe + "\n")

    def _write(self, stream: TextIO, text: str) -> None:
        with self._lock:
            try:
                stream.write(text)
                stream.flush()
            except (OSError, ValueError):
                _silence(stream)


def _shown(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The row with the provider's short words as data, no key in it, and no signature but in ``outputs``."""
    words = {key: clean_text(value) if key in SERVER_WORDS and isinstance(value, str) else value
             for key, value in row.items()}  # fmt: skip
    shown: Mapping[str, Any] = mapped(cut_fields(words), unsigned, OURS | {"outputs"})
    return shown


def _silence(stream: TextIO) -> None:
    """Point a broken stream at nothing, so that neither this run nor the interpreter's exit trips over it."""
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
    except (OSError, ValueError):
        return


def standard_printer(*, verbose: bool = False) -> Printer:
    return Printer(sys.stdout, sys.stderr, verbose=verbose)


def print_document(document: Mapping[str, Any], indent: int | None = 2, *, contract: bool = False) -> None:
    """One JSON document on stdout, ASCII-safe. The URLs of a ``contract`` are examples and keep their queries."""
    text = json.dumps(cut_fields(document) if contract else _shown(document), indent=indent or None)
    Printer(sys.stdout, sys.stderr)._write(sys.stdout, text + "\n")


def run_document(main: Callable[[Sequence[str] | None], int], argv: Sequence[str] | None = None) -> int:
    """Run a script that prints one document; our errors become one ``error`` object and their exit code."""
    try:
        return main(argv)
    except GenerateMediaError as error:
        print_document({"event": "error", **without_none(error.as_json())})
        return int(error.exit_code)
    except KeyboardInterrupt:
        return int(ExitCode.SIGINT)


def without_none(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if value is not None}
