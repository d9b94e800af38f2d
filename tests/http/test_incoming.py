"""Event streams over real sockets: latency, endings, silence, and being stopped from outside."""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from client_help import assert_clean, client_for, forget_the_machine, says
from generate_media.core.readings import Answer
from generate_media.core.requests import Call
from generate_media.http.client import EventStream, TransportError
from wire import Peer, Wire, answer, chunked

CREATE = Call("create", "POST", "/generation/sse/x", body={"prompt": "a cup"}, stream=True)
EVENTS = "text/event-stream"
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\n"


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    forget_the_machine(monkeypatch, tmp_path)


@contextmanager
def opened(handle: Callable[[Peer], None], silence: float = 5.0, bound: float | None = None) -> Iterator[EventStream]:
    with (
        Wire(handle) as wire,
        client_for(wire.url).open_stream(CREATE, silence_seconds=silence, answer_seconds=bound) as got,
    ):
        assert isinstance(got, EventStream)
        yield got
        assert wire.connections == 1


def whole_answer(raw: bytes) -> Answer:
    with Wire(says(raw)) as wire, client_for(wire.url).open_stream(CREATE, silence_seconds=5) as got:
        assert isinstance(got, Answer)
        return got


def data_of(stream: EventStream) -> list[str]:
    return [event.data for event in stream]


def test_it_asks_for_events() -> None:
    with Wire(says(PLAIN + b"data: 1\n\n")) as wire:
        with client_for(wire.url).open_stream(CREATE, silence_seconds=5) as got:
            assert isinstance(got, EventStream)
            assert got.head.media_type == EVENTS
            assert data_of(got) == ["1"]
        assert b"\r\nAccept: text/event-stream, application/json;q=0.9\r\n" in wire.received[0]


GZIP = zlib.compressobj(wbits=31)
FIRST = GZIP.compress(b"data: 1\n\n") + GZIP.flush(zlib.Z_SYNC_FLUSH)
GZIPPED = FIRST + GZIP.compress(b"data: 2\n\n") + GZIP.flush()


@pytest.mark.parametrize(
    "raw",
    [
        PLAIN + b"data: 1\n\ndata: 2\n\n",
        chunked(b"data: 1\n\n", b"data: 2\n\n", media_type=EVENTS),
        chunked(b"data: 1\r\n", b"\r\ndata: 2\r\n\r\n", media_type=EVENTS),
        chunked(*[bytes([byte]) for byte in b"data: 1\r\rdata: 2\r\r"], media_type=EVENTS),
        answer(b"data: 1\n\ndata: 2\n\n", f"Content-Type: {EVENTS}"),
        answer(GZIPPED, f"Content-Type: {EVENTS}", "Content-Encoding: gzip"),
        chunked(b"data: 1\n\ndata: 2\n\n", media_type="text/plain"),
        chunked(b": hello, is this on?\n\nid: 1\ndata: 1\n\ndata: 2\n\n", media_type="application/json"),
        b"HTTP/1.1 200 OK\r\n\r\n\xef\xbb\xbfdata: 1\n\ndata: 2\n\n",
        chunked(b"\n\n\n", b"d", b"ata: 1\n\ndata: 2\n\n", media_type="text/html"),
    ],
    ids=[
        "to the end",
        "chunks",
        "CRLF",
        "CR, a byte a chunk",
        "length",
        "gzip",
        "plain",
        "as JSON",
        "untyped",
        "as HTML",
    ],
)
def test_a_stream_is_one_by_its_type_or_by_its_beginning(raw: bytes) -> None:
    with opened(says(raw)) as stream:
        assert data_of(stream) == ["1", "2"]
        assert not stream.stopped


@pytest.mark.parametrize(
    ("raw", "status", "body"),
    [
        (answer(b'{"id":"g"}', "Content-Type: application/json", status="202 Accepted"), 202, '{"id":"g"}'),
        (answer(b' \n{"id":"g"}', f"Content-Type: {EVENTS}"), 200, ' \n{"id":"g"}'),
        (answer(b"<html>data: x\n\n", f"Content-Type: {EVENTS}"), 200, "<html>data: x\n\n"),
        (answer(b"", "Content-Type: application/json"), 200, ""),
        (answer(b"busy", f"Content-Type: {EVENTS}", status="429 Too Many"), 429, "busy"),
        (answer(b'data: {"error":1}\n\n', status="500 No"), 500, 'data: {"error":1}\n\n'),
        (answer(b"", "Location: http://evil.test/", f"Content-Type: {EVENTS}", status="302 Found"), 302, ""),
        (answer(b"database: of words", "Content-Type: text/plain"), 200, "database: of words"),
    ],
)
def test_what_is_no_stream_is_an_answer_read_whole(raw: bytes, status: int, body: str) -> None:
    got = whole_answer(raw)
    assert (got.status, got.body) == (status, body)


