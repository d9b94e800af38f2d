"""Agnes AI: pictures answered at once, clips asked about on two routes (facts: agnes, 2026-11).

A clip has two ids: ``task_id`` for ``GET /videos/{task_id}`` and ``video_id`` for ``GET /agnesapi`` at the host's
root. Each route has failed at times while the other worked [M], so both are asked wherever both ids are known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...core import Call, JobFailure, JobRef, Json, Reading, RemoteOutput, Request, Result
from ..base import Adapter, identity, in_path, picture
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
    statuses = STATUSES
    cost_field, cost_unit = "generated_images", "images"

    def create(self, request: Request) -> Call:
        return Call("create", "POST", request.path, body=request.body)

    def read(self, answer: Json, *, model: str) -> Reading:
        """``status`` at the top decides; the create's oldest answer is ``{"task_id"}`` alone [O]."""
        if not isinstance(answer, dict):
            return Reading(None, "", response=answer)
        word = answer.get("status") if isinstance(answer.get("status"), str) else ""
        result = STATUSES.get(str(word).strip().lower())
        task = identity(answer.get("task_id")) or identity(answer.get("id"))
        video = identity(answer.get("video_id"))
        done = result is Result.SUCCEEDED
        return Reading(
            generation_id=task or video,
            status=str(word),
            result=result,
            aliases=(("video_id", video),) if video and video != task else (),
            progress=_number(answer.get("progress")),
            outputs=tuple(_clip(answer)) if done else (),
            usage=answer.get("usage"),
            failure=None if result is None or done else _failure(answer.get("error")),
            created_at=_seconds(answer.get("created_at")),
            response=answer,
        )

    def local_result(self, request: Request, answer: Json) -> Reading | None:
        """The pictures of a create that answers with them; an error in HTTP 200 is a failure that made nothing."""
        if not request.synchronous or not isinstance(answer, dict):
            return None
        rows, error = answer.get("data"), answer.get("error")
        created_at = _seconds(answer.get("created"))
        if isinstance(rows, list):
            outputs = tuple(output for row in rows for output in picture(row))
            return Reading(None, "", Result.SUCCEEDED, outputs=outputs, usage=answer.get("usage"),
                           created_at=created_at, response=answer)  # fmt: skip
        if error:
            return Reading(None, "", Result.FAILED, failure=_failure(error), response=answer)
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
        rows = answer.get("data") if isinstance(answer, dict) else None
        found = [row.get("id") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
        return tuple(model for model in found if isinstance(model, str) and model)


def _clip(answer: Mapping[str, Json]) -> Iterator[RemoteOutput]:
    """The first http(s) value among the places that have held it."""
    for place in URL_PLACES:
        value: Json = dict(answer)
        for name in place:
            value = value.get(name) if isinstance(value, dict) else None
        if isinstance(value, str) and value.lower().startswith(("http://", "https://")):
            yield RemoteOutput(url=value, kind="video")
            return


def _failure(error: Json) -> JobFailure:
    """``{"code", "message"}`` or a text."""
    if isinstance(error, dict):
        return JobFailure(_text(error.get("code")), _text(error.get("message")))
    return JobFailure("", _text(error))


def _text(value: Json) -> str:
    return str(value) if type(value) in (str, int) else ""


def _number(value: Json) -> float | None:
    """A number, or a text that is one, such as ``"30%"``."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return float(value.strip().rstrip("%")) if isinstance(value, str) else float(value)
    except (ValueError, OverflowError):
        return None


def _seconds(value: Json) -> float | None:
    """Unix seconds, where the value can be such."""
    seconds = _number(value)
    return seconds if seconds is not None and 0 < seconds < 1e11 else None


ADAPTER = Agnes()
