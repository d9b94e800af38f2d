"""A create whose answer was lost: the jobs that it may have made, and the one that somebody says it made.

A provider's list proves nothing: another machine with the same key may have made the same kind of job in the same
minute. So they are shown, each with the command that takes it for the lost one (``wait_generation.py
--generation-id=ID --settles=ROW``), and somebody decides.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from ..core import (
    Failure,
    JobRef,
    NotFound,
    OutcomeUnknown,
    ProviderRefused,
    Reading,
    UsageError,
    clean_text,
    parse_json,
    utc,
)
from ..journal import IdAlreadyKnown, IllegalTransition, Journal, JournalWriteError, Row, State, local_id
from ..providers import told_model
from .accept import accept_in_journal, tell_accepted
from .ask import answer_within, ask
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
    if call is None or row.sending_at is None or row.kind not in (ctx.adapter.listed_kinds or (row.kind,)):
        return None
    answer = answer_within(ctx, call, ctx.deadline)
    if isinstance(answer, Failure):
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
    return {
        "generation_id": clean_text(reading.generation_id or ""),
        "created_at": utc(reading.created_at or 0.0),
        "model": clean_text(told_model(reading) or row.model),
        "attach": ctx.resume(reading.generation_id, settles=local_id(row.fingerprint, row.ordinal)),
    }


def lost_create(journal: Journal, name: str) -> Row:
    """The row of a create by our own name for it.

    Raises:
        NotFound: this journal has none of that name.
    """
    row = journal.by_local_id(name)
    if row is None:
        raise NotFound(
            "row_not_found",
            f"the journal has no create {name!r} to settle",
            details={"received": name},
            guidance=(
                "run the command that ended with exit 13 again: its candidates[] hold the right command",
                "for a job that this journal never knew of give --provider NAME in place of --settles",
            ),
        )
    return row


def settle(ctx: JobContext, row: Row, generation_id: str) -> Row:
    """The row with its job: the provider must know the id, and no other row may have it.

    Raises:
        UsageError: the row is settled already, or the job cannot be the one.
        ProviderRefused: the provider does not know the id, or could not be asked.
    """
    if any(known.row_id == row.row_id for known in ctx.journal.find(generation_id, row.provider)):
        ctx.printer.warn("this create was settled with this job before; going on with it")
        return row
    if row.state is not State.UNKNOWN:
        raise _not_lost(ctx, row)
    reading = _asked(ctx, row, generation_id)
    try:
        accept_in_journal(ctx, row.row_id, reading)
    except IdAlreadyKnown:
        raise _taken(ctx, generation_id) from None
    except IllegalTransition:  # settled by another process meanwhile
        raise _not_lost(ctx, ctx.journal.get(row.row_id)) from None
    tell_accepted(ctx, reading)
    return ctx.journal.get(row.row_id)


def _not_lost(ctx: JobContext, row: Row) -> UsageError:
    job = f", its job is {row.generation_id}" if row.generation_id else ""
    return UsageError(
        "already_settled",
        f"this create is not lost: it is {row.state.value}{job}",
        guidance=("run its own command again: it goes on from there",),
        details={"state": row.state.value, "resume": ctx.resume(row.generation_id)},
    )


def _taken(ctx: JobContext, generation_id: str) -> UsageError:
    return UsageError(
        "id_of_another_job",
        f"job {generation_id!r} belongs to another create of this journal",
        guidance=("choose another of the candidates; resume shows what this one made",),
        details={"received": generation_id, "resume": ctx.resume(generation_id)},
    )


def _asked(ctx: JobContext, row: Row, generation_id: str) -> Reading:
    """What the provider says of the job. A slip of the keyboard must not settle anything."""
    asked = ask(ctx, JobRef(generation_id, row.model, row.kind, query_path=row.query_path), ctx.deadline)
    if not isinstance(asked, Reading):
        raise ProviderRefused(asked, details={"generation_id": generation_id, "may_have_been_created": True})
    told = {asked.generation_id or generation_id, *dict(asked.aliases).values()}
    if generation_id not in told or not ctx.adapter.may_be_of(row.model, asked):
        raise UsageError(
            "not_this_job",
            f"the provider tells of another job: {asked.generation_id or generation_id!r}, "
            f"model {told_model(asked) or 'unnamed'}; the lost one is of {row.model}",
            details={"received": generation_id},
        )
    return asked._replace(generation_id=asked.generation_id or generation_id)
