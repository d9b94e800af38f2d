"""What the journal's tests share: a job to claim, and real processes that write and die."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from generate_media.core.readings import RemoteOutput
from generate_media.journal.rows import NewJob, fingerprint
from generate_media.journal.store import Journal

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {
    "PYTHONPATH": f"{ROOT / 'scripts'}:{Path(__file__).parent}",
    "PATH": "/usr/bin:/bin",
    "LC_ALL": "C.UTF-8",
}
URL = "https://files.example/a.png?sign=1"


def job(number: int = 0, **changes: Any) -> NewJob:
    """The job with this number; equal numbers are equal jobs."""
    body = {"prompt": f"cat {number}"}
    made = NewJob(
        fingerprint=fingerprint("skills.video", "skills.video", "POST", "/generation/poll/m", dict(body)),
        copy=0,
        provider="skills.video",
        key_space="skills.video",
        base_url="https://open.skills.example/api/v1",
        key_fingerprint="0123456789ab",
        path="/generation/poll/m",
        query_path="/generation/{id}",
        model="m",
        kind="image",
        prompt=f"cat {number}",
        request=dict(body),
        output_dir="generated",
    )
    return made._replace(**changes)


def end(journal: Journal, row_id: int, result: str = "succeeded", url: str = URL, **more: Any) -> None:
    fields: dict[str, Any] = {"status": "COMPLETED", "remote": [RemoteOutput(url=url)], "usage": None, "response": {}}
    journal.ended(row_id, result=result, **(fields | more))


def advance(journal: Journal, row_id: int, stage: str) -> None:
    """Takes a fresh row as far as ``stage`` (a State's word)."""
    steps = {
        "sending": lambda: journal.sending(row_id),
        "accepted": lambda: journal.accepted(row_id, generation_id=f"gen-{row_id}"),
        "ended": lambda: end(journal, row_id),
        "collected": lambda: journal.collected(row_id, saved=[], output_dir="generated"),
    }
    if stage in ("rejected", "unknown"):
        journal.sending(row_id)
        getattr(journal, stage)(row_id, {"code": "x"})
        return
    for name, step in steps.items():
        if stage == "intent":
            return
        step()
        if name == stage:
            return


@contextlib.contextmanager
def writer(
    code: str, *arguments: object, prefix: tuple[str, ...] = (), modules: Path | None = None
) -> Iterator[subprocess.Popen[str]]:
    """A process of its own that runs ``code`` with the journal's names imported; killed at the end.

    ``modules``: a copy of the package for a user who may not read this checkout.
    """
    environment = ENVIRONMENT if modules is None else {**ENVIRONMENT, "PYTHONPATH": str(modules)}
    head = "import sys, os, time\nfrom pathlib import Path\n"
    head += "from generate_media.journal.failures import *\nfrom generate_media.journal.rows import *\n"
    head += "from generate_media.journal.store import Journal\nfrom journal_help import *\n"
    command = [*prefix, sys.executable, "-c", head + code, *map(str, arguments)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def integrity(folder: Path) -> str:
    """SQLite's own verdict on the file."""
    with contextlib.closing(sqlite3.connect(folder / "journal.sqlite3")) as db:
        return str(db.execute("PRAGMA integrity_check").fetchone()[0])
