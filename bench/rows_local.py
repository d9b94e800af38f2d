"""(h) what the journal's steps cost with fsync; (i) one endpoint of a big OpenAPI document."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from functools import partial

from harness import PYTHON, ROOT, SCRIPTS, Desk, Row, median, ms

GITHUB = ROOT / ".cache" / "openapi" / "github.json"
JOURNAL_SECONDS, INSPECT_RATIO = 0.003, 1.5


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
