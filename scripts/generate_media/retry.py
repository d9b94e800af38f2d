"""How long to wait before the next try: one small policy, and the Retry-After header (RFC 9110, 10.2.3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

_SECONDS = r"(?a)\d{1,12}(\.\d{1,12})?(\s*,\s*\d{1,12}(\.\d{1,12})?)*"


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


def parse_retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that an answer's Retry-After asks for: a number or an HTTP date, seen from ``now`` (Unix seconds).

    Header names in lower case. None where there is none, or none that can be understood; a date in the past is
    0. Of several numbers (two headers are joined by a comma) the largest counts.
    """
    value = headers.get("retry-after", "").strip()
    if value and re.fullmatch(_SECONDS, value):
        return max(float(part) for part in value.split(","))
    moment = _http_date(value)
    return None if moment is None else max(0.0, moment - now)


def _http_date(value: str) -> float | None:
    if not value or len(value) > 64:
        return None
    from datetime import timezone
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(value)
        # RFC 9110, 5.6.7: the obsolete forms bear no zone and mean UTC as well.
        return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
