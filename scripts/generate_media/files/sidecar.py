"""The record beside the files: one JSON file a job, mode 0600, failed jobs too. Never in place of a stranger's."""

from __future__ import annotations

import json
import math
import os
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

from ..core import SavedOutput, cut_fields
from .atomic import Part, digest_of, has_bytes, keep, move_to_free_name, part_file, sync_folder
from .names import names_to_try
from .transfer import save_failed

MAX_SIDECAR_BYTES = 32 << 20
"""Above the longest that we write: a thousand URLs of the longest kind, request and answer."""
MAX_BESIDE = 5000
"""So many JSON files of a folder are looked into for the one that knows a file."""
_MODE = 0o600  # it holds whole URLs, whose signed queries are secrets
_LEFT_OUT = "left out: nested too deeply"


def write_sidecar(folder: Path, stem: str, record: Mapping[str, Any]) -> Path:
    """Write ``<stem>.json``, whole or not at all, without any key: an earlier record of the same job is
    replaced, and where the name is taken by anything else, the next number is written.

    Raises:
        OutputError: ``save_failed``.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with part_file(folder, f"{stem}.json") as part:
            with suppress(AttributeError):  # Windows before 3.13 has no fchmod; its folders have access lists instead
                os.fchmod(part.file.fileno(), _MODE)
            part.file.write(_text(cut_fields(record)))
            part.sync()
            path = _place(part, folder, stem, record)
        sync_folder(folder)
    except OSError as error:
        raise save_failed(error) from None
    return path


def find_sidecar(folder: Path, stem: str, job: Mapping[str, Any]) -> Path | None:
    """The record of a job, told by the ``provider`` and ``generation_id`` of ``job``; None where there is none."""
    for name in names_to_try(stem, ".json"):
        if not os.path.lexists(folder / name):
            return None
        if _is_of(folder / name, job):
            return folder / name
    return None


def read_sidecar(path: Path) -> Mapping[str, Any] | None:
    """A record of ours, nothing in it trusted; None for any other file."""
    if not is_plain(path, MAX_SIDECAR_BYTES):
        return None
    try:
        record = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) and isinstance(record.get("generate_media"), str) else None


def record_of(path: Path) -> Mapping[str, Any] | None:
    """The record that tells how a file was made: of those beside it the one that has its bytes, else one that has its
    name; None where there is none. Nothing in it is to be trusted."""
    sha256, named = digest_of(path)[1], None
    for record in _records_beside(path):
        for item in _outputs(record):
            if item.get("sha256") == sha256:
                return record
            if item.get("path") == path.name:
                named = named or record
    return named


def _outputs(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    outputs = record.get("outputs")
    return [item for item in outputs if isinstance(item, dict)] if isinstance(outputs, list) else []


def _records_beside(path: Path) -> Iterator[Mapping[str, Any]]:
    """The records of a folder, those with the file's own name first."""
    own, stem = [path.with_suffix(".json")], re.sub(r"-\d+\Z", "", path.stem)
    own += [path.with_name(f"{stem}.json")] if stem != path.stem else []
    rest = islice((Path(entry.path) for entry in os.scandir(path.parent) if entry.name.endswith(".json")), MAX_BESIDE)
    for candidate in dict.fromkeys([*own, *rest]):
        record = read_sidecar(candidate)
        if record is not None:
            yield record


def belongs_to(path: Path, job: Mapping[str, Any], saved: Iterable[SavedOutput]) -> bool:
    """Whether a file's bytes are those of one of a job's files, or of a copy that the sidecar beside it tells of."""
    known = {item.sha256: item.size_bytes for item in saved}
    found = find_sidecar(path.parent, path.stem, job)
    record = (read_sidecar(found) or {}) if found else {}
    for item in _outputs(record):
        if isinstance(item.get("sha256"), str) and isinstance(item.get("bytes"), int):
            known[item["sha256"]] = item["bytes"]
    return any(has_bytes(path, size_bytes=size, sha256=digest) for digest, size in known.items())


def is_plain(path: Path, max_bytes: float = math.inf) -> bool:
    """A regular file and no link: a link could lead out of the folder, a device could have no end."""
    try:
        found = path.lstat()
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size <= max_bytes


def is_folder(path: Path) -> bool:
    """A folder and no link to one: what lies behind a link is not of the folder that it lies in."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except (OSError, ValueError):
        return False


def _place(part: Part, folder: Path, stem: str, record: Mapping[str, Any]) -> Path:
    for name in names_to_try(stem, ".json"):
        path = folder / name
        if move_to_free_name(part.path, path):
            return path
        if _is_of(path, record):
            keep(part, path)
            return path
    raise AssertionError("there is always another number")


def _is_of(path: Path, job: Mapping[str, Any]) -> bool:
    found = read_sidecar(path)
    return found is not None and all(found.get(name) == job.get(name) for name in ("provider", "generation_id"))


def _text(record: Mapping[str, Any]) -> bytes:
    try:
        text = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    except RecursionError:  # a hostile answer; the rest of the record matters more
        return _text({key: _LEFT_OUT if isinstance(value, (dict, list)) else value for key, value in record.items()})
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:  # lone surrogates survive as escapes only
        return (json.dumps(record, indent=2) + "\n").encode("ascii")
