"""``wait_generation.py --list``: the journal's newest rows as one line. Loads neither HTTP nor contracts."""

from __future__ import annotations

import argparse
import os
from contextlib import ExitStack
from datetime import datetime, timezone
from typing import Any

from .answers import short
from .clock import Clock
from .errors import ExitCode, UsageError, clean_text
from .expiry import expires_in
from .journal import Journal, Row
from .keyplaces import hide_keys_of
from .outcome import Outcome
from .paths import CONFIG_FILE, journal_dir
from .settings import Settings, load_settings


def check_one_question(args: argparse.Namespace) -> None:
    """One question at a time.

    Raises:
        UsageError: none was asked, or several.
    """
    if sum([bool(args.generation_id), args.all, args.list, bool(args.cancel)]) != 1:
        raise UsageError(
            "usage",
            "give exactly one of --generation-id ID, --all, --list, --cancel ID",
            guidance=("python3 scripts/wait_generation.py --list shows every job with its id",),
        )


def run_list(args: argparse.Namespace, stack: ExitStack) -> Outcome:
    """The newest rows and how many there are in each state; no journal is made where there is none."""
    check_one_question(args)
    settings = load_settings(args.config or CONFIG_FILE)
    hide_keys_of(settings, os.environ)
    folder = journal_dir(os.environ, sandbox=args.sandbox)
    journal = stack.enter_context(Journal.open(folder, read_only=True))
    jobs = [_row(settings, row) for row in journal.recent(args.limit)]
    line = {"event": "list", "jobs": jobs, "counts": dict(journal.counts())}
    return Outcome(ExitCode.OK, line | ({"sandbox": True} if args.sandbox else {}))


def _row(settings: Settings, row: Row) -> dict[str, Any]:
    saved = row.saved if isinstance(row.saved, list) else []
    line = {
        "generation_id": row.generation_id and clean_text(row.generation_id),
        "provider": row.provider,
        "model": row.model,
        "kind": row.kind or None,
        "state": row.state.value,
        "status": clean_text(row.status) or None,
        "result": row.result,
        "prompt": row.prompt[:80] or None,
        "created_at": _iso(row.created_at),
        "ended_at": _iso(row.ended_at),
        "files": [item["path"] for item in saved if isinstance(item, dict) and item.get("path")] or None,
        "expires_in_seconds": _time_left(settings, row),
        "usage": short(row.usage),
    }
    return {name: value for name, value in line.items() if value is not None}


def _time_left(settings: Settings, row: Row) -> int | None:
    provider = settings.providers.get(row.provider)
    return None if provider is None else expires_in(provider, row, Clock(settings.scale_at(row.base_url)))


def _iso(unix: float | None) -> str | None:
    return None if unix is None else datetime.fromtimestamp(unix, timezone.utc).isoformat(timespec="seconds")
