"""`make bench` at its smallest: it runs, and its table has every row. What the times are is not a test's business."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

BENCH = Path(__file__).resolve().parents[2] / "bench"
ROWS = [
    *("(a) start to POST, HTTP", "(a) start to POST, HTTPS", "(c) requests of an SSE job", "(c) bytes of an SSE job"),
    *(f"(b) end to line, {framing}, {newline}" for framing in ("chunked", "plain") for newline in ("lf", "crlf")),
    *("(d) memory while waiting", "(d) and with a download of 16 MiB", "(e) download of 8 MiB"),
    *(f"(f) 20 streams at once: {what}" for what in ("done", "end to line", "CPU a job", "memory")),
    *("(g) --help", "(g) --list", "(g) handle_runtime_error", "(h) all journal writes of a job"),
    "(i) an endpoint of GitHub's document",
    *("(l) --list of 2,000 rows", "(l) --list of 2,000 rows: memory"),
    "(k) 200 jobs at 180 requests a minute",
    *(f"(j) {name}, video, typically" for name in ("skills.video", "agnes", "agcloud", "ark", "byteplus")),
]


def test_it_runs_and_its_table_has_every_row_and_verdict() -> None:
    bench = subprocess.Popen(
        [sys.executable, str(BENCH / "run.py"), "--minimal"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        printed, words = bench.communicate(timeout=300)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(bench.pid, signal.SIGKILL)  # and with it all that it started
    assert bench.returncode == 0, words
    lacking = [row for row in ROWS if not re.search(rf"^\| {re.escape(row)}[^|]*\| [^|]+ \|", printed, re.MULTILINE)]
    assert not lacking, printed
    cells = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in printed.splitlines() if line.startswith("| (")
    ]
    held = [row[5] for row in cells if row[4] and row[1] != "not measured"]
    assert held
    assert set(held) <= {"yes", "**no**"}


STANDING = """
import sys, time
sys.path.insert(0, sys.argv[1])
from harness import site

with site() as where:
    print(where.url, flush=True)
    time.sleep(600)
"""


def test_a_bench_that_is_killed_leaves_no_server() -> None:
    bench = subprocess.Popen([sys.executable, "-c", STANDING, str(BENCH)], stdout=subprocess.PIPE, text=True)
    assert bench.stdout is not None
    port = int(bench.stdout.readline().rpartition(":")[2])
    socket.create_connection(("127.0.0.1", port)).close()
    bench.kill()
    bench.communicate()
    assert is_gone(port, within_seconds=60)


def is_gone(port: int, *, within_seconds: float) -> bool:
    until = time.monotonic() + within_seconds
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            return True
        time.sleep(0.05)
    return False
