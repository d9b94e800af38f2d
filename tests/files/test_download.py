"""Downloads on real sockets: every row is a server that a stranger could run."""

from __future__ import annotations

import gzip
import hashlib
import io
import socket
import ssl
import time
import tracemalloc
import zlib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from clocks import QuickClock, StillClock, retries
from generate_media.core.clock import Clock
from generate_media.core.errors import OutputError, StillRunning
from generate_media.files.download import Downloader
from generate_media.files.transfer import Transfer
from generate_media.http.exchange import BrokenAnswer
from generate_media.http.trust import BUNDLE_VARIABLES, TrustStore
from generate_media.http.unpack import PIECE_BYTES, unzipped
from web import Answer, Web, http, picture, redirect, reset

PNG = picture()
GONE = http(b"", status="404 Not Found")
GOOD = http(PNG)
CUT = http(PNG[:-10], length=len(PNG))


Packer = Callable[[bytes], bytes]
PACKERS: list[Packer] = [gzip.compress, zlib.compress, lambda data: gzip.compress(data[:9]) + gzip.compress(data[9:])]


class Bench:
    """A downloader without real waits, and what came of it."""

    def __init__(self, clock: Clock | None = None, seconds: float | None = None, **options: Any) -> None:
        self.clock = clock or QuickClock()
        self.notes: list[Any] = []
        self.file = io.BytesIO()
        tries = retries(self.clock, seconds, self.notes)
        self.downloader = Downloader(tries, **{"allow_loopback": True, **options})

    @property
    def waits(self) -> list[float]:
        return [wait for _, wait, _ in self.notes]

    def fetch(self, url: str) -> Any:
        try:
            return self.downloader.fetch(url, self.file)
        finally:
            self.downloader.close()


def endless(line: socket.socket) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + PNG)
    while True:
        line.sendall(b"\0" * 65536)


def endless_chunk_header(line: socket.socket) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        line.sendall(b"0" * 65536)


def endless_headers(line: socket.socket) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        line.sendall(b"X: " + b"y" * 65536)


