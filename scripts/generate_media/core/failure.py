"""What a failure is to its reader: a category, an exit code, and a provider's error answer classified by them."""

from collections.abc import Mapping
from enum import Enum, IntEnum
from typing import NamedTuple


class ExitCode(IntEnum):
    OK = 0
    USAGE = 2
    GENERATION_FAILED = 10
    DEADLINE = 11
    DEADLINE_READS_FAILED = 12
    OUTCOME_UNKNOWN = 13
    NO_OUTPUT = 14
    CREDITS = 20
    AUTH = 21
    INVALID = 22
    NOT_FOUND = 23
    TRANSIENT = 24
    UNKNOWN = 25
    CONTENT_REJECTED = 26
    SIGINT = 130
    SIGTERM = 143


class Category(str, Enum):
    CREDITS = "insufficient_credits"
    AUTH = "auth"
    VALIDATION = "validation"
    NOT_FOUND = "not_found"
    TRANSIENT = "transient"
    UNKNOWN = "unknown"
    CONTENT_REJECTED = "content_rejected"
    OUTCOME_UNKNOWN = "outcome_unknown"


CATEGORY_EXIT: Mapping[Category, ExitCode] = {
    Category.CREDITS: ExitCode.CREDITS,
    Category.AUTH: ExitCode.AUTH,
    Category.VALIDATION: ExitCode.INVALID,
    Category.NOT_FOUND: ExitCode.NOT_FOUND,
    Category.TRANSIENT: ExitCode.TRANSIENT,
    Category.UNKNOWN: ExitCode.UNKNOWN,
    Category.CONTENT_REJECTED: ExitCode.CONTENT_REJECTED,
    Category.OUTCOME_UNKNOWN: ExitCode.OUTCOME_UNKNOWN,
}


class Failure(NamedTuple):
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
