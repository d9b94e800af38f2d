"""`make bench`: everything that is promised about speed, against references measured in the same minutes.

    python3 bench/run.py [--runs 15] [--only a,b,c,d,e,f,g,h,i,j,l] [--minimal] [--record]

``--record`` puts the table at the top of HISTORY.md, which the next change is held against.

Start times want a machine at rest: ratios are taken in alternation, and still a busy one moves them.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import date

from harness import BENCH, Desk, Row, desk, table
from rows_batch import batch_rows
from rows_job import detection_rows, traffic_rows
from rows_local import inspect_rows, journal_rows, list_rows
from rows_polling import polling_rows
from rows_start import command_rows, start_rows
from rows_weight import download_rows, memory_rows

LEAST_RUNS = 15
HISTORY = BENCH / "HISTORY.md"


def groups(args: argparse.Namespace) -> Mapping[str, Callable[[Desk], list[Row]]]:
    """Letter of the table → what measures it."""
    return {
        "a": start_rows,
        "b": detection_rows,
        "c": traffic_rows,
        "d": lambda place: memory_rows(place, 16 if args.minimal else 256),
        "e": lambda place: download_rows(place, 8 if args.minimal else 1024),
        "f": lambda place: batch_rows(place, 20 if args.minimal else 1000),
        "g": command_rows,
        "h": journal_rows,
        "i": inspect_rows,
        "j": polling_rows,
        "l": lambda place: list_rows(place, 2000 if args.minimal else 100_000),
    }


def main() -> int:
    """Measure and print; the exit code says nothing about targets."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=LEAST_RUNS, help=f"of each measurement (default {LEAST_RUNS})")
    parser.add_argument("--only", default="", help="letters of the table")
    parser.add_argument("--minimal", action="store_true", help="one run of each, small sizes: that it works at all")
    parser.add_argument("--record", action="store_true", help="keep the table in bench/HISTORY.md too")
    args = parser.parse_args()
    runs = 1 if args.minimal else args.runs
    rows: list[Row] = []
    chosen = [name for name in args.only.split(",") if name]
    with desk(runs) as place:
        for name, measure in groups(args).items():
            if not chosen or name in chosen:
                print(f"({name}) …", file=sys.stderr, flush=True)
                rows += measure(place)
    how = f"Medians of {runs}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}, {sys.version.split()[0]}."
    print(f"{how}\n\n{table(rows)}")
    if args.record:
        record(f"{how}\n\n{table(rows)}\n")
    return 0


def record(told: str) -> None:
    """Put a run's table, with its date and commit, before those of earlier runs."""
    asked = ["git", "-C", str(BENCH), "describe", "--always", "--dirty"]
    done = subprocess.run(asked, capture_output=True, text=True, check=False)
    heading = f"{date.today().isoformat()}, {done.stdout.strip() or 'no commit'}"
    head, mark, earlier = HISTORY.read_text(encoding="utf-8").partition("\n## ")
    HISTORY.write_text(f"{head.rstrip()}\n\n## {heading}\n{told}{mark}{earlier}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
