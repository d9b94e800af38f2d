"""A provider's error answer, classified."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import CATEGORY_EXIT, Category, ExitCode


@dataclass(frozen=True, eq=False, repr=False)
class Failure:
    """One classified failure; the same value serves every script. Waits in seconds."""

    category: Category
    message: str
    http_status: int | None = None
    code: str = ""
    should_retry: bool = False
    may_have_been_created: bool = False
    retry_after_seconds: float | None = None
    guidance: tuple[str, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        return CATEGORY_EXIT[self.category]
