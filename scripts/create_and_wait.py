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
"""Make a picture or a clip: request, contract, journal, lifecycle, files. --help has the flags."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack

from generate_media.bootstrap import start
from generate_media.cli import create_parser
from generate_media.errors import GenerateMediaError
from generate_media.events import standard_printer
from generate_media.signals import Signals


def main(argv: Sequence[str] | None = None) -> int:
    """Parse, prepare, run; every error of ours becomes one line and its exit code."""
    printer = standard_printer()
    signals = Signals()
    with ExitStack() as stack:
        try:
            args = create_parser().parse_args(argv)
            printer.verbose = args.verbose
            signals.install()
            from generate_media.run import run_create
            from generate_media.session import Session

            outcome = run_create(Session.open(args, printer, signals, stack))
        except GenerateMediaError as error:
            from generate_media.outcome import error_outcome

            outcome = error_outcome(error)
        signals.done()
        if outcome.line:
            printer.line(outcome.line)
    return int(outcome.exit_code)


if __name__ == "__main__":
    start(lambda: main(sys.argv[1:]))
