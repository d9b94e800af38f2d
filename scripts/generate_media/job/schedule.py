"""When to look at a job next: often when its end is likely, seldom while it can hardly be done or when it lingers.

A look is worth its request when the seconds since the last one, times the chance that the job ended in them, reach a
price. One price for the whole life of a job spends a given number of requests nearly as well as can be: bench/
rows_polling.py finds the best by dynamic programming, and `make bench` prints both.
"""

from __future__ import annotations

from typing import NamedTuple

from .spread import Spread

ANSWER_SECONDS = 2.0
"""An answer is given so long to come before the time is up, or twice what the slowest one took."""
LEAST_LAST_LOOK_SECONDS = 1.0
"""The last look comes no sooner after the one before, whatever less a provider allows."""

LOOKS = 5 / 3
"""Requests a job, for each one that the default interval would need until a typical end (10 s and 120 s: 20)."""
LEAST_LOOKS = 4.0
NEAREST, FARTHEST = 0.4, 3.0
"""Shares of the default interval: no two looks are nearer, and no job that fails at once is told later."""
FARTHEST_SHARE = 0.125
"""Of the median: a job of half an hour may be looked at more seldom than that."""
UNSEEN = 0.001
"""What comes after all but so few jobs have ended does not count for the price."""
CHEAPEST, DEAREST, HALVINGS = 1e-3, 1e3, 12


class Schedule(NamedTuple):
    """Looks for one kind of job. All in seconds; ``price`` is twice the lateness that a request is worth."""

    spread: Spread
    nearest: float
    farthest: float
    price: float

    def wait_seconds(self, elapsed: float) -> float:
        """Seconds from a look that found the job still running, so long after it was accepted, to the next."""
        before = self.spread.ended(elapsed)
        running = 1.0 - before
        if running < 1e-9:
            return self.farthest
        near, far = self.nearest, self.farthest
        if near * (self.spread.ended(elapsed + near) - before) >= self.price * running:
            return near
        while far - near > 0.02 * far:
            middle = (near + far) / 2
            worth = middle * (self.spread.ended(elapsed + middle) - before)
            near, far = (near, middle) if worth >= self.price * running else (middle, far)
        return far

    def requests(self, enough: float) -> float:
        """How many looks a job takes on average, or a number above ``enough``."""
        looks, at, running = 0.0, 0.0, 1.0
        while running > UNSEEN and looks <= enough:
            looks += running
            at += self.wait_seconds(at)
            running = 1.0 - self.spread.ended(at)
        return looks


def schedule_for(spread: Spread, *, typical: float, interval: float, minimum: float) -> Schedule:
    """The schedule that spends its requests best on such jobs.

    ``typical`` and ``interval`` are config.json's, and say how many requests a job may take; ``minimum`` is the least
    wait that the provider allows, which is never undercut.
    """
    nearest = max(NEAREST * interval, minimum)
    farthest = max(FARTHEST * interval, FARTHEST_SHARE * spread.median, nearest)
    budget = max(LOOKS * typical / interval, LEAST_LOOKS)
    cheap, dear = CHEAPEST, DEAREST
    for _ in range(HALVINGS):
        price = (cheap * dear) ** 0.5
        tried = Schedule(spread, nearest, farthest, price)
        cheap, dear = (price, dear) if tried.requests(budget) > budget else (cheap, price)
    return Schedule(spread, nearest, farthest, dear)


def least_last_look(minimum: float) -> float:
    """Seconds that the last look before the time is up must be away from whatever was asked or told before it."""
    return max(minimum, LEAST_LAST_LOOK_SECONDS)


def before_the_end(wait: float, *, remaining: float, minimum: float, slowest: float) -> float:
    """The wait for a look, or for an earlier one where that one's answer would not come before the time is up.

    ``remaining`` seconds are left, ``slowest`` is what an answer took so far. Where the minimum leaves no room for
    another look, the wait stays as it is.
    """
    last = remaining - max(ANSWER_SECONDS, 2 * slowest)
    return last if wait > last >= least_last_look(minimum) else wait
