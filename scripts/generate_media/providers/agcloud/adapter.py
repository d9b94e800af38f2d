"""AGCloud's content-generation tasks, which Volcengine Ark and BytePlus speak too (references/agcloud.md), and the
pictures that those two answer at once (references/ark-pictures.md).

Which of them is called, and with which key, is configuration alone. ``kkcc`` is AGCloud's model family that is
asked about at a second place, ``POST /v1/video-tasks/query`` at the host's root [AG].
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ...core import Call, JobFailure, JobRef, Json, Reading, RemoteOutput, Request, Result
from ..base import Adapter, identity, in_path, is_url, picture, rows, seconds, text
from .errors import ERRORS

TASKS = "/contents/generations/tasks"
RECENT_PAGE_SIZE = 100

STATUSES: Mapping[str, Result | None] = {
    "queued": None,
    "pending": None,
    "running": None,
    "processing": None,
    "succeeded": Result.SUCCEEDED,
    "success": Result.SUCCEEDED,
    "failed": Result.FAILED,
    "expired": Result.EXPIRED,
    "cancelled": Result.CANCELED,
}


class AGCloud(Adapter):
    """The adapter; it keeps nothing."""

    errors = ERRORS
    cost_field, cost_unit = "total_tokens", "tokens"
    listed_kinds = ("video",)

    def read(self, answer: Json, *, model: str) -> Reading:
        """``status`` (Ark) or ``task_status`` (kkcc) at the top decides; a create's answer has neither."""
        if not isinstance(answer, dict):
            return Reading(None, "", response=answer)
        word = text(answer.get("status")) or text(answer.get("task_status"))
        result = STATUSES.get(word.lower())
        return Reading(
            generation_id=_identity(answer),
            status=word,
            result=result,
            outputs=tuple(_outputs(answer.get("content"))),
            usage=answer.get("usage"),
            failure=None if result in (None, Result.SUCCEEDED) else _failure(answer.get("error")),
            created_at=seconds(answer.get("created_at")),
            ended_at=None if result is None else seconds(answer.get("updated_at")),
            response=answer,
        )

    def local_result(self, request: Request, answer: Json) -> Reading | None:
        """The pictures of a create that answers with them. It failed where each of them failed alone, or where the
        whole has an ``error`` [D]."""
        if not request.synchronous or not isinstance(answer, dict):
            return None
        alone = self.failed_alone(answer)
        outputs = tuple(output for row in rows(answer, "data") for output in picture(row))
        failure = alone[0][1] if alone else _failure(answer["error"]) if answer.get("error") else None
        if failure is None and not isinstance(answer.get("data"), list):
            return None
        return Reading(
            generation_id=None,
            status="",
            result=Result.SUCCEEDED if outputs or failure is None else Result.FAILED,
            outputs=outputs,
            usage=answer.get("usage"),
            failure=None if outputs else failure,
            created_at=seconds(answer.get("created")),
            response=answer,
        )

    def failed_alone(self, answer: Json) -> tuple[tuple[int, JobFailure], ...]:
        """Elements of a set's ``data`` that are an ``error`` in place of a picture [D][SDK]."""
        numbered = enumerate(rows(answer, "data"), start=1)
        return tuple(
            (place, _failure(row["error"])) for place, row in numbered if isinstance(row, dict) and row.get("error")
        )

    def queries(self, job: JobRef) -> tuple[Call, ...]:
        """GET first; then kkcc's own place, also for a job whose model nobody knows."""
        get = Call("query", "GET", _task_path(job))
        if job.model and not job.model.startswith("kkcc"):
            return (get,)
        body = {"task_id": job.generation_id}
        return (get, Call("query", "POST", "/v1/video-tasks/query", body=body, at_host_root=True))

    def recent(self, model: str) -> Call | None:
        query = (("page_num", "1"), ("page_size", str(RECENT_PAGE_SIZE)), ("filter.model", model))
        return Call("list", "GET", TASKS, query=query)

    def read_recent(self, answer: Json) -> tuple[Reading, ...]:
        found = [self.read(item, model="") for item in rows(answer, "items")]
        return tuple(sorted(found, key=lambda reading: -(reading.created_at or 0.0)))

    def may_be_of(self, model: str, reading: Reading) -> bool:
        """An endpoint of the user's own (``ep-…``) may be told by its id or by its model's name [I]."""
        return model.startswith("ep-") or super().may_be_of(model, reading)

    def cancel(self, job: JobRef) -> Call | None:
        """For a queued job only: the same call destroys the record of an ended one [ARK]."""
        return Call("cancel", "DELETE", _task_path(job))

    def account(self) -> Call:
        return Call("list", "GET", TASKS, query=(("page_num", "1"), ("page_size", "1")))


def _task_path(job: JobRef) -> str:
    return f"{TASKS}/{in_path(job.generation_id)}"


def _identity(answer: Mapping[str, Json]) -> str | None:
    """``id`` [ARK], ``result.task_id`` [AG], and the places between that AGCloud's answers may use [I]."""
    result, data = answer.get("result"), answer.get("data")
    places = [answer.get("id"), answer.get("task_id")]
    places += [result.get("task_id")] if isinstance(result, dict) else []
    places += [data.get("id"), data.get("task_id")] if isinstance(data, dict) else []
    return next(filter(None, map(identity, places)), None)


def _outputs(content: Json) -> Iterator[RemoteOutput]:
    """``content.video_url`` and ``content.last_frame_url`` [ARK]; ``content[].video_url.url`` [AG]."""
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, dict):
            yield from _output(part.get("video_url"), "video", "")
            yield from _output(part.get("last_frame_url"), "image", "last_frame")


def _output(place: Json, kind: str, role: str) -> Iterator[RemoteOutput]:
    url = place.get("url") if isinstance(place, dict) else place
    if is_url(url):
        yield RemoteOutput(url=url, kind=kind, role=role)


def _failure(error: Json) -> JobFailure:
    if not isinstance(error, dict):
        return JobFailure("", text(error))
    return JobFailure(text(error.get("code")) or text(error.get("type")), text(error.get("message")))


ADAPTER = AGCloud()
