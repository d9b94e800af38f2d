"""What wait_generation.py does, but for --list: follow jobs of the journal, or ids made elsewhere; cancel."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace

from . import known_keys
from .answers import succeeded
from .classify import classify
from .clock import Deadline
from .collect import collect
from .context import JobContext, job_ref
from .create import end_in_journal
from .errors import AuthError, Category, ExitCode, GenerateMediaError, NotFound, ProviderRefused, UsageError
from .failure import Failure
from .follow import NO_ANSWER, ask
from .journal import NewJob, Row, State
from .keys import SecretKey
from .lifecycle import resume_job
from .listing import check_one_question
from .outcome import Outcome
from .recover import find_lost
from .results import Reading
from .run import output_folder
from .session import Session
from .settings import ProviderSettings
from .transport import TransportError

FETCH_WITHIN_SECONDS = 86400.0
"""Results die after a day at Ark; what was not fetched by then is not tried again for ever."""
QUEUED = frozenset({"queued", "pending"})
"""Words for a job that has not begun [ARK, AG]."""


def run_wait(session: Session) -> Outcome:
    """The outcome of the whole command: the last job's line, the first failing job's code."""
    args = session.args
    check_one_question(args)
    if args.cancel:
        return _cancel(session, _row(session, args.cancel))
    rows = _all_open(session) if args.all else [_row(session, item) for item in args.generation_id]
    return _follow_all(session, list({row.row_id: row for row in rows}.values()))


def _all_open(session: Session) -> list[Row]:
    """Every job that goes on: accepted ones, and ended ones whose files an earlier run had no time to fetch.

    A create that another run has out is followed by that run. One whose outcome is unknown is looked for in its
    provider's list; where that says nothing it is told of and left alone, since no waiting ever ends it.
    """
    journal = session.journal
    now = time.time()
    unsaved = [
        row for row in journal.unsaved_rows()
        if row.output_dir and row.remote and now - (row.ended_at or 0.0) < FETCH_WITHIN_SECONDS
    ]  # fmt: skip
    open_rows = [
        _found(session, row) if row.state is State.UNKNOWN else row
        for row in journal.open_rows()
        if row.state in (State.ACCEPTED, State.UNKNOWN)
    ]
    return [*unsaved, *(row for row in open_rows if row is not None)]


def _found(session: Session, row: Row) -> Row | None:
    """The row of a create whose answer was lost, once its provider's list shows the job; else None, and said."""
    with suppress(GenerateMediaError):
        found = find_lost(_context(session, row), row)
        if found is not None:
            return found
    session.printer.event(
        "warning",
        message=f"perhaps {row.provider} made a job ({row.model}, {row.prompt[:60]!r}) whose answer was lost: "
        "look in its dashboard; the same command with --new makes it again, and may pay again",
    )
    return None


def _follow_all(session: Session, rows: list[Row]) -> Outcome:
    if not rows:
        return Outcome(ExitCode.OK, {"event": "summary", "counts": {"open": 0}})
    if len(rows) == 1:
        return _resume(_context(session, rows[0]), rows[0])
    from .batch import follow_rows

    return follow_rows(session, rows, lambda row: _context(session, row), _resume)


def _resume(ctx: JobContext, row: Row) -> Outcome:
    """Follow a job; an id that was made elsewhere and that its provider does not know leaves no trace."""
    outcome = resume_job(ctx, row)
    if outcome.exit_code is ExitCode.NOT_FOUND and not row.fingerprint:
        ctx.journal.disown(row.row_id)
    return outcome


def _row(session: Session, generation_id: str) -> Row:
    """The job's row, by its id or handle; an id that was made elsewhere gets one, if its provider is named."""
    if known_keys.holds(generation_id):
        raise UsageError("usage", "an API key was given in place of a job's id; nothing was sent")
    found = session.journal.find(generation_id, session.args.provider)
    if found:
        return found[0]
    if not session.args.provider:
        raise NotFound(
            "generation_not_found",
            f"the journal has no job {generation_id!r}",
            details={"received": generation_id},
            guidance=(
                "for a job that was made elsewhere add --provider NAME (and --model ID where the provider needs it)",
                "python3 scripts/wait_generation.py --list shows the jobs that were made here",
            ),
        )
    return _adopt(session, session.settings.provider(session.args.provider), generation_id)


