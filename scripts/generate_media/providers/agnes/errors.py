"""What Agnes's error answers mean (references/agnes.md).

A code stands in ``error.code``, in a flat ``code``, or only inside the message, so most rows are looked for in
both places. Rows are tried in order; what none of them names is left to the HTTP status, where an uncoded 5xx
answer to a create leaves its outcome unknown.
"""

from __future__ import annotations

from typing import Any

from ...core import Category
from ..base import ErrorRule

QUEUE_WAIT_SECONDS = 30.0
MINUTE_WAIT_SECONDS = 60.0
POLL_WAIT_SECONDS = 10.0
_EDGE = (502, 504, 520, 521, 522, 523, 524)
_READS = ("query", "list", "models", "credits")


def _either(category: Category, pattern: str, mark: str, **rest: Any) -> tuple[ErrorRule, ErrorRule]:
    """The same row for a code and for a message that holds the words."""
    source = f"agnes {mark}"
    return ErrorRule(category, source, code=pattern, **rest), ErrorRule(category, source, text=pattern, **rest)


ERRORS: tuple[ErrorRule, ...] = (
    *_either(
        Category.CREDITS,
        "insufficient_user_quota|insufficient user quota|预扣费额度失败",
        "[M,S]",
        guidance="the quota of the account is spent; keys of one account share it, a key of another account does not",
    ),
    *_either(Category.CONTENT_REJECTED, "content_policy_violation|sensitive_words_detected|prompt_blocked", "[M,S]"),
    *_either(
        Category.NOT_FOUND,
        "model_not_found|no available channel for model",
        "[M,S]",
        on=("create", "models"),
        guidance="the model is not offered now: "
        "python3 scripts/inspect_openapi.py --provider agnes --models --live lists what your key may use",
    ),
    *_either(
        Category.TRANSIENT,
        "queue_full|queue is full",
        "[M]; nothing was created",
        retry=True,
        min_wait_seconds=QUEUE_WAIT_SECONDS,
    ),
    *_either(Category.OUTCOME_UNKNOWN, "fail_to_fetch_task", "[S]", on=("create",), may_have_been_created=True),
    *_either(Category.TRANSIENT, "fail_to_fetch_task", "[S]", on=_READS, retry=True),
    *_either(
        Category.TRANSIENT,
        "rate_limit_check_failed",
        "[S]; checked before anything is made [I]",
        retry=True,
        min_wait_seconds=MINUTE_WAIT_SECONDS,
    ),
    ErrorRule(
        Category.TRANSIENT,
        "agnes [M]; a limit a minute, nothing was created",
        statuses=(429,),
        on=("create",),
        retry=True,
        min_wait_seconds=MINUTE_WAIT_SECONDS,
    ),
    ErrorRule(
        Category.TRANSIENT,
        "agnes [M]; polling every 2.5 s drew it",
        statuses=(429,),
        retry=True,
        min_wait_seconds=POLL_WAIT_SECONDS,
    ),
    ErrorRule(
        Category.AUTH,
        "agnes [M]",
        statuses=(401,),
        guidance="key and host must belong together: keys of apihub.agnes-ai.com also work at apihub.agnes-ai.cn, "
        "api.agnes-ai.cn has keys of its own (base_url in config.json)",
    ),
    ErrorRule(
        Category.UNKNOWN,
        "agnes [M]; HTML from Cloudflare",
        statuses=(403,),
        text="cloudflare|you have been blocked|attention required|just a moment|ray id",
        guidance="Cloudflare blocked the call before it reached Agnes: try another network, or the mirror host",
    ),
    *_either(Category.NOT_FOUND, "task_not_exist|task not found", "[M]", on=("query",), retry=True),
    ErrorRule(
        Category.NOT_FOUND,
        "agnes [S]",
        statuses=(404,),
        text=r"invalid url",
        guidance="the base URL is wrong: it ends in /v1",
    ),
    ErrorRule(
        Category.VALIDATION,
        "agnes [M]",
        statuses=(400,),
        text="is not supported by text image queue",
        guidance="leave that field out; pictures to edit go into extra_body.image, nested in the JSON",
    ),
    ErrorRule(
        Category.OUTCOME_UNKNOWN,
        "agnes [M]; may have used quota, leaves no id",
        statuses=_EDGE,
        on=("create",),
        may_have_been_created=True,
        guidance="the gateway gave up waiting; Agnes may have gone on and used quota",
    ),
)
