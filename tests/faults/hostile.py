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
    "", " ", "\x00", "\x1b[31m\x07", "\u202e\u2066", "\u2028\x85", "\ud83d", "../../../etc/passwd", "-rf", "--help", "$(id)",
    "`id`", "'\"", '\n{"event":"terminal","ok":true}', "A" * 5000, "一" * 300, f"{HOST}/file", "http://169.254.169.254/",
    "http://[::1", "http://a b/", "http://x@y/", "file:///etc/passwd", "data:image/png;base64,AAAA", "%s%n%00", "1e999", "null",
    "__proto__", "COMPLETED", "failed", "gen_1",
)  # fmt: skip
NAMES = """
id status data error code message url images image videos video output usage input detail task_id video_id content items type
created_at created progress metadata result choices b64_json video_url last_frame_url remixed_from_video_id retry_after prompt
task_status model total event state
""".split()
WORDS = """
COMPLETED succeeded success done FAILED failed error CANCELED cancelled expired IN_QUEUE IN_PROGRESS queued running pending
unknown INSUFFICIENT_CREDITS IMAGE_GENERATION_CONTENT_REJECTED IMAGE_GENERATION_FAILED VIDEO_GENERATION_TIMEOUT
video_queue_full model_not_found RateLimitExceeded AccountOverdueError InternalServiceError ResourceNotFound
""".split()


def spellings(key: str) -> tuple[str, ...]:
    """The key as a server may say it back and as no output may hold it."""
    raw, bearer = key.encode(), f"Bearer {key}".encode()
    return (
        key, key.replace("/", "\\/"), quote(key, safe=""), base64.b64encode(raw).decode(),
        base64.b64encode(bearer).decode(), "".join(f"\\u{ord(char):04x}" for char in key),
        key.replace("+", "\\u002b").replace("=", "\\u003d"), key.upper(), "\u200b".join(key),
    )  # fmt: skip


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
    b"", b"null", b"[]", b'"gen_1"', b"\xef\xbb\xbf{}", b'{"id":"gen_1","id":7}', b'{"id":' + b"9" * 5000 + b"}", b"[" * 100_000,
    b'{"a":' * 3000 + b"1" + b"}" * 3000, b"<!doctype html><title>502</title>", b"\xff\xfe{\x00}\x00", b"data: [DONE]\n\n",
    b'{"id":"gen_1"} trailing', b'{"id":NaN,"status":Infinity}',
)  # fmt: skip
GOOD = {"id": "gen_1", "task_id": "gen_1", "status": "queued"}
"""A create's answer that every protocol understands."""

END = {**GOOD, "status": "succeeded", "data": {"images": [{"url": f"{HOST}/file"}]}, "url": f"{HOST}/file",
       "content": {"video_url": f"{HOST}/file"}}  # fmt: skip
"""An end that every protocol understands."""

