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
"""One page to look at all results of a folder: index.html from its sidecars, without any network."""

from __future__ import annotations

from generate_media.beginning import begin

if __name__ == "__main__":
    begin()

import sys
from collections.abc import Sequence
from pathlib import Path

from generate_media.cli import Parser
from generate_media.core import DEFAULT_OUTPUT_DIR
from generate_media.events import leave_with, print_document, run_document


def parser() -> Parser:
    """The flags."""
    made = Parser(
        prog="gallery.py",
        description="Write one self-contained index.html for a folder of results; open it in any browser.",
        epilog="""examples:
  gallery.py                             (generated/index.html)
  gallery.py ~/pictures/cats --title "Cats"
  gallery.py generated --output /tmp/cats.html""",
    )
    made.add_argument("folder", nargs="?", type=Path, default=Path(DEFAULT_OUTPUT_DIR), metavar="DIR")
    made.add_argument("--output", type=Path, metavar="FILE", help="where to write it (default: DIR/index.html)")
    made.add_argument("--title", metavar="TEXT", help="the page's heading (default: the folder's name)")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """One document: where the page is. Needs the standard library alone."""
    args = parser().parse_args(argv)
    from generate_media.gallery import write_gallery

    page = write_gallery(args.folder, output=args.output, title=args.title)
    print_document({"ok": True, "path": str(page.resolve()), "url": page.resolve().as_uri()})
    return 0


if __name__ == "__main__":
    leave_with(lambda: run_document(main, sys.argv[1:]))
