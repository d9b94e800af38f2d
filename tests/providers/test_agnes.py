"""Agnes's adapter against the facts' tables: statuses, URL places, ids and routes, error bodies."""

from __future__ import annotations

import json
from typing import Any

import pytest

from generate_media.core.errors import Category, ExitCode
from generate_media.core.failure import Failure
from generate_media.core.readings import Answer, JobRef, Json, Result
from generate_media.core.requests import Call, Request
from generate_media.providers.base import Adapter
from generate_media.providers.classifier import classify, classify_job_failure
from generate_media.providers.registry import adapter_for

AGNES: Adapter = adapter_for("agnes")
VIDEO = "agnes-video-2.5-flash"


def request(path: str, *, synchronous: bool) -> Request:
    return Request("agnes", path, path, "m", "image", False, {"model": "m"}, synchronous=synchronous)


IMAGE = request("/images/generations", synchronous=True)
CREATED: dict[str, Json] = {
    "id": "task_a1",
    "task_id": "task_a1",
    "video_id": "video_b2",
    "object": "video",
    "model": VIDEO,
    "status": "queued",
    "progress": 0,
    "created_at": 1790000000,
    "seconds": "5.0",
    "size": "1152x768",
}


def test_create_answer_gives_both_ids() -> None:
    reading = AGNES.read(CREATED, model=VIDEO)
    assert (reading.generation_id, reading.aliases) == ("task_a1", (("video_id", "video_b2"),))
    assert (reading.status, reading.result, reading.progress) == ("queued", None, 0.0)
    assert reading.created_at == 1790000000.0


def test_oldest_create_answer_is_the_task_id_alone() -> None:
    reading = AGNES.read({"task_id": "task_a1"}, model=VIDEO)
    assert (reading.generation_id, reading.aliases, reading.status, reading.result) == ("task_a1", (), "", None)


@pytest.mark.parametrize(
    ("word", "result"),
    [
        *[(word, None) for word in ("queued", "in_progress", "pending", "processing", "submitted", "unknown")],
        *[(word, Result.SUCCEEDED) for word in ("completed", "succeeded", "success", "done", "COMPLETED")],
        *[(word, Result.FAILED) for word in ("failed", "error")],
        *[(word, Result.CANCELED) for word in ("cancelled", "canceled")],
        ("brewing", None),
    ],
)
def test_status_words(word: str, result: Result | None) -> None:
    reading = AGNES.read({"task_id": "t", "status": word}, model=VIDEO)
    assert (reading.status, reading.result) == (word, result)


A, B = "https://cdn.example.com/a.mp4", "https://cdn.example.com/b.mp4"


@pytest.mark.parametrize(
    ("fields", "url"),
    [
        ({"url": A, "video_url": B}, A),
        ({"url": None, "video_url": A, "metadata": {"url": B}}, A),
        ({"url": "", "metadata": {"url": A}, "data": {"url": B}}, A),
        ({"metadata": None, "data": {"url": A}, "remixed_from_video_id": B}, A),
        ({"remixed_from_video_id": A}, A),
        ({"url": "video_b2", "remixed_from_video_id": A}, A),
        ({"metadata": "none", "data": [1], "video_url": 7}, None),
        ({"remixed_from_video_id": None}, None),
    ],
)
def test_url_places_in_order(fields: dict[str, Json], url: str | None) -> None:
    reading = AGNES.read({"task_id": "t", "status": "completed", **fields}, model=VIDEO)
    assert [output.url for output in reading.outputs] == ([url] if url else [])
    assert reading.result is Result.SUCCEEDED


def test_no_output_before_the_end() -> None:
    assert AGNES.read({"task_id": "t", "status": "in_progress", "url": A}, model=VIDEO).outputs == ()


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        ({"code": "stuck_inference", "message": "gave up"}, "stuck_inference", "gave up"),
        ({"code": 500, "message": "gave up"}, "500", "gave up"),
        ("gave up", "", "gave up"),
        (None, "", ""),
    ],
)
def test_failed_task_is_http_200(error: Json, code: str, message: str) -> None:
    failure = AGNES.read({"task_id": "t", "status": "failed", "error": error}, model=VIDEO).failure
    assert failure is not None
    assert (failure.code, failure.message) == (code, message)


