"""Values of the ledger's flags: a sum of money in a provider's own unit, a time in the past."""

from __future__ import annotations

import argparse
import re
import time

MOST = 1e9


def amount(text: str) -> float:
    """A sum from 0, in a provider's own unit."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= MOST:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 0 to {MOST:,.0f}")
    return value


def age(text: str) -> float:
    """Unix seconds of a time in the past: ``7d``, ``12h``, ``2w`` ago, or the beginning (UTC) of ``2026-11-21``."""
    from datetime import datetime, timezone

    units = {"h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}
    ago = re.fullmatch(r"(\d{1,5})([hdw])", text.strip().lower())
    if ago:
        return max(0.0, time.time() - int(ago[1]) * units[ago[2]])
    try:
        return datetime.strptime(text.strip(), "%Y-%m-%d").replace(tzinfo=timezone.utc).timestamp()
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is neither an age (7d, 12h, 2w) nor a date (2026-11-21)") from None
