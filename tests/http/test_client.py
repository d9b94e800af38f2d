"""The client against real sockets: what it sends, what it makes of every ending, and that the key stays hidden."""

from __future__ import annotations

import socket
import threading
import time
import traceback
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from client_help import CANARY, GET, POST, assert_clean, client_for, forget_the_machine, keeps_alive, says
from generate_media import __version__
from generate_media.core.errors import UsageError
from generate_media.core.readings import Answer
from generate_media.core.requests import Call
from generate_media.http.client import EventStream, TransportError, check_base_url
from wire import Peer, Wire, answer, chunked


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    forget_the_machine(monkeypatch, tmp_path)


LARGE = Call("create", "POST", "/generation/x", body={"prompt": "x" * (12 << 20)})
"""More than the sockets' buffers hold."""


def send(wire: Wire, call: Call = GET, seconds: float = 5.0) -> Answer:
    client = client_for(wire.url + "/api/v1")
    try:
        return client.send(call, timeout_seconds=seconds)
    finally:
        client.close()


def failure_of(wire: Wire, call: Call = GET, seconds: float = 5.0) -> TransportError:
    """The error, after a look through all that a log or a debugger could show of it."""
    with pytest.raises(TransportError) as caught:
        send(wire, call, seconds)
    assert_clean(caught.value)
    return caught.value


# -- what goes out ---------------------------------------------------------------------------------------------


