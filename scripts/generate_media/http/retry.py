"""How long to wait before the next try: one small policy, and the Retry-After header (RFC 9110, 10.2.3)."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, eq=False, repr=False)
class RetryPolicy:
    """Wait 1, 2, 4, 8, 16, 16, … seconds, less up to half of it at random; what the server asks for wins."""

    delays: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 16.0)
    jitter: float = 0.5
    """The largest share of a delay that chance takes away, so that many clients do not come back together."""

    def wait_seconds(self, attempt: int, retry_after: float | None, minimum: float, rng: Random) -> float:
        """Seconds before the next try.

        ``attempt`` counts failures in a row, from 1. ``retry_after`` is what the answer asked for, ``minimum``
        the provider's documented one: neither is ever undercut. The caller cuts the wait to its deadline.
        """
        delay = self.delays[min(max(attempt, 1), len(self.delays)) - 1]
        return max(delay * (1.0 - self.jitter * rng.random()), retry_after or 0.0, minimum)
