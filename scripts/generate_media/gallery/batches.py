"""Which jobs of a folder belong to one batch, and in which order: a small file a batch, written as it begins."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from ..files import is_folder, is_plain, write_whole

FOLDER = ".batches"
MAX_BYTES = 16 << 20
FILM_LINE = 0
"""The place of the film of all the lines: before the first."""


class Place(NamedTuple):
    """A job's place: the batch file's name, what tells it from others of that name, the line (from 1), of how many."""

    batch: str
    key: str
    line: int
    of: int


def place_of(fingerprint: str, copy: int) -> str:
    """How a job is named in a batch's file: by what was asked for, so that a run again finds it."""
    return f"{fingerprint}:{copy}"


def record_batch(folder: Path, file: Path, shard: str, lines: Mapping[str, int]) -> None:
    """Keep the order of a batch (``lines``: :func:`place_of` → line) for the gallery; it can do without."""
    key = sha256(f"{file.absolute()}\n{shard}".encode("utf-8", "surrogatepass")).hexdigest()[:8]
    with suppress(OSError):
        (folder / FOLDER).mkdir(parents=True, exist_ok=True)
        if not is_folder(folder / FOLDER):
            return
        text = json.dumps({"batch": file.name, "lines": dict(lines)})
        write_whole(folder / FOLDER / f"{key}.json", text.encode("utf-8", "backslashreplace"), 0o600)


def read_batches(folder: Path) -> dict[str, Place]:
    """The place of every job that a batch of this folder holds. Nothing in the files is trusted."""
    places: dict[str, Place] = {}
    with suppress(OSError):
        for path in sorted((folder / FOLDER).glob("*.json")) if is_folder(folder / FOLDER) else ():
            places |= _places(path)
    return places


def _places(path: Path) -> dict[str, Place]:
    try:
        found = json.loads(path.read_bytes()) if is_plain(path, MAX_BYTES) else None
    except (OSError, ValueError, RecursionError):
        return {}
    lines = found.get("lines") if isinstance(found, dict) else None
    name = found.get("batch") if isinstance(found, dict) else None
    if not isinstance(lines, dict) or not isinstance(name, str):
        return {}
    good = ((place, line) for place, line in lines.items() if isinstance(line, int) and not isinstance(line, bool))
    of = sum(line != FILM_LINE for line in lines.values())
    return {place: Place(name, path.stem, line, of) for place, line in good}
