"""A job's stream: events until an end, and a look from outside while it is silent."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..core import Deadline, Reading, Result, Stopped
from ..http import TransportError, shared
from .ask import ask, tells_of
from .context import SILENCE_CHECK_SECONDS, JobContext, job_ref
from .create import readings
from .followed import Followed, Progress, age
from .schedule import ANSWER_SECONDS, least_last_look

if TYPE_CHECKING:
    from ..http import EventStream
    from ..journal import Row


def is_whole_end(ctx: JobContext, reading: Reading) -> bool:
    """Whether a create or an event ended the job and told all of it; files another call away are left to a query."""
    if reading.result is Result.SUCCEEDED:
        return not ctx.adapter.files(reading)
    return reading.result is not None


def follow_stream(
    ctx: JobContext, row: Row, stream: EventStream, progress: Progress, until: Deadline
) -> Followed | None:
    """Events until an end; None when the stream cannot tell it, which is then said."""
    watcher = _StreamWatch(ctx, row, stream, until)
    reason = "stream_ended"
    try:
        with watcher:
            for reading in readings(ctx, row.model, stream):
                if not tells_of(job_ref(row), reading):
                    continue
                progress.tell(reading)
                if is_whole_end(ctx, reading):
                    now = age(ctx, row)
                    return Followed(reading, "sse", now, now)
    except TransportError as error:
        reason = "stream_silent" if "silent" in error.detail else f"stream_broken: {error.detail}"
    if watcher.found is not None:
        return watcher.found
    if not until.passed:
        ctx.printer.event("fallback_polling_start", generation_id=row.generation_id, reason=reason)
    return None


@dataclass(eq=False, repr=False)
class _StreamWatch:
    """Keeps an eye on a stream from outside: a query after 30 s without an event, the deadline, and a query just
    before it.

    Keep-alive comments do not count as events, so a stream that only breathes is still checked.
    """

    ctx: JobContext
    row: Row
    stream: EventStream
    until: Deadline
    found: Followed | None = None

    def __enter__(self) -> _StreamWatch:
        self._open = True
        self._looking = threading.Lock()
        remaining, real = self.until.remaining(), self.ctx.clock.real
        self._end = shared().at(time.monotonic() + real(remaining), self.stream.shutdown)
        self._last = shared().at(time.monotonic() + real(remaining - ANSWER_SECONDS), self._check_last)
        self._schedule()
        return self

    def __exit__(self, *exception: object) -> None:
        self._open = False
        for alarm in (self._end, self._last, self._next):
            alarm.cancel()

    def _schedule(self) -> None:
        due = self.stream.last_event_at + self.ctx.clock.real(SILENCE_CHECK_SECONDS)
        soonest = time.monotonic() + self.ctx.clock.real(1.0)  # an event that came long ago must not mean a busy loop
        self._next = shared().at(max(due, soonest), self._check)

    def _check(self) -> None:
        self._look(after_seconds=SILENCE_CHECK_SECONDS)
        if self._open and self.found is None:
            self._schedule()

    def _check_last(self) -> None:
        self._look(after_seconds=least_last_look(self.ctx.limits.least_poll_interval))

    def _look(self, *, after_seconds: float) -> None:
        """One query, where the stream has told nothing, and nobody has asked, for so long."""
        with self._looking, suppress(Stopped):
            quiet = time.monotonic() - self.stream.last_event_at
            if not self._open or quiet < self.ctx.clock.real(after_seconds) * 0.99:  # a timer may be a hair early
                return
            seen_running = max(0.0, age(self.ctx, self.row) - quiet * self.ctx.clock.scale)
            asked = ask(self.ctx, job_ref(self.row), self.until)
            if isinstance(asked, Reading) and asked.result is not None:
                self.found = Followed(asked, "poll", seen_running, age(self.ctx, self.row))
                self.stream.shutdown()
                return
            self.stream.last_event_at = time.monotonic()