def redirect_with_endless_body(line: socket.socket) -> None:
    line.sendall(b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\n\r\n")
    for _ in range(2000):
        line.sendall(b"\0" * 65536)


def reset_at_once(line: socket.socket) -> None:
    reset(line)


def reset_in_the_body(line: socket.socket) -> None:
    line.sendall(CUT)
    reset(line)


def chunked(*pieces: bytes, end: bool = True) -> bytes:
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + (b"0\r\n\r\n" if end else b"")
    return http(body, "Transfer-Encoding: chunked", length=None)


BOMB = gzip.compress(PNG + b"\0" * (64 << 20))

HOSTILE: list[tuple[str, tuple[Answer, ...], str, int]] = [
    # what the server does, its answers, the error's code, and how often it may be asked
    ("redirect to a file", (redirect("file:///etc/passwd"),), "output_refused", 1),
    ("redirect to ftp", (redirect("ftp://example.com/x"),), "output_refused", 1),
    ("redirect to script", (redirect("javascript:alert(1)"),), "output_refused", 1),
    ("redirect to cloud metadata", (redirect("http://169.254.169.254/latest/meta-data/"),), "output_refused", 1),
    ("redirect to the home network", (redirect("http://192.168.1.1/"),), "output_refused", 1),
    ("redirect to metadata by NAT64", (redirect("http://[64:ff9b::a9fe:a9fe]/"),), "output_refused", 1),
    ("redirect to a mapped address", (redirect("http://[::ffff:10.0.0.1]/"),), "output_refused", 1),
    ("redirect to half an address", (redirect("https://[::1"),), "output_refused", 1),
    ("redirect to no host", (redirect("https://.a/x"),), "output_refused", 1),
    ("redirect to Azure's wire server", (redirect("http://168.63.129.16/machine/"),), "output_refused", 1),
    ("redirect for ever", (redirect("/again"),), "output_refused", 6),
    ("redirect with an endless body", (redirect_with_endless_body,), "output_refused", 1),
    ("a length of 100 GB", (http(PNG, length=100 << 30),), "output_too_large", 1),
    ("a body without end", (endless,), "output_too_large", 1),
    ("a gzip bomb nobody asked for", (http(BOMB, "Content-Encoding: gzip"),), "output_too_large", 1),
    ("HTML named png", (http(b"<!doctype html><script>x</script>", "Content-Type: image/png"),), "wrong_type", 1),
    (
        "SVG with script",
        (http(b"<?xml version='1.0'?><svg onload='x()'/>", "Content-Type: image/svg+xml"),),
        "wrong_type",
        1,
    ),
    ("JSON", (http(b'{"error": "gone"}'),), "wrong_type", 1),
    ("text", (http(b"not found\n" * 1000),), "wrong_type", 1),
    ("a program", (http(b"\x7fELF" + b"\2" * 5000),), "wrong_type", 1),
    ("nothing at all", (http(b""),), "download_failed", 6),
    ("cut short", (CUT,), "download_failed", 6),
    ("cut short without a length", (http(PNG[:-10], length=None),), "output_truncated", 3),
    ("cut short with a length that fits", (http(PNG[:-10]),), "output_truncated", 3),
    ("cut short in whole chunks", (chunked(PNG[:-10]),), "output_truncated", 3),
    ("cut short in a whole gzip", (http(gzip.compress(PNG[:-1]), "Content-Encoding: gzip"),), "output_truncated", 3),
    ("cut in two ways", (CUT, http(PNG[:-10]), CUT, http(PNG[:-10]), http(PNG[:90])), "output_truncated", 5),
    ("cut short in a chunk", (chunked(PNG[:100], end=False),), "download_failed", 6),
    ("a chunk size that never ends", (endless_chunk_header,), "download_failed", 6),
    ("headers that never end", (endless_headers,), "download_failed", 6),
    ("gzip cut short", (http(gzip.compress(PNG)[:-20], "Content-Encoding: gzip"),), "download_failed", 6),
    ("broken gzip", (http(gzip.compress(PNG)[:40] + b"\0" * 99, "Content-Encoding: gzip"),), "download_failed", 6),
    ("reset before a byte", (reset_at_once,), "download_failed", 6),
    ("reset in the body", (reset_in_the_body,), "download_failed", 6),
    ("garbage", (b"\0\1\2 SSH-2.0 hello\r\n\r\n",), "download_failed", 6),
    ("always busy", (http(b"", status="503 Service Unavailable"),), "download_failed", 6),
    ("come back tomorrow", (http(b"", "Retry-After: 86400", status="503 Busy"),), "download_failed", 1),
    ("a plain no", (http(b"", status="400 Bad Request"),), "download_failed", 1),
    ("not there", (GONE,), "output_gone", 6),
    ("expired", (http(b"<Error>", status="403 Forbidden"),), "output_gone", 6),
    ("gone for good", (http(b"", status="410 Gone"),), "output_gone", 1),
]


@pytest.mark.parametrize(("answers", "code", "asked"), [row[1:] for row in HOSTILE], ids=[row[0] for row in HOSTILE])
def test_hostile_servers(answers: tuple[Answer, ...], code: str, asked: int) -> None:
    with Web(*answers) as web:
        with pytest.raises(OutputError) as caught:
            Bench(max_bytes=8 << 20).fetch(web.url("/cat.png?X-Signature=hush"))
        assert caught.value.code == code
        assert len(web.heard) == asked
    text = repr(caught.value.as_json()) + repr(caught.value.__cause__)
    assert "hush" not in text
    assert caught.value.__suppress_context__ or caught.value.__context__ is None  # a traceback would show the URL


RECOVERS: list[tuple[str, tuple[Answer, ...]]] = [
    ("at once", (GOOD,)),
    ("redirected", (redirect("/other"), redirect("other2", "307 Temporary Redirect"), GOOD)),
    ("404 just after creation", (GONE, GONE, GOOD)),
    ("403 just after creation", (http(b"", status="403 Forbidden"), GOOD)),
    ("busy", (http(b"", status="502 Bad Gateway"), http(b"", status="429 Too Many"), GOOD)),
    ("reset", (reset_at_once, reset_in_the_body, GOOD)),
    ("cut", (CUT, chunked(PNG[:50], end=False), GOOD)),
    ("cut with a length that fits, twice", (http(PNG[:-1]), http(PNG[: len(PNG) // 2]), GOOD)),
    ("chunked", (chunked(PNG[:7], PNG[7:]),)),
    ("no length", (http(PNG, length=None),)),
    ("gzip all the same", (http(gzip.compress(PNG), "Content-Encoding: gzip"),)),
    ("two gzip members", (http(gzip.compress(PNG[:90]) + gzip.compress(PNG[90:]), "Content-Encoding: gzip"),)),
    ("zlib", (http(zlib.compress(PNG), "Content-Encoding: deflate"),)),
    ("says gzip and is not", (http(PNG, "Content-Encoding: gzip"),)),
    ("wrong content type", (http(PNG, "Content-Type: text/html"),)),
]


@pytest.mark.parametrize("answers", [row[1] for row in RECOVERS], ids=[row[0] for row in RECOVERS])
def test_the_file_arrives_whole(answers: tuple[Answer, ...]) -> None:
    bench = Bench()
    with Web(*answers) as web:
        fetched = bench.fetch(web.url())
    assert bench.file.getvalue() == PNG
    assert (fetched.media_type, fetched.size_bytes) == ("image/png", len(PNG))
    assert fetched.sha256 == hashlib.sha256(PNG).hexdigest()


HOST_TEXT = st.text(st.characters() | st.sampled_from(".:[]@%-#?/\\。․١"), max_size=12)


@settings(max_examples=300, deadline=None)
@given(host=HOST_TEXT, path=st.text(max_size=6), scheme=st.sampled_from(["http://", "https://", "HTTP://", ""]))
def test_any_text_as_a_url_is_an_error_of_ours(host: str, path: str, scheme: str) -> None:
    def no_name(host: str, port: int) -> list[str]:
        raise OSError("no such name")

    with pytest.raises(OutputError) as caught:
        Bench(allow_loopback=False, resolver=no_name).fetch(f"{scheme}{host}/{path}")
    assert caught.value.code in ("output_refused", "download_failed")


@pytest.mark.parametrize(
    ("left", "scale", "seconds"), [(None, 1, 2.0), (9.0, 1, 2.0), (1.5, 1, 1.5), (10.0, 20, 0.5), (0.0, 1, 0.05)]
)
def test_looking_into_a_file_ends_with_the_time(left: float | None, scale: float, seconds: float) -> None:
    assert Bench(StillClock(scale), left).downloader.look_seconds() == seconds


def test_an_old_result_that_is_not_there_is_gone_at_once() -> None:
    with Web(GONE) as web:
        with pytest.raises(OutputError) as caught:
            Bench(fresh=False).fetch(web.url())
        assert caught.value.code == "output_gone"
        assert len(web.heard) == 1


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=300), cuts=st.lists(st.integers(0, 400), max_size=6), how=st.sampled_from(PACKERS))
def test_unpacking_does_not_depend_on_where_the_pieces_end(data: bytes, cuts: list[int], how: Packer) -> None:
    packed = how(data)
    edges = [0, *sorted(cut % (len(packed) + 1) for cut in cuts), len(packed)]
    pieces = [packed[start:end] for start, end in pairwise(edges) if start < end]
    assert b"".join(unzipped(pieces)) == data


def test_unpacking_gives_small_pieces() -> None:
    assert max(map(len, unzipped([gzip.compress(bytes(1 << 24))]))) <= PIECE_BYTES


def test_waits_double_with_jitter_below_and_retry_after_wins() -> None:
    bench = Bench()
    with Web(GONE, GONE, GONE, http(b"", "Retry-After: 30", status="503 Busy"), GONE, GOOD) as web:
        bench.fetch(web.url())
    limits = [1.0, 2.0, 4.0, 30.0, 16.0]
    assert len(bench.waits) == 5
    assert all(limit / 2 <= wait <= limit for wait, limit in zip(bench.waits, limits, strict=True))
    assert bench.waits[3] == 30.0
    assert [(failure.http_status, attempt) for failure, _, attempt in bench.notes] == [
        *((404, 1), (404, 2), (404, 3), (503, 4), (404, 5))
    ]


def test_a_request_carries_nothing_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password example-canary\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    with Web(http(b"", "Location: /b", "Set-Cookie: a=canary", status="302 Found"), GOOD) as web:
        Bench().fetch(web.url())
    assert [request.split(b" ", 1)[0] for request in web.heard] == [b"GET", b"GET"]
    for request in web.heard:
        names = [line.split(b":")[0].lower() for line in request.split(b"\r\n")[1:] if line]
        assert sorted(names) == [b"accept", b"accept-encoding", b"host", b"user-agent"]
        assert b"canary" not in request
        assert b"accept-encoding: identity" in request.lower()


def test_the_checked_address_is_the_one_connected_to() -> None:
    asked: list[tuple[str, int]] = []

    def resolver(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    with Web(GOOD) as web:
        bench = Bench(resolver=resolver)
        bench.fetch(web.url(host="cdn.example"))  # no real name server knows it
        assert asked == [("cdn.example", web.port)]
        assert f"host: cdn.example:{web.port}".encode() in web.heard[0].lower()
        with pytest.raises(OutputError) as caught:  # a name that changed its mind
            bench.fetch(web.url(host="cdn.example"))
        assert caught.value.code == "output_refused"
        assert len(web.heard) == 1


def test_a_name_with_one_private_address_is_never_connected_to() -> None:
    with Web(GOOD) as web:
        with pytest.raises(OutputError) as caught:
            Bench(resolver=lambda host, port: ["127.0.0.1", "192.168.0.1"]).fetch(web.url(host="cdn.example"))
        assert caught.value.code == "output_refused"
        assert web.heard == []


def test_the_next_address_is_tried() -> None:
    with Web(GOOD) as web:  # nobody listens at ::1 on that port
        Bench(resolver=lambda host, port: ["::1", "127.0.0.1"]).fetch(web.url(host="cdn.example"))
    assert len(web.heard) == 1


def test_loopback_is_refused_where_the_provider_is_elsewhere() -> None:
    with Web(GOOD) as web:
        for host in ("127.0.0.1", "localhost", "cdn.example"):
            with pytest.raises(OutputError) as caught:
                Bench(allow_loopback=False, resolver=lambda host, port: ["127.0.0.1"]).fetch(web.url(host=host))
            assert caught.value.code == "output_refused"
        assert web.heard == []


def test_a_name_that_does_not_resolve_is_tried_again() -> None:
    def resolver(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    bench = Bench(resolver=resolver)
    with pytest.raises(OutputError) as caught:
        bench.fetch("https://cdn.example/x?sig=hush")
    assert caught.value.code == "download_failed"
    assert caught.value.should_retry
    assert len(bench.waits) == 5


@pytest.fixture(scope="module")
def authority() -> Any:
    import trustme

    return trustme.CA()


@pytest.mark.parametrize("by", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "widened", "nobody", "wrong name"])
def test_tls_is_checked_for_the_name(by: str, authority: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("other.example" if by == "wrong name" else "cdn.example").configure_cert(server)
    trust = None
    for name in BUNDLE_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    if by == "widened":
        trust = TrustStore({}, bundle=tmp_path / "ca.pem")
    elif by != "nobody":
        monkeypatch.setenv(by if by in BUNDLE_VARIABLES else "SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    bench = Bench(resolver=lambda host, port: ["127.0.0.1"], trust=trust)
    with Web(GOOD, tls=server) as web:
        if by not in ("nobody", "wrong name"):
            assert bench.fetch(web.url(host="cdn.example")).media_type == "image/png"
        else:
            with pytest.raises(OutputError) as caught:
                bench.fetch(web.url(host="cdn.example"))
            assert caught.value.code == "download_failed"
            assert web.heard == []


def test_https_never_becomes_http(authority: Any, tmp_path: Path) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("cdn.example").configure_cert(server)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    trust = TrustStore({"SSL_CERT_FILE": str(tmp_path / "ca.pem")})
    with Web(GOOD) as plain, Web(redirect(plain.url()), tls=server) as web:
        with pytest.raises(OutputError) as caught:
            Bench(resolver=lambda host, port: ["127.0.0.1"], trust=trust).fetch(web.url(host="cdn.example"))
        assert caught.value.code == "output_refused"
        assert plain.heard == []


def test_behind_a_proxy_names_go_through_and_private_literals_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    with Web(GOOD) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url(""))
        monkeypatch.delenv("no_proxy", raising=False)
        bench = Bench(allow_loopback=False)
        bench.fetch("http://cdn.example/file.png")
        assert proxy.heard[0].startswith(b"GET http://cdn.example/file.png ")
        for host in ("10.0.0.1", "0x7f.1", "localhost", "[64:ff9b::a00:1]"):
            with pytest.raises(OutputError):
                bench.fetch(f"http://{host}/file.png")
        assert len(proxy.heard) == 1


def drip_body(line: socket.socket) -> None:
    line.sendall(http(PNG[:60], length=len(PNG)))
    while True:
        time.sleep(0.02)
        line.sendall(b"\0")


def drip_headers(line: socket.socket) -> None:
    line.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        time.sleep(0.02)
        line.sendall(b"y")


def silence(line: socket.socket) -> None:
    line.sendall(http(PNG[:60], length=len(PNG)))
    time.sleep(5)


@pytest.mark.parametrize("answer", [drip_body, drip_headers, silence], ids=lambda answer: answer.__name__)
def test_the_deadline_ends_what_never_ends(answer: Answer) -> None:
    began = time.monotonic()
    with Web(answer) as web, pytest.raises(StillRunning):
        Bench(Clock(), 0.4).fetch(web.url())
    assert 0.3 < time.monotonic() - began < 1.5


def test_no_time_left_means_no_request() -> None:
    with Web(GOOD) as web:
        with pytest.raises(StillRunning):
            Bench(seconds=0.0).fetch(web.url())
        assert web.heard == []


def test_a_wait_beyond_the_deadline_is_not_begun() -> None:
    bench = Bench(seconds=20.0)
    with Web(http(b"", "Retry-After: 25", status="503 Busy")) as web, pytest.raises(StillRunning):
        bench.fetch(web.url())
    assert bench.waits == []


@pytest.mark.parametrize("answer", [drip_body, drip_headers], ids=lambda answer: answer.__name__)
def test_one_byte_a_time_is_given_up_without_a_deadline_too(answer: Answer) -> None:
    bench = Bench(QuickClock(300.0))  # the 60 s for headers, or for 64 KiB, are 0.2 s
    with Web(answer) as web, pytest.raises(OutputError) as caught:
        bench.fetch(web.url())
    assert caught.value.code == "download_failed"
    assert len(web.heard) == 6


DOT = picture(1, 1, "GIF")


def long_picture(size: int) -> bytes:
    """A whole PNG of so many bytes, most of them in a private chunk."""
    end = PNG[-12:]
    padding = bytes(size - len(PNG) - 12)
    chunk = b"prVt" + padding
    return PNG[:-12] + len(padding).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big") + end


LONG = long_picture(1 << 20)
# the file, bytes at once, bytes of each later piece, story seconds before each → whether its end is waited for
PACES = {
    "fast": (LONG, 0, 1 << 16, 0.1, True),
    "64 KiB in each minute": (LONG, 0, 1 << 13, 7.4, True),
    "64 KiB in a minute and a half": (LONG, 0, 1 << 13, 11.25, False),
    "fast, then 64 KiB in a minute and a half": (LONG, 1 << 19, 1 << 13, 11.25, False),
    "a byte a second": (PNG, 0, 1, 1.0, False),
    "4 KiB after a minute and a bit": (PNG, 0, 1 << 12, 61.0, False),
    "a byte a second, and done within the minute": (DOT, 0, 1, 1.0, True),
}


@pytest.mark.parametrize("name", PACES)
def test_a_body_that_comes_too_slowly_is_given_up(name: str) -> None:
    """By a clock of the test: less than 64 KiB in 60 s is a connection that hangs, however long the file is."""
    body, at_once, size, seconds, whole = PACES[name]
    source, now = io.BytesIO(body), [1000.0]

    def read(count: int, *, decode_content: bool) -> bytes:
        assert not decode_content
        slow = source.tell() >= at_once
        now[0] += seconds if slow else 0.0
        return source.read(min(size, count) if slow else count)

    file = io.BytesIO()
    transfer = Transfer(file, max_bytes=1 << 30, on_bytes=lambda received, expected: None, now=lambda: now[0])
    headers = {"content-length": str(len(body))}
    if whole:
        assert transfer.receive(read, headers).size_bytes == len(file.getvalue()) == len(body)
    else:
        with pytest.raises(BrokenAnswer, match="slowly"):
            transfer.receive(read, headers)
        assert source.tell() < len(body)
        assert now[0] <= 1000.0 + 61.0 + seconds, "told as soon as a minute has gone by"


def test_progress_is_told_and_may_stop() -> None:
    class Stop(Exception):
        pass

    def stop(received: int, expected: int | None) -> None:
        assert 0 < received <= len(PNG)
        assert expected == len(PNG)
        raise Stop

    with Web(GOOD) as web, pytest.raises(Stop):
        Bench(on_bytes=stop).fetch(web.url())


def test_memory_stays_flat(tmp_path: Path) -> None:
    def large(line: socket.socket) -> None:
        line.sendall(http(PNG, length=len(PNG) + (48 << 20)))
        for _ in range(48):
            line.sendall(bytes(1 << 20))

    with Web(GOOD, large) as web, open(tmp_path / "file", "w+b") as file:
        downloader = Downloader(retries(Clock()), allow_loopback=True)
        downloader.fetch(web.url(), file)  # imports and pools are not what is measured
        tracemalloc.start()
        try:
            fetched = downloader.fetch(web.url(), file)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
            downloader.close()
    assert fetched.size_bytes > 48 << 20
    assert peak < 4 << 20  # the server's 1 MiB pieces are in this process too
