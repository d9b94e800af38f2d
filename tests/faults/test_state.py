"""Bad days of the state folder, for the whole command: full, read-only, older, corrupt, and a clock set back."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conftest import Desk
from generate_media.core.paths import BUNDLE
from tools import require_tool

MAIN = ("--model", "google/nano-banana-pro", "--prompt", "a cat")
VERSION_1 = Path(__file__).resolve().parents[1] / "journal/version_1.sql"


def command(desk: Desk, *args: str) -> list[str]:
    """The command as a process of its own: mounts are made around it."""
    base = ["--provider", "skills.video", "--base-url", desk.sandbox.base_urls["skills.video"]]
    config = ["--config", str(desk.write_config())]
    return [sys.executable, str(BUNDLE / "scripts/create_and_wait.py"), *MAIN, *base, *config, *args]


def in_mounts(script: str, *args: str) -> list[dict[str, object]]:
    """Lines of runs inside a mount namespace of their own; each run's exit code is printed after it."""
    done = subprocess.run(
        [require_tool("unshare"), "-rm", "sh", "-ec", script, "sh", *args],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    if "unshare failed" in done.stderr or "Operation not permitted" in done.stderr:
        pytest.skip("mount namespaces are not allowed here")
    assert "Traceback" not in done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("free_kib", [0, 16, 40, 80, 120])
def test_a_full_disk_under_the_journal(desk: Desk, free_kib: int) -> None:
    """With so little room the run ends early or goes through; with room again, one job and its file."""
    desk.state.mkdir()
    script = (
        'state=$1; free=$2; shift 2; mount -t tmpfs -o size=400k,mode=700 none "$state"; '
        'head -c $((400 - free))K /dev/zero > "$state/ballast" || true; '
        '"$@" || true; rm "$state/ballast"; "$@"'
    )
    lines = in_mounts(script, str(desk.state), str(free_kib), *command(desk))
    ends = [line for line in lines if line["event"] in ("terminal", "error")]
    assert len(ends) == 2
    if ends[0]["event"] == "error":
        assert ends[0]["error"] in ("journal_write_failed", "state_unwritable")
    shown = "generation_id" in ends[0]
    assert ends[1].get("ok") is True or (shown and ends[1]["error"] == "outcome_unknown")
    assert desk.jobs() == 1


def test_a_full_disk_under_the_results(desk: Desk) -> None:
    """Exit 14 with what to do; elsewhere the same command fetches the file and makes nothing."""
    full = desk.home / "full"
    full.mkdir()
    script = 'folder=$1; shift; mount -t tmpfs -o size=16k none "$folder"; "$@" || true'
    lines = in_mounts(script, str(full), *command(desk, "--output-dir", str(full)))
    assert lines[-1]["error"] == "save_failed"
    assert desk.jobs() == 1
    ran = desk.run(*MAIN)
    assert ran.code == 0
    assert desk.jobs() == 1


def test_a_read_only_state_folder(desk: Desk) -> None:
    """Refused before anything is sent, with the way out."""
    desk.state.mkdir()
    script = 'state=$1; shift; mount -t tmpfs -o ro,mode=700 none "$state"; "$@" || true'
    (line,) = in_mounts(script, str(desk.state), *command(desk))
    assert line["error"] == "state_unwritable"
    assert line["try"] == "GENERATE_MEDIA_STATE_DIR=$PWD/.generate-media"
    assert desk.jobs() == 0
    assert desk.run(*MAIN).code == 0


def test_a_journal_of_an_older_version(desk: Desk) -> None:
    """It comes forward; its jobs stay and the new one stands beside them."""
    desk.state.mkdir(mode=0o700)
    with sqlite3.connect(desk.state / "journal.sqlite3") as db:
        db.executescript(VERSION_1.read_text(encoding="utf-8"))
    db.close()
    before = desk.rows()
    assert before
    assert desk.run(*MAIN).code == 0
    assert desk.rows()[: len(before)] == before
    assert desk.rows()[-1][0] == "collected"


def test_a_corrupt_journal(desk: Desk) -> None:
    """Kept aside, told, nothing sent; the next run begins a new one."""
    assert desk.run(*MAIN).code == 0
    file = desk.state / "journal.sqlite3"
    file.write_bytes(b"\0" * 100 + file.read_bytes()[100:])
    for suffix in ("-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    ran = desk.run(*MAIN, "--new")
    assert (ran.code, ran.last["error"]) == (2, "journal_corrupt")
    assert Path(ran.last["set_aside"]).exists()
    assert desk.jobs() == 1
    assert desk.run(*MAIN, "--new").code == 0
    assert desk.jobs() == 2


@pytest.mark.parametrize("provider", ["skills.video", "agnes", "agcloud"])
def test_a_clock_set_back(desk: Desk, provider: str) -> None:
    """A row from the future is as old as now: the job is followed and fetched, not made again."""
    args = MAIN if provider == "skills.video" else ("--prompt", "a cat", "--kind", "video")
    assert desk.run(*args, "--detach", provider=provider).code == 0
    tomorrow = time.time() + 86_400
    with sqlite3.connect(desk.state / "journal.sqlite3") as db:
        db.execute(
            "UPDATE job SET created_at = ?, sending_at = ?, accepted_at = ?, provider_created_at = ?", (tomorrow,) * 4
        )
    db.close()
    ran = desk.run(*args, provider=provider)
    assert ran.code == 0, ran.out
    assert len(ran.last["outputs"]) == 1
    assert desk.jobs() == 1
