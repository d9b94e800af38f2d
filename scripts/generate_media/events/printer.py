"""The only place that prints: JSON lines (or one document) on stdout, words for a person on stderr."""

from __future__ import annotations

import json
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple, TextIO

from ..core import (
    OURS,
    ExitCode,
    GenerateMediaError,
    InternalError,
    Json,
    ReportedError,
    clean_text,
    cut_fields,
    holds_key,
    mapped,
    unsigned,
    without_none,
)
from .view import View, shown_with

SERVER_WORDS = frozenset({"generation_id", "status", "code", "reason"})
"""Fields of a line that hold a provider's own words and are not cleaned where they are made."""


_ESCAPED = "[\x7f-\x9f\u2028\u2029\ud800-\udfff]"
"""What would end a line, move a terminal's cursor or be no UTF-8; below U+0020 JSON itself escapes."""

BLOCK = 100
"""So many rows of a long line are made, looked through and written at once: as many as a processor's cache holds."""
WITHOUT_WORDS = OURS | {"created_at", "ended_at"}
"""Fields of a row in a long line in which nobody else's words can stand."""
KEPT = {"retry": ("http_status",)}
"""Fields that stand in a line as null as well: no HTTP status means that no answer came."""


class Outcome(NamedTuple):
    """How one job left this run: its exit code and the line that says so."""

    exit_code: ExitCode
    line: Mapping[str, Any]

    @property
    def usage(self) -> Json:
        usage: Json = self.line.get("usage")
        return usage


def error_outcome(error: ReportedError, **fields: Any) -> Outcome:
    """A run that ended before the job did."""
    line = {"event": "error", **error.as_json(), **without_none(fields)}
    return Outcome(error.exit_code, without_none(line))


class Printer:
    """Thread-safe. A closed stdout never stops a job: what cannot be printed is in the journal and sidecar."""

    def __init__(self, out: TextIO, words: TextIO, *, verbose: bool = False, view: View | None = None) -> None:
        self._out = out
        self._words = words
        self._view = view
        """What draws for a person; None: JSON."""
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
        """One row, after the warnings that were held; a value that is an iterator of rows is written as it comes.

        Raises:
            GenerateMediaError: from such an iterator; the line is closed then, and says that it is not whole.
        """
        held, self._held = self._held or [], None
        if self._view is not None:
            for one in [row, *held] if row.get("event") == "start" else [*held, row]:
                self._draw(_whole(one))
            return
        long = next((name for name, value in row.items() if isinstance(value, Iterator)), None)
        if long is not None:
            for warning in held:
                self._write(self._out, json_text(_shown(warning)) + "\n")
            self._long_line(row, long)
            return
        rows = [row, *held] if row.get("event") == "start" else [*held, row]
        self._write(self._out, "".join(json_text(_shown(one)) + "\n" for one in rows))

    def _draw(self, row: Mapping[str, Any]) -> None:
        """A row for a person; what cannot be drawn is written as JSON."""
        if not self._drawn(lambda view: view.row(row)):
            self._write(self._out, json_text(row) + "\n")

    def _drawn(self, draw: Callable[[View], None]) -> bool:
        """Whether the view took it. A terminal that is gone never stops a job, nor does a mistake in the words."""
        if self._view is None:
            return False
        try:
            with self._lock:
                draw(self._view)
        except OSError:
            _silence(self._out)
        except Exception:
            return False
        return True

    def _long_line(self, row: Mapping[str, Any], name: str) -> None:
        rest = {key: value for key, value in row.items() if key != name}
        event, more = {"event": rest.pop("event")}, "incomplete"
        self._write(self._out, json_text(event)[:-1] + f',"{name}":[')
        rest, whole = {more: True}, rest
        try:
            between = ""
            for block in _blocks(row[name]):
                self._write(self._out, between + json_text(block)[1:-1])
                between = ","
            rest = whole
        finally:
            ending = json_text(_shown(rest))[1:]
            self._write(self._out, "]" + ("," if rest else "") + ending + "\n")

    def document(self, document: Mapping[str, Any], indent: int | None = None, *, contract: bool = False) -> None:
        """One JSON document; on a terminal it is spread out. The URLs of a ``contract`` keep their queries."""
        shown = cut_fields(document) if contract else _shown(document)
        if self._drawn(lambda view: view.document(shown)):
            return
        if indent is None and self._out.isatty():
            indent = 2
        self._write(self._out, json_text(shown, indent) + "\n")

    def say(self, text: str) -> None:
        """Words for a person, ASCII-safe where the terminal is."""
        if self._drawn(lambda view: view.say(unsigned(clean_text(text)))):
            return
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
    """The row with the provider's short words as data, no key in it, no signature but in ``outputs``, and commands in
    its guidance that run as they stand."""
    words = {key: clean_text(value) if key in SERVER_WORDS and isinstance(value, str) else value
             for key, value in row.items()}  # fmt: skip
    shown: dict[str, Any] = mapped(cut_fields(words), unsigned, OURS | {"outputs"})
    if shown.get("guidance"):
        from .commands import runnable

        shown["guidance"] = [runnable(line) for line in shown["guidance"]]
    return shown


def _whole(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """A row as :func:`_shown` gives it, iterators of rows read to their end."""
    rows = {name: [_shown(one) for one in value] for name, value in row.items() if isinstance(value, Iterator)}
    return {**_shown({name: value for name, value in row.items() if name not in rows}), **rows}


def _blocks(rows: Iterator[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """Rows by the hundred, each as :func:`_shown` gives it; what they say is looked through together."""
    while block := list(islice(rows, BLOCK)):
        said = "\n".join({str(value) for row in block for name, value in row.items() if name not in WITHOUT_WORDS})
        yield block if not holds_key(said) and unsigned(said) == said else [_shown(row) for row in block]


def _silence(stream: TextIO) -> None:
    """Point a broken stream at nothing, so that neither this run nor the interpreter's exit trips over it."""
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
    except (OSError, ValueError):
        return


def json_text(value: Any, indent: int | None = None) -> str:
    """JSON as it stands on stdout: UTF-8, escaped only control characters, lone surrogates and line ends."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, separators=None if indent else (",", ":"))
    if text.isascii() and "\x7f" not in text:
        return text
    return re.sub(_ESCAPED, lambda found: f"\\u{ord(found[0]):04x}", text)


def standard_printer(*, verbose: bool = False) -> Printer:
    return Printer(sys.stdout, sys.stderr, verbose=verbose, view=shown_with())


def print_document(document: Mapping[str, Any], indent: int | None = None, *, contract: bool = False) -> None:
    """One JSON document on stdout. The URLs of a ``contract`` are examples and keep their queries."""
    standard_printer().document(document, indent, contract=contract)


def run_document(main: Callable[[Sequence[str] | None], int], argv: Sequence[str] | None = None) -> int:
    """Run a script that prints one document; whatever it raises becomes one ``error`` line and an exit code."""
    try:
        return main(argv)
    except Exception as error:
        ended = error_outcome(error if isinstance(error, GenerateMediaError) else InternalError(error))
        standard_printer().line(ended.line)
        return int(ended.exit_code)
