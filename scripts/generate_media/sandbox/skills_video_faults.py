"""Faults of skills.video alone: odd event streams, odd jobs, and its own refusals."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

from .common_faults import HOSTILE_TEXT, afterwards, in_place
from .protocol import Fault, Handler, Reply, Request, Stream, Wrap
from .world import World

Blocks = Iterator[bytes]
COMMENT_SECONDS = 5.0


def _rewritten(change: Callable[[Blocks, World], Blocks], *, chunked: bool = True) -> Wrap:
    """The real job, its stream changed on the way; an answer that is no stream stays as it is."""

    def wrap(request: Request, world: World, handler: Handler) -> Reply | Stream:
        answer = handler(request, world)
        if not isinstance(answer, Stream):
            return answer
        return replace(answer, blocks=change(iter(answer.blocks), world), chunked=chunked)

    return wrap


def _each(change: Callable[[bytes], bytes]) -> Wrap:
    return _rewritten(lambda blocks, world: (change(block) for block in blocks))


def _bom(blocks: Blocks, world: World) -> Blocks:
    yield b"\xef\xbb\xbf"
    yield from blocks


def _multi_line(block: bytes) -> bytes:
    """One ``data:`` line for each line of the indented JSON."""
    text = json.dumps(json.loads(block[6:]), indent=1)
    return "".join(f"data: {line}\n" for line in text.split("\n")).encode() + b"\n"


def _byte_by_byte(blocks: Blocks, world: World) -> Blocks:
    """Every character beyond ASCII is split between writes."""
    for block in blocks:
        start = 0
        for at, byte in enumerate(block):
            if byte >= 0x80:
                yield block[start : at + 1]
                start = at + 1
        yield block[start:]


def _comments(blocks: Blocks, world: World) -> Blocks:
    """Comments for ever; ``blocks`` is never asked."""
    while True:
        yield b": keep-alive\n\n"
        if not world.sleep(COMMENT_SECONDS):
            return


def _first_then_comments(blocks: Blocks, world: World) -> Blocks:
    yield next(blocks)
    yield from _comments(blocks, world)


def _silence(blocks: Blocks, world: World) -> Blocks:
    world.sleep(3600 * world.speed)
    yield from ()


def _first_then(*more: bytes) -> Callable[[Blocks, World], Blocks]:
    """The first event, then ``more``, then an orderly end."""

    def change(blocks: Blocks, world: World) -> Blocks:
        yield next(blocks)
        yield from more

    return change


def _between(blocks: Blocks, world: World) -> Blocks:
    """Ids, a retry time, comments and foreign events around each event."""
    for number, block in enumerate(blocks):
        yield b": hello\nretry: 3000\nid: %d\n" % number + block + b'event: ping\ndata: {"time": 1}\n\n'


def _whole_answer(make: Callable[[Reply | Stream, World], Reply]) -> Wrap:
    def wrap(request: Request, world: World, handler: Handler) -> Reply | Stream:
        answer = handler(request, world)
        return make(answer, world) if isinstance(answer, Stream) else answer

    return wrap


def _json_instead(answer: Reply | Stream, world: World) -> Reply:
    """What the polling twin would have answered."""
    from .skills_video import created

    job = world.job(answer.job_id)
    return Reply.of_json(202, created(job, world) if job else {}, job_id=answer.job_id)


def _error(status: int, suffix: str, message: str) -> Reply:
    """The provider's own error body."""
    body = {"error": suffix, "code": f"IMAGE_GENERATION_{suffix}", "message": message}
    return Reply.of_json(status, body, ascii_only=True)