def test_a_create_on_the_wire_byte_by_byte() -> None:
    call = Call("create", "POST", "/generation/google/x", body={"prompt": "杯 \ud800", "n": 1, "list": (True, None)})
    with Wire(says(answer(b"{}"))) as wire:
        send(wire, call)
    head, body = wire.received[0].split(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /api/v1/generation/google/x HTTP/1.1"
    assert body == rb'{"prompt":"\u676f \ud800","n":1,"list":[true,null]}'
    assert sorted(line.lower() for line in lines[1:]) == sorted(
        [
            f"host: 127.0.0.1:{wire.port}",
            f"user-agent: generate-media/{__version__}",
            "accept: application/json",
            "accept-encoding: identity",
            "content-type: application/json",
            f"content-length: {len(body)}",
            f"authorization: bearer {CANARY}",
        ]
    )


@pytest.mark.parametrize(
    ("call", "target"),
    [
        (Call("query", "GET", "/a/b"), "/api/v1/a/b"),
        (Call("query", "GET", "a"), "/api/v1/a"),
        (Call("list", "GET", "/tasks", (("page", "1"), ("q", "a b&c"))), "/api/v1/tasks?page=1&q=a+b%26c"),
        (Call("query", "GET", "/agnesapi", (("video_id", "v"),), at_host_root=True), "/agnesapi?video_id=v"),
        (Call("query", "GET", "//evil.test/x"), "/api/v1/evil.test/x"),
        (Call("query", "GET", "@evil.test/x"), "/api/v1/@evil.test/x"),
        (Call("query", "GET", "//evil.test/x", at_host_root=True), "/evil.test/x"),
        (Call("query", "GET", "http://evil.test/x"), "/api/v1/http://evil.test/x"),
        (Call("query", "GET", "/gen#frag"), "/api/v1/gen"),
        (Call("query", "GET", "/api/v2/gen"), "/api/v2/gen"),
        (Call("query", "GET", "/v12/gen"), "/api/v12/gen"),
        (Call("query", "GET", "/v2beta/gen"), "/api/v1/v2beta/gen"),
        (Call("query", "GET", "/v1/tasks", at_host_root=True), "/v1/tasks"),
        (Call("query", "GET", "/gen\r\nX-Evil: 1"), "/api/v1/gen%0D%0AX-Evil:%201"),
    ],
)
def test_the_host_is_the_base_urls_whatever_the_path(call: Call, target: str) -> None:
    with Wire(says(answer(b"{}"))) as wire:
        send(wire, call)
    assert wire.received[0].split(b"\r\n")[0].decode() == f"GET {target} HTTP/1.1"


def test_netrc_does_not_replace_the_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine 127.0.0.1 login someone password example\ndefault login any password example\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with Wire(says(answer(b"{}"))) as wire:
        send(wire)
    assert f"Authorization: Bearer {CANARY}".encode() in wire.received[0]
    assert wire.received[0].count(b"Authorization") == 1


@pytest.mark.parametrize(
    "url",
    [
        "https://api.test",
        "https://API.test/api/v1",
        "https://api.test:8443/v1",
        "http://127.0.0.1:8787/api/v1",
        "http://localhost:1/",
        "http://[::1]:1/",
        "https://localhost/",
    ],
)
def test_base_urls_that_the_key_may_go_to(url: str) -> None:
    check_base_url(url, ("api.test",))


@pytest.mark.parametrize(
    "url",
    [
        "http://api.test/api/v1",
        "https://evil.test",
        "https://api.test.evil.test",
        "https://xapi.test",
        "https://api.test@evil.test",
        "https://evil.test@api.test",
        "https://:x@127.0.0.1",
        "https://evil.test\\@api.test",
        "https://evil.test#@api.test",
        "https://evil.test?@api.test",
        "https://api.test\n",
        "https://api.te\tst",
        "https://api.test.",
        "https://аpi.test",  # a Cyrillic letter
        "ftp://api.test",
        "file:///etc/passwd",
        "//api.test",
        "api.test",
        "https://",
        "",
        "https://api.test:port",
        "https://[::1",
        "http://127.0.0.1.evil.test",
        "http://127.1",
        "http://0.0.0.0",
        "http://2130706433",
        "http://169.254.169.254/",
    ],
)
def test_base_urls_that_it_may_not(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_base_url(url, ("api.test",))
    assert caught.value.code == "host_not_allowed"
    with pytest.raises(UsageError):
        client_for(url)


@pytest.mark.parametrize("call", [GET, POST], ids=["GET", "POST"])
@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:0/api/v1", "http://localhost:0", "http://[::1]:00/v1", "https://api.test:0"]
)
def test_an_address_that_the_library_reads_as_another_gets_no_key(url: str, call: Call) -> None:
    """requests leaves port 0 out, and would send the key to whoever listens on the scheme's own port."""
    with pytest.raises(UsageError) as caught:
        client_for(url).send(call, timeout_seconds=2)
    assert caught.value.code == "host_not_allowed"


def test_a_redirect_is_an_answer_and_nobody_follows_it() -> None:
    with (
        Wire(says(answer(b"{}"))) as other,
        Wire(says(answer(b"", f"Location: {other.url}/x", status="302 Found"))) as wire,
    ):
        got = send(wire, POST)
        time.sleep(0.05)
        assert (got.status, got.headers["location"]) == (302, f"{other.url}/x")
        assert (wire.connections, other.connections) == (1, 0)


# -- what comes back -------------------------------------------------------------------------------------------

GZIP = zlib.compressobj(wbits=31)
GZIPPED = GZIP.compress(b'{"id":"gen_1"}') + GZIP.flush()


@pytest.mark.parametrize(
    ("raw", "status", "body"),
    [
        (answer(b'{"id":1}'), 200, '{"id":1}'),
        (answer(b"", status="204 No Content"), 204, ""),
        (answer(b"nope", status="404 Not Found"), 404, "nope"),
        (answer(b"<html>", status="502 Bad Gateway"), 502, "<html>"),
        (chunked(b'{"id"', b":1}"), 200, '{"id":1}'),
        (b"HTTP/1.0 200 OK\r\n\r\nto the end", 200, "to the end"),
        (b"HTTP/1.1 200\r\nConnection: close\r\n\r\nx", 200, "x"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + answer(b"x"), 200, "x"),
        (answer(b"\xef\xbb\xbf{}"), 200, "{}"),
        (answer(b"a\xff\xe4\xbd"), 200, "a\ufffd\ufffd"),
        (answer(GZIPPED, "Content-Encoding: gzip"), 200, '{"id":"gen_1"}'),
        (answer(zlib.compress(b"{}"), "Content-Encoding: deflate"), 200, "{}"),
        (answer(b"", "Content-Encoding: gzip"), 200, ""),
        (answer(b"{}", "Content-Encoding: gzip"), 200, "{}"),
        (b"HTTP/1.1 200 OK\r\n", 200, ""),  # http.client takes the end for the end of the headers; still no id in it
        (answer(b"more than it said")[:-4] + b"said and a tail", 200, "more than it said"),
    ],
)
def test_whole_answers(raw: bytes, status: int, body: str) -> None:
    with Wire(says(raw)) as wire:
        got = send(wire)
    assert (got.status, got.body) == (status, body)


def test_headers_are_lower_case_joined_and_capped() -> None:
    with Wire(says(answer(b"{}", "X-One: a", "x-one: b", "X-Long: " + "y" * 60000, "RETRY-AFTER: 7"))) as wire:
        headers = send(wire).headers
    assert headers["x-one"] == "a, b"
    assert headers["retry-after"] == "7"
    assert len(headers["x-long"]) == 4096


def test_a_create_may_answer_with_more_than_a_read() -> None:
    body = b"x" * (9 << 20)
    with Wire(says(answer(body))) as wire:
        assert len(send(wire, POST, 20).body) == len(body)
        assert failure_of(wire, GET, 20).detail == "the answer is larger than 8 MiB"


def test_a_bomb_is_not_unpacked() -> None:
    bomb = zlib.compressobj(wbits=31)
    data = bomb.compress(b"\0" * (40 << 20)) + bomb.flush()
    with Wire(says(answer(data, "Content-Encoding: gzip"))) as wire:
        assert failure_of(wire, GET, 20).detail == "the answer is larger than 8 MiB"


# -- endings after which a job may exist -----------------------------------------------------------------------


def closes(peer: Peer) -> None:
    peer.request()


def resets(peer: Peer) -> None:
    peer.request()
    peer.reset()


def resets_after(data: bytes) -> Callable[[Peer], None]:
    def handle(peer: Peer) -> None:
        peer.request()
        peer.send(data)
        time.sleep(0.05)
        peer.reset()

    return handle


LOST: dict[str, tuple[Callable[[Peer], None], str]] = {
    "closed before any byte": (closes, "the connection was closed without an answer"),
    "reset before any byte": (resets, "connection reset"),
    "half a status line": (says(b"HTTP/1.1 2"), ""),
    "half the headers": (says(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nX-Ha"), "cut short"),
    "headers alone": (says(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"), "cut short"),
    "half a body": (says(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}"), "cut short"),
    "half a chunk": (says(chunked(b"{}", end=False)[:-3]), "cut short"),
    "chunks without an end": (says(chunked(b"{}", end=False)), "cut short"),
    "a chunk of nonsense length": (says(chunked(b"{}", end=False), b"zz\r\n"), "cut short"),
    "reset in the body": (resets_after(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}"), "connection reset"),
    "garbage": (says(b"\x16\x03\x01garbage\r\n\r\n"), "no HTTP answer"),
    "another protocol": (says(b"SSH-2.0-OpenSSH_9.2\r\n"), "no HTTP answer"),
    "a header line of 100 kB": (says(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n"), "no HTTP answer"),
    "300 headers": (says(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 300 + b"\r\n"), "no HTTP answer"),
    "broken gzip": (says(answer(b"\x1f\x8b garbage", "Content-Encoding: gzip")), "the answer's compression is broken"),
    "gzip cut": (
        says(answer(GZIPPED[:-9], "Content-Encoding: gzip")),
        "the answer's compression is broken: its end is missing",
    ),
    "unknown coding": (
        says(answer(b"{}", "Content-Encoding: br")),
        "the answer is compressed in a way that was not asked for",
    ),
}


@pytest.mark.parametrize("call", [GET, POST], ids=["GET", "POST"])
@pytest.mark.parametrize("name", LOST)
def test_a_lost_answer_is_reached_and_nothing_is_sent_again(name: str, call: Call) -> None:
    handle, detail = LOST[name]
    with Wire(handle) as wire:
        error = failure_of(wire, call)
        assert error.reached
        assert detail in error.detail
        assert wire.connections == len(wire.received) == 1


def test_reset_while_the_body_is_half_sent_is_reached() -> None:
    def handle(peer: Peer) -> None:
        peer.sock.recv(1000)
        peer.reset()

    with Wire(handle) as wire:
        error = failure_of(wire, LARGE)
        assert error.reached
        assert wire.connections == 1


def test_an_early_refusal_of_a_large_body_is_still_read() -> None:
    def handle(peer: Peer) -> None:
        peer.sock.recv(1000)
        peer.send(answer(b'{"code":"TOO_LARGE"}', "Connection: close", status="413 Too Large"))
        peer.sock.shutdown(socket.SHUT_WR)
        peer.until_gone()

    with Wire(handle) as wire:
        got = send(wire, LARGE)
    assert (got.status, got.body) == (413, '{"code":"TOO_LARGE"}')


def drips(at_once: bytes, slowly: bytes) -> Callable[[Peer], None]:
    def handle(peer: Peer) -> None:
        peer.request()
        peer.send(at_once)
        peer.drip(slowly)
        peer.until_gone()

    return handle


SLOW = {
    "silence": drips(b"", b""),
    "headers a byte at a time": drips(b"", answer(b"{}", "X: " + "y" * 900)),
    "a body a byte at a time": drips(answer(b"y" * 900)[:-900], b"y" * 900),
    "an endless body without length": drips(b"HTTP/1.1 200 OK\r\n\r\n", b"y" * 900),
    "100 Continue without end": drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 90),
}


@pytest.mark.parametrize("name", SLOW)
def test_no_server_can_hold_us_longer_than_the_time_out(name: str) -> None:
    with Wire(SLOW[name]) as wire:
        began = time.monotonic()
        error = failure_of(wire, POST, 0.4)
        assert 0.35 <= time.monotonic() - began < 1.2
    assert (error.reached, error.detail) == (True, "timed out")


def test_a_server_that_does_not_read_cannot_either() -> None:
    with Wire(lambda peer: time.sleep(1.5)) as wire:
        began = time.monotonic()
        with pytest.raises(TransportError) as caught:
            send(wire, LARGE, 0.4)
        assert time.monotonic() - began < 1.2
    assert (caught.value.reached, caught.value.detail) == (True, "timed out")


# -- connections -----------------------------------------------------------------------------------------------


def test_reads_share_a_connection_and_creates_have_their_own() -> None:
    with Wire(keeps_alive) as wire:
        client = client_for(wire.url)
        for call in (GET, GET, POST, GET, POST):
            client.send(call, timeout_seconds=5)
        assert wire.connections == 3
        client.close()


def test_a_connection_that_the_server_closed_meanwhile_is_not_used() -> None:
    def handle(peer: Peer) -> None:
        peer.request()
        peer.send(answer(b"{}"))

    with Wire(handle) as wire:
        client = client_for(wire.url)
        for _ in range(3):
            client.send(GET, timeout_seconds=5)
            time.sleep(0.02)
        assert wire.connections == len(wire.received) == 3
        client.close()


def test_a_read_lost_on_a_kept_connection_is_not_repeated_in_silence() -> None:
    def handle(peer: Peer) -> None:
        peer.request()
        peer.send(answer(b"{}"))
        peer.request()

    with Wire(handle) as wire:
        client = client_for(wire.url)
        client.send(GET, timeout_seconds=5)
        with pytest.raises(TransportError) as caught:
            client.send(GET, timeout_seconds=5)
        assert caught.value.reached
        assert (wire.connections, len(wire.received)) == (1, 2)
        client.close()


def test_many_threads_share_a_client_with_small_stacks() -> None:
    with Wire(keeps_alive) as wire:
        client = client_for(wire.url)
        got: list[int] = []
        before = threading.stack_size(256 * 1024)
        try:
            threads = [
                threading.Thread(target=lambda: got.append(client.send(GET, timeout_seconds=20).status))
                for _ in range(50)
            ]
            for thread in threads:
                thread.start()
        finally:
            threading.stack_size(before)
        for thread in threads:
            thread.join()
        client.close()
    assert got == [200] * 50


@pytest.mark.parametrize("bad", ["two\nlines", "tab\there", "schlüssel"])
def test_a_key_that_no_header_can_hold_is_refused_without_being_shown(bad: str) -> None:
    with Wire(says(answer(b"{}"))) as wire:
        client = client_for(wire.url, f"{CANARY}{bad}")
        with pytest.raises(TransportError) as caught:
            client.send(GET, timeout_seconds=5)
        assert wire.connections == 0
    assert_clean(caught.value)
    assert not caught.value.reached


def test_the_key_does_not_show_while_the_libraries_work(caplog: pytest.LogCaptureFixture) -> None:
    """Locals of every frame of every thread, requests' and urllib3's among them, as a debugger prints them."""
    import sys

    seen: list[str] = []

    def handle(peer: Peer) -> None:
        peer.request()
        for frame in sys._current_frames().values():
            seen.extend(
                line
                for step in traceback.StackSummary.extract(traceback.walk_stack(frame), capture_locals=True).format()
                for line in [step]
            )
        peer.send(answer(b"{}"))

    with caplog.at_level("DEBUG"), Wire(handle) as wire:
        send(wire, POST)
    shown = "\n".join(seen)
    assert "urllib3" in shown
    assert "generate_media" in shown
    assert CANARY not in "\n".join(line for line in shown.splitlines() if "wire.py" not in line and "data" not in line)
    assert CANARY not in caplog.text


def test_nan_is_refused_before_anything_is_sent() -> None:
    with Wire(says(answer(b"{}"))) as wire:
        with pytest.raises(UsageError):
            send(wire, Call("create", "POST", "/x", body={"scale": float("nan")}))
        assert wire.connections == 0


def test_an_answer_to_a_call_for_events_is_not_a_stream() -> None:
    raw = answer(b'{"id":"gen_1"}', "Content-Type: application/json", status="202 Accepted")
    with Wire(says(raw)) as wire, client_for(wire.url).open_stream(POST, silence_seconds=5) as got:
        assert not isinstance(got, EventStream)
        assert (got.status, got.body) == (202, '{"id":"gen_1"}')
