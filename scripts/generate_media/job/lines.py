"""The last line of a job, and its sidecar: values in, dictionaries out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import __version__
from ..core import (
    CATEGORY_EXIT,
    GONE,
    Category,
    ExitCode,
    GenerateMediaError,
    JobFailure,
    SavedOutput,
    clean_text,
    short,
    without_none,
)
from ..events import Outcome
from ..providers import GUIDANCE
from ..request import differences

if TYPE_CHECKING:
    from ..journal import Row


class Ended(NamedTuple):
    """What a terminal line is made of."""

    row: Row
    source: str
    elapsed_seconds: float
    sandbox: bool
    verbose: bool
    complete_urls: bool
    reused: bool = False
    more_outputs: int = 0
    """So many beyond MAX_OUTPUTS were neither fetched nor printed."""

    @property
    def stem(self) -> str:
        """The name of its files and its sidecar, without an ending."""
        from ..files import stem

        return stem(self.row.prompt, self.row.provider, self.row.generation_id or "")


def terminal(end: Ended, saved: Sequence[SavedOutput]) -> Outcome:
    """A job that succeeded."""
    line = _head(end, ok=True) | {
        "outputs": [item.as_json(show_query=end.complete_urls) for item in saved],
        "requested": differences(end.row.asked, end.row.request, saved) or None,
        **_tail(end),
    }
    return Outcome(ExitCode.OK, without_none(line))


_FAILED_GUIDANCE = ("the same command makes a new job; change what failed first",)
_GONE_GUIDANCE = (
    "what it made, if anything, can perhaps still be seen in the provider's console, and was perhaps paid for",
    "the same command makes a new job, and may pay again",
)


def failed(end: Ended, failure: JobFailure | None, category: Category, recharge: Mapping[str, str]) -> Outcome:
    """A job that reached an end without a result: failed, canceled or expired (exit 10, or 20 or 26 by code).
    ``recharge`` is where to top up."""
    own = category in (Category.CREDITS, Category.CONTENT_REJECTED)
    gone = failure is not None and failure.code == GONE
    code = CATEGORY_EXIT[category] if own else ExitCode.GENERATION_FAILED
    line = _head(end, ok=False) | {
        "error": clean_text(failure.code, 200) if failure and failure.code else f"generation_{end.row.result}",
        "category": category.value,
        "message": clean_text(failure.message) if failure and failure.message else None,
        "may_have_been_created": True if gone else None,
        "guidance": list(GUIDANCE[category]) if own else list(_GONE_GUIDANCE if gone else _FAILED_GUIDANCE),
        "recharge": dict(recharge) if category is Category.CREDITS else None,
        "outputs": [],
        **_tail(end),
    }
    return Outcome(code, without_none(line))


def no_file(end: Ended, error: GenerateMediaError, saved: Sequence[SavedOutput] = ()) -> Outcome:
    """Generated, but nothing (or not everything) on disk: exit 14."""
    line = _head(end, ok=False) | {
        "error": error.code,
        "category": Category.UNKNOWN.value,
        "message": clean_text(error.message),
        "guidance": list(error.guidance),
        **error.details,
        "outputs": [item.as_json(show_query=end.complete_urls) for item in saved],
        **_tail(end),
    }
    return Outcome(ExitCode.NO_OUTPUT, without_none(line))


def _head(end: Ended, *, ok: bool) -> dict[str, Any]:
    return {
        "event": "terminal",
        "ok": ok,
        "provider": end.row.provider,
        "model": end.row.model or None,
        "generation_id": end.row.generation_id,
        "status": end.row.status,
        "result": end.row.result,
        "source": end.source,
        "reused": True if end.reused else None,
    }


def _tail(end: Ended) -> dict[str, Any]:
    return {
        "more_outputs": end.more_outputs or None,
        "usage": short(end.row.usage),
        "elapsed_seconds": round(end.elapsed_seconds, 3),
        "sandbox": True if end.sandbox else None,
        "response": end.row.response if end.verbose else None,
    }


def sidecar_record(end: Ended, saved: Sequence[SavedOutput], error: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The record beside the files: how they were made, without media bytes and without any key."""
    row = end.row
    return {
        "generate_media": __version__,
        "provider": row.provider,
        "model": row.model,
        "endpoint": row.path,
        "kind": row.kind,
        "prompt": row.prompt,
        "request": row.request,
        "fingerprint": row.fingerprint,
        "copy": row.copy,
        "generation_id": row.generation_id,
        "status": row.status,
        "result": row.result,
        "sandbox": end.sandbox,
        "usage": row.usage,
        "created_at": row.created_at,
        "accepted_at": row.accepted_at,
        "ended_at": row.ended_at,
        "elapsed_seconds": round(end.elapsed_seconds, 3),
        "outputs": [_sidecar_output(item) for item in saved],
        "more_outputs": end.more_outputs,
        "response": row.response,
        "error": dict(error) if error else None,
    }


def _sidecar_output(item: SavedOutput) -> dict[str, Any]:
    row = item.as_json(show_query=True)
    if item.path:
        row["path"] = item.path.replace("\\", "/").rsplit("/", 1)[-1]
    return row
