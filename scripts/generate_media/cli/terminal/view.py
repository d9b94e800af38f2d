"""The terminal's view: each row that would be a JSON line becomes words, or the one line that is drawn over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import datetime
from typing import Any, TextIO

from ...events import at_end
from .contracts import as_json
from .documents import document_lines
from .history import listed, spent
from .jobs import failed, in_one_line, made
from .known import Asked, Known
from .live import LiveLine
from .look import Line, Look
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
        self._write(self._err, [Line(text)])

    def close(self) -> None:
        """Leave the terminal clean; tell of a job that was accepted and whose end nobody waited for."""
        self._end_line()
        accepted, self._accepted = self._accepted, None
        if accepted is not None:
            self._write(self._out, self._detached(accepted))

    def _lines(self, name: str, row: Row) -> Iterator[Line]:
        look, known = self._look, self._known
        if name in ("start", "accepted", "attached", "status", "retry"):
            return self._went_on(name, row)
        if name == "summary":
            self._accepted = None
            return summary(row, look, self._doing.seconds if self._doing else None)
        if name in ("terminal", "error"):
            self._accepted = None
            if isinstance(self._doing, Batch) and _is_one_of_many(row, self._doing):
                return self._one_of_many(row, self._doing)
            return made(row, look, known) if row.get("ok") else failed(row, look)
        if name == "warning":
            return self._warned(row)
        if name == "list":
            return listed(row, look, known)
        if name == "spent":
            return spent(row, look)
        if name == "dry_run":
            return dry_run(row, look, known)
        if name == "cancelled":
            told = look.word("cancelled", id=row.get("generation_id")) if row.get("ok") else str(row.get("message"))
            return iter([Line(told, "ok" if row.get("ok") else "bad")])
        if name == "fallback_polling_start":
            return iter(())
        return as_json(row) if name == "sse_event" else document_lines(row, look, known)

    def _went_on(self, name: str, row: Row) -> Iterator[Line]:
        """What moves the line that is drawn over, and little else."""
        if name == "start":
            self._begin(row)
        doing = self._doing
        if isinstance(doing, Batch):
            return
        if doing is None:  # wait_generation.py: the first that is told of a job is its status
            self._begin({})
            doing = self._doing
        assert isinstance(doing, Job)
        doing.tell(name, row)
        if name == "accepted":
            self._accepted = row
        if name == "attached":
            yield Line(self._look.word("attached", since=_local(row.get("since"))), "open")
        if not self._look.is_live and name == "status":
            yield Line(doing.once(self._look), "open")

    def _begin(self, row: Row) -> None:
        total = row.get("jobs")
        doing = Batch(int(total), self._known) if total else Job(row, self._known)
        self._doing = doing
        if self._look.is_live:
            look = self._look
            self._line = LiveLine(self._err, lambda step: doing.text(step, look), total=total, columns=look.columns)

    def _one_of_many(self, row: Row, batch: Batch) -> Iterator[Line]:
        batch.ended(ok=bool(row.get("ok")))
        if self._line is not None:
            self._line.step()
        if not row.get("ok"):
            yield in_one_line(row, self._look)
        elif any(not item.get("path") for item in row.get("outputs") or ()):  # its URLs stand nowhere else
            yield from made(row, self._look, self._known)

    def _warned(self, row: Row) -> Iterator[Line]:
        which = f"{self._look.word('line', n=row['line'])}: " if row.get("line") else ""
        yield Line(which + self._look.advice(str(row.get("message"))), "warn")
        for item in row.get("candidates") or ():
            if item.get("attach"):
                yield Line(str(item["attach"]), "do")

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


_LAST = frozenset({"terminal", "error", "summary", "cancelled"})


def _is_one_of_many(row: Row, batch: Batch) -> bool:
    """An error after all has begun may be the whole run's: a signal, a journal that failed."""
    return "line" in row or (bool(row.get("generation_id")) and not batch.is_over)


def _local(iso: Any) -> str:
    try:
        return datetime.fromisoformat(str(iso)).astimezone().strftime("%H:%M")
    except (ValueError, OverflowError, OSError):
        return str(iso)
