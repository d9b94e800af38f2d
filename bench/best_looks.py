"""The best that a budget of looks can do, by dynamic programming: what no schedule beats, learned or not.

Looks may stand on a grid; the cost of a life is its lateness plus a price for each look, and the price is halved in on
until the looks a job cost no more than the budget (Lagrange). Nothing here knows how the client places its own.
"""

from __future__ import annotations

from collections.abc import Callable

STEPS_PER_LEAST = 4
"""Grid points between the two nearest looks."""
FARTHEST_SHARE, END_SHARE = 0.3, 5.0
"""Of the typical duration: no two looks are farther apart, and by then every job has ended."""
HALVINGS = 14


class Grid:
    """Shares ended, and their integral, at steps of ``step`` seconds."""

    def __init__(self, ended: Callable[[float], float], step: float, until: float) -> None:
        self.step = step
        self.ended = [ended(number * step) for number in range(int(until / step) + 1)]
        self.sums = [0.0]
        for before, after in zip(self.ended, self.ended[1:], strict=False):
            self.sums.append(self.sums[-1] + (before + after) / 2 * step)

    def late(self, begin: int, end: int) -> float:
        """Seconds that a look at ``end`` tells of ends since ``begin`` too late, over all jobs."""
        return self.sums[end] - self.sums[begin] - self.ended[begin] * (end - begin) * self.step


def best(grid: Grid, nearest: int, farthest: int, price: float) -> tuple[float, float]:
    """(looks a job, mean lateness) of the looks that cost least at this price."""
    size = len(grid.ended)
    looks, late = [0.0] * size, [0.0] * size
    paid = list(grid.sums)  # what follows a look there costs, and the integral up to it
    for begin in range(size - nearest - 1, -1, -1):
        running = 1.0 - grid.ended[begin]
        if running < 1e-6:
            continue
        ends = range(begin + nearest, min(begin + farthest, size - 1) + 1)
        a_step = grid.ended[begin] * grid.step
        end = min(ends, key=lambda end, a_step=a_step: paid[end] - a_step * end)  # type: ignore[misc]
        late[begin] = grid.late(begin, end) + late[end]
        looks[begin] = running + looks[end]
        paid[begin] += late[begin] + price * looks[begin]
    return looks[0], late[0]


def best_lateness(ended: Callable[[float], float], typical: float, nearest: float, budget: float) -> float:
    """The least mean lateness in seconds for at most ``budget`` looks a job, no two nearer than ``nearest``."""
    step = nearest / STEPS_PER_LEAST
    grid = Grid(ended, step, END_SHARE * typical)
    farthest = max(STEPS_PER_LEAST, int(FARTHEST_SHARE * typical / step))
    cheap, dear = 1e-4, 1e2
    for _ in range(HALVINGS):
        price = (cheap * dear) ** 0.5
        looks, _ = best(grid, STEPS_PER_LEAST, farthest, price)
        cheap, dear = (price, dear) if looks > budget else (cheap, price)
    return best(grid, STEPS_PER_LEAST, farthest, dear)[1]
