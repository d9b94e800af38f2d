"""``--output`` before anything is sent: whether a file of other content lies where the result is to go."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..core import UsageError
from ..files import OutputName, belongs_to
from ..journal import State
from .collect import saved_outputs

if TYPE_CHECKING:
    from ..journal import Journal, Row
    from ..request import JobSpec


def check_output(journal: Journal, spec: JobSpec, output: OutputName | None) -> None:
    """A file that is there already is this job's own, or may be replaced.

    Raises:
        UsageError: ``output_exists``.
    """
    if output is None or output.overwrite:
        return
    taken = [path for path in output.before_it_is_made() if path.exists() or path.is_symlink()]
    if not taken:
        return
    row = None if spec.force_new else journal.newest_of(spec.fingerprint, spec.copy)
    for path in taken:
        if row is None or not _may_be_of(row, path):
            raise UsageError(
                "output_exists",
                f"{path} is there already and is another file",
                details={"received": str(path), "may_have_been_created": False},
                guidance=("nothing was sent; name another file with --output, or add --overwrite to replace it",),
            )


def _may_be_of(row: Row, path: Path) -> bool:
    """Whether a file is one that this job left: by its bytes, by the sidecar beside it, or by a run that was killed
    between the file and the journal."""
    if row.state is State.ENDED:
        return True
    job = {"provider": row.provider, "generation_id": row.generation_id}
    return row.state is State.COLLECTED and belongs_to(path, job, saved_outputs(row))