job_fields = st.fixed_dictionaries(
    {},
    optional={
        "id": st.just("gen_1") | texts | numbers,
        "task_id": st.just("gen_1") | texts,
        "video_id": texts,
        "status": st.sampled_from(WORDS) | leaves,
        "task_status": st.sampled_from(WORDS) | leaves,
        "url": st.just(f"{HOST}/file") | texts,
        "data": st.just({"images": [{"url": f"{HOST}/file"}]}) | trees,
        "content": st.just({"video_url": f"{HOST}/file"}) | trees,
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


@dataclass(frozen=True)
class Said:
    """One answer: a body and how it comes over the wire. A ``Script``'s answer when called."""

    body: bytes
    status: int = 200
    how: str = "plain"
    headers: tuple[str, ...] = ()

    def __call__(self, peer: Peer) -> None:
        if self.how == "silence":
            peer.until_gone()
        elif self.how in ("close", "reset"):
            (peer.sock.close if self.how == "close" else peer.reset)()
        else:
            peer.send(self.on_the_wire(f"http://127.0.0.1:{peer.sock.getsockname()[1]}"))
            if self.how not in WHOLE:
                peer.sock.close()

    def on_the_wire(self, host: str) -> bytes:
        body = self.body.replace(HOST.encode(), host.encode())
        headers = "".join(f"{line}\r\n" for line in self.headers)
        head = f"HTTP/1.1 {self.status} Said\r\n{headers}".encode("utf-8", "surrogatepass").replace(
            HOST.encode(), host.encode()
        )
        if self.how == "chunked":
            pieces = [body[at : at + 7] for at in range(0, len(body), 7)]
            chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
            return head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
        if self.how == "stream":
            return head + b"Content-Type: text/event-stream\r\nConnection: close\r\n\r\n" + body
        packed = {"gzip": gzip.compress, "deflate": zlib.compress}.get(self.how, bytes)(body)
        coding = f"Content-Encoding: {self.how}\r\n".encode() if self.how in ("gzip", "deflate") else b""
        length = {"short": max(0, len(packed) - 1), "long": len(packed) + 9}.get(self.how, len(packed))
        whole = head + coding + b"Content-Length: %d\r\n\r\n" % length + packed
        return whole[: len(whole) // 2] if self.how == "half" else whole


WHOLE = ("plain", "chunked", "gzip", "deflate")
"""Ways after which the connection can go on."""
BROKEN = ("close", "reset", "silence", "short", "long", "half")
header_lines = st.sampled_from([
    "Content-Type: application/json", "Content-Type: text/html; charset=utf-16", "Content-Type: text/event-stream",
    "Content-Encoding: br", "Transfer-Encoding: gzip, chunked", "Content-Length: 5", "Content-Length: -1", "Retry-After: 99999999",
    "Retry-After: Wed, 99 Oct", "Location: http://169.254.169.254/", f"Location: {HOST}/elsewhere", f"X-Key: {KEY}",
    f"Set-Cookie: a={KEY}", "X: " + "y" * 70_000, "broken header without a colon", "X-\x85: 1",
])  # fmt: skip
statuses = st.sampled_from([200] * 8 + [201, 202, 204, 206, 302, 400, 401, 402, 403, 404, 408, 409, 410, 422, 425, 429, 500, 502,
                                        503, 504, 520, 99, 999])  # fmt: skip


def _events(parts: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join(b"data: " + body.replace(b"\n", b"\ndata: ") + end for body, end in parts)


streams = st.lists(
    st.tuples(
        bodies,
        st.sampled_from([b"\n\n", b"\r\n\r\n", b"\r\r", b"\n", b"\n: still here\n\n", b"\n\nevent: failed\n\n", b""]),
    ),
    max_size=4,
).map(_events)


def _mostly(*often: st.SearchStrategy[Said], else_: st.SearchStrategy[Said]) -> st.SearchStrategy[Said]:
    """One of ``often`` three times out of four."""
    return st.integers(0, 4 * len(often) - 1).flatmap(lambda n: often[n // 3] if n < 3 * len(often) else else_)


anything = st.builds(
    Said, bodies, statuses, st.sampled_from((*WHOLE, *WHOLE, *BROKEN)), st.lists(header_lines, max_size=1).map(tuple)
) | st.builds(Said, streams, st.just(200), st.just("stream"))
jobs = st.builds(Said, job_fields.map(lambda fields: written({**GOOD, **fields})))
"""An answer with an id, and anything else."""
errors = st.builds(
    Said,
    st.builds(
        lambda code, text, tree: written({"code": code, "message": text, "error": tree}),
        st.sampled_from(WORDS), texts, trees | st.fixed_dictionaries({"code": texts, "message": texts}),
    ),
    st.sampled_from([400, 401, 402, 403, 404, 409, 422, 429, 500, 502, 503, 504, 418]),
    st.just("plain"),
    st.lists(header_lines, max_size=1).map(tuple),
)  # fmt: skip
creates = _mostly(st.just(Said(written(GOOD))), jobs, errors, else_=anything)
reads = _mostly(st.just(Said(written(END))), jobs, errors, else_=anything)

PNG = picture(4, 3)
FILES = tuple(picture(4, 3, form) for form in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")) + (
    b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf\0\0\x01\xf2meta" + bytes(40),
    b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2mp41\0\0\0\x08free\0\0\0\x10mdat" + bytes(8),
    b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\1\0\1\0\x40\x1f\0\0\x80\x3e\0\0\2\0\x10\0data\0\0\0\0",
    b"ID3\x04\0\0\0\0\0\0" + b"\xff\xfb\x90\0" * 20,
)


@st.composite
def damaged_files(draw: st.DrawFn) -> bytes:
    """A picture, clip or sound with some of its bytes changed, cut or doubled; or anything else."""
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
    st.builds(Said, damaged_files(), st.sampled_from([200, 200, 200, 200, 206, 404, 403, 503, 302]),
              st.sampled_from((*WHOLE, *WHOLE, *BROKEN)), st.lists(header_lines, max_size=1).map(tuple))
    | st.builds(Said, bodies, st.just(200))
    | st.builds(Said, st.just(PNG))
)  # fmt: skip
