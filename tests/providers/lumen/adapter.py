"""Lumen's protocol as the lifecycle wants it."""

from __future__ import annotations

from collections.abc import Mapping

from generate_media.core import (
    Answer,
    Call,
    Category,
    JobFailure,
    JobRef,
    Json,
    Reading,
    RemoteOutput,
    Result,
    parse_json,
)
from generate_media.providers import Adapter, ErrorRule

STATES: Mapping[str, Result | None] = {
    "waiting": None,
    "drawing": None,
    "ready": Result.SUCCEEDED,
    "broken": Result.FAILED,
}
ERRORS = (
    ErrorRule(Category.AUTH, "lumen", code="^4010$"),
    ErrorRule(Category.CREDITS, "lumen", code="^4020$"),
    ErrorRule(Category.VALIDATION, "lumen", code="^4000$"),
    ErrorRule(Category.NOT_FOUND, "lumen", code="^4040$"),
    ErrorRule(Category.CONTENT_REJECTED, "lumen", code="^4060$"),
    ErrorRule(Category.TRANSIENT, "lumen; nothing was made", code="^4290$", retry=True),
    ErrorRule(Category.OUTCOME_UNKNOWN, "lumen", code="^5000$", on=("create",), may_have_been_created=True),
    ErrorRule(Category.TRANSIENT, "lumen", code="^5000$", retry=True),
)


class Lumen(Adapter):
    """The adapter; it keeps nothing."""

    errors = ERRORS
    renews_urls = True

    def read(self, answer: Json, *, model: str) -> Reading:
        if not isinstance(answer, dict):
            return Reading(None, "", response=answer)
        state, clip = answer.get("state"), answer.get("clip")
        word = state if isinstance(state, str) else ""
        result = STATES.get(word)
        return Reading(
            generation_id=clip if isinstance(clip, str) and clip else None,
            status=word,
            result=result,
            failure=_told(answer.get("why")) if result is Result.FAILED else None,
            response=answer,
        )

    def queries(self, job: JobRef) -> tuple[Call, ...]:
        return (Call("query", "GET", "/clips/state", query=(("clip", job.generation_id),)),)

    def refusal(self, answer: Answer) -> JobFailure | None:
        body = parse_json(answer.body)
        told = _told(body.get("verdict")) if isinstance(body, dict) else None
        return told if told is not None and told.code != "0" else None

    def files(self, ended: Reading) -> tuple[Call, ...]:
        file = ended.response.get("file") if isinstance(ended.response, dict) else None
        return (Call("query", "GET", "/files/link", query=(("file", file),)),) if isinstance(file, str) else ()

    def read_files(self, answer: Json) -> tuple[RemoteOutput, ...]:
        link = answer.get("link") if isinstance(answer, dict) else None
        return (RemoteOutput(url=link, kind="video"),) if isinstance(link, str) and link.startswith("http") else ()


def _told(verdict: Json) -> JobFailure | None:
    """``{"no", "text"}``."""
    if not isinstance(verdict, dict) or type(verdict.get("no")) is not int:
        return None
    return JobFailure(str(verdict["no"]), str(verdict.get("text") or ""))


ADAPTER = Lumen()
