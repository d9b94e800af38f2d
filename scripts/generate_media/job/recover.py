"""A create whose answer was lost: the jobs in its provider's own list that it may have made.

A list proves nothing (DESIGN rule 12): another machine with the same key may have made the same kind of job in the
same minute. So they are shown, each with the command that takes it for the lost one, and somebody decides.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timezone
from typing import Any

from ..core import OutcomeUnknown, Reading, clean_text, parse_json
from ..http import TransportError
from ..journal import JournalWriteError, Row, local_id
from ..providers import refused, told_model
from .context import JobContext

WINDOW_SECONDS = 120.0
"""How far before and after the sending a job's ``created_at`` may lie (clocks differ)."""
MOST = 10
"""Candidates shown: those made nearest to the sending."""

CHOOSE = (
    "candidates[] are jobs of this model, made about then, that this journal does not know; no list proves which is "
    "meant: if one is recognised, run its attach command, which takes it for this one"
)


def with_candidates(ctx: JobContext, row_id: int, error: OutcomeUnknown) -> OutcomeUnknown:
    """The same error with what the provider's list shows."""
    with suppress(JournalWriteError, KeyError):  # a journal that fails now adds nothing
        error.details["candidates"] = found = candidates(ctx, ctx.journal.get(row_id))
        error.guidance = (CHOOSE, *error.guidance) if found else error.guidance
    return error


def candidates(ctx: JobContext, row: Row) -> list[dict[str, Any]] | None:
    """Jobs that a lost create may have made: of its model, made in the window, unknown to the journal; nearest first.

    None where the provider has no list, or it does not answer.
    """
    call = ctx.adapter.recent(row.model)
    if call is None or row.sending_at is None:
        return None
    seconds = ctx.clock.real(ctx.deadline.cut(ctx.limits.poll_request_timeout))
    try:
        answer = ctx.gateway.send(call, timeout_seconds=seconds)
    except TransportError:
        return None
    if refused(answer, ctx.adapter, operation="list", wall=ctx.clock.wall()) is not None:
        return None
    known = ctx.journal.known_ids(row.provider)
    fitting = [
        (distance, reading)
        for reading in ctx.adapter.read_recent(parse_json(answer.body))
        if (distance := _distance(ctx, row, reading)) is not None and reading.generation_id not in known
    ]
    fitting.sort(key=lambda found: found[0])
    return [_shown(ctx, row, reading) for _, reading in fitting[:MOST]]


def _distance(ctx: JobContext, row: Row, reading: Reading) -> float | None:
    """Seconds between the sending and a listed job's making; None for one that cannot be meant."""
    if reading.generation_id is None or reading.created_at is None or row.sending_at is None:
        return None
    after = reading.created_at - row.sending_at
    in_window = -WINDOW_SECONDS <= after <= ctx.limits.create_timeout + WINDOW_SECONDS
    return abs(after) if in_window and ctx.adapter.may_be_of(row.model, reading) else None


def _shown(ctx: JobContext, row: Row, reading: Reading) -> dict[str, Any]:
    made = datetime.fromtimestamp(reading.created_at or 0.0, timezone.utc)
    return {
        "generation_id": clean_text(reading.generation_id or ""),
        "created_at": made.isoformat(timespec="seconds"),
        "model": clean_text(told_model(reading) or row.model),
        "attach": ctx.resume(reading.generation_id, settles=local_id(row.fingerprint, row.ordinal)),
    }
