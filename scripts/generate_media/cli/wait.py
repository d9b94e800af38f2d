"""What wait_generation.py does, but for --list: follow jobs of the journal, or ids made elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from ..config import ProviderSettings, SecretKey
from ..core import AuthError, Deadline, ExitCode, GenerateMediaError, InternalError, NotFound, UsageError, holds_key
from ..events import Outcome, error_outcome, resume_command
from ..job import JobContext, Session, candidates, is_lost, lost_row, output_folder, resume_job, settle
from ..journal import NewJob, Row, State
from .list import check_one_question


def run_wait(session: Session) -> Outcome:
    """The outcome of the whole command: the last job's line, the first failing job's code."""
    args = session.args
    check_one_question(args)
    if args.cancel:
        from ..job import cancel_job

        row = _row(session, args.cancel)
        return cancel_job(_context(session, row), row)
    if args.all:
        return _follow_all(session, _all_open(session), _resume_or_tell)
    if args.settles:
        return _settle(session, lost_row(session.journal, args.settles))
    rows = [_row(session, item) for item in args.generation_id]
    return _follow_all(session, list({row.row_id: row for row in rows}.values()), _resume)


def _settle(session: Session, row: Row) -> Outcome:
    ctx = _context(session, row)
    return resume_job(ctx, settle(ctx, row, session.args.generation_id[0]))


def _all_open(session: Session) -> list[Row]:
    """Every job that goes on: accepted ones, and ended ones whose files an earlier run had no time to fetch.

    Of a result that is lost since it is told until the same command has made it again.
    A create that another run has out is followed by that run. One whose outcome is unknown is told of and left alone:
    no waiting ever ends it.
    """
    journal = session.journal
    unsaved = [
        row
        for row in journal.unsaved_rows()
        if row.output_dir and row.remote and not (_is_lost(session, row) and journal.made_again(row))
    ]
    open_rows = journal.open_rows()
    for row in open_rows:
        if row.state is State.UNKNOWN:
            _tell_lost(session, row)
    return [*unsaved, *(row for row in open_rows if row.state is State.ACCEPTED)]


def _is_lost(session: Session, row: Row) -> bool:
    return is_lost(session.settings.providers.get(row.provider), row, session.clock(row.base_url))


def _tell_lost(session: Session, row: Row) -> None:
    """Say that a create's answer was lost, with the jobs of the provider's list that it may have made."""
    found = None
    with suppress(GenerateMediaError):
        found = candidates(_context(session, row), row)
    session.printer.event(
        "warning",
        message=f"perhaps {row.provider} made a job ({row.model}, {row.prompt[:60]!r}) whose answer was lost: "
        "look in its dashboard; the same command with --new makes it again, and may pay again",
        candidates=found,
    )


def _follow_all(session: Session, rows: list[Row], resume: Callable[[JobContext, Row], Outcome]) -> Outcome:
    if not rows:
        return Outcome(ExitCode.OK, {"event": "summary", "counts": {"open": 0}})
    if len(rows) == 1:
        return _follow(session, rows[0], resume)
    from ..batch import follow_rows

    return follow_rows(session, rows, lambda row: _follow(session, row, resume))


def _follow(session: Session, row: Row, resume: Callable[[JobContext, Row], Outcome]) -> Outcome:
    """One job; where it cannot even be asked about (no key, no folder), its id and the way to go on are told."""
    try:
        ctx = _context(session, row)
    except Exception as error:
        told = error if isinstance(error, GenerateMediaError) else InternalError(error)
        again = resume_command(
            row.generation_id,
            provider=row.provider,
            sandbox=session.sandbox,
            config=session.config,
            deadline=session.args.deadline,
        )
        return error_outcome(told, generation_id=row.generation_id, resume=again)
    return resume(ctx, row)


def _resume_or_tell(ctx: JobContext, row: Row) -> Outcome:
    """Follow a job; one whose result is lost is told of, and tried again only by its id."""
    if not is_lost(ctx.provider, row, ctx.clock):
        return _resume(ctx, row)
    from ..job import lost

    return lost(ctx, row)


def _resume(ctx: JobContext, row: Row) -> Outcome:
    """Follow a job; an id that was made elsewhere and that its provider does not know leaves no trace."""
    outcome = resume_job(ctx, row)
    if outcome.exit_code is ExitCode.NOT_FOUND and not row.fingerprint:
        ctx.journal.disown(row.row_id)
    return outcome


def _row(session: Session, generation_id: str) -> Row:
    """The job's row, by its id or handle; an id that was made elsewhere gets one, if its provider is named."""
    if holds_key(generation_id):
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
        output_dir=str(output_folder(session.args) or ""),
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
        from ..files import check_folder

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
