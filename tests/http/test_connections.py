"""Before the request: names, refusals, TLS, proxies. Whatever fails here has reached nobody."""

from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from client_help import CANARY, GET, POST, assert_clean, client_for, forget_the_machine, keeps_alive, says
from generate_media.config.keys import SecretKey
from generate_media.core.errors import UsageError
from generate_media.core.readings import Answer
from generate_media.core.requests import Call
from generate_media.http.client import Client, EventStream, Site, TransportError
from generate_media.http.trust import TrustStore
from tools import require_tool
from wire import Peer, Wire, answer


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    forget_the_machine(monkeypatch, tmp_path)


AUTHORITY = trustme.CA()


def server_context(cert: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    cert.configure_cert(context)
    return context


GOOD = server_context(AUTHORITY.issue_cert("127.0.0.1", "api.test"))
OTHER_HOST = server_context(AUTHORITY.issue_cert("other.test"))
EXPIRED = server_context(
    AUTHORITY.issue_cert("127.0.0.1", not_after=datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc))
)
STRANGER = server_context(trustme.CA().issue_cert("127.0.0.1"))


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """REQUESTS_CA_BUNDLE names the tests' authority."""
    bundle = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(str(bundle))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    return bundle


def send(url: str, call: Call = GET, seconds: float = 3.0) -> Answer:
    client = Client(Site(url, ("api.test", "no-such-host.invalid"), "127.0.0.1" in url, SecretKey(CANARY, "a test")))
    try:
        return client.send(call, timeout_seconds=seconds)
    finally:
        client.close()


def unreached(url: str, seconds: float = 3.0) -> str:
    """The detail of a failure, for a read and a create, neither of which left."""
    details = set()
    for call in (GET, POST):
        with pytest.raises(TransportError) as caught:
            send(url, call, seconds)
        assert_clean(caught.value)
        assert not caught.value.reached
        # Which of two timers of the same length is first, the socket's or the exchange's, is the machine's affair.
        details.add(caught.value.detail.removeprefix("connect "))
    assert len(details) == 1
    return details.pop()


# -- names and ports -------------------------------------------------------------------------------------------


def test_a_refused_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    assert unreached(f"http://127.0.0.1:{port}") == "connection refused"


def test_a_name_that_nobody_knows() -> None:
    assert unreached("https://no-such-host.invalid") == "the host name could not be resolved"


def test_a_host_that_does_not_answer_the_connect() -> None:
    with socket.socket() as full, contextlib.ExitStack() as stack:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):  # the queue is full, further SYNs are dropped
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        time.sleep(0.05)
        began = time.monotonic()
        assert unreached(f"http://127.0.0.1:{full.getsockname()[1]}", 0.3).endswith("timed out")
        assert time.monotonic() - began < 2.0


# -- TLS -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_an_authority_of_the_users_own(variable: str, trusted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with Wire(keeps_alive, GOOD) as wire:
        assert "issuer" in unreached(wire.url) or "self" in unreached(wire.url)
        monkeypatch.setenv(variable, str(trusted))
        assert send(wire.url).status == 200
        assert send(wire.url, POST).status == 200
        assert wire.received[-1].count(CANARY.encode()) == 1


@pytest.mark.parametrize(
    ("context", "word"),
    [(OTHER_HOST, "127.0.0.1"), (EXPIRED, "expired"), (STRANGER, "issuer")],
    ids=["other host", "expired", "unknown authority"],
)
@pytest.mark.usefixtures("trusted")
def test_a_certificate_that_is_not_good(context: ssl.SSLContext, word: str) -> None:
    with Wire(keeps_alive, context) as wire:
        detail = unreached(wire.url)
        assert detail.startswith("the TLS certificate was not accepted: ")
        assert word in detail
        assert wire.received == []


def hangs_up(peer: Peer) -> None:
    peer.sock.recv(10)


def talks_plain(peer: Peer) -> None:
    peer.sock.recv(1000)
    peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def drips(peer: Peer) -> None:
    peer.sock.recv(10_000)
    peer.drip(b"\x16\x03\x03\x10\x00" + b"\0" * 300)


@pytest.mark.parametrize("handle", [hangs_up, talks_plain, Peer.reset, drips, Peer.until_gone])
@pytest.mark.usefixtures("trusted")
# A reset that comes before CPython's ssl has wrapped the socket leaves a half-made SSLSocket that nobody can close.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_handshake_that_fails_or_never_ends(handle: object) -> None:
    with Wire(handle) as wire:  # type: ignore[arg-type]
        began = time.monotonic()
        assert unreached(wire.url.replace("http:", "https:"), 0.5)
        assert time.monotonic() - began < 2.5


@pytest.mark.usefixtures("trusted")
def test_endings_within_tls_are_reached_and_bounded() -> None:
    def stalls(peer: Peer) -> None:
        peer.request()
        peer.drip(answer(b"x" * 500))

    for handle, detail in ((lambda peer: peer.request(), "closed without"), (stalls, "timed out")):
        with Wire(handle, GOOD) as wire:
            began = time.monotonic()
            with pytest.raises(TransportError) as caught:
                send(wire.url, POST, 0.5)
            assert time.monotonic() - began < 1.5
            assert caught.value.reached
            assert detail in caught.value.detail
            assert_clean(caught.value)
            assert wire.connections == 1


