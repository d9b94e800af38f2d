"""What following a job gives: the reading that ended it, and how long it took as far as that was seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..core import Reading, Result
from .context import JobContext

if TYPE_CHECKING:
    from ..journal import Row

LATE_ACCEPTANCE_SECONDS = 120.0
"""A job that was taken over so long after it was sent, or made elsewhere, says nothing of how long such jobs take."""
CLOCK_SECONDS = 2.0
"""What a provider's whole seconds and the way to it may differ from our clock."""


@dataclass(frozen=True, eq=False, repr=False)
class Followed:
    """The reading that ended a job, and where it came from: ``sse``, ``poll`` or ``create``.

    ``least`` and ``most``: seconds after its acceptance it was last seen running, and first seen done.
    """

    reading: Reading
    source: str
    least: float = 0.0
    most: float = 0.0


def lasting(ctx: JobContext, row: Row, followed: Followed) -> tuple[float, float] | None:
    """How long a job took: the interval in which it was seen to end, or less where its provider tells the moment.

    None: it made nothing, or it is not known when it was accepted.
    """
    reading, least, most = followed.reading, followed.least, followed.most
    begun, known = row.sending_at, bool(row.fingerprint) and row.accepted_at is not None
    if not known or reading.result is not Result.SUCCEEDED or most <= 0:
        return None
    if begun is None or (row.accepted_at or begun) - begun > LATE_ACCEPTANCE_SECONDS:
        return None
    created = reading.created_at or row.provider_created_at
    if created is None or reading.ended_at is None:
        return least, most
    slack = CLOCK_SECONDS * ctx.clock.scale
    told = (reading.ended_at - created) * ctx.clock.scale
    narrow = max(least, told - slack), min(most, told + slack)
    return narrow if narrow[0] < narrow[1] else (least, most)


@dataclass(eq=False, repr=False)
class Progress:
    """The last status word told, so that each is told once."""

    ctx: JobContext
    row: Row
    status: str = ""

    def tell(self, reading: Reading) -> None:
        changed = reading.status != self.status
        if not reading.status or not (changed or reading.aliases):
            return
        self.status = reading.status
        if reading.result is None or reading.aliases:  # an end is recorded with its word, and nobody waits for two
            self.ctx.journal.status(self.row.row_id, reading.status, reading.aliases or None)
        if changed and reading.result is None:
            self.ctx.printer.event("status", generation_id=self.row.generation_id, status=reading.status)
        if reading.progress is not None:
            self.ctx.printer.say(f"{reading.status}: {reading.progress:.0f} %")


def age(ctx: JobContext, row: Row) -> float:
    """Seconds since the job was accepted."""
    return ctx.clock.age(row.accepted_at or row.created_at)
