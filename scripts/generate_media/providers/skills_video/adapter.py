"""skills.video: one call to create and stream, one to query (references/open-platform-api.md)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from ...core import Call, JobFailure, JobRef, Json, Reading, RemoteOutput, Result
from ..base import Adapter, identity, in_path, text
from .errors import ERRORS

_URL = re.compile(r"^https?://\S+$", re.IGNORECASE)
_NOT_OUTPUT = frozenset({"input", "prompt", "actual_prompt"})

STATUSES: Mapping[str, Result | None] = {
    "in_queue": None,
    "in_progress": None,
    "starting": None,
    "processing": None,
    "queued": None,
    "running": None,
    "completed": Result.SUCCEEDED,
    "succeeded": Result.SUCCEEDED,
    "failed": Result.FAILED,
    "canceled": Result.CANCELED,
    "cancelled": Result.CANCELED,
}


class SkillsVideo(Adapter):
    """The adapter; it keeps nothing."""

    errors = ERRORS
    cost_field, cost_unit = "total", "credits"

    def read(self, answer: Json, *, model: str) -> Reading:
        """The top-level ``status`` is the only truth; an event's name or a nested state decides nothing [D]."""
        if not isinstance(answer, dict):
            return Reading(None, "", response=answer)
        word = text(answer.get("status"))
        result = STATUSES.get(word.lower())
        failed = result in (Result.FAILED, Result.CANCELED)
        return Reading(
            generation_id=identity(answer.get("id")),
            status=word,
            result=result,
            outputs=tuple(_outputs(answer.get("data"))),
            usage=answer.get("usage"),
            failure=JobFailure(text(answer.get("code")), text(answer.get("message"))) if failed else None,
            response=answer,
        )

    def queries(self, job: JobRef) -> tuple[Call, ...]:
        template = job.query_path or "/generation/{id}"
        path = re.sub(r"\{[^}]*\}", lambda _: in_path(job.generation_id), template, count=1)
        return (Call("query", "GET", path),)

    def account(self) -> Call:
        return Call("credits", "GET", "/credits")


def _outputs(data: Json) -> Iterator[RemoteOutput]:
    """Outputs by shape: every http(s) URL under ``data``, in order, each once, never from ``input``."""
    seen: set[str] = set()
    for url, kind in _urls(data, ""):
        if url not in seen:
            seen.add(url)
            yield RemoteOutput(url=url, kind=kind)


def _urls(value: Json, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str) and _URL.match(value):
        yield value, next((kind for kind in ("image", "video", "audio") if kind in key.lower()), "")
    elif isinstance(value, list):
        for item in value:
            yield from _urls(item, key)
    elif isinstance(value, dict):
        for name, item in value.items():
            if name.lower() not in _NOT_OUTPUT:
                yield from _urls(item, key if name == "url" else name)


ADAPTER = SkillsVideo()
