"""From an id to an end: the stream while it tells something, then queries, whatever breaks on the way."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..core import GONE, Category, Deadline, Failure, JobFailure, JobRef, ProviderRefused, Reading, Result, StillRunning
from ..http import BLOCKED, NETWORK_BLOCKED, OutOfTime, TransportError, shared
from .accept import Created
from .ask import NO_ANSWER, ask, tells_of
from .context import SILENCE_CHECK_SECONDS, JobContext, job_ref
from .create import readings, retries
from .schedule import wait_seconds

if TYPE_CHECKING:
    from ..http import EventStream
    from ..journal import Row

DAY_SECONDS = 86400.0
REFUSALS_THAT_END = 3
"""So many refusals of a read in a row, none of them transient, end the following; the job itself stays open.

A 404 is none of them where the job is known to exist: no number of them proves that it does not.
"""


@dataclass(frozen=True, eq=False, repr=False)
class Followed:
    """The reading that ended a job, and where it came from: ``sse``, ``poll`` or ``create``."""

    reading: Reading
    source: str


@dataclass(eq=False, repr=False)
class _Progress:
    """The last status word told, so that each is told once."""

    ctx: JobContext
    row: Row
    status: str = ""

    def tell(self, reading: Reading) -> None:
        changed = reading.status != self.status
        if not reading.status or not (changed or reading.aliases):
            return
        self.status = reading.status
        if reading.result is None or reading.aliases:  # an end is recorded with its word, and nobody waits for two
            self.ctx.journal.status(self.row.row_id, reading.status, reading.aliases or None)
        if changed and reading.result is None:
            self.ctx.printer.event("status", generation_id=self.row.generation_id, status=reading.status)
        if reading.progress is not None:
            self.ctx.printer.say(f"{reading.status}: {reading.progress:.0f} %")


def follow(ctx: JobContext, row: Row, created: Created | None) -> Followed:
    """Follow a job to its end; ``created`` is None when an earlier run made it.

    Raises:
        StillRunning: the time is up, the job goes on.
        ProviderRefused: its reads are refused for good.
    """
    until = ctx.deadline.sooner(Deadline.after(ctx.clock, ctx.limits.poll_timeout))
    progress = _Progress(ctx, row, row.status)
    if created is not None:
        if _is_whole_end(ctx, created.reading):
            return Followed(created.reading, "create" if created.stream is None else "sse")
        if created.stream is not None:
            ended = _follow_stream(ctx, row, created.stream, progress, until)
            if ended is not None:
                return ended
    poll = _Poll(ctx, row, progress, until, answered=created is not None)
    if created is not None and until.passed:
        raise poll.still_running()
    return poll.run(wait_first=created is not None and created.stream is None)


def _is_whole_end(ctx: JobContext, reading: Reading) -> bool:
    """Whether a create or an event ended the job and told all of it; files another call away are left to a query."""
    if reading.result is Result.SUCCEEDED:
        return not ctx.adapter.files(reading)
    return reading.result is not None


def _follow_stream(
    ctx: JobContext, row: Row, stream: EventStream, progress: _Progress, until: Deadline
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
                if _is_whole_end(ctx, reading):
                    return Followed(reading, "sse")
    except TransportError as error:
        reason = "stream_silent" if "silent" in error.detail else f"stream_broken: {error.detail}"
    if watcher.found is not None:
        return Followed(watcher.found, "poll")
    if not until.passed:
        ctx.printer.event("fallback_polling_start", generation_id=row.generation_id, reason=reason)
    return None


@dataclass(eq=False, repr=False)
class _StreamWatch:
    """Keeps an eye on a stream from outside: a query after 30 s without an event, and the deadline.

    Keep-alive comments do not count as events, so a stream that only breathes is still checked.
    """

    ctx: JobContext
    row: Row
    stream: EventStream
    until: Deadline
    found: Reading | None = None

    def __enter__(self) -> _StreamWatch:
        self._open = True
        due = time.monotonic() + self.ctx.clock.real(self.until.remaining())
        self._end = shared().at(due, self.stream.shutdown)
        self._schedule()
        return self

    def __exit__(self, *exception: object) -> None:
        self._open = False
        self._end.cancel()
        self._next.cancel()

    def _schedule(self) -> None:
        due = self.stream.last_event_at + self.ctx.clock.real(SILENCE_CHECK_SECONDS)
        soonest = time.monotonic() + self.ctx.clock.real(1.0)  # an event that came long ago must not mean a busy loop
        self._next = shared().at(max(due, soonest), self._check)

    def _check(self) -> None:
        quiet = time.monotonic() - self.stream.last_event_at
        if quiet >= self.ctx.clock.real(SILENCE_CHECK_SECONDS) * 0.99:  # a timer may be a hair early
            asked = ask(self.ctx, job_ref(self.row), self.until)
            if isinstance(asked, Reading) and asked.result is not None:
                self.found = asked
                self.stream.shutdown()
                return
            self.stream.last_event_at = time.monotonic()
        if self._open:
            self._schedule()


class _Poll:
    """Queries until an end. A good answer resets the count of bad ones; no single bad one ends a known job."""

    def __init__(
        self, ctx: JobContext, row: Row, progress: _Progress, until: Deadline, *, answered: bool = False
    ) -> None:
        self.ctx = ctx
        self.row = row
        self.job = job_ref(row)
        self.progress = progress
        self.until = until
        self.retries = retries(ctx, "query", until)
        self.refused = 0
        self.last: Failure | None = None
        """The newest bad answer since the last good one."""
        self.answered = answered
        """Whether the provider has been reached since this run began."""

    def run(self, *, wait_first: bool) -> Followed:
        if wait_first:
            self._sleep(self._until_next())
        while True:
            self.ctx.clock.check()
            asked = ask(self.ctx, self.job, self.until)
            ended = self._after_good(asked) if isinstance(asked, Reading) else self._after_bad(asked)
            if ended is not None:
                return Followed(ended, "poll")

    def _after_good(self, reading: Reading) -> Reading | None:
        self.retries.failed = self.refused = 0
        self.last = None
        self.answered = True
        self.job = _with_aliases(self.job, reading)
        self.progress.tell(reading)
        if reading.result is None:
            self._sleep(self._until_next())
            return None
        return reading

    def _after_bad(self, failure: Failure) -> Reading | None:
        """Wait for another try, unless the refusal is final or the job is gone."""
        if self.until.passed and failure.code == NO_ANSWER:
            raise self.still_running()  # the deadline cut this read short: that says nothing about the provider
        if failure.code == NETWORK_BLOCKED and not self.answered:
            raise self._no_network()
        if self._in_grace(failure):
            self._sleep(self.ctx.limits.poll_interval)
            return None
        self.last = failure
        final = failure.category not in (Category.TRANSIENT, Category.OUTCOME_UNKNOWN)
        self.refused = self.refused + 1 if final else 0
        if self.refused >= REFUSALS_THAT_END:
            if failure.category is not Category.NOT_FOUND or not self._exists:
                failure = replace(failure, should_retry=False, may_have_been_created=self._exists)
                raise ProviderRefused(failure, details=self._where())
            if self._beyond_retention():
                return _gone(self.ctx, self.row, self.progress.status)
        try:
            self.retries.wait(failure, minimum=self.ctx.provider.min_poll_interval)
        except OutOfTime:
            self._sleep(self.until.remaining())
        return None

    def _in_grace(self, failure: Failure) -> bool:
        """A 404 on a fresh job is normal where config.json says for how long (Agnes [M])."""
        grace = self.ctx.provider.not_found_grace_seconds
        return failure.category is Category.NOT_FOUND and failure.should_retry and self._age() < grace

    @property
    def _exists(self) -> bool:
        return self.row.exists or bool(self.progress.status)

    def _beyond_retention(self) -> bool:
        """Whether the provider's documentation says that it has forgotten the job by now."""
        keeps = self.ctx.provider.task_retention_seconds
        return bool(keeps) and self._age() >= keeps

    def _age(self) -> float:
        return self.ctx.clock.age(self.row.accepted_at or self.row.created_at)

    def _until_next(self) -> float:
        limits = self.ctx.limits
        return wait_seconds(
            self._age(),
            typical=limits.typical_seconds.get(self.row.kind, 0.0),
            interval=limits.poll_interval,
            minimum=limits.least_poll_interval,
        )

    def _sleep(self, seconds: float) -> None:
        remaining = self.until.remaining()
        self.ctx.clock.sleep(min(seconds, remaining))
        if seconds >= remaining:
            raise self.still_running()

    def still_running(self) -> StillRunning:
        unseen = self._exists and self.last is not None and self.last.category is Category.NOT_FOUND
        return StillRunning(
            "deadline" if self.ctx.deadline.passed else "poll_timeout",
            "the time is up; the provider accepted this job and does not show it now, which proves no end"
            if unseen
            else "the time is up; the job goes on at the provider and nothing is lost",
            reads_failed=self.last is not None,
            should_retry=True,
            guidance=("this is no answer yet: go on with the command in resume, until a terminal line comes",),
            details=self._where() | {"status": self.progress.status or None},
        )

    def _no_network(self) -> StillRunning:
        """Nothing was ever reached: no wait helps, and nothing is said of the job."""
        words = f"{BLOCKED}; the job goes on at the provider and nothing is lost"
        return StillRunning(NETWORK_BLOCKED, words, reads_failed=True, details=self._where())

    def _where(self) -> dict[str, str | None]:
        resume = self.ctx.resume(self.row.generation_id)
        return {"generation_id": self.row.generation_id, "resume": resume}


def _gone(ctx: JobContext, row: Row, status: str) -> Reading:
    """The end of a job that its provider no longer knows, after the time for which it says that it keeps one."""
    days = ctx.provider.task_retention_seconds / DAY_SECONDS
    words = f"{ctx.provider.name} keeps a task for {days:g} days and no longer knows this one; perhaps it was made"
    return Reading(row.generation_id, status, Result.EXPIRED, failure=JobFailure(GONE, words))


def _with_aliases(job: JobRef, reading: Reading) -> JobRef:
    known = dict(job.aliases) | dict(reading.aliases)
    return JobRef(job.generation_id, job.model, job.kind, tuple(known.items()), job.query_path)