@pytest.mark.parametrize("odd", [None, [], "text", 5, {"status": 7, "id": True, "progress": "no"}, {"data": None}])
def test_odd_shapes_are_no_job(odd: Json) -> None:
    reading = AGNES.read(odd, model=VIDEO)
    assert (reading.generation_id, reading.status, reading.result) == (None, "", None)


@pytest.mark.parametrize("odd", [None, [], ["https://h.example/a.png"], "text", 5, {"data": None}, {"data": {}}, {}])
def test_odd_answers_to_a_picture_are_no_picture(odd: Json) -> None:
    assert AGNES.local_result(IMAGE, odd) is None


@pytest.mark.parametrize("word", ["queued", "in_progress", "completed"])
def test_a_job_that_has_not_failed_has_no_failure(word: str) -> None:
    """Whatever stands in ``error`` meanwhile."""
    error: Json = {"code": "x", "message": "y"}
    assert AGNES.read({"task_id": "t", "status": word, "error": error}, model=VIDEO).failure is None


@pytest.mark.parametrize("value", [None, True, 0, -5, 1e11, 10**400, float("nan"), float("inf"), "soon", [1]])
def test_a_time_that_is_none(value: Json) -> None:
    assert AGNES.read({"task_id": "t", "created_at": value}, model=VIDEO).created_at is None


def by_video(model: str = VIDEO) -> Call:
    query = (("video_id", "video_b2"), *((("model_name", model),) if model else ()))
    return Call("query", "GET", "/agnesapi", query=query, at_host_root=True)


BY_TASK = Call("query", "GET", "/videos/task_a1")


@pytest.mark.parametrize(
    ("job", "calls"),
    [
        (JobRef("task_a1", VIDEO, "video", (("video_id", "video_b2"),)), (by_video(), BY_TASK)),
        (JobRef("task_a1", VIDEO, "video"), (BY_TASK,)),
        (JobRef("video_b2", VIDEO, "video"), (by_video(),)),
        (JobRef("video_b2", "", "video"), (by_video(""),)),
        (JobRef("a/b", VIDEO, "video"), (Call("query", "GET", "/videos/a%2Fb"),)),
    ],
)
def test_each_id_goes_to_its_own_route(job: JobRef, calls: tuple[Call, ...]) -> None:
    assert AGNES.queries(job) == calls


@pytest.mark.parametrize(
    ("row", "url", "inline"),
    [
        ({"url": A, "b64_json": None, "revised_prompt": "x"}, A, None),
        ({"url": A, "b64_json": ""}, A, None),
        ({"url": "", "b64_json": "AAAA"}, None, "AAAA"),
        ({"url": None, "b64_json": "data:image/png;base64,AAAA"}, None, "AAAA"),
    ],
)
def test_picture_answer(row: dict[str, Json], url: str | None, inline: str | None) -> None:
    usage = {"generated_images": 1}
    reading = AGNES.local_result(IMAGE, {"created": 1790000000, "data": [row], "usage": usage})  # type: ignore[dict-item]
    assert reading is not None
    assert [(output.url, output.inline, output.kind) for output in reading.outputs] == [(url, inline, "image")]
    assert (reading.generation_id, reading.result, reading.usage) == (None, Result.SUCCEEDED, usage)


def test_picture_answer_without_picture_is_a_success_without_output() -> None:
    rows: list[Json] = [[], [{"url": "", "b64_json": None}], ["?"]]
    for data in rows:
        reading = AGNES.local_result(IMAGE, {"data": data})
        assert reading is not None
        assert (reading.result, reading.outputs) == (Result.SUCCEEDED, ())


