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
    ended_generation: bool = False
    """The answer to a create tells of a generation that was made and failed."""
    retry_after_seconds: float | None = None
    guidance: tuple[str, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        return ExitCode.GENERATION_FAILED if self.ended_generation else CATEGORY_EXIT[self.category]
