#!/usr/bin/env python3
# /// script
# requires-python = ">=3.10"
# dependencies = [
#     "requests>=2.31,<3",
#     "urllib3>=2.3,<3",
#     "sseclient-py>=1.8,<2",
#     "jsonschema>=4.21,<5",
#     "python-dotenv>=1.0,<2",
#     "requests-toolbelt>=1.0,<2",
#     "PyYAML>=6.0,<7",
#     "regex>=2023.12.25,<2030",
#     "Pillow>=10.0,<13",
#     "tqdm>=4.66,<5",
# ]
# ///
"""Go on with jobs by their ids alone, list them, or cancel one. --help has the flags."""

import sys

if __name__ == "__main__":
    sys.dont_write_bytecode = True  # not into this folder; begin() has a place for it
    from generate_media.beginning import begin

    begin()

from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from generate_media.cli import run_lines, start, wait_parser
from generate_media.events import Printer, Signals

if TYPE_CHECKING:
    from generate_media.events import Outcome


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, find the jobs in the journal, follow them; whatever goes wrong becomes one line and its exit code."""

    def run(printer: Printer, signals: Signals, stack: ExitStack) -> "Outcome":
        args = wait_parser().parse_args(argv)
        printer.verbose = args.verbose
        if args.list:
            from generate_media.cli import run_list

            return run_list(args, stack)
        if args.spent:
            from generate_media.cli import run_spent

            return run_spent(args, stack)
        from generate_media.cli import run_wait

        return run_wait(args, printer, signals, stack)

    return run_lines(run)


if __name__ == "__main__":
    start(lambda: main(sys.argv[1:]))
