"""What create_and_wait.py does after parsing: prepare each job, then run one, several, or a batch."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from .choose import Chooser
from .cli import DEFAULT_OUTPUT_DIR
from .clock import Deadline
from .context import JobContext, JobSpec
from .errors import ExitCode, UsageError
from .lifecycle import run_job
from .outcome import Outcome
from .prepare import KnownUrl, Prepared, prepare, wanted_from
from .providers import adapter_for
from .session import Session
from .views import redact

UNDOCUMENTED = "undocumented; conservative client defaults in use"
FRESH_URL_SECONDS = 3600.0
"""How long a result URL of ours may stand in for the local file it came from (lifetime undocumented [M])."""


def run_create(session: Session) -> Outcome:
    """The outcome of the whole command."""
    args = session.args
    if args.batch:
        from .batch import run_batch

        return run_batch(session)
    check_batch_only(args)
    wanted = wanted_from(vars(args), openapi=tuple(args.openapi))
    prepared = prepare(wanted, chooser(session), known_urls(session))  # and with the chooser its contracts go
    if args.dry_run:
        return dry_run(session, prepared)
    if (args.count or 1) > 1:
        from .batch import run_copies

        return run_copies(session, prepared, args.count)
    return run_one(session, prepared)


def chooser(session: Session) -> Chooser:
    return Chooser(session.settings, session.has_key)


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


def open_context(session: Session, prepared: Prepared, *, quiet: bool = False) -> JobContext:
    """Everything that can fail before anything is sent: host, key, journal, output folder."""
    base_url = session.base_url(prepared.provider, session.args.base_url)
    keys = session.need_keys(prepared.provider)
    clock = session.clock(base_url)
    folder = output_folder(session.args)
    if folder is not None:
        from .atomic import check_folder

        check_folder(folder)
    return session.context(
        prepared.provider,
        base_url,
        keys,
        deadline=Deadline.after(clock, session.args.deadline),
        clock=clock,
        folder=folder,
        synchronous=prepared.request.synchronous,
        quiet=quiet,
    )


def output_folder(args: argparse.Namespace, otherwise: str = DEFAULT_OUTPUT_DIR) -> Path | None:
    """The absolute folder for results; None with --no-download."""
    return None if args.no_download else Path(os.path.expanduser(args.output_dir or otherwise)).absolute()


def job_spec(ctx: JobContext, prepared: Prepared, *, copy: int = 0, force_new: bool = False) -> JobSpec:
    space = "sandbox" if ctx.sandbox else ctx.provider.key_space_of(ctx.gateway.base_url)
    return prepared.spec(space, copy=copy, force_new=force_new)


def tell_start(ctx: JobContext, prepared: Prepared, spec: JobSpec) -> None:
    ctx.events.event("start", **start_fields(prepared, spec))
    tell_warnings(ctx, prepared)


def start_fields(prepared: Prepared, spec: JobSpec) -> dict[str, str]:
    """What a ``start`` line says of a request."""
    request = prepared.request
    return {
        "provider": request.provider,
        "model": request.model,
        "mode": "sync" if request.synchronous else "sse" if request.stream else "poll",
        "fingerprint": spec.fingerprint[:16],
        "limits": prepared.limits or UNDOCUMENTED,
    }


def tell_warnings(ctx: JobContext, prepared: Prepared) -> None:
    """What was adjusted in a request, objected to in vain, or could not be checked."""
    for warning in (*prepared.request.warnings, *prepared.request.unchecked):
        ctx.events.warn(warning)


def known_urls(session: Session) -> KnownUrl:
    """Where a local file that was made here can be had by URL, while that URL is fresh."""
    return lambda provider, sha256: session.past().url_for_bytes(sha256, provider, FRESH_URL_SECONDS)


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
    from .journal import JournalDamaged

    try:
        return session.past().last_usage(prepared.request.provider, prepared.request.model)
    except JournalDamaged:
        raise
    except UsageError:
        return None
