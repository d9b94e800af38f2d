"""One classifier for every script: an error answer, read through a provider's table, becomes a Failure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from ..core import Answer, Category, Failure, JobFailure, Json, clean_text, parse_json
from .base import Adapter, ErrorRule
from .retry_after import parse_retry_after

_CODE_SHAPE = re.compile(r"^[A-Za-z][A-Za-z0-9_.]*$")
RAW_CAP = 300
LONGEST_WAIT_IN_BODY = 86400.0


def refused(answer: Answer, adapter: Adapter, *, operation: str, wall: float) -> Failure | None:
    """What an answer refuses; None for a success that the protocol does not take back in its body."""
    told = adapter.refusal(answer)
    if told is None and answer.succeeded:
        return None
    return classify(answer, adapter.errors, operation=operation, wall=wall, told=told)


def classify(
    answer: Answer, rules: Sequence[ErrorRule], *, operation: str, wall: float, told: JobFailure | None = None
) -> Failure:
    """What an answer that is not a success means.

    The provider's code decides first, then the status, then the text; ``operation`` is create, query, list,
    cancel, credits or models; ``wall`` is now in Unix seconds, for a Retry-After that is a date; ``told`` is the
    code and message where the protocol has its own place for them.
    """
    code, message = (clean_text(told.code, 200), clean_text(told.message)) if told else code_and_message(answer.body)
    retry_after = parse_retry_after(answer.headers, wall) or retry_after_in(answer.body)
    rule = next((row for row in rules if _matches(row, answer, code, message, operation)), None)
    if rule is None:
        rule = by_status(answer.status, operation)
    wait = max(retry_after or 0.0, rule.min_wait_seconds)
    return Failure(
        category=rule.category,
        message=message or f"HTTP {answer.status} without a message",
        http_status=answer.status,
        code=code,
        should_retry=rule.retry,
        may_have_been_created=rule.may_have_been_created,
        ended_generation=rule.ended_generation,
        retry_after_seconds=wait or None,
        guidance=tuple(line for line in (rule.guidance, *GUIDANCE[rule.category]) if line),
    )


def classify_job_failure(code: str, message: str, rules: Sequence[ErrorRule]) -> Category:
    """The category of a failed job's own code and message: credits and moderation have exit codes of their own."""
    answer = Answer(200, {}, "")
    for row in rules:
        if row.category in (Category.CREDITS, Category.CONTENT_REJECTED) and _matches(
            row, answer, code, message, "job", any_status=True
        ):
            return row.category
    return Category.UNKNOWN


def _matches(
    row: ErrorRule, answer: Answer, code: str, message: str, operation: str, *, any_status: bool = False
) -> bool:
    if row.on and operation not in row.on:
        return False
    if row.statuses and answer.status not in row.statuses and not any_status:
        return False
    if any_status and not (row.code or row.text):
        return False
    if row.code and not re.search(row.code, code, re.IGNORECASE):
        return False
    return not row.text or bool(re.search(row.text, message or answer.body[:RAW_CAP], re.IGNORECASE))


_MOVED = (301, 302, 307, 308)
"""The request was not taken here at all (RFC 9110, 15.4); any other redirect may be the answer to one that was."""


def by_status(status: int, operation: str) -> ErrorRule:
    """The rule for a status alone, when no row of the provider's table fits.

    A create's uncoded 408, 409, 425, 499, 5xx, or a status that says "see there" (RFC 9110, 15.4.4), leaves its outcome
    unknown; reads are simply tried again.
    """
    reading = operation != "create"
    table: Mapping[int, Category] = {
        400: Category.VALIDATION,
        401: Category.AUTH,
        402: Category.CREDITS,
        403: Category.AUTH,
        404: Category.NOT_FOUND,
        405: Category.NOT_FOUND,
        410: Category.NOT_FOUND,
        413: Category.VALIDATION,
        415: Category.VALIDATION,
        422: Category.VALIDATION,
    }
    if status in table:
        return ErrorRule(table[status], "HTTP", retry=reading and status in (404, 410))
    if status == 429:
        return ErrorRule(Category.TRANSIENT, "HTTP", retry=True)
    odd = status // 100 in (1, 3) and status not in _MOVED
    if status >= 500 or status in (408, 409, 425, 499) or (odd and not reading):
        if reading:
            return ErrorRule(Category.TRANSIENT, "HTTP", retry=True)
        return ErrorRule(Category.OUTCOME_UNKNOWN, "HTTP", may_have_been_created=True)
    if 300 <= status < 400:
        guidance = "the API redirected and redirects are never followed with a key: check --base-url and config.json"
        return ErrorRule(Category.UNKNOWN, "HTTP", guidance=guidance)
    return ErrorRule(Category.UNKNOWN, "HTTP")


