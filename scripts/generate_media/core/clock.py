"""Time, handed in: story seconds (what every limit is written in) and the real seconds behind them.

``time_scale`` (config.json, loopback only) makes story time run faster than the real one, so that a test can
live through a 900 s time-out in a few seconds without any clock being replaced.
"""

from __future__ import annotations

import threading
import time
from typing import NamedTuple


def utc(unix_seconds: float) -> str:
    """A moment as our lines say it: ISO 8601 in UTC, whole seconds."""
    from datetime import datetime, timezone

    return datetime.fromtimestamp(unix_seconds, timezone.utc).isoformat(timespec="seconds")


class Stopped(Exception):
    """The stop event was set while somebody slept."""


class Clock:
    """Story time. ``stop`` wakes every sleeper, for signals and for a batch that ends early."""

    def __init__(self, scale: float = 1.0, stop: threading.Event | None = None) -> None:
        self.scale = scale
        self.stop = stop or threading.Event()

    def now(self) -> float:
        """Monotonic story seconds."""
        return time.monotonic() * self.scale

    def wall(self) -> float:
        """Unix seconds, as the journal and Retry-After dates use them."""
        return time.time()

    def age(self, unix_seconds: float) -> float:
        """Story seconds since a wall-clock time; a clock set back gives 0, never a negative age."""
        return max(0.0, (time.time() - unix_seconds) * self.scale)

    def real(self, story_seconds: float) -> float:
        """Real seconds for a socket time-out, never below a millisecond."""
        return max(0.001, story_seconds / self.scale)

    def check(self) -> None:
        """Raises Stopped once the stop event is set."""
        if self.stop.is_set():
            raise Stopped

    def sleep(self, story_seconds: float) -> None:
        """Wait.

        Raises:
            Stopped: the stop event was set meanwhile.
        """
        if self.stop.wait(max(0.0, story_seconds) / self.scale):
            raise Stopped


class Deadline(NamedTuple):
    """A point in story time that every wait is cut to; None never comes."""

    clock: Clock
    at: float | None

    @classmethod
    def after(cls, clock: Clock, seconds: float | None) -> Deadline:
        return cls(clock, None if seconds is None else clock.now() + seconds)

    def remaining(self) -> float:
        """Story seconds left, at least 0; infinity without a deadline."""
        return float("inf") if self.at is None else max(0.0, self.at - self.clock.now())

    @property
    def passed(self) -> bool:
        return self.remaining() <= 0.0

    def cut(self, seconds: float) -> float:
        return min(seconds, self.remaining())

    def sooner(self, other: Deadline) -> Deadline:
        """The earlier of two."""
        return self if self.remaining() <= other.remaining() else other
