"""What create_and_wait.py does after parsing: prepare each job, then run one, several, or a batch."""

from __future__ import annotations

import argparse
from typing import Any
from urllib.parse import urljoin

from ..core import ExitCode, UsageError
from ..events import Outcome
from ..job import Session, chooser, job_spec, known_urls, open_context, run_job, tell_start
from ..media import redact
from ..providers import adapter_for
from ..request import Prepared, prepare_request, wanted_from


def run_create(session: Session) -> Outcome:
    """The outcome of the whole command."""
    args = session.args
    if args.batch:
        from ..batch import run_batch

        return run_batch(session)
    check_batch_only(args)
    wanted = wanted_from(vars(args), openapi=tuple(args.openapi))
    prepared = prepare_request(wanted, chooser(session), known_urls(session))  # and with the chooser its contracts go
    if args.dry_run:
        return dry_run(session, prepared)
    if (args.count or 1) > 1:
        from ..batch import run_copies

        return run_copies(session, prepared, args.count)
    return run_one(session, prepared)


def check_batch_only(args: argparse.Namespace) -> None:
    """Flags that mean nothing without --batch are mistakes, not decoration."""
    alone = ("shard", "gallery") if args.count else ("shard", "gallery", "max_jobs")
    given = [f"--{name.replace('_', '-')}" for name in alone if getattr(args, name)]
    if given:
        raise UsageError("usage", f"{', '.join(given)} only goes with --batch FILE.jsonl")


def run_one(session: Session, prepared: Prepared) -> Outcome:
    ctx = open_context(session, prepared)
    spec = job_spec(ctx, prepared, force_new=session.args.new)
    tell_start(ctx, prepared, spec)
    return run_job(ctx, spec, detach=session.args.detach, stack=session.stack)


def dry_run(session: Session, prepared: Prepared) -> Outcome:
    """The exact request, the key redacted and media abbreviated; nothing is sent and no key is needed."""
    request = prepared.request
    call = adapter_for(prepared.provider.protocol).create(request)
    base_url = prepared.provider.base_url
    if not session.sandbox:
        base_url = session.base_url(prepared.provider, session.args.base_url)
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
        "last_usage": _last_usage(session, prepared),
        "sandbox": session.sandbox,
    }
    if not session.sandbox:
        del line["sandbox"]
    if not line["last_usage"]:
        del line["last_usage"]
    return Outcome(ExitCode.OK, line)


def _last_usage(session: Session, prepared: Prepared) -> Any:
    """What the same model cost last time. Raises JournalDamaged, which is said once only."""
    from ..journal import JournalDamaged

    try:
        return session.past().last_usage(prepared.request.provider, prepared.request.model)
    except JournalDamaged:
        raise
    except UsageError:
        return None
