"""The record of a job beside its files: written, mended where it is missing, joined by the names of further copies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..core import GenerateMediaError, SavedOutput
from ..files import find_sidecar, read_sidecar, write_sidecar
from .context import JobContext
from .lines import Ended, sidecar_record


def told_there(ctx: JobContext, end: Ended, placed: Sequence[SavedOutput]) -> list[Any]:
    """Other copies of the same job's files in a folder, as its sidecar there tells of them."""
    found = find_sidecar(*_beside(ctx, end, placed), _job_of(end))
    record = (read_sidecar(found) or {}) if found else {}
    names = {Path(item.path).name for item in placed if item.path}
    rows = record.get("outputs")
    return [row for row in rows if isinstance(row, dict) and row.get("path") not in names] if rows else []


def _job_of(end: Ended) -> Mapping[str, Any]:
    return {"provider": end.row.provider, "generation_id": end.row.generation_id}


def mend_sidecar(ctx: JobContext, end: Ended, there: Sequence[SavedOutput]) -> None:
    """The record of an earlier run, where its disk had no room for it."""
    if find_sidecar(*_beside(ctx, end, there), _job_of(end)) is None:
        write_record(ctx, end, there, None)


def _beside(ctx: JobContext, end: Ended, saved: Sequence[SavedOutput]) -> tuple[Path, str]:
    """Folder and stem of the sidecar of some files: beside the first, called as it where its name is not of ours."""
    first = next((Path(item.path) for item in saved if item.path), None)
    if first is None:
        assert ctx.folder is not None
        return ctx.folder, end.stem
    return first.parent, end.stem if first.name.startswith(end.stem) else first.stem


def write_record(
    ctx: JobContext,
    end: Ended,
    saved: Sequence[SavedOutput],
    error: Mapping[str, Any] | None,
    *,
    others: Sequence[Any] = (),
) -> None:
    """A sidecar that cannot be written costs a warning, never the job."""
    folder, stem = _beside(ctx, end, saved)
    record = sidecar_record(end, saved, error)
    try:
        write_sidecar(folder, stem, record | {"outputs": [*record["outputs"], *others]})
    except (OSError, GenerateMediaError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else str(problem)
        ctx.printer.warn(f"the sidecar {stem}.json could not be written: {reason}")