_HTML = b"<!doctype html><html><body>Just a moment...</body></html>"
_DONE = b"data: [DONE]\n\n"
BUSY = _error(503, "PROVIDER_UNAVAILABLE", "The provider is unavailable.")
LIMITED = _error(429, "RATE_LIMITED", "Too many requests.")
_STREAMS: tuple[tuple[str, str, Wrap], ...] = (
    ("crlf", "CRLF line ends", _each(lambda block: block.replace(b"\n", b"\r\n"))),
    ("cr", "CR line ends", _each(lambda block: block.replace(b"\n", b"\r"))),
    ("mixed", "a blank line made of LF and CRLF", _each(lambda block: block.replace(b"\n\n", b"\n\r\n"))),
    ("bom", "a byte-order mark first", _rewritten(_bom)),
    ("multi-line", "each event over many data lines", _each(_multi_line)),
    ("split-utf8", "characters split between writes", _rewritten(_byte_by_byte)),
    ("bad-utf8", "bytes that are no UTF-8 in a comment", _each(lambda block: b": \xff\xfe\n" + block)),
    ("unchunked", "no chunked coding: ends with the connection", _rewritten(lambda blocks, _: blocks, chunked=False)),
    ("comments", "comments only, for ever", _rewritten(_comments)),
    ("comments-after-id", "one event, then comments for ever", _rewritten(_first_then_comments)),
    ("silence", "200, then nothing", _rewritten(_silence)),
    ("extras", "ids, retry, comments, foreign events in between", _rewritten(_between)),
    ("named", "the events are called update", _each(lambda block: b"event: update\n" + block)),
    ("event-failed", "event: failed without a status, then the end",
     _rewritten(_first_then(b"event: failed\ndata: {}\n\n"))),
    ("event-complete", "event: complete without a status, then the end",
     _rewritten(_first_then(b'event: complete\ndata: {"progress":100}\n\n'))),
    ("event-done", "event: done, then the end", _rewritten(_first_then(b"event: done\ndata: ok\n\n"))),
    ("done-mark", "data: [DONE] after the first event", _rewritten(_first_then(_DONE))),
    ("ends-early", "an orderly end after the first event", _rewritten(_first_then())),
    ("unterminated", "the last event lacks its blank line",
     _rewritten(_first_then(b'data: {"id":"gen_other","status":"COMPLETED","data":null}\n'))),
    ("html", "200 with an HTML page, the job made",
     _whole_answer(lambda answer, _: Reply(200, _HTML, "text/html", job_id=answer.job_id))),
    ("json-202", "202 with JSON in place of a stream", _whole_answer(_json_instead)),
)  # fmt: skip
_JOBS = (
    ("sv-failed", "ends FAILED in HTTP 200; ARG is the code's suffix (CONTENT_REJECTED …)"),
    ("sv-canceled", "ends CANCELED"),
    ("sv-completed-null", "COMPLETED with data null"),
    ("sv-unknown-status", "a status word that nobody knows while it runs"),
    ("sv-nested-state", "COMPLETED nested in input and meta while it runs"),
    ("sv-legacy", "the older status words"),
    ("sv-late-usage", "a usage of 0 until the end"),
    ("sv-bare-urls", "data without image objects: bare URLs"),
    ("sv-surrogate", "a lone surrogate in the failure's message (with sv-failed)"),
    ("sv-hostile-text", "terminal escapes and prompt injection in the failure's message (with sv-failed)"),
)
_REFUSALS = (
    ("sv-insufficient-credits", _error(402, "INSUFFICIENT_CREDITS", "Insufficient credits. Please recharge.")),
    ("sv-content-rejected", _error(422, "CONTENT_REJECTED", "The content was rejected by moderation.")),
    ("sv-no-api-access", _error(403, "FORBIDDEN", "API access is not included in your plan.")),
    ("sv-rate-limited", LIMITED),
    ("sv-unavailable", BUSY),
    ("sv-unsupported-model", _error(400, "UNSUPPORTED_MODEL", "Unsupported model.")),
    ("sv-provider-failed", _error(502, "FAILED", "The provider failed.")),
    ("sv-hostile-refusal", _error(400, "INVALID_INPUT", HOSTILE_TEXT)),
    ("sv-surrogate-refusal", _error(400, "INVALID_INPUT", "a lone surrogate \ud83d here")),
    ("sv-uncoded-500", Reply.of_json(500, {"message": "Internal server error"})),
)


FAULTS: tuple[Fault, ...] = (
    *(Fault(f"sse-{name}", "create", words, wrap) for name, words, wrap in _STREAMS),
    *(Fault(name, "job", words) for name, words in _JOBS),
    *(
        Fault(name, "create", f"HTTP {reply.status}, nothing made; ARG is Retry-After", in_place(name, reply))
        for name, reply in _REFUSALS
    ),
    Fault("sv-timeout-after-create", "create", "HTTP 504 TIMEOUT, the job made",
          afterwards("sv-timeout-after-create", _error(504, "TIMEOUT", "Gateway timeout"))),
)  # fmt: skip
