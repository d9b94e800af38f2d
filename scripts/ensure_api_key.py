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
"""Say which providers have a usable key, where it came from, and how to get one. Never prints a key."""

import sys

if __name__ == "__main__":
    sys.dont_write_bytecode = True  # not into this folder; begin() has a place for it
    from generate_media.beginning import begin

    begin()

from collections.abc import Sequence
from pathlib import Path

from generate_media.cli import Parser, filled, start
from generate_media.core import ExitCode, UsageError
from generate_media.events import print_document, run_document


def parser() -> Parser:
    """The flags."""
    made = Parser(
        prog="ensure_api_key.py",
        description="Say which providers are ready to use: key found, where, and how to get one.",
        epilog="""examples:
  ensure_api_key.py
  ensure_api_key.py --verify          (one cheap authenticated GET a provider)
  ensure_api_key.py --setup --provider agnes --key - < key.txt""",
    )
    made.add_argument("--provider", type=filled, metavar="NAME", help="only this one (config.json)")
    made.add_argument("--verify", action="store_true", help="ask the provider whether the key works")
    made.add_argument(
        "--base-url", type=filled, metavar="URL", help="another host for --verify: config.json's, or loopback"
    )
    made.add_argument(
        "--setup", action="store_true", help="packages into ~/.local/share/generate-media/venv, then look"
    )
    made.add_argument(
        "--key", type=_from_stdin, metavar="-", help="with --setup: the key on stdin into ~/.config/generate-media/.env"
    )
    made.add_argument("--sandbox", action="store_true", help="verify against the bundled sandbox")
    made.add_argument("--config", type=Path, metavar="FILE", help="in place of the bundle's config.json")
    return made


def _from_stdin(word: str) -> str:
    from generate_media.cli import key_from_stdin

    return key_from_stdin(word)


def main(argv: Sequence[str] | None = None) -> int:
    """One document; exit 21 when what was asked for is not ready."""
    args = parser().parse_args(argv)
    if args.key and not args.setup:
        raise UsageError("usage", "--key goes with --setup", guidance=("add --setup",))
    from generate_media.cli import key_report, set_up

    done = {"setup": set_up(args)} if args.setup else {}
    document = {**key_report(args), **done}
    print_document(document)
    return int(ExitCode.OK if document["ok"] else ExitCode.AUTH)


if __name__ == "__main__":
    start(lambda: run_document(main, sys.argv[1:]), bare={"--setup"})
