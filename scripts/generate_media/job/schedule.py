"""When to look at a job next: seldom while it can hardly be done, often when it should be, seldom when it lingers.

The default intervals of config.json are a flat 3 or 10 s. Spread over a job's life instead, fewer requests find its end
sooner: bench/rows_polling.py simulates it, and `make bench` prints requests a job and mean lateness beside the flat
interval's. The three numbers here were chosen by that table: they win on both counts for every provider.
"""

from __future__ import annotations

EXPECTED_FROM, EXPECTED_UNTIL = 0.5, 2.0
"""Shares of the typical duration between which an end is expected."""
NEAR, EARLY, LATE = 0.7, 3.0, 2.0
"""Intervals between two looks while the end is expected, before, and after."""


def wait_seconds(elapsed: float, *, typical: float, interval: float, minimum: float) -> float:
    """Seconds from a look that found the job still running to the next.

    ``elapsed`` seconds since the job was accepted, ``typical`` how long such a job takes (0: not known, then the
    interval is kept), ``interval`` the default one, ``minimum`` the least that the provider allows, which is never
    undercut. While the end is expected the interval is the upper bound; before, a job that fails at once is told at
    most three intervals late; after, it takes two.
    """
    if typical <= 0:
        return max(interval, minimum)
    expected = typical * EXPECTED_FROM
    if elapsed < expected:
        wait = min(expected - elapsed, EARLY * interval)
    else:
        wait = 0.0 if elapsed < typical * EXPECTED_UNTIL else LATE * interval
    return max(wait, NEAR * interval, minimum)
