"""Named faults: how they are written and counted, and that each does what its line in --list-faults says."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
import requests

from generate_media.sandbox.embedded import known_faults
from generate_media.sandbox.faults import CHAOS_BY_OPERATION, UnknownFault, parse
from sandbox_help import Site, events, post


def switch(site: Site, *names: str) -> None:
    answer = requests.post(f"{site.root}/_faults", json={"faults": list(names)}, timeout=5)
    assert answer.json() == {"faults": list(names)}


@pytest.mark.parametrize(
    "spec", ["", "no-such-fault", "create:headers:melt", "create:body:reset", "poll-http-404*x", "chaos", "chaos=2"]
)
def test_an_unknown_or_badly_written_fault_is_refused(site: Site, spec: str) -> None:
    with pytest.raises(UnknownFault):
        parse(spec, known_faults())
    assert requests.post(f"{site.root}/_faults", json=[spec], timeout=5).status_code == 400
    if spec:
        assert site.create(fault=spec).status_code == 400


@pytest.mark.parametrize("body", [b"", b"[1]", b'{"faults": 3}', b'"x"'])
def test_the_fault_page_takes_a_list_of_names(site: Site, body: bytes) -> None:
    assert requests.post(f"{site.root}/_faults", data=body, timeout=5).status_code == 400


def test_every_chaos_choice_is_a_known_fault() -> None:
    for names in CHAOS_BY_OPERATION.values():
        assert all(parse(name, known_faults()) for name in names)


@pytest.mark.parametrize(
    ("spec", "statuses"),
    [
        ("poll-http-503", [503, 503, 503, 503]),
        ("poll-http-503*1", [503, 200, 200, 200]),
        ("poll-http-503*2", [503, 503, 200, 200]),
        ("poll-http-503+1", [200, 503, 503, 503]),
        ("poll-http-503+1*2", [200, 503, 503, 200]),
    ],
)
def test_how_often_a_fault_fires(site: Site, spec: str, statuses: list[int]) -> None:
    job = site.create().json()["id"]
    switch(site, spec)
    assert [site.query(job).status_code for _ in statuses] == statuses


def test_once_for_each_job(site: Site) -> None:
    jobs = [site.create().json()["id"] for _ in range(2)]
    switch(site, "poll-http-404*1/job")
    assert [site.query(job).status_code for job in (*jobs, *jobs)] == [404, 404, 200, 200]


def test_retry_after_is_the_argument(site: Site) -> None:
    switch(site, "sv-rate-limited=7*1", "poll-http-503=3*1")
    answer = site.create()
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert answer.json()["code"] == "IMAGE_GENERATION_RATE_LIMITED"
    assert site.create().status_code == 202
    assert site.query("x").headers["Retry-After"] == "3"


@pytest.mark.parametrize(
    ("fault", "status", "made"),
    [
        ("sv-insufficient-credits", 402, 0),
        ("sv-content-rejected", 422, 0),
        ("sv-no-api-access", 403, 0),
        ("sv-unavailable", 503, 0),
        ("sv-uncoded-500", 500, 0),
        ("sv-timeout-after-create", 504, 1),
        ("create-http-502", 502, 0),
        ("create-made-http-502", 502, 1),
        ("create-refused-429", 429, 0),
        ("create-refused-503", 503, 0),
        ("create-redirect", 302, 0),
        ("sv-hostile-refusal", 400, 0),
        ("sv-surrogate-refusal", 400, 0),
    ],
)
def test_refused_creates_make_nothing_and_lost_answers_make_one(site: Site, fault: str, status: int, made: int) -> None:
    assert site.create(fault=fault).status_code == status
    assert site.create(fault=fault, sse=True).status_code == status
    assert site.jobs() == 2 * made
    assert site.log()["creates"] == {"skills_video": 2}


def raw_stream(site: Site, fault: str) -> bytes:
    answer = site.create({"prompt": "小猫 é"}, fault=fault, sse=True)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/event-stream")
    return answer.content


STREAMS: list[tuple[str, Callable[[bytes], Any]]] = [
    ("sse-crlf", lambda body: events(body.replace(b"\r\n", b"\n")) and body.count(b"\r\n") == body.count(b"\n")),
    ("sse-cr", lambda body: b"\n" not in body and events(body.replace(b"\r", b"\n"))),
    ("sse-mixed", lambda body: body.endswith(b"}\n\r\n")),
    ("sse-bom", lambda body: body.startswith(b"\xef\xbb\xbfdata: {") and body.count(b"\xef") == 1),
    (
        "sse-multi-line",
        lambda body: json.loads(body.split(b"\n\n")[0].replace(b"data: ", b"")) and body.count(b"data:") > 20,
    ),
    ("sse-bad-utf8", lambda body: b"\xff\xfe" in body),
    ("sse-extras", lambda body: b"retry: 3000\nid: 0\ndata: {" in body and b"event: ping\n" in body),
    ("sse-named", lambda body: body.startswith(b"event: update\ndata: {")),
    ("sse-event-failed", lambda body: body.endswith(b"event: failed\ndata: {}\n\n") and b"COMPLETED" not in body),
    ("sse-event-complete", lambda body: b"event: complete\n" in body and b"COMPLETED" not in body),
    ("sse-event-done", lambda body: b"event: done\n" in body and b"COMPLETED" not in body),
    ("sse-done-mark", lambda body: body.endswith(b"data: [DONE]\n\n") and len(body.split(b"\n\n")) == 3),
    ("sse-ends-early", lambda body: len(events(body)) == 1),
    ("sse-unterminated", lambda body: body.endswith(b'"data":null}\n')),
    ("sse-split-utf8", lambda body: events(body)[-1]["status"] == "COMPLETED"),
    ("sse-unchunked", lambda body: events(body)[-1]["status"] == "COMPLETED"),
]


@pytest.mark.parametrize(("fault", "check"), STREAMS, ids=[name for name, _ in STREAMS])
def test_odd_streams(site: Site, fault: str, check: Callable[[bytes], Any]) -> None:
    assert check(raw_stream(site, fault))
    assert site.jobs() == 1


def test_split_characters_come_in_separate_chunks(site: Site) -> None:
    path = "/api/v1/generation/sse/google/nano-banana-pro"
    body = '{"prompt":"é"}'.encode()
    answer = site.raw(post(path, body, {"X-Sandbox-Fault": "sse-split-utf8", "Connection": "close"}))
    assert b"\xc3\r\n" in answer.body
    assert b"\r\n\xa9" in answer.body


def test_unchunked_streams_end_with_the_connection(site: Site) -> None:
    answer = site.create(fault="sse-unchunked", sse=True)
    assert "transfer-encoding" not in answer.headers
    assert answer.headers["connection"] == "close"


@pytest.mark.parametrize(
    ("fault", "first"), [("sse-comments", b": keep-alive\n\n"), ("sse-comments-after-id", b"data: {")]
)
def test_comments_for_ever(site: Site, fault: str, first: bytes) -> None:
    path = "/api/v1/generation/sse/google/nano-banana-pro"
    began = time.monotonic()
    answer = site.raw(post(path, b'{"prompt":"x"}', {"X-Sandbox-Fault": "create:body-400:close," + fault}))
    assert first in answer.body[:30]
    assert answer.body.count(b": keep-alive") > 3
    assert b"COMPLETED" not in answer.body
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    ("fault", "status", "kind"), [("sse-html", 200, "text/html"), ("sse-json-202", 202, "application/json")]
)
def test_an_sse_call_answered_otherwise(site: Site, fault: str, status: int, kind: str) -> None:
    answer = site.create(fault=fault, sse=True)
    assert (answer.status_code, answer.headers["content-type"]) == (status, kind)
    assert site.jobs() == 1
    if status == 202:
        assert site.query(answer.json()["id"]).status_code == 200
        assert "data" not in answer.json()


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        (
            "sv-failed",
            lambda end: (end["status"], end["code"], end["data"]) == ("FAILED", "IMAGE_GENERATION_FAILED", None),
        ),
        ("sv-failed=CONTENT_REJECTED", lambda end: end["code"] == "IMAGE_GENERATION_CONTENT_REJECTED"),
        ("sv-failed,sv-hostile-text", lambda end: "\x1b[2J" in end["message"] and len(end["message"]) > 4000),
        ("sv-failed,sv-surrogate", lambda end: "\ud83d" in end["message"]),
        ("sv-canceled", lambda end: end["status"] == "CANCELED"),
        ("sv-completed-null", lambda end: (end["status"], end["data"]) == ("COMPLETED", None)),
        ("sv-late-usage", lambda end: end["usage"]["total"] == 20),
        ("sv-legacy", lambda end: end["status"] == "succeeded"),
        ("sv-bare-urls", lambda end: end["data"]["image_url"].startswith("http://127.0.0.1:")),
        ("numeric-id", lambda end: isinstance(end["id"], int)),
        ("result-url=http://10.0.0.1/a.png", lambda end: end["data"]["images"][0]["url"] == "http://10.0.0.1/a.png"),
    ],
)
def test_odd_jobs_stay_odd_when_asked_again(site: Site, fault: str, check: Callable[[Any], bool]) -> None:
    end = site.finished(fault=fault)
    assert check(end)
    assert site.query(end["id"]).json() == end


def test_a_hostile_id_can_be_asked_for_when_quoted(site: Site) -> None:
    made = site.create(fault="hostile-id").json()["id"]
    assert made.startswith("../../$(touch")
    answer = site.query(quote(made, safe=""))
    assert answer.json()["id"] == made
    url = site.finished(fault="hostile-id")["data"]["image"]["url"]
    assert requests.get(url, timeout=5).content.startswith(b"\x89PNG")


@pytest.mark.parametrize("operation", ["create", "poll"])
def test_deep_json(site: Site, operation: str) -> None:
    fault = f"{operation}-deep-json"
    answer = site.create(fault=fault) if operation == "create" else site.query("x", fault)
    assert answer.status_code == 200
    assert answer.content.count(b"[") == answer.content.count(b"]") == 10_000
    assert site.jobs() == 0


def test_a_stream_that_says_nothing_at_all(site: Site) -> None:
    path = "/api/v1/generation/sse/google/nano-banana-pro"
    answer = site.raw(post(path, b'{"prompt":"x"}', {"X-Sandbox-Fault": "sse-silence"}), seconds=0.5)
    assert answer.head.startswith(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream")
    assert (answer.body, answer.end) == (b"", "silent")
    assert site.jobs() == 1


def test_states_that_decide_nothing(begin: Callable[..., Site]) -> None:
    site = begin(speed=10)
    odd = events(site.create(fault="sv-unknown-status,sv-nested-state", sse=True).content)
    assert [event["status"] for event in odd if event["status"] != "COMPLETED"][:2] == ["IN_QUEUE", "ARCHIVING"]
    assert odd[0]["input"]["status"] == odd[0]["meta"]["status"] == "COMPLETED"


def test_a_job_that_never_ends(site: Site) -> None:
    job = site.create(fault="never-ends").json()["id"]
    time.sleep(0.2)
    assert site.query(job).json()["status"] == "IN_PROGRESS"


def unpacked(data: bytes) -> bytes:
    return zlib.decompressobj(31).decompress(data, 9_000_000)


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        ("download-http-404", lambda answer: answer.status_code == 404),
        ("download-http-403", lambda answer: answer.status_code == 403),
        ("download-redirect", lambda answer: answer.headers["location"].startswith("http://169.254.169.254/")),
        ("download-redirect=file:///etc/passwd", lambda answer: answer.headers["location"] == "file:///etc/passwd"),
        ("download-html", lambda answer: b"<script>" in answer.content and "png" in answer.headers["content-type"]),
        ("download-svg", lambda answer: answer.raw.read().startswith(b"<svg")),
        ("download-empty", lambda answer: answer.status_code == 200 and answer.raw.read() == b""),
        ("download-huge-length", lambda answer: answer.headers["content-length"] == "100000000000"),
        ("download-wrong-label", lambda answer: answer.headers["content-type"] == "text/plain"),
        ("download-hostile-name", lambda answer: "../" in answer.headers["content-disposition"]),
        ("download-endless", lambda answer: len(answer.raw.read(5_000_000)) == 5_000_000),
        ("download-gzip-bomb", lambda answer: len(unpacked(answer.raw.read())) >= 8 * 2**20),
    ],
)  # fmt: skip
def test_hostile_downloads(site: Site, fault: str, check: Callable[[requests.Response], bool]) -> None:
    url = site.finished()["data"]["image"]["url"]
    with requests.get(
        url, headers={"X-Sandbox-Fault": fault}, stream=True, allow_redirects=False, timeout=10
    ) as answer:
        assert check(answer)


def test_truncated_downloads(site: Site) -> None:
    url = site.finished()["data"]["image"]["url"]
    whole = len(requests.get(url, timeout=5).content)
    half = requests.get(url, headers={"X-Sandbox-Fault": "download-half"}, timeout=10)
    assert int(half.headers["content-length"]) == len(half.content) == whole // 2
    with requests.get(url, headers={"X-Sandbox-Fault": "download-short"}, stream=True, timeout=10) as short:
        assert int(short.headers["content-length"]) == whole
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            short.content  # noqa: B018


@pytest.mark.parametrize(("name", "lossy"), [("chaos=1", True), ("chaos-known=1", False)])
def test_chaos_known_only_refuses_creates(begin: Callable[..., Site], name: str, lossy: bool) -> None:
    site = begin(faults=[name])
    statuses = []
    for _ in range(30):
        try:
            statuses.append(site.create().status_code)
        except requests.RequestException:
            statuses.append(0)
    assert (0 in statuses) is lossy
    assert {429, 503} <= set(statuses)
    assert (site.jobs() > 0) is lossy


def test_chaos_breaks_its_share_the_same_way_for_the_same_seed(begin: Callable[..., Site]) -> None:
    def outcomes(seed: int) -> list[object]:
        site = begin(faults=["chaos=0.5"], seed=seed)
        seen: list[object] = []
        for _ in range(60):
            try:
                seen.append(site.query("x").status_code)
            except requests.RequestException:
                seen.append("broken")
        return seen

    first = outcomes(7)
    good = first.count(404)
    assert 15 < good < 50
    assert len(set(map(str, first))) >= 3
    assert outcomes(7) == first
    assert outcomes(8) != first
