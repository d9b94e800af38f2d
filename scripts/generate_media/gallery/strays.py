"""Files that no record of their folder names: whose they are, by their bytes.

A file that was renamed belongs to the job that misses it; one that came from another folder, to the job of which the
journal says so. Sizes are compared first: only a file as large as a known one is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from ..core import StorageError
from ..files import digest_of, is_plain
from .facts import whole, word
from .records import Job, job_of, journals, outputs_of, record_of

_MOST_ROWS = 20_000
T = TypeVar("T")


def with_strays(
    folder: Path, jobs: Sequence[Job], names: Sequence[str], environ: Mapping[str, str] | None
) -> list[Job]:
    """The jobs with every file of ``names`` (of the folder's entries) that is one of theirs, then those of the
    journal that made another (``environ``: where it lies; None: it is not asked)."""
    found = list(_with_renamed(folder, jobs, names))
    left = _strays(folder, found, names)
    return found if environ is None or not left else [*found, *_from_elsewhere(left, found, environ)]


def _strays(folder: Path, jobs: Sequence[Job], names: Sequence[str]) -> list[Path]:
    """The files that no record names."""
    told = {word(output.get("path")) for job in jobs for output in _outputs(job.record)}
    return [folder / name for name in names if name not in told and not name.endswith(".json")]


def _with_renamed(folder: Path, jobs: Sequence[Job], names: Sequence[str]) -> Iterator[Job]:
    here = frozenset(names)
    missing = [row for job in jobs for row in _outputs(job.record) if word(row.get("path")) not in here]
    new = {id(row): path.name for path, row in _matched(_strays(folder, jobs, names), ((row, row) for row in missing))}
    for job in jobs:
        outputs = [row | {"path": new[id(row)]} if id(row) in new else row for row in job.record["outputs"]]
        yield job._replace(record={**job.record, "outputs": outputs}) if new else job


def _from_elsewhere(files: Sequence[Path], jobs: Sequence[Job], environ: Mapping[str, str]) -> Iterator[Job]:
    """The journal's jobs, but ``jobs``, that made the files, with those of their outputs alone."""
    told = {(job.row.row_id, job.record.get("sandbox")) for job in jobs if job.row}
    with suppress(StorageError):  # whoever read the folder's rows has told of it
        for journal, sandbox in journals(environ):
            rows = (row for row in journal.listed(_MOST_ROWS) if (row.row_id, sandbox) not in told)
            saved = ((output, (row.row_id, output)) for row in rows for output in outputs_of(row))
            made: dict[int, list[Any]] = {}
            for path, (row_id, output) in _matched(files, saved):
                made.setdefault(row_id, []).append(output | {"path": path.name})
            for row_id, outputs in made.items():
                row = journal.get(row_id)
                yield job_of({**record_of(row, sandbox=sandbox), "outputs": outputs}, "", row)


def _outputs(record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    return (row for row in record["outputs"] if isinstance(row, dict))


def _matched(files: Sequence[Path], outputs: Iterable[tuple[Mapping[str, Any], T]]) -> Iterator[tuple[Path, T]]:
    """Each file that has the bytes of an output, with what came beside the first such output."""
    known: dict[int, dict[str, T]] = {}
    for output, owner in outputs if files else ():
        known.setdefault(whole(output.get("bytes")), {}).setdefault(word(output.get("sha256")), owner)
    for path in files:
        with suppress(OSError):
            status = path.lstat()
            found = known.get(status.st_size, {})
            digest = _digest(path, status.st_size, status.st_mtime_ns) if found and is_plain(path) else ""
            if digest and digest in found:
                yield path, found[digest]


@lru_cache(10_000)
def _digest(path: Path, size: int, mtime_ns: int) -> str:
    """sha256, taken once while a served page is made again and again."""
    return digest_of(path)[1]
