"""Many jobs in one run: lines of a file, copies of one request, open jobs of the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .file import parse_shard as parse_shard, read_lines as read_lines
    from .run import (
        ManyJobs as ManyJobs,
        follow_rows as follow_rows,
        run_batch as run_batch,
        run_copies as run_copies,
    )
else:
    from ..core.door import opened

    __getattr__ = opened(
        __name__,
        ("file", "parse_shard read_lines"),
        ("run", "ManyJobs follow_rows run_batch run_copies"),
    )
