"""One small package a protocol: pure translations between our values and a provider's JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .base import (
        LARGEST_COST as LARGEST_COST,
        Adapter as Adapter,
        ErrorRule as ErrorRule,
        told_model as told_model,
    )
    from .classifier import (
        GUIDANCE as GUIDANCE,
        classify as classify,
        classify_job_failure as classify_job_failure,
        refused as refused,
    )
    from .registry import (
        PROTOCOLS as PROTOCOLS,
        ModelPaths as ModelPaths,
        Protocol as Protocol,
        adapter_for as adapter_for,
        register as register,
    )
    from .retry_after import parse_retry_after as parse_retry_after
else:
    from ..core.door import opened

    __getattr__ = opened(
        __name__,
        ("base", "Adapter ErrorRule LARGEST_COST told_model"),
        ("classifier", "GUIDANCE classify classify_job_failure refused"),
        ("registry", "PROTOCOLS ModelPaths Protocol adapter_for register"),
        ("retry_after", "parse_retry_after"),
    )
