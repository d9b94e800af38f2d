"""``wait_generation.py --generation-id=ID --settles=ROW``: somebody says which job a lost create made."""

from __future__ import annotations

from ..core import JobRef, NotFound, ProviderRefused, Reading, UsageError
from ..journal import IdAlreadyKnown, IllegalTransition, Journal, Row, State
from ..providers import told_model
from .accept import accept_in_journal, tell_accepted
from .ask import ask
from .context import JobContext


def lost_row(journal: Journal, name: str) -> Row:
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
        ctx.events.warn("this create was settled with this job before; going on with it")
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
