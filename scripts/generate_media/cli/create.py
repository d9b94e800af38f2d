"""What create_and_wait.py does after parsing: prepare each job, then run one, several, or a batch."""

from __future__ import annotations

import argparse
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from urllib.parse import urljoin

from ..core import ExitCode, GenerateMediaError, NotFound, UsageError, without_none
from ..events import Outcome, Printer, Signals
from ..job import Caller, RunOptions, Session, known_cost, retired, run_job, start_fields
from ..media import redact
from ..providers import adapter_for
from ..request import Prepared, prepare_request, wanted_from
from .reworded import with_command


def run_create(args: argparse.Namespace, printer: Printer, signals: Signals, stack: ExitStack) -> Outcome:
    """The outcome of the whole command."""
    session = Session.open(RunOptions.of(vars(args)), printer, signals, stack)
    if args.batch:
        return _run_batch(session, args)
    _check_batch_only(args)
    wanted = wanted_from(vars(args), openapi=tuple(args.openapi))
    try:
        prepared = prepare_request(wanted, session.chooser(), session.known_url)
    except NotFound as error:
        raise with_command(error, "create_and_wait.py", args.words, "--model") from None
    if args.dry_run:
        return dry_run(session, prepared, args.count or 1)
    if (args.count or 1) > 1:
        from ..batch import ManyJobs, run_copies

        return run_copies(session, prepared, args.count, ManyJobs.of(vars(args)))
    return _run_one(session, prepared, args)


def _run_batch(session: Session, args: argparse.Namespace) -> Outcome:
    from ..batch import ManyJobs, parse_shard, read_lines, run_batch

    if args.new:
        raise UsageError("usage", "--new does not go with --batch: a line that is meant twice is written twice")
    shard = parse_shard(args.shard)
    lines = read_lines(args.batch, openapi=tuple(args.openapi), defaults=vars(args))
    file = None if args.batch in ("-", Path("-")) else Path(args.batch)
    outcome = run_batch(session, lines, shard, ManyJobs.of(vars(args)), dry_run=args.dry_run, file=file)
    if args.gallery and not args.dry_run:
        _write_gallery(session)
    return outcome


def _write_gallery(session: Session) -> None:
    from ..gallery import write_gallery

    folder = session.options.output_folder()
    if folder is None:
        return
    try:
        warn = partial(session.printer.event, "warning")
        path = write_gallery(folder, config=session.options.config, warn=lambda message: warn(message=message))
        session.printer.event("gallery", path=str(path))
    except GenerateMediaError as error:  # the jobs are made and told of all the same
        session.printer.event("warning", message=f"the gallery was not written: {error.message}")


def _check_batch_only(args: argparse.Namespace) -> None:
    """Flags that mean nothing without --batch are mistakes, not decoration."""
    alone = ("shard", "gallery") if args.count else ("shard", "gallery", "max_jobs")
    given = [f"--{name.replace('_', '-')}" for name in alone if getattr(args, name)]
    if given:
        raise UsageError("usage", f"{', '.join(given)} only goes with --batch FILE.jsonl")


def _run_one(session: Session, prepared: Prepared, args: argparse.Namespace) -> Outcome:
    folder = session.options.output_folder()
    ctx = session.context(prepared.provider, folder, synchronous=prepared.request.synchronous)
    spec = prepared.spec(ctx.key_space, force_new=args.new)
    ctx.printer.event("start", **start_fields(prepared, spec.fingerprint))
    return run_job(ctx, spec, detach=args.detach, stack=session.stack)


def dry_run(session: Session, prepared: Prepared, count: int = 1) -> Outcome:
    """The exact request, the key redacted and media abbreviated; nothing is sent and no key is needed.

    Raises:
        NotFound: its model is no longer served.
    """
    request = prepared.request
    if request.ended is not None:
        raise retired(Caller(prepared.provider, session.sandbox, session.config), request)
    call = adapter_for(prepared.provider.protocol).create(request)
    base_url = prepared.provider.base_url if session.sandbox else session.base_url(prepared.provider)
    url = base_url.rstrip("/") + call.path if not call.at_host_root else urljoin(base_url, call.path)
    line = {
        "event": "dry_run",
        "ok": True,
        "provider": request.provider,
        "model": request.model,
        "kind": request.kind,
        "method": call.method,
        "url": url,
        "headers": {
            "Authorization": "Bearer <redacted>",
            "Content-Type": "multipart/form-data" if call.multipart else "application/json",
            "Accept": "text/event-stream" if call.stream else "application/json",
        },
        "body": redact(request.body),
        "warnings": list(request.warnings),
        "unchecked": list(request.unchecked),
        "jobs": count if count > 1 else None,
        "cost": known_cost(session, [prepared] * count),
        "sandbox": True if session.sandbox else None,
    }
    return Outcome(ExitCode.OK, without_none(line))