def _adopt(session: Session, provider: ProviderSettings, generation_id: str) -> Row:
    base_url = session.base_url(provider, session.args.base_url)
    key = session.need_keys(provider)[0]
    new = NewJob(
        fingerprint="",
        copy=0,
        provider=provider.name,
        key_space="sandbox" if session.sandbox else provider.key_space_of(base_url),
        base_url=base_url,
        key_fingerprint=key.fingerprint,
        path="",
        query_path=None,
        model=session.args.model or "",
        kind="",
        prompt="",
        request=None,
        output_dir="",
    )
    return session.journal.adopt(new, generation_id)


def _context(session: Session, row: Row) -> JobContext:
    """The surroundings of a job as the journal knows it: its provider, host, folder, and the key that made it."""
    provider = session.settings.provider(row.provider)
    asked_for = session.args.base_url
    base_url = session.base_url(provider, asked_for or (None if session.sandbox else row.base_url))
    clock = session.clock(base_url)
    folder = output_folder(session.args, otherwise=row.output_dir or "generated")
    if folder is not None:
        from .atomic import check_folder

        check_folder(folder)
    return session.context(
        provider,
        base_url,
        (_key(session, provider, row),),
        deadline=Deadline.after(clock, session.args.deadline),
        clock=clock,
        folder=folder,
    )


def _key(session: Session, provider: ProviderSettings, row: Row) -> SecretKey:
    keys = session.need_keys(provider)
    for key in keys:
        if key.fingerprint == row.key_fingerprint or session.sandbox:
            return key
    raise AuthError(
        "key_not_configured",
        f"job {row.generation_id} was made with key {row.key_fingerprint}, which is not configured now",
        guidance=(f"set {provider.key_env} to the key that made the job; a job is only seen by its own key",),
        details={"configured": [key.fingerprint for key in keys]},
    )


def _cancel(session: Session, row: Row) -> Outcome:
    """Cancel a job; an id that was made elsewhere and that its provider does not know leaves no trace."""
    ctx = _context(session, row)
    try:
        return _cancel_queued(ctx, row)
    except ProviderRefused as error:
        if error.exit_code is ExitCode.NOT_FOUND and not row.fingerprint:
            ctx.journal.disown(row.row_id)
        raise


def _cancel_queued(ctx: JobContext, row: Row) -> Outcome:
    """State first: a queued job is cancelled, a running one cannot be, a finished one is saved and never deleted."""
    if row.state in (State.ENDED, State.COLLECTED):
        return _saved_instead(ctx, row)
    asked = ask(ctx, job_ref(row), ctx.deadline)
    if not isinstance(asked, Reading):
        raise ProviderRefused(asked)
    if asked.result is not None:
        end_in_journal(ctx, row.row_id, asked)
        return _saved_instead(ctx, ctx.journal.get(row.row_id))
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
        raise ProviderRefused(_cannot_cancel(refusal), details={"generation_id": row.generation_id})
    try:
        answer = ctx.gateway.send(call, timeout_seconds=ctx.clock.real(ctx.limits.poll_request_timeout))
    except TransportError as error:
        unheard = Failure(Category.TRANSIENT, error.detail, code=NO_ANSWER, should_retry=True)
        raise ProviderRefused(unheard, details={"generation_id": row.generation_id}) from None
    if not succeeded(answer):
        failure = classify(answer, ctx.adapter.errors, operation="cancel", wall=ctx.clock.wall())
        raise ProviderRefused(_cannot_cancel(failure), details={"generation_id": row.generation_id})
    return _cancelled(ctx, row, asked)


def _cancelled(ctx: JobContext, row: Row, before: Reading) -> Outcome:
    after = ask(ctx, job_ref(row), ctx.deadline)
    ended = after if isinstance(after, Reading) and after.result is not None else None
    if ended is None:
        from .results import Result

        ended = before._replace(generation_id=row.generation_id, status="cancelled", result=Result.CANCELED, outputs=())
    end_in_journal(ctx, row.row_id, ended)
    line = {"event": "cancelled", "ok": True, "generation_id": row.generation_id, "status": ended.status}
    return Outcome(ExitCode.OK, line | ({"sandbox": True} if ctx.sandbox else {}))


def _cannot_cancel(failure: Failure) -> Failure:
    return replace(failure, guidance=("a job that has begun cannot be cancelled; wait for it", *failure.guidance))


def _saved_instead(ctx: JobContext, row: Row) -> Outcome:
    ctx.events.warn(f"the job has already ended ({row.status}); a finished job is never deleted, its files are kept")
    if row.result != "succeeded":
        return Outcome(
            ExitCode.OK, {"event": "cancelled", "ok": False, "generation_id": row.generation_id, "status": row.status}
        )
    return collect(ctx, row, source="poll", elapsed=0.0, reused=row.state is State.COLLECTED)
