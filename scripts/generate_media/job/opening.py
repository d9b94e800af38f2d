"""From a prepared request to a job that can run: host, key, journal and folder opened, and its first line told."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from ..core import DEFAULT_OUTPUT_DIR, Deadline
from ..request import Chooser, JobSpec, KnownUrl, Prepared
from .context import JobContext
from .session import Session

UNDOCUMENTED = "undocumented; conservative client defaults in use"
FRESH_URL_SECONDS = 3600.0
"""How long a result URL of ours may stand in for the local file it came from (lifetime undocumented [M])."""


def chooser(session: Session) -> Chooser:
    return Chooser(session.settings, session.has_key)


def open_context(session: Session, prepared: Prepared, *, quiet: bool = False) -> JobContext:
    """Everything that can fail before anything is sent: host, key, journal, output folder."""
    base_url = session.base_url(prepared.provider, session.args.base_url)
    keys = session.need_keys(prepared.provider)
    clock = session.clock(base_url)
    folder = output_folder(session.args)
    if folder is not None:
        from ..files import check_folder

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
