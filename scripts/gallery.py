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
"""One page to look at all results of a folder: index.html of its sidecars and the journal, or served as they come."""

import sys

if __name__ == "__main__":
    sys.dont_write_bytecode = True  # not into this folder; begin() has a place for it
    from generate_media.beginning import begin

    begin()

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from generate_media.cli import Parser, at_terminal
from generate_media.core import CONFIG_FILE, DEFAULT_OUTPUT_DIR, UsageError
from generate_media.events import leave_with, print_document, run_document, show, standard_printer


def parser() -> Parser:
    """The flags."""
    made = Parser(
        prog="gallery.py",
        description="One self-contained page of a folder's results: every job has its card, failures too.",
        epilog="""examples:
  gallery.py --open                      (generated/index.html, shown with the system's viewer)
  gallery.py ~/pictures/cats --title "Cats" --output /tmp/cats.html
  gallery.py generated --serve           (follows a running batch at http://127.0.0.1:8788/)""",
    )
    made.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=Path(DEFAULT_OUTPUT_DIR),
        metavar="DIR",
        help="whose results (default: generated/)",
    )
    made.add_argument("--output", type=Path, metavar="FILE", help="where to write it (default: DIR/index.html)")
    made.add_argument("--title", metavar="TEXT", help="the page's heading (default: the folder's name)")
    made.add_argument("--open", action="store_true", help="show it with the system's viewer")
    made.add_argument("--serve", action="store_true", help="serve it on this machine until Ctrl-C, renewed as jobs end")
    made.add_argument("--port", type=int, metavar="N", help="with --serve; 0: any free one (default 8788)")
    made.add_argument("--config", type=Path, metavar="FILE", help="in place of the bundle's config.json")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """One document: where the page is. Needs the standard library alone; with Pillow it makes thumbnails."""
    args = parser().parse_args(argv)
    from generate_media.config import hide_keys_of, load_settings

    hide_keys_of(load_settings(args.config or CONFIG_FILE), os.environ)
    return _serve(args) if args.serve else _write(args)


def _write(args: argparse.Namespace) -> int:
    if args.port is not None:
        raise UsageError("usage", "--port only goes with --serve")
    from generate_media.gallery import write_gallery

    warnings: list[str] = []
    page = write_gallery(
        args.folder, output=args.output, title=args.title, config=args.config, warn=warnings.append
    ).resolve()
    told = {"ok": True, "path": str(page), "url": page.as_uri()}
    if args.open and not show(str(page)):
        warnings.append("this machine has no viewer to open it with")
    print_document(told | ({"warnings": warnings} if warnings else {}))
    return 0


def _serve(args: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM."""
    if args.output is not None:
        raise UsageError("usage", "--serve writes no page; leave --output out")
    import signal
    import threading

    from generate_media.gallery import DEFAULT_PORT, serve_gallery

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    port = DEFAULT_PORT if args.port is None else args.port
    served = serve_gallery(args.folder, port=port, title=args.title, config=args.config)
    printer = standard_printer()
    printer.line({"ok": True, "url": served.url, "port": served.server.server_port})
    printer.say("Ctrl-C ends it")
    if args.open:
        show(served.url)
    # A wait without a time-out cannot be interrupted by Ctrl-C on Windows.
    while not stop.wait(1.0):
        continue
    served.close()
    return 0


if __name__ == "__main__":
    at_terminal()
    leave_with(lambda: run_document(main, sys.argv[1:]))
