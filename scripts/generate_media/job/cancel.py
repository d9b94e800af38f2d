"""``--cancel``: a queued job is cancelled, a running one cannot be, a finished one is saved and never deleted."""

from __future__ import annotations

from ..core import Category, Deadline, ExitCode, Failure, ProviderRefused, Reading, Result, UsageError
from ..events import Outcome
from ..journal import Row, State
from .accept import end_in_journal
from .ask import answer_within, ask
from .collect import collect_files
from .context import JobContext, job_ref

QUEUED = frozenset({"queued", "pending"})
"""Words for a job that has not begun [ARK, AG]."""


def cancel_job(ctx: JobContext, row: Row) -> Outcome:
    """State first, then the cancel. An id that was made elsewhere and that its provider does not know leaves no trace.

    Raises:
        ProviderRefused: the provider does not show the job, or will not cancel it.
        UsageError: it offers no way to cancel.
    """
    if row.state in (State.ENDED, State.COLLECTED):
        return _saved_instead(ctx, row)
    asked = ask(ctx, job_ref(row), ctx.deadline)
    if isinstance(asked, Failure):
        if row.exists:
            raise _refused(row, _not_seen(asked))
        if asked.category is Category.NOT_FOUND:
            ctx.journal.disown(row.row_id)
        raise ProviderRefused(asked)
    if asked.result is not None:
        end_in_journal(ctx, row.row_id, asked)
        return _saved_instead(ctx, ctx.journal.get(row.row_id))
    return _cancel_queued(ctx, row, asked)


def _cancel_queued(ctx: JobContext, row: Row, asked: Reading) -> Outcome:
    call = ctx.adapter.cancel(job_ref(row))
    if call is None:
        raise UsageError(
            "cancel_not_offered",
            f"{row.provider} offers no way to cancel a job",
            details={
                "generation_id": row.generation_id,
                "status": asked.status,
                "resume": ctx.resume(row.generation_id),
            },
        )
    if asked.status.lower() not in QUEUED:
        # The same call destroys the record of a job that ends just now (Ark): only a queued one is cancelled.
        refusal = Failure(Category.TRANSIENT, f"the job is {asked.status}", code="not_queued")
        raise _refused(row, _cannot_cancel(refusal))
    answer = answer_within(ctx, call, Deadline(ctx.clock, None))  # once sent, it is not cut by the run's deadline
    if isinstance(answer, Failure):
        raise _refused(row, answer if answer.http_status is None else _cannot_cancel(answer))
    return _cancelled(ctx, row, asked)


def _cancelled(ctx: JobContext, row: Row, before: Reading) -> Outcome:
    after = ask(ctx, job_ref(row), ctx.deadline)
    ended = after if isinstance(after, Reading) and after.result is not None else None
    if ended is None:
        ended = before._replace(generation_id=row.generation_id, status="cancelled", result=Result.CANCELED, outputs=())
    end_in_journal(ctx, row.row_id, ended)
    line = {"event": "cancelled", "ok": True, "generation_id": row.generation_id, "status": ended.status}
    return Outcome(ExitCode.OK, line | ({"sandbox": True} if ctx.sandbox else {}))


def _refused(row: Row, failure: Failure) -> ProviderRefused:
    """What became of the cancel; the job itself exists and goes on."""
    return ProviderRefused(failure._replace(may_have_been_created=True), details={"generation_id": row.generation_id})


def _not_seen(failure: Failure) -> Failure:
    """A 404 does not make a job missing that its provider accepted: it can only not be cancelled now."""
    if failure.category is not Category.NOT_FOUND:
        return failure
    words = "the provider accepted this job and does not show it now, so nothing was cancelled; try again in a minute"
    return failure._replace(category=Category.TRANSIENT, should_retry=True, guidance=(words,))


def _cannot_cancel(failure: Failure) -> Failure:
    return failure._replace(guidance=("a job that has begun cannot be cancelled; wait for it", *failure.guidance))


def _saved_instead(ctx: JobContext, row: Row) -> Outcome:
    ctx.printer.warn(f"the job has already ended ({row.status}); a finished job is never deleted, its files are kept")
    if row.result != "succeeded":
        return Outcome(
            ExitCode.OK, {"event": "cancelled", "ok": False, "generation_id": row.generation_id, "status": row.status}
        )
    return collect_files(ctx, row, source="poll", elapsed=0.0, reused=row.state is State.COLLECTED)
