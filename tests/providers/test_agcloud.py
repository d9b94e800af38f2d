"""The AGCloud and Ark adapter against the tables of the facts (agcloud.md)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from generate_media.core.errors import Category
from generate_media.core.readings import Answer, JobRef, Result
from generate_media.core.requests import Request
from generate_media.providers.classifier import classify, classify_job_failure
from generate_media.providers.registry import adapter_for

AGCLOUD = adapter_for("agcloud")
CREATE = "/contents/generations/tasks"


def job(identity: str = "cgt-1", model: str = "doubao-seedance-2-0-filter-off") -> JobRef:
    return JobRef(identity, model, "video")


@pytest.mark.parametrize(
    ("answer", "identity"),
    [
        ({"id": "cgt-2026"}, "cgt-2026"),
        ({"task_id": "t-1"}, "t-1"),
        ({"result": {"task_id": "t-2"}}, "t-2"),
        ({"data": {"id": "t-3"}}, "t-3"),
        ({"data": {"task_id": "t-4"}}, "t-4"),
        ({"id": 17}, "17"),
        ({"id": None, "result": {"task_id": "t-5"}}, "t-5"),
        ({"id": ""}, None),
        ({"id": True}, None),
        ({"result": "t-6"}, None),
        ({"error": {"message": "no"}}, None),
        ([], None),
        (None, None),
        ("cgt-1", None),
    ],
)
def test_the_id_is_found_in_each_documented_place(answer: Any, identity: str | None) -> None:
    reading = AGCLOUD.read(answer, model="")
    assert (reading.generation_id, reading.result) == (identity, None)


@pytest.mark.parametrize("place", ["status", "task_status"])
@pytest.mark.parametrize(
    ("word", "result"),
    [
        ("queued", None),
        ("pending", None),
        ("running", None),
        ("processing", None),
        ("succeeded", Result.SUCCEEDED),
        ("success", Result.SUCCEEDED),
        ("SUCCESS", Result.SUCCEEDED),
        ("failed", Result.FAILED),
        ("expired", Result.EXPIRED),
        ("cancelled", Result.CANCELED),
        ("polishing", None),
        ("", None),
    ],
)
def test_the_union_of_statuses(place: str, word: str, result: Result | None) -> None:
    reading = AGCLOUD.read({"id": "cgt-1", place: word}, model="")
    assert (reading.status, reading.result) == (word, result)


@pytest.mark.parametrize(
    "answer", [{"content": {"status": "succeeded"}}, {"data": {"status": "failed"}}, {"status": 3}]
)
def test_a_word_elsewhere_decides_nothing(answer: Any) -> None:
    assert AGCLOUD.read(answer, model="").result is None


VIDEO, FRAME = "https://h.example/v.mp4?sign=1", "https://h.example/f.png"


@pytest.mark.parametrize(
    ("content", "urls"),
    [
        ({"video_url": VIDEO}, [(VIDEO, "video", "")]),
        ({"video_url": VIDEO, "last_frame_url": FRAME}, [(VIDEO, "video", ""), (FRAME, "image", "last_frame")]),
        ([{"type": "video_url", "video_url": {"url": VIDEO}}], [(VIDEO, "video", "")]),
        (
            [{"video_url": {"url": VIDEO}}, {"last_frame_url": {"url": FRAME}}],
            [(VIDEO, "video", ""), (FRAME, "image", "last_frame")],
        ),
        ({"video_url": ""}, []),
        ({"video_url": "file:///etc/passwd"}, []),
        ({"video_url": {"uri": VIDEO}}, []),
        (None, []),
        ("text", []),
        ([None, 3, "x"], []),
    ],
)
def test_both_shapes_of_the_result(content: Any, urls: list[tuple[str, str, str]]) -> None:
    reading = AGCLOUD.read({"id": "cgt-1", "status": "succeeded", "content": content}, model="")
    assert [(output.url, output.kind, output.role) for output in reading.outputs] == urls


def test_the_rest_of_an_answer() -> None:
    answer: dict[str, Any] = {
        "id": "cgt-1",
        "status": "failed",
        "error": {"code": "OutputVideoSensitiveContentDetected", "message": "refused"},
        "usage": {"completion_tokens": 5},
        "created_at": 1760000000,
    }
    reading = AGCLOUD.read(answer, model="")
    assert reading.failure is not None
    assert (reading.failure.code, reading.failure.message) == ("OutputVideoSensitiveContentDetected", "refused")
    assert (reading.usage, reading.created_at, reading.response) == ({"completion_tokens": 5}, 1760000000.0, answer)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
NAMES = st.sampled_from(
    [
        "id",
        "task_id",
        "result",
        "data",
        "status",
        "task_status",
        "content",
        "video_url",
        "last_frame_url",
        "url",
        "error",
        "code",
        "message",
        "usage",
        "created_at",
        "items",
    ]
)
ANSWERS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6), max_leaves=12
)


@given(answer=ANSWERS)
def test_no_shape_of_an_answer_raises(answer: Any) -> None:
    reading = AGCLOUD.read(answer, model="kkcc")
    assert reading.generation_id is None or reading.generation_id
    assert all(output.url for output in reading.outputs)
    assert all(item.result is None or item.status for item in AGCLOUD.read_recent(answer))


@pytest.mark.parametrize("value", [None, "1760000000", True, -5, 10**400, float("nan"), float("inf")])
def test_a_time_that_is_none(value: Any) -> None:
    assert AGCLOUD.read({"id": "x", "created_at": value}, model="").created_at is None


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (None, ("", "")),
        ("broken", ("", "broken")),
        ({"type": "server_error", "message": "x"}, ("server_error", "x")),
        ({"code": "A", "type": "server_error", "message": "x"}, ("A", "x")),
        ({"code": 5}, ("", "")),
        ([], ("", "")),
    ],
)
def test_an_end_without_a_coded_error(error: Any, failure: tuple[str, str]) -> None:
    """AGCloud's own shape has a type in the code's place."""
    reading = AGCLOUD.read({"id": "x", "status": "expired", "error": error}, model="")
    assert (reading.result, reading.failure) == (Result.EXPIRED, failure)
    assert AGCLOUD.read({"id": "x", "status": "running", "error": error}, model="").failure is None


@pytest.mark.parametrize(
    ("model", "calls"),
    [
        ("doubao-seedance-2-0-filter-off", ["GET"]),
        ("ep-2026", ["GET"]),
        ("kkcc", ["GET", "POST"]),
        ("kkcc-fast", ["GET", "POST"]),
        ("", ["GET", "POST"]),
    ],
)
def test_where_a_task_is_asked_about(model: str, calls: list[str]) -> None:
    queries = AGCLOUD.queries(job("cgt/1 2", model))
    assert [call.method for call in queries] == calls
    assert queries[0].path == CREATE + "/cgt%2F1%202"
    for call in queries[1:]:
        assert (call.path, call.at_host_root, call.body) == ("/v1/video-tasks/query", True, {"task_id": "cgt/1 2"})


def test_the_other_calls() -> None:
    request = Request("agcloud", CREATE, CREATE, "kkcc", "video", False, {"model": "kkcc"})
    create, cancel, recent = AGCLOUD.create(request), AGCLOUD.cancel(job()), AGCLOUD.recent("ep-1")
    assert (create.method, create.path, create.body, create.at_host_root) == ("POST", CREATE, {"model": "kkcc"}, False)
    assert cancel is not None
    assert (cancel.method, cancel.path) == ("DELETE", CREATE + "/cgt-1")
    assert recent is not None
    assert (recent.method, recent.path) == ("GET", CREATE)
    assert ("filter.model", "ep-1") in recent.query
    assert ("page_size", "1") in AGCLOUD.account().query


URL, BAD = {"url": "https://cdn.example/1.jpg", "size": "2048x2048"}, {"error": {"code": "C", "message": "m"}}
S, F = Result.SUCCEEDED, Result.FAILED


# ark-images.md: an element of a set may be an error; a whole failure has an error of its own
@pytest.mark.parametrize(
    ("answer", "result", "outputs", "alone"),
    [
        ({"data": [URL]}, S, 1, []),
        ({"data": [URL, BAD, {"url": "", "b64_json": "QUJD"}], "error": None}, S, 2, [2]),
        ({"data": [BAD, BAD]}, F, 0, [1, 2]),
        ({"data": [], "error": {"code": "C", "message": "m"}}, F, 0, []),
        ({"data": None, "error": {"code": "C", "message": "m"}}, F, 0, []),
        ({"error": {"code": "C", "message": "m"}}, F, 0, []),
        ({"data": [URL], "error": {"code": "C", "message": "m"}}, S, 1, []),
        ({"data": [{"error": "words"}, {"url": "file:///etc/passwd"}, None, 7]}, F, 0, [1]),
        ({"data": []}, S, 0, []),
        ({"data": {}}, None, 0, []),
        ({"id": "cgt-1"}, None, 0, []),
        ([], None, 0, []),
        (None, None, 0, []),
    ],
)
def test_what_a_pictures_answer_says(answer: Any, result: Result | None, outputs: int, alone: list[int]) -> None:
    request = Request("ark", "/images/generations", "/images/generations", "m", "image", False, {}, synchronous=True)
    reading = AGCLOUD.local_result(request, answer)
    assert (reading and reading.result, len(reading.outputs) if reading else 0) == (result, outputs)
    assert [place for place, _ in AGCLOUD.failed_alone(answer)] == alone
    if reading and result is F:
        assert reading.failure is not None
        assert reading.failure in (("C", "m"), ("", "words"))


def test_a_clips_answer_is_no_picture() -> None:
    request = Request("ark", CREATE, CREATE, "m", "video", False, {})
    assert AGCLOUD.local_result(request, {"data": [URL]}) is None


def test_the_list_comes_newest_first() -> None:
    items: list[Any] = [{"id": "a", "created_at": 5}, {"id": "b", "created_at": 9}, {"id": "c"}, None]
    readings = AGCLOUD.read_recent({"total": 4, "items": items})
    assert [reading.generation_id for reading in readings] == ["b", "a", "c", None]
    odds: list[Any] = [None, [], {"items": None}, {"items": {}}]
    for odd in odds:
        assert AGCLOUD.read_recent(odd) == ()


C = Category
# (HTTP, code, message, category of a create, retry of a create, category of a query, retry of a query)
ERRORS: list[tuple[int, str, str, Category, bool, Category, bool]] = [
    (400, "MissingParameter", "content is missing", C.VALIDATION, False, C.VALIDATION, False),
    (400, "InvalidParameter", "x", C.VALIDATION, False, C.VALIDATION, False),
    (400, "InvalidParameter.Duration", "x", C.VALIDATION, False, C.VALIDATION, False),
    (400, "InvalidParameter.TaskTypeConstraint", "x", C.VALIDATION, False, C.VALIDATION, False),
    (400, "InputTextSensitiveContentDetected", "x", C.CONTENT_REJECTED, False, C.CONTENT_REJECTED, False),
    (400, "InputImageSensitiveContentDetected", "x", C.CONTENT_REJECTED, False, C.CONTENT_REJECTED, False),
    (
        400,
        "InputImageSensitiveContentDetected.PolicyViolation",
        "x",
        C.CONTENT_REJECTED,
        False,
        C.CONTENT_REJECTED,
        False,
    ),
    (400, "OutputVideoSensitiveContentDetected", "x", C.CONTENT_REJECTED, False, C.CONTENT_REJECTED, False),
    (400, "InvalidEndpoint.ClosedEndpoint", "x", C.NOT_FOUND, False, C.NOT_FOUND, False),
    (401, "AuthenticationError", "x", C.AUTH, False, C.AUTH, False),
    (401, "InvalidAccountStatus", "x", C.AUTH, False, C.AUTH, False),
    (403, "AccessDenied", "x", C.AUTH, False, C.AUTH, False),
    (403, "OperationDenied.ServiceNotOpen", "x", C.AUTH, False, C.AUTH, False),
    (403, "AccountOverdueError", "x", C.CREDITS, False, C.CREDITS, False),
    (403, "", "Your account balance is not enough", C.CREDITS, False, C.CREDITS, False),
    (404, "InvalidEndpointOrModel.NotFound", "x", C.NOT_FOUND, False, C.NOT_FOUND, False),
    (404, "ModelNotOpen", "x", C.NOT_FOUND, False, C.NOT_FOUND, False),
    (404, "ResourceNotFound", "x", C.NOT_FOUND, False, C.NOT_FOUND, True),
    (429, "RateLimitExceeded.EndpointRPMExceeded", "x", C.TRANSIENT, True, C.TRANSIENT, True),
    (429, "ModelAccountRpmRateLimitExceeded", "x", C.TRANSIENT, True, C.TRANSIENT, True),
    (429, "ServerOverloaded", "x", C.TRANSIENT, True, C.TRANSIENT, True),
    (429, "RequestBurstTooFast", "x", C.TRANSIENT, True, C.TRANSIENT, True),
    (429, "InflightBatchsizeExceeded", "x", C.TRANSIENT, True, C.TRANSIENT, True),
    (429, "QuotaExceeded", "too many queued tasks", C.TRANSIENT, True, C.TRANSIENT, True),
    (429, "QuotaExceeded", "your free quota is used up", C.CREDITS, False, C.CREDITS, False),
    (429, "SetLimitExceeded", "the limit you set is reached", C.CREDITS, False, C.CREDITS, False),
    (429, "SetLimitExceeded", "too many requests queued", C.TRANSIENT, True, C.TRANSIENT, True),
    (429, "", "slow down", C.TRANSIENT, True, C.TRANSIENT, True),
    (500, "InternalServiceError", "x", C.OUTCOME_UNKNOWN, False, C.TRANSIENT, True),
    (502, "", "bad gateway", C.OUTCOME_UNKNOWN, False, C.TRANSIENT, True),
]


def failure(status: int, code: str, message: str, operation: str, *, agcloud: bool = False) -> Any:
    ark = {"error": {"code": code, "message": message, "param": "", "type": "BadRequest" if code else ""}}
    body = {"type": "error", "error": {"type": code, "message": message}} if agcloud else ark
    return classify(Answer(status, {}, json.dumps(body)), AGCLOUD.errors, operation=operation, wall=0.0)


@pytest.mark.parametrize("agcloud", [False, True], ids=["Ark's body", "AGCloud's body"])
@pytest.mark.parametrize("row", ERRORS, ids=lambda row: f"{row[0]} {row[1] or row[2]}")
def test_each_code_of_the_facts(row: tuple[int, str, str, Category, bool, Category, bool], agcloud: bool) -> None:
    status, code, message, *expected = row
    create, query = (failure(status, code, message, name, agcloud=agcloud) for name in ("create", "query"))
    found = [create.category, create.should_retry, query.category, query.should_retry]
    assert found == expected
    assert create.may_have_been_created is (create.category is C.OUTCOME_UNKNOWN)
    assert query.may_have_been_created is False
    for operation in ("list", "cancel"):
        assert failure(status, code, message, operation, agcloud=agcloud).may_have_been_created is False


@pytest.mark.parametrize("operation", ["create", "query", "list", "cancel"])
def test_no_code_of_a_refusal_is_retried_on_any_call(operation: str) -> None:
    for status, code, message, category, retry, *_ in ERRORS:
        if status < 404 and not retry:
            found = failure(status, code, message, operation)
            assert (found.category, found.should_retry) == (category, False), code


def test_a_running_task_that_cannot_be_deleted() -> None:
    found = failure(409, "InvalidAction.RunningTaskDeletion", "x", "cancel")
    assert (found.category, found.should_retry) == (C.TRANSIENT, False)
    assert "cannot be cancelled" in found.guidance[0]


@pytest.mark.parametrize("status", [404, 405])
@pytest.mark.parametrize(
    ("operation", "words"), [("list", "does not offer a list"), ("cancel", "does not offer to cancel")]
)
def test_a_call_that_is_not_offered(status: int, operation: str, words: str) -> None:
    found = classify(Answer(status, {}, "<html>no such page</html>"), AGCLOUD.errors, operation=operation, wall=0.0)
    assert (found.category, found.should_retry) == (C.NOT_FOUND, False)
    assert words in found.guidance[0]


@pytest.mark.parametrize("status", [404, 405])
def test_a_404_on_the_create_tells_about_the_base_url(status: int) -> None:
    """The facts mark AGCloud's base URL as inferred; a coded 404 says that the right place was found."""
    found = classify(Answer(status, {}, "<html>nginx</html>"), AGCLOUD.errors, operation="create", wall=0.0)
    assert "base URL is inferred" in found.guidance[0]
    assert "--base-url" in found.guidance[0]
    assert "--base-url" not in " ".join(failure(404, "ModelNotOpen", "x", "create").guidance)


@pytest.mark.parametrize(
    ("code", "message", "category"),
    [
        ("OutputVideoSensitiveContentDetected", "x", C.CONTENT_REJECTED),
        ("AccountOverdueError", "x", C.CREDITS),
        ("InternalServiceError", "x", C.UNKNOWN),
        ("", "the clip was refused", C.UNKNOWN),
    ],
)
def test_the_code_of_a_failed_task(code: str, message: str, category: Category) -> None:
    assert classify_job_failure(code, message, AGCLOUD.errors) is category
