"""A create whose answer was lost: look for its job in the provider's own list, where there is one."""

from __future__ import annotations

from .answers import parse_json, succeeded
from .context import JobContext
from .create import accept_in_journal, tell_accepted
from .journal import IdAlreadyKnown, Row, State
from .results import Reading
from .transport import TransportError

WINDOW_SECONDS = 120.0
"""How far before and after the sending a job's ``created_at`` may lie (clocks differ)."""


def find_lost(ctx: JobContext, row: Row) -> Row | None:
    """Attach to the one job that can be the lost one: same model, made in the window, unknown to the journal.

    None when there is no list, when it does not answer, or when not exactly one job fits: a guess could
    attach a command to somebody else's picture.
    """
    call = ctx.adapter.recent(row.model)
    if call is None or row.sending_at is None or row.state is not State.UNKNOWN:
        return None
    try:
        answer = ctx.gateway.send(call, timeout_seconds=ctx.clock.real(ctx.limits.poll_request_timeout))
    except TransportError:
        return None
    if not succeeded(answer):
        return None
    known = ctx.journal.known_ids(row.provider)
    fitting = [
        reading
        for reading in ctx.adapter.read_recent(parse_json(answer.body))
        if reading.generation_id is not None
        and reading.generation_id not in known
        and _fits(ctx, row, row.sending_at, reading)
    ]
    if len(fitting) != 1 or _rivals(ctx, row):
        return None
    try:
        return _attach(ctx, row, fitting[0])
    except IdAlreadyKnown:
        return None  # another process has just found the same job for another row


def _fits(ctx: JobContext, row: Row, sent_at: float, reading: Reading) -> bool:
    model = reading.response.get("model") if isinstance(reading.response, dict) else None
    if model not in (None, row.model) or reading.created_at is None:
        return False
    latest = sent_at + ctx.limits.create_timeout + WINDOW_SECONDS
    return sent_at - WINDOW_SECONDS <= reading.created_at <= latest


def _rivals(ctx: JobContext, row: Row) -> bool:
    """Whether another create of the same model, lost or still out, could own the job just as well."""
    span = ctx.limits.create_timeout + 2 * WINDOW_SECONDS
    return any(
        other.row_id != row.row_id and abs((other.sending_at or 0.0) - (row.sending_at or 0.0)) <= span
        for other in ctx.journal.undecided_rows(row.provider, row.model)
    )


def _attach(ctx: JobContext, row: Row, reading: Reading) -> Row:
    accept_in_journal(ctx, row.row_id, reading)
    ctx.events.warn("the answer to the create was lost; its job was found in the provider's list")
    tell_accepted(ctx, reading)
    return ctx.journal.get(row.row_id)
