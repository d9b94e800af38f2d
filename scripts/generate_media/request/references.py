"""A media flag's value that names another line of the same batch: ``@ID``, or ``@ID.last-frame`` of its clip."""

from __future__ import annotations

import re
from typing import NamedTuple

from ..core import UsageError

LAST_FRAME = "last-frame"
ID = r"[a-z0-9_-]{1,40}"
REFERENCE = re.compile(rf"@({ID})(\.{LAST_FRAME})?")


class Reference(NamedTuple):
    """The line that makes a file, by its id, and whether the last frame of its clip is meant."""

    id: str
    last_frame: bool


def is_reference(value: str) -> bool:
    """Whether a media flag's value names another line; a file of such a name is written ``./@name``."""
    return value.startswith("@")


def parse_reference(value: str) -> Reference:
    """Raises UsageError ``bad_reference``."""
    match = REFERENCE.fullmatch(value)
    if match is None:
        raise UsageError(
            "bad_reference",
            f"{value[:80]} is neither @ID nor @ID.{LAST_FRAME}",
            guidance=("an id has 1 to 40 of a-z, 0-9, _ and -", f"a file of that name is written ./{value[:80]}"),
            details={"received": value[:80], "allowed": ["@ID", f"@ID.{LAST_FRAME}"]},
        )
    return Reference(match[1], match[2] is not None)
