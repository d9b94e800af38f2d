"""(b) from the terminal byte to our line and to the end of the process; (c) requests and bytes of a job."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from harness import PYTHON, SCRIPTS, Desk, Row, Site, bare, median, ms, ours, site

MEDIAN_SECONDS, WORST_SECONDS, EXIT_SECONDS = 0.002, 0.010, 0.060
FRAMINGS = (("chunked", "lf"), ("chunked", "crlf"), ("plain", "lf"), ("plain", "crlf"))
WAIT_MS = 300
"""Long enough that the stream is being waited for when the end comes."""


def detection_rows(desk: Desk) -> list[Row]:
    """(b), for each framing."""
    with site() as where:
        pairs = desk.alternate({f"{a}, {b}": lambda a=a, b=b: _one(desk, where, a, b) for a, b in FRAMINGS})  # type: ignore[misc]
        beside = median([_bare_one(desk, where) for _ in range(desk.runs)])
    rows = []
    for name, packed in pairs.items():
        lines, exits = zip(*packed, strict=True)
        good = median(lines) <= MEDIAN_SECONDS and max(lines) <= WORST_SECONDS
        told = f"median {ms(median(lines), 1)}, worst {ms(max(lines), 1)}"
        rows.append(Row(f"(b) end to line, {name}", told, f"bare {ms(beside, 1)}", "", "≤ 2 ms, worst ≤ 10 ms", good,
                        "" if good else DETECTION_WHY))  # fmt: skip
        rows.append(
            Row(f"(b) line to exit, {name}", ms(median(exits)), "", "", "≤ 60 ms", median(exits) <= EXIT_SECONDS)
        )
    return rows


DETECTION_WHY = (
    "by perf_counter, from the last bytes on: the event 0.1 ms, its reading 0.15, journal.ended 0.5, the row read back "
    "0.1, outcome and line 0.2; the rest is waking up, and a busy machine adds to each"
)


def _one(desk: Desk, where: Site, framing: str, newline: str) -> tuple[float, float]:
    """Seconds from the end to the line, and from the line to the exit."""
    where.stamps()
    done = desk.run(ours(where.base(framing, newline, WAIT_MS), "--no-download"))
    (ended,) = where.stamps()["terminals"].values()
    line = done.at('"terminal"')
    return line - float(ended), done.ended - line


def _bare_one(desk: Desk, where: Site) -> float:
    where.stamps()
    done = desk.run(bare(where.base("chunked", "lf", WAIT_MS)))
    (ended,) = where.stamps()["terminals"].values()
    return done.at("COMPLETED") - float(ended)


def traffic_rows(desk: Desk) -> list[Row]:
    """(c): requests as the bundled sandbox logs them, bytes as the fast server counts them."""
    with _sandbox() as (base, root):
        seen: dict[str, list[str]] = {}
        for name, flags in {"without": ["--no-download"], "with": ["--output-dir", str(desk.folder / "out")]}.items():
            since = _log(root, 0)["count"]
            desk.run(ours(base, *flags, prompt=f"{name} download"))
            seen[name] = [row["operation"] for row in _log(root, since)["requests"]]
    with site() as where:
        sizes = {}
        for name, command in {"ours": ours(where.base(), "--no-download"), "bare": bare(where.base())}.items():
            where.stamps()
            desk.run(command)
            stamps = where.stamps()
            sizes[name] = (stamps["received"], stamps["sent"])
    good = seen["without"] == ["create"] and seen["with"] == ["create", "download"]
    told = f"{len(seen['without'])} ({', '.join(seen['without'])}); with download {len(seen['with'])}"
    mine, reference = (f"{up} B up, {down} B down" for up, down in (sizes["ours"], sizes["bare"]))
    return [
        Row("(c) requests of an SSE job", told, "", "", "1 besides the download", good),
        Row("(c) bytes of an SSE job", mine, f"bare {reference}"),
    ]


@contextmanager
def _sandbox() -> Iterator[tuple[str, str]]:
    command = [PYTHON, str(SCRIPTS / "sandbox.py"), "--port", "0", "--speed", "100"]
    process = subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=os.environ)
    try:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        yield ready["providers"]["skills.video"], f"http://127.0.0.1:{ready['port']}"
    finally:
        process.terminate()
        process.wait()
        process.stdout and process.stdout.close()


def _log(root: str, since: int) -> Any:
    with urllib.request.urlopen(f"{root}/_log?since={since}", timeout=10) as answer:
        return json.load(answer)
