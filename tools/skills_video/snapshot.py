"""Renew the bundled skills.video description from a user's fresh documents, and print what changed.

    cd scripts && python3 -m skills_video.snapshot --openapi FILE… [--docs docs.json] [--dry-run]

What was taken is kept in tools/sources/skills-video-renewed.json, from which tools/build_references.py
builds the same document again.
"""

from __future__ import annotations

import datetime
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from generate_media.cli import Parser
from generate_media.contract import (
    Contract,
    Document,
    diff,
    fresh_document,
    make_source,
    read_bytes,
    read_document,
    read_navigation,
)
from generate_media.core import REFERENCES
from generate_media.events import print_document, run_document
from generate_media.providers import PROTOCOLS
from skills_video.renew import overlay_of, renew
from skills_video.sources import SOURCES

OVERLAY = "skills-video-renewed.json"
SNAPSHOT = PROTOCOLS["skills_video"].document.name


def renewed(openapi: Sequence[Path], docs: Path | None, references: Path, date: str) -> tuple[dict[str, Any], Any, Any]:
    """(overlay, new document, difference) for a user's fresh documents, read as --renew reads them. Raises
    BrokenDocument, UsageError."""
    bundled = read_document(references / SNAPSHOT)
    pages = read_navigation(docs) if docs else None
    fresh = [fresh_document(read_bytes(path), path.name, "skills_video", today=date, pages=pages) for path in openapi]
    dates = [one.root["x-snapshot"]["date"] for one in fresh]
    bundled.trusted = True
    sources = [one.source for one in fresh]
    known = Contract([*sources, make_source(bundled, "skills_video")])
    overlay = overlay_of(Contract(sources), known, max(dates))
    document = renew(bundled.root, overlay)
    return overlay, document, diff(_contract(bundled.root), _contract(document))


def _contract(root: dict[str, Any]) -> Contract:
    return Contract([make_source(Document(root, SNAPSHOT), "skills_video")])


def main(argv: Sequence[str] | None = None) -> int:
    """Print the difference; write the overlay, the document and its tables unless --dry-run."""
    args = _parser().parse_args(argv)
    overlay, document, difference = renewed(args.openapi, args.docs, args.references, args.date)
    missing = sorted(_models(args.references) - {row["id"] for row in overlay["models"]})
    print_document({**difference, "not_in_the_fresh_documents": missing}, contract=True)
    if not args.dry_run:
        _write(args.references, args.sources, overlay, document)
    return 0


def _parser() -> Parser:
    parser = Parser(
        prog="snapshot",
        description="Renew references/skills-video.openapi.json from fresh documents; prints the difference.",
        epilog="example:\n  python3 -m skills_video.snapshot --openapi openapi.json --docs docs.json",
    )
    parser.add_argument("--openapi", type=Path, action="append", required=True, metavar="FILE", help="again for more")
    parser.add_argument("--docs", type=Path, metavar="FILE", help="docs.json, for which models make what")
    parser.add_argument("--references", type=Path, default=REFERENCES, metavar="DIR", help="the folder to renew")
    parser.add_argument("--sources", type=Path, default=SOURCES, metavar="DIR", help="where the overlay is kept")
    parser.add_argument(
        "--date", default=datetime.date.today().isoformat(), help="where a document has none of its own"
    )
    parser.add_argument("--dry-run", action="store_true", help="print the difference, write nothing")
    return parser


def _models(references: Path) -> set[str]:
    bundled = read_document(references / SNAPSHOT)
    return {info.model for info in _contract(bundled.root).creates}


def _write(references: Path, sources: Path, overlay: dict[str, Any], document: dict[str, Any]) -> None:
    from skills_video.layout import render
    from skills_video.tables import model_table

    files = {sources / OVERLAY: json.dumps(overlay, ensure_ascii=False, indent=1) + "\n"}
    files |= {references / SNAPSHOT: render(document) + "\n"}
    files |= {references / f"{kind}-model-endpoints.md": model_table(document, kind) for kind in ("image", "video")}
    for file, content in files.items():
        file.write_text(content, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    sys.exit(run_document(main, sys.argv[1:]))