@pytest.mark.parametrize("framing", ["chunked", "plain"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"], ids=["LF", "CRLF", "CR"])
def test_an_event_is_in_hand_as_soon_as_its_last_byte_is_sent(framing: str, end: bytes) -> None:
    sent: list[float] = []

    def handle(peer: Peer) -> None:
        peer.request()
        peer.send(chunked(media_type=EVENTS, end=False) if framing == "chunked" else PLAIN)
        for _ in range(15):
            time.sleep(0.01)
            line = b'data: {"status":"COMPLETED"}' + end + end
            sent.append(time.monotonic())
            peer.send(b"%x\r\n%s\r\n" % (len(line), line) if framing == "chunked" else line)
        peer.until_gone()

    with opened(handle) as stream:
        delays = sorted(stream.last_event_at - sent[number] for number, _ in zip(range(15), stream, strict=False))
    assert delays[7] < 0.01  # the target is 2 ms on a quiet machine; bench measures that


BREAKS: dict[str, tuple[bytes, bool, str]] = {
    "a chunk cut": (chunked(b"data: 1\n\n", b"data: 2\n\n", media_type=EVENTS, end=False)[:-4], False, "cut short"),
    "no last chunk": (chunked(b"data: 1\n\n", media_type=EVENTS, end=False), False, "cut short"),
    "a reset": (PLAIN + b"data: 1\n\n", True, "connection reset"),
    "a reset in a chunk": (
        chunked(b"data: 1\n\n", media_type=EVENTS, end=False) + b"9\r\nda",
        True,
        "connection reset",
    ),
    "nonsense for a chunk": (chunked(b"data: 1\n\n", media_type=EVENTS, end=False) + b"zz\r\n", False, "cut short"),
    "an endless event": (PLAIN + b"data: 1\n\ndata: " + b"x" * (2 << 20), False, "an event is too large"),
    "gzip broken": (
        chunked(FIRST, b"\xff" * 99, media_type=EVENTS + "\r\nContent-Encoding: gzip"),
        False,
        "compression is broken",
    ),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_break_is_an_error_after_the_events_before_it(name: str) -> None:
    raw, resets, detail = BREAKS[name]

    def handle(peer: Peer) -> None:
        peer.request()
        peer.send(raw)
        time.sleep(0.1)
        if resets:
            peer.reset()

    with opened(handle) as stream:
        assert next(stream).data == "1"
        with pytest.raises(TransportError) as caught:
            next(stream)
        assert caught.value.reached
        assert detail in caught.value.detail
        assert_clean(caught.value)
        with pytest.raises(StopIteration):
            next(stream)


def test_an_end_without_a_length_is_an_end_and_its_unfinished_event_none() -> None:
    with opened(says(PLAIN + b"data: 1\n\ndata: 2\n")) as stream:
        assert data_of(stream) == ["1"]


def test_silence_is_an_error_and_a_comment_is_not_silence() -> None:
    sent: list[float] = []

    def handle(peer: Peer) -> None:
        peer.request()
        peer.send(PLAIN + b"data: 1\n\n")
        for _ in range(6):
            time.sleep(0.1)
            peer.send(b":\n\n")
            sent.append(time.monotonic())
        peer.until_gone()

    with opened(handle, silence=0.3) as stream:
        assert next(stream).data == "1"
        first = stream.last_event_at
        with pytest.raises(TransportError) as caught:
            next(stream)
        ended = time.monotonic()
    assert (caught.value.detail, caught.value.reached) == ("silent", True)
    assert stream.last_event_at == first
    assert sent[-1] - first > 0.5
    assert 0.25 < ended - sent[-1] < 0.8


@pytest.mark.parametrize(
    ("slowly", "detail"),
    [(b"", "timed out"), (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 99, "timed out"), (PLAIN, "timed out")],
    ids=["nothing", "slow headers", "headers, no body"],
)
def test_no_begin_within_its_bound(slowly: bytes, detail: str) -> None:
    def handle(peer: Peer) -> None:
        peer.request()
        peer.drip(slowly, 0.005 if slowly == PLAIN else 0.02)
        peer.until_gone()

    began = time.monotonic()
    with pytest.raises(TransportError) as caught, opened(handle, silence=5.0, bound=0.6):
        pass
    assert time.monotonic() - began < 1.5
    assert (caught.value.detail, caught.value.reached) == (detail, True)


def test_the_bound_of_the_beginning_does_not_end_a_stream() -> None:
    def handle(peer: Peer) -> None:
        peer.request()
        peer.send(PLAIN + b"data: 1\n\n")
        time.sleep(0.6)
        peer.send(b"data: 2\n\n")

    with opened(handle, bound=0.3) as stream:
        assert data_of(stream) == ["1", "2"]


def test_iteration_can_stop_and_go_on() -> None:
    with opened(says(PLAIN + b"data: 1\n\ndata: 2\n\ndata: 3\n\n")) as stream:
        for event in stream:
            assert event.data == "1"
            break
        assert data_of(stream) == ["2", "3"]


@pytest.mark.parametrize("begin", [PLAIN + b"data: 1\n\n", chunked(b"data: 1\n\n", media_type=EVENTS, end=False)])
def test_shutdown_from_another_thread_ends_it_at_once_and_without_an_error(begin: bytes) -> None:
    def handle(peer: Peer) -> None:
        peer.request()
        peer.send(begin)
        peer.until_gone()

    with opened(handle, silence=20.0) as stream:
        assert next(stream).data == "1"
        stop = threading.Timer(0.1, stream.shutdown)
        stop.start()
        began = time.monotonic()
        assert data_of(stream) == []
        assert time.monotonic() - began < 0.6
        assert stream.stopped
        stop.join()


def test_a_limit_gives_the_events_that_came_in_time_and_then_breaks_off() -> None:
    def handle(peer: Peer) -> None:
        peer.request()
        peer.send(PLAIN + b"data: 1\n\ndata: ")
        peer.until_gone()

    with opened(handle, silence=20.0) as stream:
        stream.limit(0.2)
        assert next(stream).data == "1"
        with pytest.raises(TransportError) as caught:
            next(stream)
        assert (caught.value.detail, caught.value.reached, stream.stopped) == ("timed out", True, False)


def test_leaving_the_block_closes_the_connection() -> None:
    gone = threading.Event()

    def handle(peer: Peer) -> None:
        peer.request()
        peer.send(PLAIN + b"data: 1\n\n")
        peer.until_gone()
        gone.set()

    with opened(handle) as stream:
        assert next(stream).data == "1"
    assert gone.wait(2)