@pytest.mark.usefixtures("trusted")
def test_a_stream_within_tls_can_be_stopped_from_another_thread() -> None:
    def handle(peer: Peer) -> None:
        peer.request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n")
        peer.until_gone()

    call = Call("create", "POST", "/generation/sse/x", body={}, stream=True)
    with Wire(handle, GOOD) as wire, client_for(wire.url).open_stream(call, silence_seconds=20) as stream:
        assert isinstance(stream, EventStream)
        assert next(stream).data == "1"
        stop = threading.Timer(0.1, stream.shutdown)
        stop.start()
        began = time.monotonic()
        assert list(stream) == []
        assert time.monotonic() - began < 0.6
        assert stream.stopped
        stop.join()


def test_a_store_that_cannot_be_read_is_a_mistake_of_usage(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "gone.pem"))
    with pytest.raises(UsageError, match="REQUESTS_CA_BUNDLE"):
        send("https://127.0.0.1:1")


@pytest.fixture
def hashed(tmp_path: Path) -> Path:
    """A folder as /etc/ssl/certs is one: each authority under the hash of its name."""
    folder = tmp_path / "certs"
    folder.mkdir()
    AUTHORITY.cert_pem.write_to_path(str(folder / "ours.pem"))
    subprocess.run([require_tool("openssl"), "rehash", str(folder)], check=True, capture_output=True)
    assert list(folder.glob("*.0"))
    return folder


def handshake(store: TrustStore, port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as line:
        store.context.wrap_socket(line, server_hostname="127.0.0.1").close()


def test_the_systems_hashed_folder_is_enough(hashed: Path, tmp_path: Path) -> None:
    with Wire(keeps_alive, GOOD) as wire:
        handshake(TrustStore({}, hashed, tmp_path / "not needed.pem"), wire.port)


def test_the_bundle_is_asked_when_the_folder_does_not_know(hashed: Path, tmp_path: Path) -> None:
    other = trustme.CA()
    bundle = tmp_path / "bundle.pem"
    other.cert_pem.write_to_path(str(bundle))
    store = TrustStore({}, hashed, bundle)
    with Wire(keeps_alive, server_context(other.issue_cert("127.0.0.1"))) as wire:
        with pytest.raises(ssl.SSLCertVerificationError):
            handshake(store, wire.port)
        assert store.widen()
        handshake(store, wire.port)
    assert not store.widen()


def test_without_a_hashed_folder_the_bundle_is_loaded_at_once(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.pem"
    AUTHORITY.cert_pem.write_to_path(str(bundle))
    store = TrustStore({}, tmp_path / "no such folder", bundle)
    with Wire(keeps_alive, GOOD) as wire:
        handshake(store, wire.port)
    assert not store.widen()


def test_a_store_that_the_user_chose_is_not_widened(trusted: Path, hashed: Path) -> None:
    assert not TrustStore({"SSL_CERT_FILE": str(trusted)}, hashed).widen()


# -- proxies ---------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def proxy(upstream: int | None, refusal: bytes = b"") -> Iterator[tuple[str, list[bytes]]]:
    """A CONNECT proxy that sends everybody to one port, or refuses; and every byte that it saw."""
    seen: list[bytes] = []

    def pump(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                seen.append(data)
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    def handle(peer: Peer) -> None:
        seen.append(peer.request())
        if upstream is None:
            peer.send(refusal)
            return
        peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with socket.create_connection(("127.0.0.1", upstream)) as there:
            back = threading.Thread(target=pump, args=(there, peer.sock), daemon=True)
            back.start()
            pump(peer.sock, there)
            back.join(2)

    with Wire(handle) as wire:
        yield wire.url, seen


@pytest.mark.usefixtures("trusted")
def test_through_a_proxy_the_key_is_never_in_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    with Wire(keeps_alive, GOOD) as wire, proxy(wire.port) as (url, seen):
        monkeypatch.setenv("HTTPS_PROXY", url.replace("//", "//user:secret@"))
        assert send("https://api.test", POST).status == 200
        assert send("https://api.test", GET).status == 200
        assert f"Bearer {CANARY}".encode() in wire.received[0]
    assert seen[0].startswith(b"CONNECT api.test:443 HTTP/1.")
    assert b"Proxy-Authorization: Basic" in seen[0]
    assert CANARY.encode() not in b"".join(seen)


@pytest.mark.parametrize(
    ("refusal", "detail"),
    [
        (b"HTTP/1.1 403 Forbidden: token canary\r\n\r\n", "the proxy refused to connect (HTTP 403)"),
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "the proxy refused to connect (HTTP 407)"),
        (b"", ""),
        (b"rubbish\r\n\r\n", ""),
    ],
)
@pytest.mark.usefixtures("trusted")
def test_a_proxy_that_will_not(refusal: bytes, detail: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with proxy(None, refusal) as (url, seen):
        monkeypatch.setenv("https_proxy", url)
        assert detail in unreached("https://api.test")
        assert CANARY.encode() not in b"".join(seen)


@pytest.mark.usefixtures("trusted")
def test_a_proxy_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{port}")
    assert unreached("https://api.test") == "connection refused"


@pytest.mark.usefixtures("trusted")
def test_a_name_in_no_proxy_is_called_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    with proxy(None) as (url, seen):
        monkeypatch.setenv("HTTPS_PROXY", url)
        monkeypatch.setenv("NO_PROXY", "no-such-host.invalid")
        assert unreached("https://no-such-host.invalid") == "the host name could not be resolved"
        assert seen == []


def test_loopback_never_goes_through_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with proxy(None) as (url, seen), Wire(says(answer(b"{}"))) as wire:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, url)
        assert send(wire.url).status == 200
        assert seen == []
