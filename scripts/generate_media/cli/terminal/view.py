"""The terminal's view: each row that would be a JSON line becomes words, or the one line that is drawn over."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from typing import Any, TextIO

from ...events import at_end
from .documents import document_lines
from .history import listed, spent
from .jobs import failed, in_one_line, made
from .known import Asked, Known
from .live import LiveLine
from .look import Line, Look, local_time
from .planned import dry_run, summary
from .progress import Batch, Job

Row = Mapping[str, Any]


class TerminalView:
    """One process's words on ``out``, and what is drawn over on ``err`` where that is a terminal too."""

    def __init__(self, out: TextIO, err: TextIO, look: Look, argv: Sequence[str]) -> None:
        self._out = out
        self._err = err
        self._look = look
        self._known = Known(Asked.of(argv))
        self._doing: Job | Batch | None = None
        self._line: LiveLine | None = None
        self._accepted: Row | None = None
        """The job whose end was not told yet."""
        at_end.callback(self.close)
        asked = self._known.asked
        if asked.waits:
            self._begin({"generation_id": asked.generation_id})

    def row(self, row: Row) -> None:
        name = str(row.get("event") or "")
        with self._line_away():
            lines = list(self._lines(name, row))
            self._write(self._out, lines)
        if name in _LAST and (not isinstance(self._doing, Batch) or self._doing.is_over or name == "summary"):
            self._end_line()

    def document(self, document: Row) -> None:
        with self._line_away():
            self._write(self._out, document_lines(document, self._look, self._known))

    def say(self, text: str) -> None:
        """On a line that is drawn over as a part of it; else a line of its own."""
        if isinstance(self._doing, Job) and self._line is not None:
            self._doing.note = text
            return
        self._write(self._err, [Line(self._look.advice(text))])

    def close(self) -> None:
        """Leave the terminal clean; tell of a job that was accepted and whose end nobody waited for."""
        accepted, self._accepted = self._accepted, None
        with suppress(OSError, ValueError):  # the terminal is gone: nobody is left to be told
            self._end_line()
            if accepted is not None:
                self._write(self._out, self._detached(accepted))

    def _lines(self, name: str, row: Row) -> Iterator[Line]:
        if name in _GOES_ON:
            return self._went_on(name, row)
        if name in _LAST:
            self._accepted = None
        doing = self._doing
        if name == "summary":
            return summary(row, self._look, doing.seconds if doing else None)
        if name in ("terminal", "error") and isinstance(doing, Batch) and _is_one_of_many(row, doing):
            return self._one_of_many(row, doing)
        return _DRAWN.get(name, document_lines)(row, self._look, self._known)

    def _went_on(self, name: str, row: Row) -> Iterator[Line]:
        """What moves the line that is drawn over, and little else."""
        if name == "start":
            self._begin(row)
        doing = self._doing
        if isinstance(doing, Batch):
            return
        if doing is not None:
            doing.tell(name, row)
        if name == "accepted":
            self._accepted = row
        if name == "attached":
            yield Line(self._look.word("attached", since=local_time(row.get("since"), "%H:%M")), "open")
        if doing is not None and name == "status" and not self._look.is_live:
            yield Line(doing.once(self._look), "open")

    def _begin(self, row: Row) -> None:
        """A job (a row without an event: one that goes on), or many."""
        self._end_line()
        total = row.get("jobs")
        doing = Batch(int(total)) if total else Job(row, self._known)
        self._doing = doing
        if self._look.is_live:
            self._line = LiveLine(self._err, lambda step: doing.text(step, self._look.now()), total=total)

    def _one_of_many(self, row: Row, batch: Batch) -> Iterator[Line]:
        batch.ended(ok=bool(row.get("ok")))
        if self._line is not None:
            self._line.step()
        if not row.get("ok"):
            yield in_one_line(row, self._look)
        elif row.get("id"):  # a shot of a film: one line each, as it is there
            yield from (line._replace(text=f"{row['id']}  {line.text}") for line in made(row, self._look, self._known))
        elif any(not item.get("path") for item in row.get("outputs") or ()):  # its URLs stand nowhere else
            yield from made(row, self._look, self._known)

    def _detached(self, row: Row) -> Iterator[Line]:
        yield Line(self._look.word("detached", id=row.get("generation_id")), "open")
        if row.get("resume"):
            yield Line(str(row["resume"]), "do")

    @contextmanager
    def _line_away(self) -> Iterator[None]:
        line = self._line
        with line.lock if line is not None else nullcontext():
            if line is not None:
                line.clear()
            yield

    def _end_line(self) -> None:
        if self._line is not None:
            self._line.end()
            self._line = None

    def _write(self, stream: TextIO, lines: Any) -> None:
        text = self._look.drawn(lines)
        if text:
            encoding = getattr(stream, "encoding", None) or "utf-8"
            stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
            stream.flush()


def _ended(row: Row, look: Look, known: Known) -> Iterator[Line]:
    return made(row, look, known) if row.get("ok") else failed(row, look)


def _cancelled(row: Row, look: Look, known: Known) -> Iterator[Line]:
    told = look.word("cancelled", id=row.get("generation_id")) if row.get("ok") else str(row.get("message"))
    yield Line(told, "ok" if row.get("ok") else "bad")


def _warned(row: Row, look: Look, known: Known) -> Iterator[Line]:
    which = f"{look.word('line', n=row['line'])}: " if row.get("line") else ""
    yield Line(which + look.advice(str(row.get("message"))), "warn")
    yield from (Line(str(item["attach"]), "do") for item in row.get("candidates") or () if item.get("attach"))


_GOES_ON = frozenset({"start", "accepted", "attached", "status", "retry", "fallback_polling_start"})
"""Events that move the line that is drawn over, and say little else."""
_LAST = frozenset({"terminal", "error", "summary", "cancelled"})
_DRAWN: Mapping[str, Callable[[Row, Look, Known], Iterator[Line]]] = {
    "terminal": _ended,
    "error": _ended,
    "cancelled": _cancelled,
    "warning": _warned,
    "list": listed,
    "spent": spent,
    "dry_run": dry_run,
    "sse_event": lambda row, look, known: iter([Line(json.dumps(row, ensure_ascii=False))]),
}
"""Event → what draws its row; all others are documents."""


def _is_one_of_many(row: Row, batch: Batch) -> bool:
    """An error after all has begun may be the whole run's: a signal, a journal that failed."""
    return "line" in row or (bool(row.get("generation_id")) and not batch.is_over)
