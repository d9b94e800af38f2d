"""Clocks to hand in: one that only writes down how long it was to sleep."""

from __future__ import annotations

import random
from typing import Any

from generate_media.core.clock import Clock, Deadline
from generate_media.core.failure import Failure
from generate_media.http.retry import Retries


class QuickClock(Clock):
    """Sleeps for no time at all; ``waits`` holds the seconds asked for."""

    def __init__(self, scale: float = 1.0) -> None:
        super().__init__(scale)
        self.waits: list[float] = []

    def sleep(self, story_seconds: float) -> None:
        self.waits.append(story_seconds)


class StillClock(QuickClock):
    """Time that does not pass."""

    def now(self) -> float:
        return 0.0


class HeldClock(Clock):
    """Story time that passes when it is told to."""

    story = 0.0

    def now(self) -> float:
        return self.story

    def sleep(self, story_seconds: float) -> None:
        self.story += story_seconds


def retries(clock: Clock | None = None, seconds: float | None = None, notes: list[Any] | None = None) -> Retries:
    """Tries that end ``seconds`` from now (None: never); ``notes`` collects (failure, wait, attempt)."""

    def tell(failure: Failure, wait: float, attempt: int) -> None:
        if notes is not None:
            notes.append((failure, wait, attempt))

    return Retries(Deadline.after(clock or QuickClock(), seconds), tell, rng=random.Random(7))
