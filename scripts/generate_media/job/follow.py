"""From an id to an end: the stream while it tells something, then queries, whatever breaks on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core import GONE, Category, Deadline, Failure, JobFailure, JobRef, ProviderRefused, Reading, Result, StillRunning
from ..http import BLOCKED, NETWORK_BLOCKED, OutOfTime
from .accept import Created
from .ask import NO_ANSWER, ask
from .context import JobContext, job_ref
from .followed import Followed, Progress, age
from .listen import follow_stream, is_whole_end
from .schedule import Schedule, before_the_end, schedule_for
from .spread import learned

if TYPE_CHECKING:
    from ..journal import Row

DAY_SECONDS = 86400.0
REFUSALS_THAT_END = 3
"""So many refusals of a read in a row, none of them transient, end the following; the job itself stays open.

A 404 is none of them where the job is known to exist: no number of them proves that it does not.
"""


def follow(ctx: JobContext, row: Row, created: Created | None) -> Followed:
    """Follow a job to its end; ``created`` is None when an earlier run made it.

    Raises:
        StillRunning: the time is up, the job goes on.
        ProviderRefused: its reads are refused for good.
    """
    until = ctx.deadline.sooner(Deadline.after(ctx.clock, ctx.limits.poll_timeout))
    progress = Progress(ctx, row, row.status)
    if created is not None:
        if is_whole_end(ctx, created.reading):
            return Followed(created.reading, "create" if created.stream is None else "sse")
        if created.stream is not None:
            ended = follow_stream(ctx, row, created.stream, progress, until)
            if ended is not None:
                return ended
    poll = _Poll(ctx, row, progress, until, answered=created is not None)
    if created is not None and until.passed:
        raise poll.still_running()
    return poll.run(wait_first=created is not None and created.stream is None)


class _Poll:
    """Queries until an end. A good answer resets the count of bad ones; no single bad one ends a known job."""

    def __init__(
        self, ctx: JobContext, row: Row, progress: Progress, until: Deadline, *, answered: bool = False
    ) -> None:
        self.ctx = ctx
        self.row = row
        self.job = job_ref(row)
        self.progress = progress
        self.until = until
        self.retries = ctx.retries("query", until)
        self.refused = 0
        self.last: Failure | None = None
        """The newest bad answer since the last good one."""
        self.answered = answered
        """Whether the provider has been reached since this run began."""
        self.running = 0.0
        """Seconds after its acceptance the job was last seen running."""
        self.slowest = 0.0
        """Seconds that an answer took so far."""

    def run(self, *, wait_first: bool) -> Followed:
        try:
            if wait_first:
                self._sleep(self._until_next())
            while True:
                self.ctx.clock.check()
                asked_at = self._age()
                asked = ask(self.ctx, self.job, self.until)
                self.slowest = max(self.slowest, self._age() - asked_at)
                ended = self._after_good(asked, asked_at) if isinstance(asked, Reading) else self._after_bad(asked)
                if ended is not None:
                    return Followed(ended, "poll", self.running, self._age())
        finally:
            self.ctx.crowd.leave(self.row.row_id)

    def _after_good(self, reading: Reading, asked_at: float) -> Reading | None:
        self.retries.failed = self.refused = 0
        self.last = None
        self.answered = True
        self.job = _with_aliases(self.job, reading)
        self.progress.tell(reading)
        if reading.result is not None:
            return reading
        self.running = asked_at
        self._sleep(self._until_next())
        return None

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
                failure = failure._replace(should_retry=False, may_have_been_created=self._exists)
                raise ProviderRefused(failure, details=self._where())
            if self._beyond_retention():
                return _gone(self.ctx, self.row, self.progress.status)
        try:
            self.retries.wait(failure, minimum=self.ctx.provider.min_poll_interval)
        except OutOfTime:
            self.ctx.clock.sleep(self.until.remaining())
            raise self.still_running() from None
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
        return age(self.ctx, self.row)

    def _until_next(self) -> float:
        """By the schedule of such jobs; the interval, where the user set it or nothing is known to be typical."""
        limits, crowd = self.ctx.limits, self.ctx.crowd
        typical = limits.typical_seconds.get(self.row.kind, 0.0)
        wait = max(limits.poll_interval, limits.least_poll_interval)
        if typical > 0:
            schedule = crowd.schedule(self.row.model, self.row.kind, lambda: self._schedule(typical))
            wait = schedule.wait_seconds(self._age())
        return crowd.shared(self.row.row_id, wait)

    def _schedule(self, typical: float) -> Schedule:
        """Where the ends of such jobs are likely, by what the journal has seen of them here."""
        return schedule_for(
            learned(self.ctx.journal.lastings(self.row), typical),
            typical=typical,
            interval=self.ctx.limits.poll_interval,
            minimum=self.ctx.limits.least_poll_interval,
        )

    def _sleep(self, seconds: float) -> None:
        """Wait for the next look; where it could not be answered before the time is up, for an earlier one, the last.

        Raises:
            StillRunning: the time is up, and so is the wait.
        """
        remaining = self.until.remaining()
        seconds = before_the_end(
            seconds, remaining=remaining, minimum=self.ctx.limits.least_poll_interval, slowest=self.slowest
        )
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
