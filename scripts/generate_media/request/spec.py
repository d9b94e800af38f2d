"""One job as a run was asked for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..core import Request

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, eq=False, repr=False)
class JobSpec:
    """One job as a run was asked for it: the request, which copy of equal ones, and whether meant anew."""

    request: Request
    fingerprint: str
    copy: int = 0
    force_new: bool = False
    media_sha256: tuple[str, ...] = ()