GUIDANCE: Mapping[Category, tuple[str, ...]] = {
    Category.CREDITS: (
        "top up (recharge says where) or wait for the quota to come back, then run the same command again",
    ),
    Category.AUTH: ("check the key and its host: python3 scripts/ensure_api_key.py --verify",),
    Category.VALIDATION: ("correct the request; python3 scripts/inspect_openapi.py shows the endpoint's fields",),
    Category.NOT_FOUND: ("check the endpoint, model or id; python3 scripts/inspect_openapi.py --models lists models",),
    Category.TRANSIENT: ("wait, then run the same command again; it never pays twice",),
    Category.UNKNOWN: ("read the message; if it does not help, report it to the provider with the time of the call",),
    Category.CONTENT_REJECTED: ("rephrase the prompt or change the picture; the same request will be refused again",),
    Category.OUTCOME_UNKNOWN: (
        "perhaps the job exists: look in the provider's dashboard before you use --new, which may pay again",
    ),
}


def code_and_message(body: str) -> tuple[str, str]:
    """A code and a message out of an error body of any of the providers' shapes, else its first characters.

    Order (as Agnes has it [M], which holds the others): ``error.message`` and ``error.code``, flat ``message`` and
    ``code``, ``detail``, ``error`` as a string, raw text.
    """
    parsed = parse_json(body)
    if not isinstance(parsed, dict):
        return "", clean_text(body if parsed is not None else _strip_tags(body), RAW_CAP)
    nested = parsed.get("error")
    inner = nested if isinstance(nested, dict) else {}
    code = _first_text(_codes(parsed, inner, nested))
    message = _first_text(_messages(parsed, inner, nested))
    return clean_text(code, 200), clean_text(message) or clean_text(body, RAW_CAP)


def retry_after_in(body: str) -> float | None:
    """Seconds that the body itself asks for (Cloudflare's JSON before Agnes has ``retry_after`` [M])."""
    parsed = parse_json(body)
    nested = parsed.get("error") if isinstance(parsed, dict) else None
    for place in (parsed, nested):
        value = place.get("retry_after") if isinstance(place, dict) else None
        if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= LONGEST_WAIT_IN_BODY:
            return float(value)
    return None


def _codes(parsed: Mapping[str, Json], inner: Mapping[str, Json], nested: Json) -> Iterator[Json]:
    yield from (parsed.get("code"), inner.get("code"), inner.get("type"))
    if isinstance(nested, str) and _CODE_SHAPE.match(nested):
        yield nested


def _messages(parsed: Mapping[str, Json], inner: Mapping[str, Json], nested: Json) -> Iterator[Json]:
    yield from (inner.get("message"), parsed.get("message"))
    detail = parsed.get("detail")
    if isinstance(detail, list):
        yield "; ".join(_detail_line(item) for item in detail[:5])
    yield from (detail, nested, parsed.get("error_description"))


def _detail_line(item: Json) -> str:
    if isinstance(item, dict):
        return str(item.get("msg") or item.get("message") or json.dumps(item))
    return str(item)


def _first_text(values: Iterator[Json]) -> str:
    for value in values:
        if isinstance(value, (str, int)) and not isinstance(value, bool) and str(value).strip():
            return str(value)
    return ""


def _strip_tags(text: str) -> str:
    return re.sub(r"<(script|style)\b.*?</\1\s*>|<[^>]{0,200}>", " ", text[:20_000], flags=re.IGNORECASE | re.DOTALL)
