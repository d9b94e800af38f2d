"""Agnes's quirks by name: every row of its table of errors, and what its users complain of (references/agnes.md)."""

from __future__ import annotations

from collections.abc import Callable

from ..core import Json
from .common_faults import afterwards, in_place
from .protocol import Fault, Reply, Request

HTML = "text/html; charset=utf-8"
GATEWAY = "<html><head><title>{0}</title></head><body><center><h1>{0}</h1></center><hr>cloudflare</body></html>"
BLOCKED = "<!DOCTYPE html><title>Attention Required! | Cloudflare</title><h1>Sorry, you have been blocked</h1>"
MINUTE = "video generation rate limit exceeded: allows 1 requests per 1 minute(s)"


def error(status: int, code: str, message: str) -> Reply:
    """The nested of the three error shapes."""
    told: dict[str, Json] = {"code": code or None, "message": message, "type": "AgnesAI_error"}
    return Reply.of_json(status, {"error": told})


NO_TASK = Reply.of_json(404, {"error": {"code": 404, "message": "task not found"}})


def no_channel(model: str) -> Reply:
    """What a retired model is answered with [M]: 503, persistently."""
    return error(503, "model_not_found", f"No available channel for model {model} under group default (distributor)")


def _html(status: int, text: str) -> Reply:
    return Reply(status, text.encode(), HTML)


def _queue_full(request: Request) -> Reply:
    if request.path.endswith("/videos"):
        return BUSY
    return Reply.of_json(503, {"message": "text image queue is full, please retry later"})


LIMITED = error(429, "", MINUTE)
BUSY = Reply.of_json(503, {"code": "video_queue_full", "message": "video queue is full, please retry later"})
_NO_GATEWAY = _html(502, GATEWAY.format("502 Bad Gateway"))
_INSTEAD: tuple[tuple[str, str, str, Reply | Callable[[Request], Reply]], ...] = (
    ("agnes-queue-full", "create", "503, the queue is full, nothing is made", _queue_full),
    ("agnes-minute-limit", "create", "429, the limit per minute", LIMITED),
    ("agnes-quota-spent", "create", "403 insufficient_user_quota",
     error(403, "insufficient_user_quota", "Insufficient user quota, remaining: 0")),
    ("agnes-quota-spent-zh", "create", "403 in Chinese, without a code",
     error(403, "", "预扣费额度失败, 用户剩余额度: 0")),
    ("agnes-cloudflare-403", "create", "403 HTML from Cloudflare", _html(403, BLOCKED)),
    ("agnes-content-policy", "create", "400 content_policy_violation",
     error(400, "content_policy_violation", "the prompt was refused")),
    ("agnes-sensitive-words", "create", "400 sensitive_words_detected, flat",
     Reply.of_json(400, {"code": "sensitive_words_detected", "message": "refused"})),
    ("agnes-rate-check-failed", "create", "500 rate_limit_check_failed",
     error(500, "rate_limit_check_failed", "rate limit check failed")),
    ("agnes-html-502", "create", "502 HTML, nothing is made", _NO_GATEWAY),
    ("agnes-html-522", "create", "522 HTML, nothing is made", _html(522, GATEWAY.format("522"))),
    ("agnes-token-refused", "create", "401 as for a key of another host",
     Reply.of_json(401, {"error": {"code": "", "message": "无效的令牌", "type": "AgnesAI_error"}})),
    ("agnes-poll-429", "poll", "429, asked too often", Reply.of_json(429, {"message": "查询过于频繁"})),
    ("agnes-poll-html-502", "poll", "502 HTML", _NO_GATEWAY),
    ("agnes-poll-fetch-failed", "poll", "500 fail_to_fetch_task",
     Reply.of_json(500, {"code": "fail_to_fetch_task", "message": "fail to fetch task"})),
    ("agnes-poll-404", "poll", "404 task not found", NO_TASK),
)  # fmt: skip
_AFTERWARDS = (
    ("agnes-504-after", "504 JSON after the task (or picture) was made",
     Reply.of_json(504, {"error": "origin_gateway_timeout", "retry_after": 120})),
    ("agnes-html-502-after", "502 HTML after the task (or picture) was made", _NO_GATEWAY),
)  # fmt: skip

FAULTS: tuple[Fault, ...] = (
    *(Fault(name, stage, text, in_place(name, answer)) for name, stage, text, answer in _INSTEAD),
    *(Fault(name, "create", text, afterwards(name, answer)) for name, text, answer in _AFTERWARDS),
    Fault("agnes-old-create", "flag", "a video create answers {task_id} alone"),
    Fault("agnes-retired", "flag", "=MODEL (agnes-video-v2.0) is gone: 503 model_not_found"),
    Fault("agnes-data-uri-refused", "flag", "400 for every data URI"),
    Fault("agnes-route-down", "flag", "=video (default) or task: that query route answers 500"),
    Fault("agnes-early-404", "job", "=N: the first N (3) polls are 404"),
    Fault("agnes-url-at", "job", "=video_url, metadata.url, data.url or remixed_from_video_id holds the URL"),
    Fault("agnes-no-url", "job", "completed without a URL; =video or task: on that route only"),
    Fault("agnes-done-word", "job", "=succeeded, success or done in place of completed"),
    Fault("agnes-failed", "job", "ends failed in HTTP 200; =CODE as its error's code, else a text"),
    Fault("agnes-stuck-inference", "job", "in_progress for 15 minutes, then failed with stuck_inference"),
    Fault("agnes-progress-jumps", "job", "progress is 30 until it is 100"),
)  # fmt: skip
