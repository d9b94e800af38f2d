"""One job's life: claimed in the journal, created once, followed to its end, its files collected."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .cancel import cancel_job as cancel_job
    from .collect import lost as lost
    from .context import JobContext as JobContext
    from .expiry import LOST as LOST, expires_in as expires_in, is_lost as is_lost, lost_words as lost_words
    from .lifecycle import resume_job as resume_job, run_job as run_job
    from .recover import candidates as candidates
    from .report import start_fields as start_fields
    from .session import RunOptions as RunOptions, Session as Session
    from .settling import lost_row as lost_row, settle as settle
else:
    from ..core.door import opened

    __getattr__ = opened(
        __name__,
        ("cancel", "cancel_job"),
        ("collect", "lost"),
        ("context", "JobContext"),
        ("expiry", "LOST expires_in is_lost lost_words"),
        ("lifecycle", "resume_job run_job"),
        ("recover", "candidates"),
        ("report", "start_fields"),
        ("session", "RunOptions Session"),
        ("settling", "lost_row settle"),
    )
