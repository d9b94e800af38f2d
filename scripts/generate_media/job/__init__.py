"""One job's life: claimed in the journal, created once, followed to its end, its files collected."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .cancel import cancel_job as cancel_job
    from .collect import lost as lost
    from .context import JobContext as JobContext
    from .expiry import LOST as LOST, expires_in as expires_in, is_lost as is_lost, lost_words as lost_words
    from .lifecycle import resume_job as resume_job, run_job as run_job
    from .opening import (
        chooser as chooser,
        job_spec as job_spec,
        known_urls as known_urls,
        open_context as open_context,
        output_folder as output_folder,
        start_fields as start_fields,
        tell_start as tell_start,
        tell_warnings as tell_warnings,
    )
    from .recover import candidates as candidates
    from .session import Session as Session, first_contact as first_contact
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
        ("opening", "chooser job_spec known_urls open_context output_folder start_fields tell_start"),
        ("opening", "tell_warnings"),
        ("recover", "candidates"),
        ("session", "Session first_contact"),
        ("settling", "lost_row settle"),
    )
