"""One objection to a request, and how the place in it is written."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from ..core import Json, without_none

ERROR, WARNING, UNCHECKED = "error", "warning", "unchecked"
"""Unchecked: nothing is held against the request, but something about it could not be checked."""
_MOST_ALLOWED = 500
RANK = {"placeholder": 1, "discriminator": 0, "extra": 2, "required": 3, "type": 4, "enum": 4, "const": 4}
"""What is told first, by what was objected to; 5 for the rest."""


class Problem(NamedTuple):
    """One objection. ``field`` is a dotted path ("" for the whole body), ``received`` the value there, ``allowed``
    what may stand there, ``corrected`` the value meant, only where that is certain (else None)."""

    message: str
    field: str = ""
    received: Json = None
    allowed: Json = None
    corrected: Json = None
    severity: str = ERROR
    rank: int = 5
    inferred: bool = False
    """It would be an error, if what it goes by were documented."""

    def as_json(self) -> dict[str, Any]:
        """For ``--validate`` and an ``error`` line's ``problems``; parts that say nothing are left out."""
        row = {"message": self.message, "field": self.field, "received": self.received, "allowed": self.allowed}
        row |= {"corrected": self.corrected, "severity": self.severity}
        if isinstance(self.allowed, list) and len(self.allowed) > _MOST_ALLOWED:
            del row["allowed"]  # the message names the first
        return without_none(row)


def dotted(path: Iterable[str | int]) -> str:
    """``content[0].role`` for a path of keys and indexes."""
    text = ""
    for part in path:
        text = f"{text}[{part}]" if isinstance(part, int) else join(text, part)
    return text


def join(field: str, name: str) -> str:
    """The dotted path of a field inside another; "" is the whole body."""
    return f"{field}.{name}" if field else name
