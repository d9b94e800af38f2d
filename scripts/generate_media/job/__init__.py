"""One job's life: claimed in the journal, created once, followed to its end, its files collected."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .ask import answer_to as answer_to
    from .cancel import cancel_job as cancel_job
    from .collect import result_lost as result_lost
    from .context import JobContext as JobContext, RunOptions as RunOptions
    from .crowd import Throttle as Throttle
    from .expiry import (
        RESULT_LOST as RESULT_LOST,
        expires_in as expires_in,
        is_result_lost as is_result_lost,
        result_lost_words as result_lost_words,
    )
    from .label import provenance_of as provenance_of
    from .lifecycle import resume_job as resume_job, run_job as run_job
    from .lost_creates import candidates as candidates, lost_create as lost_create, settle as settle
    from .output_check import check_output as check_output
    from .session import Session as Session
    from .spending import known_cost as known_cost, last_price as last_price, sum_usage as sum_usage
    from .successor import Caller as Caller, retired as retired
else:
    from ..core.door import opened

    __getattr__ = opened(
        __name__,
        ("ask", "answer_to"),
        ("cancel", "cancel_job"),
        ("collect", "result_lost"),
        ("context", "JobContext RunOptions"),
        ("crowd", "Throttle"),
        ("expiry", "RESULT_LOST expires_in is_result_lost result_lost_words"),
        ("label", "provenance_of"),
        ("lifecycle", "resume_job run_job"),
        ("lost_creates", "candidates lost_create settle"),
        ("output_check", "check_output"),
        ("session", "Session"),
        ("spending", "known_cost last_price sum_usage"),
        ("successor", "Caller retired"),
    )
