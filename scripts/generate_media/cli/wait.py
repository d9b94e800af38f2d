"""What wait_generation.py does, but for --list: follow jobs of the journal, or ids made elsewhere."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from contextlib import ExitStack, suppress

from ..config import ProviderSettings
from ..core import (
    DEFAULT_OUTPUT_DIR,
    ExitCode,
    GenerateMediaError,
    InternalError,
    NotFound,
    UsageError,
    holds_key,
    without_none,
)
from ..events import Outcome, Printer, Signals, error_outcome, resume_command
from ..files import output_from
from ..job import JobContext, RunOptions, Session, candidates, is_result_lost, lost_create, resume_job, settle
from ..journal import NewJob, Row, State
from .again import going_on, told_how_to_go_on
from .flags import wait_parser
from .list import check_one_question
from .opening import show_result

SCRIPT = "wait_generation.py"


def run_wait(args: argparse.Namespace, printer: Printer, signals: Signals, stack: ExitStack) -> Outcome:
    """The outcome of the whole command: the last job's line, the first failing job's code; with --open it is shown
    once it is told."""
    outcome = _run(args, printer, signals, stack)
    if args.open:
        stack.callback(show_result, outcome.line, printer)
    return outcome


def _run(args: argparse.Namespace, printer: Printer, signals: Signals, stack: ExitStack) -> Outcome:
    check_one_question(args)
    session = Session.open(RunOptions.of(vars(args)), printer, signals, stack)
    provider = args.provider and session.settings.provider(args.provider)
    if args.all:
        rows = [] if args.cancel else _unsaved(session)
        rows = [row for row in (*rows, *_all_accepted(session)) if args.provider in (None, row.provider)]
        if args.cancel:
            from ..job import cancel_job

            return _follow_all(session, rows, cancel_job)
        with told_how_to_go_on(SCRIPT, wait_parser, args):
            return _with_resume(_follow_all(session, rows, _resume_or_tell), args)
    if args.settles:
        row = lost_create(session.journal, args.settles)
        ctx = _context(session, row)
        return resume_job(ctx, settle(ctx, row, args.generation_id[0]))
    rows = [_row(session, item, provider, args.model) for item in (*args.generation_id, *filter(None, [args.cancel]))]
    if args.cancel:
        from ..job import cancel_job

        return cancel_job(_context(session, rows[0]), rows[0])
    outcome = _follow_all(session, list({row.row_id: row for row in rows}.values()), _resume)
    return _with_resume(outcome, args)


def _with_resume(outcome: Outcome, args: argparse.Namespace) -> Outcome:
    """A summary with how to go on, where jobs are left."""
    return outcome._replace(line={**outcome.line, **going_on(outcome.line, SCRIPT, wait_parser, args)})


def _unsaved(session: Session) -> list[Row]:
    """Ended jobs whose files an earlier run had no time to fetch.

    Of a result that is lost since it is told until the same command has made it again.
    """
    journal = session.journal
    return [
        row
        for row in journal.unsaved_rows()
        if row.output_dir and row.remote and not (_is_result_lost(session, row) and journal.made_again(row))
    ]


def _all_accepted(session: Session) -> list[Row]:
    """Every job that goes on at its provider.

    A create that another run has out is followed by that run. One whose outcome is unknown is told of and left alone:
    no waiting ever ends it.
    """
    open_rows = session.journal.open_rows()
    for row in open_rows:
        if row.state is State.UNKNOWN:
            _tell_lost(session, row)
    return [row for row in open_rows if row.state is State.ACCEPTED]


def _is_result_lost(session: Session, row: Row) -> bool:
    return is_result_lost(session.settings.providers.get(row.provider), row, session.clock(row.base_url))


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
        line = {"event": "summary", "ok": True, "counts": {"open": 0}, "sandbox": True if session.sandbox else None}
        return Outcome(ExitCode.OK, without_none(line))
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
            deadline=session.options.deadline,
            label=session.label,
        )
        return error_outcome(told, generation_id=row.generation_id, resume=again)
    return resume(ctx, row)


def _resume_or_tell(ctx: JobContext, row: Row) -> Outcome:
    """Follow a job; one whose result is lost is told of, and tried again only by its id."""
    if not is_result_lost(ctx.provider, row, ctx.clock):
        return _resume(ctx, row)
    from ..job import result_lost

    return result_lost(ctx, row)


def _resume(ctx: JobContext, row: Row) -> Outcome:
    """Follow a job; an id that was made elsewhere and that its provider does not know leaves no trace, and nothing to
    go on with."""
    outcome = resume_job(ctx, row)
    if outcome.exit_code is ExitCode.NOT_FOUND and not row.fingerprint:
        ctx.journal.disown(row.row_id)
        return outcome._replace(line={name: value for name, value in outcome.line.items() if name != "resume"})
    return outcome


def _row(session: Session, generation_id: str, provider: ProviderSettings | None, model: str | None) -> Row:
    """The job's row, by its id or handle; an id that was made elsewhere gets one, if its provider is named."""
    if holds_key(generation_id):
        raise UsageError("usage", "an API key was given in place of a job's id; nothing was sent")
    if generation_id in (".", ".."):
        raise UsageError("usage", f"{generation_id!r} is no job's id; nothing was sent")
    found = session.journal.find(generation_id, provider and provider.name)
    if found:
        return found[0]
    if provider is None:
        raise NotFound(
            "generation_not_found",
            f"the journal has no job {generation_id!r}",
            details={"received": generation_id},
            guidance=(
                "for a job that was made elsewhere add --provider NAME (and --model ID where the provider needs it)",
                "python3 scripts/wait_generation.py --list shows the jobs that were made here",
            ),
        )
    base_url = session.base_url(provider)
    new = NewJob(
        fingerprint="",
        copy=0,
        provider=provider.name,
        key_space=session.key_space(provider, base_url),
        base_url=base_url,
        key_fingerprint=session.need_keys(provider)[0].fingerprint,
        path="",
        query_path=None,
        model=model or "",
        kind="",
        prompt="",
        request=None,
        output_dir=str(session.options.output_folder() or ""),
    )
    return session.journal.adopt(new, generation_id)


def _context(session: Session, row: Row) -> JobContext:
    """The surroundings of a job as the journal knows it: its provider, host, folder, and the key that made it."""
    options = session.options
    folder = options.output_folder(row.output_dir or DEFAULT_OUTPUT_DIR)
    output = output_from(row.place) if row.place and not (options.output_dir or options.no_download) else None
    provider = session.settings.provider(row.provider)
    return session.context(provider, folder, output=output, base_url=row.base_url, made_with=row.key_fingerprint)
