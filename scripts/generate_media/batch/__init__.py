"""Many jobs in one run: lines of a file, copies of one request, open jobs of the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .chain import (
        Split as Split,
        chain_digest as chain_digest,
        clip_values as clip_values,
        lines_of as lines_of,
        record_split as record_split,
        split as split,
    )
    from .file import Lines as Lines, Shard as Shard, parse_shard as parse_shard, read_lines as read_lines
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
        ("chain", "Split chain_digest clip_values lines_of record_split split"),
        ("file", "Lines Shard parse_shard read_lines"),
        ("run", "ManyJobs follow_rows run_batch run_copies"),
    )