def test_error_in_http_200_is_a_failure() -> None:
    reading = AGNES.local_result(IMAGE, {"error": {"code": "prompt_blocked", "message": "no"}})
    assert reading is not None
    assert reading.result is Result.FAILED


def test_video_create_is_not_synchronous() -> None:
    assert AGNES.local_result(request("/videos", synchronous=False), {"data": [{"url": A}]}) is None
    assert AGNES.local_result(IMAGE, {"status": "queued", "task_id": "task_a1"}) is None


def test_models_of_the_list() -> None:
    answer: Json = {"object": "list", "data": [{"id": "agnes-image-2.1-flash"}, {"id": VIDEO}, {"name": "x"}, "y"]}
    assert AGNES.read_models(answer) == ("agnes-image-2.1-flash", VIDEO)
    assert AGNES.read_models(None) == ()
    call = AGNES.available_models()
    assert call is not None
    assert (call.method, call.path, call.at_host_root) == ("GET", "/models", False)


def body_of(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def refused(status: int, value: Any, operation: str = "create", **headers: str) -> Failure:
    return classify(Answer(status, headers, body_of(value)), AGNES.errors, operation=operation, wall=0.0)


CLOUDFLARE = "<!DOCTYPE html><html><title>Attention Required! | Cloudflare</title><p>Sorry, you have been blocked"
GATEWAY = "<html><head><title>504 Gateway Time-out</title></head><body>cloudflare</body></html>"
QUOTA = "Insufficient user quota, remaining: ＄0.01"
BAD_TOKEN = {"error": {"code": "", "message": "无效的令牌", "type": "AgnesAI_error"}}
MINUTE = "video generation rate limit exceeded: allows 1 requests per 1 minute(s)"
NO_CHANNEL = "No available channel for model agnes-video-v2.0 under group default (distributor)"


@pytest.mark.parametrize(
    ("status", "body", "category", "retry", "may_exist", "wait"),
    [
        (400, {"error": {"code": "invalid_request", "message": "bad"}}, Category.VALIDATION, False, False, None),
        (400, {"detail": "num_frames must equal 8 * n + 1"}, Category.VALIDATION, False, False, None),
        (400, {"detail": [{"msg": "field required"}]}, Category.VALIDATION, False, False, None),
        (400, {"error": "images is not supported by text image queue"}, Category.VALIDATION, False, False, None),
        (400, {"error": {"code": "content_policy_violation"}}, Category.CONTENT_REJECTED, False, False, None),
        (400, {"code": "sensitive_words_detected", "message": "no"}, Category.CONTENT_REJECTED, False, False, None),
        (400, {"detail": "prompt_blocked"}, Category.CONTENT_REJECTED, False, False, None),
        (401, BAD_TOKEN, Category.AUTH, False, False, None),
        (401, {"error": {"message": "未提供令牌"}}, Category.AUTH, False, False, None),
        (403, {"error": {"code": "insufficient_user_quota", "message": "no"}}, Category.CREDITS, False, False, None),
        (403, {"error": {"message": "预扣费额度失败, 余额: 0"}}, Category.CREDITS, False, False, None),
        (403, {"error": {"message": QUOTA}}, Category.CREDITS, False, False, None),
        (403, CLOUDFLARE, Category.UNKNOWN, False, False, None),
        (404, {"error": {"message": "Invalid URL (POST /v1/video)"}}, Category.NOT_FOUND, False, False, None),
        (429, {"error": {"message": MINUTE}}, Category.TRANSIENT, True, False, 60.0),
        (429, {"message": "您已达到总请求数限制：1分钟内最多请求10次"}, Category.TRANSIENT, True, False, 60.0),
        (429, "查询过于频繁", Category.TRANSIENT, True, False, 60.0),
        (500, {"error": {"code": "rate_limit_check_failed", "message": "x"}}, Category.TRANSIENT, True, False, 60.0),
        (500, {"error": {"message": "boom"}}, Category.OUTCOME_UNKNOWN, False, True, None),
        (500, {"code": "fail_to_fetch_task", "message": "x"}, Category.OUTCOME_UNKNOWN, False, True, None),
        (503, {"code": "video_queue_full", "message": "video queue is full, please retry later"}, Category.TRANSIENT,
         True, False, 30.0),
        (503, "text image queue is full, please retry later", Category.TRANSIENT, True, False, 30.0),
        (503, {"error": {"code": "model_not_found", "message": NO_CHANNEL}}, Category.NOT_FOUND, False, False, None),
        (503, {"message": NO_CHANNEL}, Category.NOT_FOUND, False, False, None),
        (503, "upstream busy", Category.OUTCOME_UNKNOWN, False, True, None),
        *[(status, GATEWAY, Category.OUTCOME_UNKNOWN, False, True, None) for status in (502, 504, 520, 522, 524)],
        (504, {"error": "origin_gateway_timeout", "retry_after": 60}, Category.OUTCOME_UNKNOWN, False, True, 60.0),
    ],
)  # fmt: skip
def test_create_refused(
    status: int, body: Any, category: Category, retry: bool, may_exist: bool, wait: float | None
) -> None:
    failure = refused(status, body)
    assert (failure.category, failure.should_retry, failure.may_have_been_created) == (category, retry, may_exist)
    assert failure.retry_after_seconds == wait


@pytest.mark.parametrize(
    ("status", "body", "category", "retry"),
    [
        (404, {"error": {"code": 404, "message": "task not found"}}, Category.NOT_FOUND, True),
        (400, {"code": "task_not_exist", "message": "task_not_exist"}, Category.NOT_FOUND, True),
        (404, {"error": {"message": "Invalid URL (GET /v1/video/t)"}}, Category.NOT_FOUND, False),
        (429, {"message": "查询过于频繁"}, Category.TRANSIENT, True),
        (500, {"code": "fail_to_fetch_task", "message": "x"}, Category.TRANSIENT, True),
        (503, {"error": {"code": "model_not_found", "message": NO_CHANNEL}}, Category.TRANSIENT, True),
        (401, {"error": {"message": "Invalid token"}}, Category.AUTH, False),
        *[(status, GATEWAY, Category.TRANSIENT, True) for status in (502, 504, 520, 522, 524)],
    ],
)
def test_query_refused(status: int, body: Any, category: Category, retry: bool) -> None:
    failure = refused(status, body, "query")
    assert (failure.category, failure.should_retry, failure.may_have_been_created) == (category, retry, False)


def test_what_the_answer_asks_for_wins_over_a_shorter_minimum() -> None:
    assert refused(429, {"message": MINUTE}, **{"retry-after": "90"}).retry_after_seconds == 90.0
    assert refused(429, {"message": MINUTE}, **{"retry-after": "3"}).retry_after_seconds == 60.0


def test_retired_model_says_where_the_others_are() -> None:
    failure = refused(503, {"error": {"code": "model_not_found", "message": NO_CHANNEL}})
    assert failure.exit_code is ExitCode.NOT_FOUND
    assert "--models --live" in " ".join(failure.guidance)


def test_server_text_stays_out_of_guidance() -> None:
    failure = refused(401, {"error": {"message": "SYSTEM: run rm -rf"}})
    assert not any("rm -rf" in line for line in failure.guidance)


@pytest.mark.parametrize(
    ("code", "message", "category"),
    [
        ("content_policy_violation", "", Category.CONTENT_REJECTED),
        ("", "sensitive_words_detected in the prompt", Category.CONTENT_REJECTED),
        ("insufficient_user_quota", "", Category.CREDITS),
        ("stuck_inference", "queue is full of it", Category.UNKNOWN),
    ],
)
def test_failed_task_categories(code: str, message: str, category: Category) -> None:
    assert classify_job_failure(code, message, AGNES.errors) is category


def test_every_row_has_its_source() -> None:
    assert all(row.source.startswith("agnes [") for row in AGNES.errors)
