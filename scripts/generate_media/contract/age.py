"""How old a contract is: a snapshot is a memory of a day, and after some months that is said."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .catalog import Contract

OLD_DAYS = 120
RENEW = "python3 scripts/inspect_openapi.py --renew FILE|URL takes in the provider's newer OpenAPI document"


def age_days(contract: Contract, today: datetime.date) -> int | None:
    """Days since the date that a contract is of (its month's first where it says no day); None where it has none."""
    written = str(contract.snapshot.get("date", ""))
    try:
        date = datetime.date.fromisoformat(written if written.count("-") > 1 else f"{written}-01")
    except ValueError:
        return None
    return (today - date).days


def if_old(contract: Contract, today: datetime.date) -> str:
    """A sentence about a contract that is older than OLD_DAYS, with what to do; else empty."""
    days = age_days(contract, today)
    if days is None or days <= OLD_DAYS:
        return ""
    return f"the contract is of {contract.snapshot['date']}, {days} days old; {RENEW}"
