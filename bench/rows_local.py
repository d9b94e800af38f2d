"""(h) what the journal's steps cost with fsync; (i) one endpoint of a big OpenAPI document; (l) a long list."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from harness import PYTHON, ROOT, SCRIPTS, Desk, Row, median, ms

GITHUB = ROOT / ".cache" / "openapi" / "github.json"
JOURNAL_SECONDS, INSPECT_RATIO, LIST_SECONDS, LIST_MB = 0.003, 1.5, 1.5, 60.0


def journal_rows(desk: Desk) -> list[Row]:
    """(h): every step of many jobs, each timed, in this process; beside it a file that is appended and synced."""
    sys.path.insert(0, str(SCRIPTS))
    from generate_media.core.readings import RemoteOutput
    from generate_media.journal.rows import NewJob
    from generate_media.journal.store import Journal

    spent: dict[str, list[float]] = {}

    def step(name: str, action: Callable[[], object]) -> None:
        begun = time.perf_counter()
        action()
        spent.setdefault(name, []).append(time.perf_counter() - begun)

    with Journal.open(desk.folder / "journal") as journal:
        for number in range(max(desk.runs * 10, 20)):
            new = NewJob(
                fingerprint=f"{number:064x}", copy=0, provider="skills.video", key_space="k", base_url="https://x",
                key_fingerprint="0" * 12, path="/generation/x", query_path="/generation/{id}", model="m", kind="image",
                prompt="a cat", request={"prompt": "a cat"}, output_dir="/tmp",
            )  # fmt: skip
            rows: list[int] = []
            step("intent", lambda new=new, rows=rows: rows.append(journal.claim(new).row.row_id))  # type: ignore[misc]
            row = rows[0]
            step("sending", partial(journal.sending, row, key_fingerprint="0" * 12, base_url="https://x"))
            step("accepted", partial(journal.accepted, row, generation_id=f"gen_{number}", status="IN_QUEUE"))
            step("status", partial(journal.status, row, "IN_PROGRESS"))
            outputs = [RemoteOutput(url="https://files.example/x.png", kind="image")]
            ended = partial(journal.ended, row, status="COMPLETED", result="succeeded", remote=outputs)
            step("ended", partial(ended, usage={"total": 1}, response={"id": f"gen_{number}"}, lasted=(9.0, 9.5)))
            step("collected", partial(journal.collected, row, saved=[], output_dir="/tmp"))
    medians = {name: median(values) for name, values in spent.items()}
    whole = sum(medians.values())
    steps = ", ".join(f"{name} {seconds * 1000:.2f}" for name, seconds in medians.items())
    synced = _synced(desk)
    reference = f"open + append + fsync {ms(synced, 2)}"
    return [Row("(h) all journal writes of a job", ms(whole, 2), reference, "", "≤ 3 ms", whole <= JOURNAL_SECONDS,
                f"{steps} ms; synced but for status and collected. A job that "
                "its provider can be asked for again has its end unsynced too, which is less than this")]  # fmt: skip


def _synced(desk: Desk) -> float:
    spent = []
    for _ in range(desk.runs * 10):
        begun = time.perf_counter()
        descriptor = os.open(desk.folder / "record", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(descriptor, b"x" * 500)
        os.fsync(descriptor)
        os.close(descriptor)
        spent.append(time.perf_counter() - begun)
    return median(spent)


def list_rows(desk: Desk, count: int) -> list[Row]:
    """(l) a journal of so many finished jobs, listed whole; beside it SQLite and json alone over the same rows."""
    state = desk.folder / "long"
    _fill(state, count)
    unread = ["sh", "-c", 'exec "$@" > /dev/null', "sh"]  # what this process kept would count as memory of the next
    script = [*unread, PYTHON, str(SCRIPTS / "wait_generation.py"), "--list", "--limit", str(count)]
    bare = "import json, sqlite3, sys; print(json.dumps(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchall()))"
    asked = "SELECT generation_id, provider, model, state, status, prompt, created_at, ended_at, saved, usage FROM job"
    before, desk.environ = desk.environ, desk.environ | {"GENERATE_MEDIA_STATE_DIR": str(state)}
    try:
        reference = [*unread, PYTHON, "-c", bare, str(state / "journal.sqlite3"), asked]
        found = desk.alternate({"ours": lambda: desk.run(script), "bare": lambda: desk.run(reference)})
    finally:
        desk.environ = before
    seconds = median([done.seconds for done in found["ours"]])
    least = median([done.seconds for done in found["bare"]])
    peak = max(done.peak_mib for done in found["ours"])
    name, told = f"(l) --list of {count:,} rows", f"json.dumps of fetchall {ms(least)}"
    return [
        Row(name, ms(seconds), told, f"{seconds / least:.2f}", "≤ 1,500 ms", seconds <= LIST_SECONDS),
        Row(f"{name}: memory", f"{peak:.0f} MiB", "", "", "≤ 60 MB", peak * 1.048576 <= LIST_MB),
    ]


def _fill(folder: Path, count: int) -> None:
    """Jobs that ended and were saved, written by SQLite alone."""
    import json
    import sqlite3
    from contextlib import closing

    sys.path.insert(0, str(SCRIPTS))
    from generate_media.journal.store import Journal

    with Journal.open(folder):
        pass
    saved = json.dumps([{"path": "/home/me/generated/a-cat-12345678.png", "url": "https://files.example/x.png?s=1",
                         "media_type": "image/png", "size_bytes": 123456, "sha256": "0" * 64}])  # fmt: skip
    same = {
        "copy": 0, "ordinal": 0, "provider": "skills.video", "key_space": "k", "base_url": "https://open.skills.video",
        "key_fingerprint": "0" * 12, "path": "/generation/x", "model": "google/nano-banana-pro", "kind": "image",
        "request": '{"prompt":"a cat"}', "output_dir": "/home/me/generated", "state": "collected",
        "usage": '{"total":4}', "status": "COMPLETED", "result": "succeeded", "saved": saved, "response": saved,
    }  # fmt: skip
    own = ("fingerprint", "generation_id", "prompt", "asked", "created_at", "accepted_at", "ended_at")
    marks = ", ".join("?" * (len(same) + len(own)))
    rows = (
        (*same.values(), f"{n:064x}", f"gen_{n:016x}", *prompt, 1.79e9 + n, 1.79e9 + n, 1.79e9 + n + 9)
        for n in range(count)
        for prompt in [(f"a cat, number {n}", json.dumps({"prompt": f"a cat, number {n}"}))]
    )
    with closing(sqlite3.connect(folder / "journal.sqlite3")) as db, db:
        db.executemany(f"INSERT INTO job ({', '.join([*same, *own])}) VALUES ({marks})", rows)


def inspect_rows(desk: Desk) -> list[Row]:
    """(i) against json.load of the same file in a python of its own."""
    name = "(i) an endpoint of GitHub's document"
    if not GITHUB.exists():
        return [Row(name, "not measured", target=f"≤ {INSPECT_RATIO}", note="`make documents` fetches it")]
    script = str(SCRIPTS / "inspect_openapi.py")
    mine = [PYTHON, script, "--openapi", str(GITHUB), "--endpoint", "POST /repos/{owner}/{repo}/issues"]
    load = [PYTHON, "-c", f"import json; json.load(open({str(GITHUB)!r}, encoding='utf-8'))"]
    found = desk.alternate({"ours": lambda: desk.run(mine).seconds, "load": lambda: desk.run(load).seconds})
    ours, reference = median(found["ours"]), median(found["load"])
    ratio = ours / reference
    size = GITHUB.stat().st_size / 1e6
    return [Row(f"{name} ({size:.0f} MB)", ms(ours), f"json.load {ms(reference)}", f"{ratio:.2f}", f"≤ {INSPECT_RATIO}",
                ratio <= INSPECT_RATIO)]  # fmt: skip
