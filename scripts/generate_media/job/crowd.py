"""The jobs of one provider that this process has: what they share of its requests a minute, and their schedules."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..core import Clock, Deadline

if TYPE_CHECKING:
    from .schedule import Schedule

LEARN_AGAIN = 20
"""So many ends later a schedule is made anew from what the journal knows by then."""


class Throttle:
    """At most so many a minute (0: no limit), evenly spread; shared by the jobs of one provider."""

    def __init__(self, clock: Clock, per_minute: float) -> None:
        self._clock = clock
        self._gap = 60.0 / per_minute if per_minute else 0.0
        self._next = 0.0
        self._lock = threading.Lock()

    def turn(self, within_seconds: float) -> float:
        """Seconds until the caller's turn; one that comes later than ``within_seconds`` is left to others."""
        if not self._gap:
            return 0.0
        with self._lock:
            now = self._clock.now()
            turn = max(now, self._next)
            if turn - now < within_seconds:
                self._next = turn + self._gap
        return turn - now

    def wait(self, deadline: Deadline) -> None:
        """Wait for this job's turn, or for the end of its time."""
        seconds = self.turn(deadline.remaining())
        if seconds > 0:
            self._clock.sleep(deadline.cut(seconds))


class Crowd:
    """One schedule for all: where the looks that each job would take alone are more than the provider allows, all wait
    so many times as long. A job whose end is likely still gets most of them. The throttle holds whatever comes.
    """

    def __init__(self, clock: Clock, requests_per_minute: float = 0.0) -> None:
        self.throttle = Throttle(clock, requests_per_minute)
        self._per_second = requests_per_minute / 60.0
        self._wanted: dict[int, float] = {}
        self._schedules: dict[tuple[str, str], tuple[Schedule, int]] = {}
        self._left = 0
        self._lock = threading.Lock()

    def shared(self, row_id: int, wait_seconds: float) -> float:
        """What becomes of a job's wait for its next look, among all jobs that wait for one."""
        with self._lock:
            self._wanted[row_id] = 1.0 / max(wait_seconds, 0.01)
            crowded = sum(self._wanted.values()) / self._per_second if self._per_second else 0.0
        return wait_seconds * max(1.0, crowded)

    def leave(self, row_id: int) -> None:
        """The job is followed no more."""
        with self._lock:
            self._left += self._wanted.pop(row_id, None) is not None

    def schedule(self, model: str, kind: str, make: Callable[[], Schedule]) -> Schedule:
        """The schedule of a model and kind, made when first asked for and again after LEARN_AGAIN ends."""
        with self._lock:
            known, left = self._schedules.get((model, kind), (None, 0))
            if known is None or self._left - left >= LEARN_AGAIN:
                known = make()
                self._schedules[model, kind] = (known, self._left)
            return known
