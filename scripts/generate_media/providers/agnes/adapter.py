"""Agnes AI: pictures answered at once, clips asked about on two routes (references/agnes.md).

A clip has two ids: ``task_id`` for ``GET /videos/{task_id}`` and ``video_id`` for ``GET /agnesapi`` at the host's
root. Each route has failed at times while the other worked [M], so both are asked wherever both ids are known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...core import Call, JobFailure, JobRef, Json, Reading, RemoteOutput, Request, Result
from ..base import Adapter, identity, in_path, is_url, picture, rows, seconds, text
from .errors import ERRORS

STATUSES: Mapping[str, Result | None] = {
    "queued": None,  # [D]
    "in_progress": None,  # [D]
    "pending": None,  # from here on [M,S]
    "processing": None,
    "submitted": None,
    "unknown": None,
    "completed": Result.SUCCEEDED,  # [D]
    "succeeded": Result.SUCCEEDED,
    "success": Result.SUCCEEDED,
    "done": Result.SUCCEEDED,
    "failed": Result.FAILED,  # [D]
    "error": Result.FAILED,
    "cancelled": Result.CANCELED,
    "canceled": Result.CANCELED,
}

URL_PLACES = (("url",), ("video_url",), ("metadata", "url"), ("data", "url"), ("remixed_from_video_id",))
"""Where a finished clip's URL stood at one time or another, newest first [D,M,O]."""


class Agnes(Adapter):
    """The adapter; it keeps nothing."""

    errors = ERRORS
    cost_field, cost_unit = "generated_images", "images"

    def read(self, answer: Json, *, model: str) -> Reading:
        """``status`` at the top decides; the create's oldest answer is ``{"task_id"}`` alone [O]."""
        if not isinstance(answer, dict):
            return Reading(None, "", response=answer)
        word = text(answer.get("status"))
        result = STATUSES.get(word.strip().lower())
        task = identity(answer.get("task_id")) or identity(answer.get("id"))
        video = identity(answer.get("video_id"))
        done = result is Result.SUCCEEDED
        return Reading(
            generation_id=task or video,
            status=word,
            result=result,
            aliases=(("video_id", video),) if video and video != task else (),
            progress=_number(answer.get("progress")),
            outputs=tuple(_clip(answer)) if done else (),
            usage=answer.get("usage"),
            failure=None if result is None or done else _failure(answer.get("error")),
            created_at=seconds(_number(answer.get("created_at"))),
            response=answer,
        )

    def local_result(self, request: Request, answer: Json) -> Reading | None:
        """The pictures of a create that answers with them; an error in HTTP 200 is a failure that made nothing."""
        if not request.synchronous or not isinstance(answer, dict):
            return None
        if isinstance(answer.get("data"), list):
            outputs = tuple(output for row in rows(answer, "data") for output in picture(row))
            return Reading(None, "", Result.SUCCEEDED, outputs=outputs, usage=answer.get("usage"),
                           created_at=seconds(_number(answer.get("created"))), response=answer)  # fmt: skip
        if answer.get("error"):
            return Reading(None, "", Result.FAILED, failure=_failure(answer["error"]), response=answer)
        return None

    def queries(self, job: JobRef) -> tuple[Call, ...]:
        """By video_id first, the newer route [D], then by task_id; an id of neither shape is tried as a task_id."""
        known = dict(job.aliases)
        named_video = job.generation_id.startswith("video_")
        video = known.get("video_id") or (job.generation_id if named_video else "")
        task = "" if named_video else job.generation_id
        calls: list[Call] = []
        if video:
            query = (("video_id", video), *((("model_name", job.model),) if job.model else ()))
            calls.append(Call("query", "GET", "/agnesapi", query=query, at_host_root=True))
        if task:
            calls.append(Call("query", "GET", f"/videos/{in_path(task)}"))
        return tuple(calls)

    def account(self) -> Call:
        return Call("models", "GET", "/models")

    def available_models(self) -> Call | None:
        return Call("models", "GET", "/models")

    def read_models(self, answer: Json) -> tuple[str, ...]:
        found = (text(row.get("id")) for row in rows(answer, "data") if isinstance(row, dict))
        return tuple(filter(None, found))


def _clip(answer: Mapping[str, Json]) -> Iterator[RemoteOutput]:
    """The first http(s) value among the places that have held it."""
    for place in URL_PLACES:
        value: Json = dict(answer)
        for name in place:
            value = value.get(name) if isinstance(value, dict) else None
        if is_url(value):
            yield RemoteOutput(url=value, kind="video")
            return


def _failure(error: Json) -> JobFailure:
    """``{"code", "message"}`` or a text."""
    if isinstance(error, dict):
        return JobFailure(_said(error.get("code")), _said(error.get("message")))
    return JobFailure("", _said(error))


def _said(value: Json) -> str:
    """A text, or a code that is a number."""
    return str(value) if type(value) in (str, int) else ""


def _number(value: Json) -> float | None:
    """A number, or a text that is one, such as ``"30%"``."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return float(value.strip().rstrip("%")) if isinstance(value, str) else float(value)
    except (ValueError, OverflowError):
        return None


ADAPTER = Agnes()
