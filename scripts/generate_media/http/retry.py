"""How long to wait before the next try: one policy and one wait, for creates, queries and downloads alike."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from ..core import Deadline, Failure


class RetryPolicy(NamedTuple):
    """Wait 1, 2, 4, 8, 16, 16, … seconds, less up to half of it at random; what the server asks for wins."""

    delays: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 16.0)
    jitter: float = 0.5
    """The largest share of a delay that chance takes away, so that many clients do not come back together."""
    spread_seconds: float = 30.0
    """At most so much is added to what the server asked for, where a crowd of us may have been turned away."""

    def wait_seconds(
        self, attempt: int, asked: float | None, minimum: float, rng: Random, *, crowd: bool = False
    ) -> float:
        """Seconds before the next try.

        ``attempt`` counts failures in a row, from 1. ``asked`` is what the answer asked for (Retry-After), ``minimum``
        the provider's documented wait: neither is ever undercut. ``crowd``: who was turned away together must not
        come back together.
        """
        delay = self.delays[min(max(attempt, 1), len(self.delays)) - 1]
        wait = max(delay * (1.0 - self.jitter * rng.random()), asked or 0.0, minimum)
        return wait + min(wait, self.spread_seconds) * rng.random() if asked and crowd else wait


CHANCE = Random()  # noqa: S311 - jitter; one for all jobs, since each has a state of 2.5 kB


class OutOfTime(Exception):
    """The next try would not begin before the deadline."""


class Retries:
    """The tries of one thing. The caller decides what is tried again; this one waits, and counts.

    ``tell`` is told before each wait: what failed, the seconds, and how many tries have failed in a row. ``failed``
    is that number; whoever gets a good answer sets it back to 0.
    """

    def __init__(
        self, until: Deadline, tell: Callable[[Failure, float, int], object], rng: Random = CHANCE, failed: int = 0
    ) -> None:
        self.until, self.tell, self.rng, self.failed = until, tell, rng, failed

    def wait(self, failure: Failure, *, minimum: float = 0.0, crowd: bool = False) -> None:
        """Wait before the next try.

        Raises:
            OutOfTime: the wait would last to the deadline or beyond; nothing was told, and no time spent.
            Stopped: the clock's stop event was set.
        """
        self.failed += 1
        asked = failure.retry_after_seconds
        seconds = RetryPolicy().wait_seconds(self.failed, asked, minimum, self.rng, crowd=crowd)
        if seconds >= self.until.remaining():
            raise OutOfTime
        self.tell(failure, seconds, self.failed)
        self.until.clock.sleep(seconds)
