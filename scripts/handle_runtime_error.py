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
"""Say what an error answer means and what to do: for bodies that came from elsewhere than these scripts."""

import sys

if __name__ == "__main__":
    sys.dont_write_bytecode = True  # not into this folder; begin() has a place for it
    from generate_media.beginning import begin

    begin()

from collections.abc import Sequence
from pathlib import Path

from generate_media.cli import Parser, filled, start
from generate_media.events import print_document, run_document


def parser() -> Parser:
    """The flags."""
    made = Parser(
        prog="handle_runtime_error.py",
        description="Classify a provider's error answer: category, whether to retry, what to do (the exit code too).",
        epilog="""examples:
  handle_runtime_error.py --status 402 --body '{"error":"INSUFFICIENT_CREDITS"}'
  handle_runtime_error.py --status 503 --body-file answer.json --provider agnes
  curl -s … | handle_runtime_error.py --status 500 --body-file -""",
    )
    made.add_argument("--status", type=int, required=True, metavar="N", help="the HTTP status")
    body = made.add_mutually_exclusive_group()
    body.add_argument("--body", metavar="TEXT", default="", help="the answer's body")
    body.add_argument("--body-file", metavar="FILE", help="the same from a file; - is stdin")
    made.add_argument(
        "--provider", type=filled, metavar="NAME", help="whose answer it is; left out: every table is tried"
    )
    made.add_argument("--operation", choices=("create", "query"), default="create", help="what was called")
    made.add_argument("--base-url", type=filled, metavar="URL", help="host for the credits command")
    made.add_argument("--credits-endpoint", type=filled, metavar="PATH", help="path for the credits command")
    made.add_argument("--config", type=Path, metavar="FILE", help="in place of the bundle's config.json")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """One document; the exit code is the category's."""
    args = parser().parse_args(argv)
    from generate_media.cli import error_report

    document, code = error_report(args)
    print_document(document)
    return int(code)


if __name__ == "__main__":
    start(lambda: run_document(main, sys.argv[1:]))
