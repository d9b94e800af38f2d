"""Transport faults, as a bare socket sees them: where the answer breaks off and how, and what the server did before."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable

import pytest
import requests

from generate_media.sandbox import transport
from generate_media.sandbox.world import Clock
from sandbox_help import KEY, Raw, Site, get, post

CREATE = "/api/v1/generation/google/nano-banana-pro"
SSE = "/api/v1/generation/sse/google/nano-banana-pro"
BODY = b'{"prompt":"a cat"}'
ENDS = {"reset": "reset", "silence": "silent"}


class Hurried(Clock):
    """Time that passes only while somebody waits, and then at once: a first event always says the same."""

    def __init__(self) -> None:
        self._moment = 1_800_000_000.0

    def now(self) -> float:
        return self._moment

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        self._moment += max(0.0, seconds)
        return stop.is_set()


@pytest.fixture
def site(begin: Callable[..., Site]) -> Site:
    return begin(clock=Hurried())


def broken(site: Site, fault: str, *, sse: bool = False) -> Raw:
    """What comes of a create; only a server that says nothing more is not waited for."""
    seconds = 1.0 if fault.endswith(":silence") else 30.0
    headers = {"X-Sandbox-Fault": fault, "Connection": "close"}
    return site.raw(post(SSE if sse else CREATE, BODY, headers), seconds=seconds)


@pytest.mark.parametrize("action", ["reset", "close", "silence"])
@pytest.mark.parametrize(("point", "made"), [("accept", 0), ("request-half", 0), ("before", 0), ("request", 1)])
def test_before_the_answer_nothing_comes(site: Site, point: str, made: int, action: str) -> None:
    answer = broken(site, f"create:{point}:{action}")
    assert answer.data == b""
    assert answer.end == ENDS.get(action, "closed")
    assert site.jobs() == made


@pytest.mark.parametrize(("point", "creates"), [("accept", {}), ("request-half", {}), ("before", {"skills_video": 1})])
def test_the_log_says_whether_the_create_arrived_whole(site: Site, point: str, creates: dict[str, int]) -> None:
    broken(site, f"create:{point}:close")
    log = site.log()
    assert log["creates"] == creates
    assert log["requests"][0]["complete"] is bool(creates)
    assert log["requests"][0]["faults"] == [f"create:{point}:close"]


@pytest.mark.parametrize("action", ["reset", "close", "silence"])
def test_status_line_and_headers_only(site: Site, action: str) -> None:
    line = broken(site, f"create:status-line:{action}")
    head = broken(site, f"create:headers:{action}")
    assert line == Raw(b"HTTP/1.1 202 Accepted\r\n", ENDS.get(action, "closed"))
    assert head.data.startswith(line.data + b"Content-Type: application/json\r\nContent-Length: ")
    assert head.data.endswith(b"\r\n\r\n")
    assert head.end == line.end
    assert site.jobs() == 2


@pytest.mark.parametrize("count", [0, 1, 17, 100])
def test_a_json_body_is_cut_after_so_many_bytes(site: Site, count: int) -> None:
    answer = broken(site, f"create:body-{count}:reset")
    assert len(answer.body) == count
    assert answer.end == "reset"
    assert int(answer.head.split(b"Content-Length: ")[1].split(b"\r")[0]) > count


def test_a_stream_is_cut_at_every_byte_inside_its_chunk(site: Site) -> None:
    whole = broken(site, "create:id:close", sse=True).body
    size, _, event = whole.partition(b"\r\n")
    assert event.endswith(b"\n\n\r\n")
    assert int(size, 16) == len(event) - 2
    for count in range(0, int(size, 16), 7):
        cut = broken(site, f"create:body-{count}:close", sse=True)
        assert cut.body.partition(b"\r\n")[0] == size
        assert len(cut.body.partition(b"\r\n")[2]) == count


def test_a_cut_counts_over_the_chunks(site: Site) -> None:
    first = int(broken(site, "create:id:close", sse=True).body.partition(b"\r\n")[0], 16)
    cut = broken(site, f"create:body-{first + 9}:reset", sse=True)
    chunks = cut.body.split(b"\r\n")
    assert len(chunks[1]) == first
    assert len(chunks[3]) == 9


def test_a_point_beyond_the_end_changes_nothing(site: Site) -> None:
    answer = broken(site, "create:body-999999:reset")
    assert answer.end == "closed"
    assert len(answer.body) == int(answer.head.split(b"Content-Length: ")[1].split(b"\r")[0])


def test_after_the_id_the_id_has_been_sent(site: Site) -> None:
    answer = broken(site, "create:id:reset")
    job = answer.body.removeprefix(b'{"id":"').removesuffix(b'"').decode()
    assert site.query(job).status_code == 200
    assert answer.end == "reset"


@pytest.mark.parametrize("sse", [False, True])
@pytest.mark.parametrize("point", ["before", "request"])
def test_other_answers_in_its_place(site: Site, point: str, sse: bool) -> None:
    def tried(action: str) -> Raw:
        return broken(site, f"create:{point}:{action}", sse=sse)

    html = tried("html")
    assert html.head.startswith(b"HTTP/1.1 200 OK\r\nContent-Type: text/html")
    assert html.body.startswith(b"<!doctype html>")
    assert b"Content-Type: text/html\r\n" in tried("wrong-type").head + b"\r\n"
    assert not tried("garbage").data.startswith(b"HTTP/")
    assert len(tried("garbage").data) == 512
    long = tried("long-line").body
    assert len(long) > 10 * 1024 * 1024
    assert b"\n" not in long
    packed = tried("broken-gzip")
    assert b"Content-Encoding: gzip\r\n" in packed.head
    with pytest.raises(zlib.error):
        zlib.decompress(packed.body, wbits=31)


@pytest.mark.parametrize(
    ("action", "start"),
    [("html", b"<!doctype"), ("wrong-type", b"\x89PNG"), ("broken-gzip", b"\x1f\x8b"), ("long-line", b"xxxx")],
)
def test_inside_a_body_the_rest_is_something_else(site: Site, action: str, start: bytes) -> None:
    assert broken(site, f"create:body-5:{action}").body[5:].startswith(start)
    assert broken(site, f"create:headers:{action}").body.startswith(start)


def test_drip_sends_one_byte_a_second(begin: Callable[..., Site]) -> None:
    clock = Hurried()
    site = begin(speed=20, clock=clock)
    began = clock.now()
    answer = site.raw(get("/api/v1/credits", {"X-Sandbox-Fault": "credits:body-0:drip"}), seconds=30.0)
    assert answer.end == "closed"
    assert answer.body.startswith(b'{"total":')
    assert (clock.now() - began) * 20 == pytest.approx(len(answer.body), abs=1.01)


@pytest.mark.parametrize("cut", [0, 1, 100])
def test_downloads_break_too(site: Site, cut: int) -> None:
    url = site.finished()["data"]["image"]["url"]
    path = url.split(str(site.running.files_port), 1)[1]
    request = get(path, {"X-Sandbox-Fault": f"download:body-{cut}:reset"}).replace(
        f"Authorization: {KEY['Authorization']}\r\n".encode(), b""
    )
    answer = site.raw(request, port=site.running.files_port)
    assert answer.end == "reset"
    assert len(answer.body) == cut
    assert requests.get(url, timeout=5).content.startswith(answer.body)


@pytest.mark.parametrize("operation", ["create", "poll"])
@pytest.mark.parametrize("point", ["before", "headers", "body-9"])
def test_faults_are_for_their_operation_only(site: Site, operation: str, point: str) -> None:
    requests.post(f"{site.root}/_faults", json=[f"{operation}:{point}:reset"], timeout=5)
    job = "unknown"
    if operation == "poll":
        job = site.create().json()["id"]
        with pytest.raises(requests.RequestException):
            site.query(job)
    else:
        with pytest.raises(requests.RequestException):
            site.create()
        assert site.query(job).status_code == 404


def test_the_matrix_holds_every_point_and_action_and_every_name_is_known(site: Site) -> None:
    points = [*transport.POINTS[:-1], "body-0", "body-5"]
    names = [f"create:{point}:{action}" for point in points for action in transport.ACTIONS]
    assert len(names) == len(set(names)) == (7 + 2) * 9
    assert [fault.name for name in names if (fault := transport.parse(name))] == names
    for name in names:
        if not name.endswith((":silence", ":drip", ":long-line")):
            broken(site, name)
    assert site.create().status_code == 202
