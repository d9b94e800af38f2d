"""The sandbox as a server: who may talk to it, what it refuses, what it remembers. Bare sockets and requests."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from generate_media.providers.registry import PROTOCOLS
from generate_media.sandbox import store
from generate_media.sandbox.embedded import load, start
from sandbox_help import KEY, Site, events, get, post

CREATE = "/api/v1/generation/google/nano-banana-pro"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost:1", "169.254.1.1", ""]
)
def test_other_host_headers_are_refused(site: Site, host: str) -> None:
    assert site.raw(get("/api/v1/credits", {"Host": host})).data.startswith(b"HTTP/1.1 421 ")
    assert site.raw(get("/_log", {"Host": host})).data.startswith(b"HTTP/1.1 421 ")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.0.0.1:PORT", "LOCALHOST:PORT"])
def test_loopback_host_headers_are_taken(site: Site, host: str) -> None:
    answer = site.raw(get("/api/v1/credits", {"Host": host.replace("PORT", str(site.running.port))}))
    assert answer.data.startswith(b"HTTP/1.1 200 ")


def test_a_page_of_another_origin_cannot_switch_faults(site: Site) -> None:
    answer = requests.post(
        f"{site.root}/_faults", data='["create:headers:reset"]', headers={"Origin": "https://evil.example"}, timeout=5
    )
    assert answer.status_code == 403
    assert requests.get(f"{site.root}/_faults", timeout=5).json() == {"faults": []}


def test_it_listens_on_loopback_only(site: Site) -> None:
    table = Path("/proc/net/tcp")
    if not table.exists():
        pytest.skip("this system has no /proc/net/tcp")
    listening = [row.split()[1] for row in table.read_text().splitlines()[1:] if row.split()[3] == "0A"]
    for port in (site.running.port, site.running.files_port):
        assert [address for address in listening if address.endswith(f":{port:04X}")] == [f"0100007F:{port:04X}"]


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost 127.0.0.1\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: 127.0.0.1\r\n\r\n", 400),
        (b"GET http://[::1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 70_000 + b"\r\n\r\n", 431),
        (post(CREATE, b"", {"Content-Length": "-1"}), 400),
        (post(CREATE, b"", {"Content-Length": str(65 * 1024 * 1024)}), 413),
        (post(CREATE, b"", {"Transfer-Encoding": "chunked"}), 400),
        (get("/nowhere"), 404),
        (get("/api/v1/nowhere"), 404),
        (get("/api/v1/generation/unknown"), 404),
        (get("/credits"), 404),
        (get("/v2/credits"), 404),
        (get("/api/v1/contents/generations/tasks"), 404),
        (post(CREATE, b'{"prompt":', {"Connection": "close"}), 400),
        (post(CREATE, b"[" * 100_000, {"Connection": "close"}), 400),
        (post(CREATE, b"\xff\xfe", {"Connection": "close"}), 400),
        (post(CREATE, b'"text"', {"Connection": "close"}), 400),
    ],
)
def test_what_is_no_good_request_is_refused_and_the_server_lives(site: Site, request_bytes: bytes, status: int) -> None:
    assert site.raw(request_bytes).data.startswith(f"HTTP/1.1 {status} ".encode())
    assert site.create().status_code == 202


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer "}, {"Authorization": "Bearer bad-test-key"}, {"Authorization": "Basic abc"}],
)
def test_a_missing_or_bad_key_is_401_in_the_providers_words(site: Site, headers: dict[str, str]) -> None:
    answer = requests.post(site.root + CREATE, json={"prompt": "x"}, headers=headers, timeout=5)
    assert answer.status_code == 401
    assert set(answer.json()) == {"error", "code", "message"}
    assert site.jobs() == 0


def test_the_log_counts_and_never_shows_a_key(site: Site) -> None:
    secret = "Bearer canary-test-key-0123456789"
    for _ in range(2):
        requests.post(site.root + CREATE, json={"prompt": "a cat"}, headers={"Authorization": secret}, timeout=5)
    site.create({"promt": "typo"})
    text = requests.get(f"{site.root}/_log", timeout=5).text
    assert "canary" not in text
    log = site.log()
    fingerprint = hashlib.sha256(b"canary-test-key-0123456789").hexdigest()[:12]
    assert log["creates"] == {"skills_video": 3}
    assert log["creates_by_key"]["skills_video"][fingerprint] == 2
    assert log["jobs"] == {"skills_video": 2}
    row = log["requests"][0]
    assert (row["method"], row["path"], row["body"], row["status"]) == ("POST", CREATE, {"prompt": "a cat"}, 202)
    assert row["sha256"] == hashlib.sha256(b'{"prompt": "a cat"}').hexdigest()
    assert [r["number"] for r in requests.get(f"{site.root}/_log?since=2", timeout=5).json()["requests"]] == [3]


def test_connections_are_kept_alive_and_pipelined_requests_answered_in_order(site: Site) -> None:
    body = b'{"prompt":"x"}'
    data = post(CREATE, body) + get("/api/v1/credits")
    answers = site.raw(data).data.split(b"HTTP/1.1 ")[1:]
    assert [answer[:3] for answer in answers] == [b"202", b"200"]


def test_a_chunked_body_and_expect_100_are_understood(site: Site) -> None:
    head = post(CREATE, b"", {"Connection": "close", "Expect": "100-continue"}).replace(
        b"Content-Length: 0", b"Transfer-Encoding: chunked"
    )
    answer = site.raw(head + b'5\r\n{"pro\r\n9;x=y\r\nmpt":"x"}\r\n0\r\n\r\n')
    assert answer.data.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 ")


def test_a_half_sent_create_makes_nothing(site: Site) -> None:
    with socket.create_connection(("127.0.0.1", site.running.port)) as sock:
        sock.sendall(post(CREATE, b'{"prompt":"x"}')[:-3])
        sock.shutdown(socket.SHUT_WR)
        assert sock.recv(100) == b""
    log = site.log()
    assert (log["creates"], log["jobs"], log["requests"][0]["complete"]) == ({}, {}, False)


def test_files_want_no_key_and_only_a_plain_get(site: Site) -> None:
    url = site.finished()["data"]["images"][0]["url"]
    assert f":{site.running.files_port}/" in url
    assert "X-Signature=" in url
    got = requests.get(url, timeout=10)
    assert (got.status_code, got.headers["content-type"], got.content[:8]) == (200, "image/png", b"\x89PNG\r\n\x1a\n")
    assert requests.head(url, timeout=5).status_code == 403
    assert requests.get(url, headers={"Range": "bytes=0-9"}, timeout=5).status_code == 403
    assert requests.get(url, headers=KEY, timeout=5).status_code == 400
    assert requests.get(url.replace("X-Signature=", "X-Signature=0"), timeout=5).status_code == 403
    assert requests.get(url.split("?")[0], timeout=5).content == got.content
    assert requests.get(url.split("?")[0].replace("/0.", "/1."), timeout=5).status_code == 404


def test_a_file_is_not_there_before_the_job_is_done(begin: Callable[..., Site]) -> None:
    site = begin(speed=0.001)
    job = site.create().json()["id"]
    url = f"http://127.0.0.1:{site.running.files_port}/files/{job}/0.png"
    assert requests.get(url, timeout=5).status_code == 404


def test_jobs_survive_a_restart_on_the_same_ports(begin: Callable[..., Site], tmp_path: Path) -> None:
    with start(speed=0.001, store=tmp_path) as first:
        early = requests.post(
            first.base_urls["skills.video"] + "/generation/google/nano-banana-pro",
            json={"prompt": "x"},
            headers=KEY,
            timeout=5,
        ).json()["id"]
        left = requests.get(first.base_urls["skills.video"] + "/credits", headers=KEY, timeout=5).json()
    second = begin(speed=1e6, store=tmp_path)
    assert (second.running.port, second.running.files_port) == (first.port, first.files_port)
    answer = second.query(early).json()
    assert answer["status"] == "COMPLETED"
    assert requests.get(answer["data"]["image"]["url"], timeout=10).status_code == 200
    assert requests.get(second.base + "/credits", headers=KEY, timeout=5).json() == left


def test_jobs_are_bounded(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MAX_JOBS", 2)
    assert [site.create().status_code for _ in range(3)] == [202, 202, 507]
    assert site.jobs() == 2


def test_two_sandboxes_share_a_store(begin: Callable[..., Site], tmp_path: Path) -> None:
    one, two = begin(store=tmp_path), begin(store=tmp_path)
    assert one.running.port != two.running.port
    assert two.query(one.create().json()["id"]).status_code == 200


def test_close_ends_streams_and_frees_the_port() -> None:
    running = start(speed=0.001)
    url = running.base_urls["skills.video"] + "/generation/sse/google/nano-banana-pro"
    with requests.post(url, json={"prompt": "x"}, headers=KEY, stream=True, timeout=10) as stream:
        stream.raw.read1(10)
        running.close()
        with pytest.raises(requests.RequestException):
            stream.content  # noqa: B018
    start(port=running.port).close()


def test_200_streams_at_once_each_end_with_their_own_job(begin: Callable[..., Site]) -> None:
    site = begin(speed=5.0)
    bodies: list[bytes] = []

    def follow(number: int) -> None:
        body = b'{"prompt":"number %d"}' % number
        request = post("/api/v1/generation/sse/google/nano-banana-pro", body, {"Connection": "close"})
        bodies.append(site.raw(request, seconds=30).body)

    threads = [threading.Thread(target=follow, args=(number,)) for number in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    last = [events(_unchunked(body))[-1] for body in bodies]
    assert {event["status"] for event in last} == {"COMPLETED"}
    assert len({event["id"] for event in last}) == len({event["input"]["prompt"] for event in last}) == 200


def _unchunked(body: bytes) -> bytes:
    whole = b""
    while body:
        size, _, rest = body.partition(b"\r\n")
        whole, body = whole + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
    return whole


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_route_lies_where_the_registry_says(name: str) -> None:
    protocol = load(name)
    assert protocol.name == name
    assert all(route.pattern.startswith(PROTOCOLS[name].prefixes) for route in protocol.routes)
