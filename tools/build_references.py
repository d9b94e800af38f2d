#!/usr/bin/env python3
"""Build references/skills-video.openapi.json and the two tables of models from tools/sources/.

A new snapshot of the provider's documentation is one run: replace tools/sources/skills-video-models.json,
bring skills-video-supplement.json up to date, run this, read the diff. ``--check`` writes nothing and exits 1 when
a committed file differs from what the sources give. Only the standard library is needed. The tables of
references/agcloud.md and references/ark-pictures.md are filled from agcloud.openapi.json beside them.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from ark_clips import CLIPS_PAGE, clips_page
from ark_pictures import PICTURES_PAGE, pictures_page
from generate_media.core import REFERENCES
from skills_video.document import build_document
from skills_video.layout import render
from skills_video.renew import renew
from skills_video.sources import SOURCES, read_sources
from skills_video.tables import model_table

RENEWED = "skills-video-renewed.json"
"""Written by ``make snapshot`` from a user's fresh documents."""


def build(sources: Path) -> dict[str, str]:
    """File name under references/ → its whole text. What ``make snapshot`` renewed lies over the field tables."""
    document = build_document(read_sources(sources))
    renewed = sources / RENEWED
    if renewed.is_file():
        document = renew(document, json.loads(renewed.read_text(encoding="utf-8")))
    return {
        "skills-video.openapi.json": render(document) + "\n",
        "image-model-endpoints.md": model_table(document, "image"),
        "video-model-endpoints.md": model_table(document, "video"),
        CLIPS_PAGE: clips_page(),
        PICTURES_PAGE: pictures_page(),
    }


def stale(folder: Path, files: dict[str, str]) -> list[str]:
    """Names of files that are missing or hold anything else."""
    return [
        name
        for name, text in files.items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text
    ]


def main(argv: Sequence[str] | None = None) -> int:
    """Write the files, or with --check say which are stale (exit 1)."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a committed file differs")
    parser.add_argument("--references", type=Path, default=REFERENCES, help="the folder to write")
    parser.add_argument("--sources", type=Path, default=SOURCES, help="the field tables (default: tools/sources)")
    args = parser.parse_args(argv)
    files = build(args.sources)
    changed = stale(args.references, files)
    if args.check:
        for name in changed:
            print(f"{name} differs from its sources; run tools/build_references.py", file=sys.stderr)
        return 1 if changed else 0
    for name in changed:
        (args.references / name).write_text(files[name], encoding="utf-8", newline="\n")
        print(f"written: {name}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
