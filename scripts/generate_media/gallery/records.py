"""The jobs of a folder: by the sidecars in it, and by the journal where a job has none. Nothing in them is trusted."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ..core import StorageError, cut_fields, handle, journal_dir
from ..files import is_plain, read_sidecar
from ..journal import Journal, Row, local_id
from .batches import place_of
from .facts import word

_TOLD = (
    *("provider", "model", "kind", "prompt", "request", "generation_id", "status", "result", "usage"),
    *("fingerprint", "copy"),
)
_TIMES = ("created_at", "accepted_at", "ended_at")


class Job(NamedTuple):
    """One job as its sidecar tells it, or as one would: ``record`` has a sidecar's names, and no key in it."""

    record: Mapping[str, Any]
    name: str
    """Ours, the same at each reading; the address of the page names a card by it."""
    row: Row | None = None
    """The job in the journal; None for one that is not in it."""
    place: str = ""
    """By what a batch's file names the job (:func:`place_of`); empty where nothing is known."""


def read_jobs(folder: Path, rows: Sequence[tuple[Row, bool]], names: Sequence[str]) -> list[Job]:
    """Every job that ``names`` (of the folder's entries) or ``rows`` (with: of the sandbox?) tell of, once each."""
    known = {(row.provider, row.generation_id): (row, sandbox) for row, sandbox in reversed(rows) if row.generation_id}
    jobs: list[Job] = []
    told: set[tuple[int, bool]] = set()
    for name in names:
        record = _sidecar(folder / name) if name.endswith(".json") else None
        if record is None:
            continue
        row, sandbox = known.get((word(record.get("provider")), word(record.get("generation_id"))), (None, False))
        jobs.append(job_of(record, name, row))
        if row is not None:
            told.add((row.row_id, sandbox))
    for row, sandbox in rows:
        if (row.row_id, sandbox) not in told:
            jobs.append(job_of(record_of(row, sandbox=sandbox), "", row))
    return [job._replace(name=name) for job, name in zip(jobs, _once_each([job.name for job in jobs]), strict=True)]


def _once_each(names: Sequence[str]) -> Iterator[str]:
    """The names, each of its own: a record that was copied beside itself tells of the same job twice."""
    seen: Counter[str] = Counter()
    for name in names:
        seen[name] += 1
        yield f"{name}-{seen[name]}" if seen[name] > 1 else name


def folder_rows(folder: Path, environ: Mapping[str, str]) -> Iterator[tuple[Row, bool]]:
    """The journal's rows whose results go to this folder, newest first, and the sandbox's.

    Raises:
        StorageError: the journal cannot be read. One that is not there has no rows.
    """
    places = {str(folder.absolute()), str(folder.resolve())}
    for journal, sandbox in journals(environ):
        for row in journal.of_folder(tuple(places)):
            yield row, sandbox


def journals(environ: Mapping[str, str]) -> Iterator[tuple[Journal, bool]]:
    """The journals that are there, the sandbox's (True) last, each open while it is looked at. Raises StorageError."""
    for sandbox in (False, True):
        place = journal_dir(environ, sandbox=sandbox)
        if place.is_dir():
            with Journal.open(place, read_only=True) as journal:
                yield journal, sandbox


def rows_or_warning(folder: Path, environ: Mapping[str, str]) -> tuple[list[tuple[Row, bool]], str]:
    """The rows, or why there are none: a gallery of sidecars is worth having without a journal."""
    try:
        return list(folder_rows(folder, environ)), ""
    except StorageError as error:
        return [], f"jobs without a sidecar are not shown: {error.message}"


def entries(folder: Path) -> list[str]:
    """The names of what lies in a folder, in order, without hidden ones. Raises OSError."""
    with os.scandir(folder) as found:
        return sorted(entry.name for entry in found if not entry.name.startswith("."))


def record_of(row: Row, *, sandbox: bool) -> Mapping[str, Any]:
    """What the journal knows of a job, in the shape of a sidecar."""
    record = {name: getattr(row, name) for name in (*_TOLD, *_TIMES)}
    took = (row.ended_at or 0.0) - row.created_at
    more = {
        "endpoint": row.path,
        "sandbox": sandbox,
        "outputs": outputs_of(row),
        "error": row.error,
        "response": row.response,
    }
    return {**record, **more, "elapsed_seconds": max(0.0, took), "promised": len(row.remote)}


def outputs_of(row: Row) -> list[dict[str, Any]]:
    """What the journal knows of a job's files, in the shape of a sidecar."""
    saved = [item for item in row.saved if isinstance(item, dict)] if isinstance(row.saved, list) else []
    here = ((item, os.path.basename(word(item.get("path")))) for item in saved)
    return [item | {"path": name, "bytes": item.get("size_bytes")} for item, name in here]


def job_of(record: Mapping[str, Any], name: str, row: Row | None) -> Job:
    """A record without keys; ``name`` names a job that has no id."""
    record = cut_fields(record)
    provider, identity = word(record.get("provider")), word(record.get("generation_id"))
    ours = row and not row.generation_id and local_id(row.fingerprint, row.ordinal)
    copy = record.get("copy")
    place = place_of(word(record.get("fingerprint")), copy if isinstance(copy, int) else 0)
    return Job(record, ours or handle(provider, identity or name), row, place)


def _sidecar(path: Path) -> Mapping[str, Any] | None:
    record = read_sidecar(path) if is_plain(path) else None
    return record if record is not None and isinstance(record.get("outputs"), list) else None
