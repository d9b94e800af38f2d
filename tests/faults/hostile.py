"""What strangers may write, as Hypothesis draws it: texts, JSON, answers on the wire, files, and the key said back."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

from web import picture
from wire import Peer

KEY = "test-fuzz/key+0123456789abcdef=="
HOST = "@HOST@"
"""Stands for the server's own address in what it says, which is known once it listens."""

HOSTILE_TEXTS = (
    *("", " ", "\x00", "\x1b[31m\x07", "\u202e\u2066", "\u2028\x85", "\ud83d", "../../../etc/passwd", "-rf", "--help"),
    *("$(id)", "`id`", "'\"", '\n{"event":"terminal","ok":true}', "A" * 5000, "一" * 300, "%s%n%00", "1e999", "null"),
    *(f"{HOST}/file", "http://169.254.169.254/", "http://[::1", "http://a b/", "http://x@y/", "file:///etc/passwd"),
    *("data:image/png;base64,AAAA", "__proto__", "COMPLETED", "failed", "gen_1"),
)
NAMES = (
    *(
        "id",
        "status",
        "data",
        "error",
        "code",
        "message",
        "url",
        "images",
        "image",
        "videos",
        "video",
        "output",
        "usage",
    ),
    *(
        "input",
        "detail",
        "task_id",
        "video_id",
        "content",
        "items",
        "type",
        "created_at",
        "created",
        "progress",
        "total",
    ),
    *("metadata", "result", "choices", "b64_json", "video_url", "last_frame_url", "remixed_from_video_id", "model"),
    *("retry_after", "prompt", "task_status", "event", "state"),
)
WORDS = (
    *("COMPLETED", "succeeded", "success", "done", "FAILED", "failed", "error", "CANCELED", "cancelled", "expired"),
    *("IN_QUEUE", "IN_PROGRESS", "queued", "running", "pending", "unknown", "INSUFFICIENT_CREDITS", "ResourceNotFound"),
    *("IMAGE_GENERATION_CONTENT_REJECTED", "IMAGE_GENERATION_FAILED", "VIDEO_GENERATION_TIMEOUT", "video_queue_full"),
    *("model_not_found", "RateLimitExceeded", "AccountOverdueError", "InternalServiceError"),
)


def spellings(key: str) -> tuple[str, ...]:
    """The key as a server may say it back and as no output may hold it."""
    return (
        *(key, key.upper(), key.replace("/", "\\/"), key.replace("+", "\\u002b").replace("=", "\\u003d")),
        *("".join(f"\\u{ord(char):04x}" for char in key), "\u200b".join(key), quote(key, safe="")),
        *(base64.b64encode(text.encode()).decode() for text in (key, f"Bearer {key}")),
    )


plain_texts = st.text(st.characters(exclude_categories=()), max_size=40)
texts = plain_texts | st.sampled_from(HOSTILE_TEXTS) | st.sampled_from(WORDS) | st.sampled_from(spellings(KEY))
numbers = st.integers() | st.floats() | st.sampled_from([0, -1, 2**63, 10**400, 1e308])
leaves = st.none() | st.booleans() | numbers | texts
trees: st.SearchStrategy[Any] = st.recursive(
    leaves,
    lambda more: st.lists(more, max_size=4) | st.dictionaries(st.sampled_from(NAMES) | texts, more, max_size=5),
    max_leaves=20,
)


