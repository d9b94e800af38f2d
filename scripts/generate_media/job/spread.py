"""How long a kind of job takes: a spread that begins with what config.json says and is learned from earlier jobs.

What is seen of an end is an interval: the last look that found the job running, and the first that found it done. It is
learned as that. Middles or upper ends taken for the end itself would move the looks, and with them the next ends that
are seen, later and later.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

SIGMA = 0.4
"""Of the logarithm of the seconds, before anything is learned: two thirds end within 0.67 and 1.5 times the median."""
MEDIAN_WEIGHT, SIGMA_WEIGHT = 1.0, 4.0
"""As many jobs of this spread are taken as seen before: few for where the median is, more for how wide it is."""
EARLY, EARLY_SHARE = 0.05, 0.25
"""So many fail at once, spread over the first quarter of the median."""
LATE, LATE_SIGMA, LATE_FACTOR = 0.02, 1.0, 2.0
"""So many linger, by a wide spread around twice the median: looks become seldom there and never cease."""
STRAY, STRAY_SIGMA = 0.05, 1.5
"""What is learned from: a twentieth may be strays, which say little of where the others end."""
LEAST_SIGMA, LEAST_SECONDS = 0.05, 0.01
MOMENT = 0.01
"""A moment that was told is known to so much of itself."""
ROUNDS = 25

Lasted = tuple[float, float]
"""Seconds from acceptance: at the first the job was running, at the second it was done."""


class Spread(NamedTuple):
    """A log-normal spread of seconds, with some that fail early and some that linger."""

    median: float
    sigma: float = SIGMA

    def ended(self, seconds: float) -> float:
        """The share of jobs that have ended so long after they were accepted."""
        if seconds <= 0:
            return 0.0
        x = math.log(seconds / self.median)
        early = min(1.0, seconds / (EARLY_SHARE * self.median))
        late = _below((x - math.log(LATE_FACTOR)) / LATE_SIGMA)
        return (1 - EARLY - LATE) * _below(x / self.sigma) + EARLY * early + LATE * late


def learned(seen: Sequence[Lasted], typical: float) -> Spread:
    """The spread that makes what was seen most likely, ``typical`` (a median, > 0) being taken for one job seen.

    Expectation and maximisation over intervals of the logarithm, strays weighed down.
    """
    seen = [(least, most) for least, most in seen if 0 <= least <= most < math.inf]
    intervals = [(_log(least * (1 - MOMENT)), _log(most * (1 + MOMENT))) for least, most in seen]
    narrow = sorted((low + high) / 2 for low, high in intervals if high - low < 1)
    begin = math.log(typical)
    mean, sigma = narrow[len(narrow) // 2] if narrow else begin, SIGMA  # ``typical`` may be far off
    for _ in range(ROUNDS if intervals else 0):
        weights, first, second = 0.0, 0.0, 0.0
        for low, high in intervals:
            weight, at, around = _expected(low, high, mean, sigma)
            weights, first, second = weights + weight, first + weight * at, second + weight * (around + at * at)
        whole = MEDIAN_WEIGHT + weights
        centre = (MEDIAN_WEIGHT * begin + first) / whole
        scatter = second - 2 * centre * first + weights * centre * centre
        mean, sigma = (
            centre,
            max(LEAST_SIGMA, math.sqrt((SIGMA_WEIGHT * SIGMA**2 + scatter) / (SIGMA_WEIGHT + weights))),
        )
    return Spread(math.exp(mean), sigma)


def _expected(low: float, high: float, mean: float, sigma: float) -> tuple[float, float, float]:
    """Of a logarithm known to lie in an interval: the chance that it is no stray, its mean, its variance."""
    a, b = (low - mean) / sigma, (high - mean) / sigma
    share = _below(b) - _below(a)
    stray = STRAY * (_below((high - mean) / STRAY_SIGMA) - _below((low - mean) / STRAY_SIGMA))
    if share < 1e-12:
        return 0.0, max(low, min(mean, high)), 0.0
    mass, mass_a, mass_b = share * math.sqrt(2 * math.pi), math.exp(-a * a / 2), math.exp(-b * b / 2)
    shift = (mass_a - mass_b) / mass
    inner = 1 + ((a * mass_a if a > -math.inf else 0.0) - b * mass_b) / mass - shift * shift
    own = (1 - STRAY) * share
    return own / (own + stray), mean + sigma * shift, sigma * sigma * max(0.0, inner)


def _log(seconds: float) -> float:
    return math.log(seconds) if seconds >= LEAST_SECONDS else -math.inf


def _below(x: float) -> float:
    """The share of a normal spread below ``x`` standard deviations."""
    return 0.5 * math.erfc(-x / math.sqrt(2))
