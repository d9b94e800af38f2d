"""The only place that prints: JSON lines (or one document) on stdout, words for a person on stderr."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TextIO

from .errors import ExitCode, GenerateMediaError, clean_text


class Printer:
    """Thread-safe. A closed stdout never stops a job: what cannot be printed is in the journal and sidecar."""

    def __init__(self, out: TextIO, words: TextIO, *, verbose: bool = False) -> None:
        self._out = out
        self._words = words
        self._lock = threading.Lock()
        self.verbose = verbose

    def event(self, name: str, **fields: Any) -> None:
        """One JSON object on a line of its own, flushed; fields that are None are left out."""
        self.line({"event": name, **{key: value for key, value in fields.items() if value is not None}})

    def line(self, row: Mapping[str, Any]) -> None:
        self._write(self._out, json.dumps(row, separators=(",", ":")) + "\n")

    def say(self, text: str) -> None:
        """Words for a person, ASCII-safe where the terminal is."""
        encoding = getattr(self._words, "encoding", None) or "ascii"
        safe = clean_text(text).encode(encoding, "backslashreplace").decode(encoding)
        self._write(self._words, safe + "\n")

    def _write(self, stream: TextIO, text: str) -> None:
        with self._lock:
            try:
                stream.write(text)
                stream.flush()
            except (OSError, ValueError):
                _silence(stream)


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


def print_document(document: Mapping[str, Any] | Sequence[Any], indent: int | None = 2) -> None:
    """One JSON document on stdout, ASCII-safe."""
    text = json.dumps(document, indent=indent or None)
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
