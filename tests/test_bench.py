"""`make bench` at its smallest: it runs, and its table has every row. What the times are is not a test's business."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

BENCH = Path(__file__).resolve().parents[1] / "bench"
ROWS = [
    *("(a) start to POST, HTTP", "(a) start to POST, HTTPS", "(c) requests of an SSE job", "(c) bytes of an SSE job"),
    *(f"(b) end to line, {framing}, {newline}" for framing in ("chunked", "plain") for newline in ("lf", "crlf")),
    *("(d) memory while waiting", "(d) and with a download of 256 MiB", "(e) download of 8 MiB"),
    *(f"(f) 20 streams at once: {what}" for what in ("done", "end to line", "CPU a job", "memory")),
    *("(g) --help", "(g) --list", "(g) handle_runtime_error", "(h) all journal writes of a job"),
    "(i) an endpoint of GitHub's document",
    *(f"{name}, video, typically" for name in ("skills.video", "agnes", "agcloud", "ark", "byteplus")),
]


def test_it_runs_and_its_table_has_every_row_and_verdict() -> None:
    done = subprocess.run(
        [sys.executable, str(BENCH / "run.py"), "--minimal"], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    printed = done.stdout
    lacking = [row for row in ROWS if not re.search(rf"^\| {re.escape(row)}[^|]*\| [^|]+ \|", printed, re.MULTILINE)]
    assert not lacking, printed
    cells = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in printed.splitlines() if line.startswith("| (")
    ]
    held = [row[5] for row in cells if row[4] and row[1] != "not measured"]
    assert held
    assert set(held) <= {"yes", "**no**"}
