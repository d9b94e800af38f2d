"""The Retry-After header (RFC 9110, 10.2.3)."""

from __future__ import annotations

import re
from collections.abc import Mapping

_SECONDS = r"(?a)\d{1,12}(\.\d{1,12})?(\s*,\s*\d{1,12}(\.\d{1,12})?)*"


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