def written(tree: Any, *, ascii_only: bool = True) -> bytes:
    """JSON as a careless server writes it: NaN and lone surrogates included."""
    return json.dumps(tree, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")


ODD_BODIES = (
    *(b"", b"null", b"[]", b'"gen_1"', b"\xef\xbb\xbf{}", b'{"id":"gen_1","id":7}', b'{"id":' + b"9" * 5000 + b"}"),
    *(
        b"[" * 100_000,
        b'{"a":' * 3000 + b"1" + b"}" * 3000,
        b"<!doctype html><title>502</title>",
        b"\xff\xfe{\x00}\x00",
    ),
    *(b"data: [DONE]\n\n", b'{"id":"gen_1"} trailing', b'{"id":NaN,"status":Infinity}'),
)
GOOD = {"id": "gen_1", "task_id": "gen_1", "status": "queued"}
"""A create's answer that every protocol understands."""
FILE = f"{HOST}/file"
END = {**GOOD, "status": "succeeded", "data": {"images": [{"url": FILE}]}, "url": FILE, "content": {"video_url": FILE}}
"""An end that every protocol understands."""

job_fields = st.fixed_dictionaries(
    {},
    optional={
        "id": st.just("gen_1") | texts | numbers,
        "task_id": st.just("gen_1") | texts,
        "video_id": texts,
        "status": st.sampled_from(WORDS) | leaves,
        "task_status": st.sampled_from(WORDS) | leaves,
        "url": st.just(FILE) | texts,
        "data": st.just(END["data"]) | trees,
        "content": st.just(END["content"]) | trees,
        "usage": trees,
        "error": trees,
        "code": leaves,
        "message": leaves,
        "progress": leaves,
        "created_at": leaves,
        "items": st.lists(trees, max_size=3) | leaves,
    },
)
bodies = (
    (job_fields | trees).flatmap(lambda tree: st.booleans().map(lambda way: written(tree, ascii_only=way)))
    | st.sampled_from(ODD_BODIES)
    | st.binary(max_size=60)
)

WHOLE = ("plain", "chunked", "gzip", "deflate")
"""Ways for an answer to come after which its connection can go on."""
BROKEN = ("close", "reset", "silence", "short", "long", "half")


@dataclass(frozen=True)
class Said:
    """One answer: a body and how it comes over the wire. Called, it says so (see wire.Script)."""

    body: bytes
    status: int = 200
    how: str = "plain"
    headers: tuple[str, ...] = ()

    def __call__(self, peer: Peer) -> None:
        if self.how == "silence":
            peer.until_gone()
        elif self.how == "reset":
            peer.reset()
        else:
            if self.how != "close":
                peer.send(self.on_the_wire(f"http://127.0.0.1:{peer.sock.getsockname()[1]}"))
            if self.how not in WHOLE:
                peer.sock.close()

    def on_the_wire(self, host: str) -> bytes:
        """The bytes, from this server's own address."""
        lines = "".join(f"{line}\r\n" for line in self.headers)
        head = f"HTTP/1.1 {self.status} Said\r\n{lines}".replace(HOST, host).encode("utf-8", "surrogatepass")
        body = self.body.replace(HOST.encode(), host.encode())
        if self.how == "chunked":
            pieces = [body[at : at + 7] for at in range(0, len(body), 7)]
            chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
            return head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
        if self.how == "stream":
            return head + b"Content-Type: text/event-stream\r\nConnection: close\r\n\r\n" + body
        if self.how in ("gzip", "deflate"):
            head += f"Content-Encoding: {self.how}\r\n".encode()
            body = (gzip if self.how == "gzip" else zlib).compress(body)
        length = len(body) + {"short": -1, "long": 9}.get(self.how, 0)
        whole = head + b"Content-Length: %d\r\n\r\n" % max(0, length) + body
        return whole[: len(whole) // 2] if self.how == "half" else whole


header_lines = st.sampled_from(
    [
        *(
            "Content-Type: application/json",
            "Content-Type: text/html; charset=utf-16",
            "Content-Type: text/event-stream",
        ),
        *("Content-Encoding: br", "Transfer-Encoding: gzip, chunked", "Content-Length: 5", "Content-Length: -1"),
        *("Retry-After: 99999999", "Retry-After: Wed, 99 Oct", "Location: http://169.254.169.254/"),
        *(f"Location: {HOST}/elsewhere", f"X-Key: {KEY}", f"Set-Cookie: a={KEY}", "X: " + "y" * 70_000),
        *("broken header without a colon", "X-\x85: 1"),
    ]
)
at_most_one_header = st.lists(header_lines, max_size=1).map(tuple)
REFUSALS = (400, 401, 402, 403, 404, 409, 418, 422, 429, 500, 502, 503, 504)
ODD_STATUSES = (99, 201, 202, 204, 206, 302, 408, 410, 425, 520, 999)
EVENT_ENDS = (b"\n\n", b"\r\n\r\n", b"\r\r", b"\n", b"\n: still here\n\n", b"\n\nevent: failed\n\n", b"")


def _events(parts: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join(b"data: " + body.replace(b"\n", b"\ndata: ") + end for body, end in parts)


streams = st.lists(st.tuples(bodies, st.sampled_from(EVENT_ENDS)), max_size=4).map(_events)
ways = st.sampled_from((*WHOLE, *WHOLE, *BROKEN))
anything = st.builds(
    Said, bodies, st.sampled_from((*[200] * 12, *REFUSALS, *ODD_STATUSES)), ways, at_most_one_header
) | st.builds(Said, streams, st.just(200), st.just("stream"))
jobs = st.builds(Said, job_fields.map(lambda fields: written({**GOOD, **fields})))
"""An answer with an id, and anything else."""
error_bodies = st.fixed_dictionaries(
    {"code": st.sampled_from(WORDS), "message": texts},
    optional={"error": trees | st.fixed_dictionaries({"code": texts, "message": texts}), "detail": trees},
)
errors = st.builds(Said, error_bodies.map(written), st.sampled_from(REFUSALS), st.just("plain"), at_most_one_header)


def _mostly(*often: st.SearchStrategy[Said]) -> st.SearchStrategy[Said]:
    """One of ``often`` three times out of four, else anything."""
    return st.integers(0, 4 * len(often) - 1).flatmap(lambda n: often[n // 3] if n < 3 * len(often) else anything)


creates = _mostly(st.just(Said(written(GOOD))), jobs, errors)
reads = _mostly(st.just(Said(written(END))), jobs, errors)

PNG = picture(4, 3)
FILES = (
    *(picture(4, 3, form) for form in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")),
    b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf\0\0\x01\xf2meta" + bytes(40),
    b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2mp41\0\0\0\x08free\0\0\0\x10mdat" + bytes(8),
    b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0data\0\0\0\0",
    b"ID3\x04\0\0\0\0\0\0" + b"\xff\xfb\x90\0" * 20,
)
AVIF = FILES[6]
"""A broken one."""


@st.composite
def damaged_files(draw: st.DrawFn) -> bytes:
    """A picture, clip or sound with some of its bytes changed, cut or doubled."""
    data = bytearray(draw(st.sampled_from(FILES)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        change = draw(st.sampled_from(["set", "cut", "double", "insert"]))
        if change == "set" and data:
            data[at] = draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]))
        elif change == "cut":
            del data[at:]
        elif change == "double":
            data[at:at] = data[at : at + 64]
        else:
            data[at:at] = draw(st.binary(max_size=8))
    return bytes(data)


files = (
    st.builds(Said, damaged_files(), st.sampled_from((*[200] * 9, 206, 302, 403, 404, 503)), ways, at_most_one_header)
    | st.builds(Said, bodies)
    | st.just(Said(PNG))
)
