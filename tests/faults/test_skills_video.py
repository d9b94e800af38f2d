"""The failures that earlier scripts had, and their kin: one table. A new fault is a new row.

What is right comes from the facts: at most one job, the id on stdout and on disk before anything can break, the
exit code, and what the next run of the same command does.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from conftest import Desk

STREAM = ("--model", "google/nano-banana-pro", "--prompt", "a cat")
POLLED = ("--endpoint", "/generation/google/nano-banana-pro", "--prompt", "a cat")
SOON = ("--deadline", "30")


@dataclass(frozen=True)
class Row:
    """``jobs``: how many the server may have made. ``then``: exit code of the same command again, without faults."""

    faults: tuple[str, ...]
    code: int
    jobs: int
    then: int = 0
    args: tuple[str, ...] = STREAM
    source: str | None = None
    word: str | None = None
    """The ``error`` or ``result`` of the last line."""
    events: tuple[str, ...] = ()


def ok(*faults: str, source: str | None = None, args: tuple[str, ...] = STREAM, events: tuple[str, ...] = ()) -> Row:
    return Row(faults, 0, 1, source=source, args=args, events=events)


FALLS_BACK = ("fallback_polling_start",)
TABLE = {
    # the stream, in every writing that the WHATWG text allows
    "CRLF": ok("sse-crlf", source="sse"),
    "CR": ok("sse-cr", source="sse"),
    "mixed line ends": ok("sse-mixed", source="sse"),
    "BOM": ok("sse-bom", source="sse"),
    "many data lines": ok("sse-multi-line", source="sse"),
    "split UTF-8": ok("sse-split-utf8", source="sse"),
    "bad UTF-8": ok("sse-bad-utf8", source="sse"),
    "unchunked": ok("sse-unchunked", source="sse"),
    "ids, retry, comments": ok("sse-extras", source="sse"),
    "named events": ok("sse-named", source="sse"),
    # endings that decide nothing
    "event failed without a status": ok("sse-event-failed", source="poll", events=FALLS_BACK),
    "event complete without a status": ok("sse-event-complete", source="poll", events=FALLS_BACK),
    "event done": ok("sse-event-done", source="poll", events=FALLS_BACK),
    "[DONE]": ok("sse-done-mark", source="poll", events=FALLS_BACK),
    "an early orderly end": ok("sse-ends-early", source="poll", events=FALLS_BACK),
    "an unterminated last event": ok("sse-unterminated"),
    "comments for ever after the id": ok("sse-comments-after-id", source="poll"),
    "a nested state": ok("sv-nested-state"),
    "an unknown status": ok("sv-unknown-status"),
    "older words": ok("sv-legacy"),
    "bare URLs": ok("sv-bare-urls"),
    "the cost told at the end only": ok("sv-late-usage"),
    "a numeric id": ok("numeric-id"),
    # answers in place of a stream
    "JSON 202 in place of a stream": ok("sse-json-202", source="poll", events=FALLS_BACK),
    "HTML 200": Row(("sse-html",), 13, 1, then=13, word="outcome_unknown"),
    "200, then silence": Row(("sse-silence",), 13, 1, then=13, word="outcome_unknown"),
    "comments only": Row(("sse-comments",), 13, 1, then=13, word="outcome_unknown"),
    # breaks of the create
    "reset before reading": Row(("create:accept:reset",), 13, 0, then=13),
    "closed before it is acted upon": Row(("create:before:close",), 13, 0, then=13),
    "closed before an answer": Row(("create:request:close",), 13, 1, then=13),
    "reset in the status line": Row(("create:status-line:reset",), 13, 1, then=13),
    "reset after the headers": Row(("create:headers:reset",), 13, 1, then=13),
    "reset inside the first event": Row(("create:body-9:reset",), 13, 1, then=13),
    "reset after the id": ok("create:id:reset", source="poll", events=FALLS_BACK),
    "closed after the id": ok("create:id:close", source="poll", events=FALLS_BACK),
    # refusals that prove that nothing was made
    "429 twice": ok("sv-rate-limited*2", events=("retry",)),
    "429 with Retry-After": ok("sv-rate-limited=3*1", events=("retry",)),
    "503 PROVIDER_UNAVAILABLE": ok("sv-unavailable*2", events=("retry",)),
    "429 for ever": Row(("sv-rate-limited",), 24, 0, args=(*STREAM, *SOON), word="not_created"),
    "402": Row(("sv-insufficient-credits",), 20, 0, word="IMAGE_GENERATION_INSUFFICIENT_CREDITS"),
    "422 CONTENT_REJECTED": Row(("sv-content-rejected",), 26, 0, word="IMAGE_GENERATION_CONTENT_REJECTED"),
    "403": Row(("sv-no-api-access",), 21, 0),
    "400 UNSUPPORTED_MODEL": Row(("sv-unsupported-model",), 22, 0),
    "502 FAILED": Row(("sv-provider-failed",), 10, 0, word="IMAGE_GENERATION_FAILED"),
    "hostile words in a refusal": Row(("sv-hostile-refusal",), 22, 0),
    "a lone surrogate in a refusal": Row(("sv-surrogate-refusal",), 22, 0),
    "302 to another host": Row(("create-redirect",), 25, 0),
    "401": Row(("create-http-401",), 21, 0),
    "404": Row(("create-http-404",), 23, 0),
    # answers that prove nothing
    "500 without a code": Row(("sv-uncoded-500",), 13, 0, then=13),
    "504 TIMEOUT, the job made": Row(("sv-timeout-after-create",), 13, 1, then=13),
    # ends of a job
    "FAILED in HTTP 200": Row(("sv-failed",), 10, 1, word="failed"),
    "FAILED with CONTENT_REJECTED": Row(("sv-failed=CONTENT_REJECTED",), 26, 1, word="failed"),
    "FAILED with INSUFFICIENT_CREDITS": Row(("sv-failed=INSUFFICIENT_CREDITS",), 20, 1, word="failed"),
    "CANCELED": Row(("sv-canceled",), 10, 1, word="canceled"),
    "COMPLETED with null data": Row(("sv-completed-null",), 14, 1, then=14, word="no_output"),
    "a lone surrogate in a failure": Row(("sv-failed", "sv-surrogate"), 10, 1),
    "hostile words in a failure": Row(("sv-failed", "sv-hostile-text"), 10, 1),
    "a job that never ends": Row(("never-ends",), 11, 1, then=11, args=(*STREAM, *SOON), word="deadline"),
    # polling
    "404 once while polling": ok("poll-http-404*1", args=POLLED, events=("retry",)),
    "a reset while polling": ok("poll:headers:reset*1", args=POLLED, events=("retry",)),
    "500 five times while polling": ok("poll-http-500*5", args=POLLED, events=("retry",)),
    "429 with Retry-After while polling": ok("poll-http-429=2*2", args=POLLED, events=("retry",)),
    "HTML while polling": ok("poll:before:html*2", args=POLLED, events=("retry",)),
    "silence while polling": ok("poll:before:silence*1", args=POLLED, events=("retry",)),
    "one byte a second while polling": ok("poll:body-0:drip*1", args=POLLED),
    "401 once while polling": ok("poll-http-401*1", args=POLLED, events=("retry",)),
    "401 for ever while polling": Row(("poll-http-401",), 21, 1, args=POLLED),
    "404 until the deadline": Row(("poll-http-404",), 12, 1, args=(*POLLED, *SOON), word="deadline"),
    "a redirect while polling": Row(("poll-redirect",), 25, 1, args=POLLED),
    "reads that fail until the deadline": Row(("poll-http-500",), 12, 1, args=(*POLLED, *SOON), word="deadline"),
    # downloads
    "a file that is not there yet": ok("download-http-404*2", events=("retry",)),
    "a reset in the file": ok("download:body-100:reset*2", events=("retry",)),
    "half a file": ok("download-short*1", events=("retry",)),
    "half a file that says it is whole, once": ok("download-half*1", events=("retry",)),
    "half a file that says it is whole": Row(("download-half",), 14, 1, word="output_truncated"),
    "all but five bytes": Row(("download-cut=5",), 14, 1, word="output_truncated"),
    "503 from the CDN": ok("download-http-503*2", events=("retry",)),
    "the wrong label": ok("download-wrong-label"),
    "a hostile file name": ok("download-hostile-name"),
    "HTML named .png": Row(("download-html",), 14, 1),
    "SVG with a script": Row(("download-svg",), 14, 1),
    "an empty file": Row(("download-empty",), 14, 1),
    "403 for ever": Row(("download-http-403",), 14, 1),
    "a redirect to a private address": Row(("download-redirect",), 14, 1),
    "100 GB": Row(("download-huge-length",), 14, 1),
    "a gzip bomb": Row(("download-gzip-bomb",), 14, 1),
    "an address of file:": Row(("result-url=file:///etc/passwd",), 14, 1, then=14),
    "metadata address": Row(("result-url=http://169.254.169.254/latest",), 14, 1, then=14),
}  # fmt: skip


SILENT = {("sse-silence",), ("sse-comments",)}
"""Of which the create's time-out is waited for."""


@pytest.mark.parametrize("name", TABLE)
def test_fault(desk: Desk, name: str) -> None:
    row = TABLE[name]
    seconds = 30 if row.faults in SILENT else 400  # whoever answers at all has time for it on a busy machine
    desk.write_config(**{"skills.video": {"create_timeout_seconds": seconds}})
    desk.faults(*row.faults)
    ran = desk.run(*row.args)
    assert ran.code == row.code, ran.out
    assert desk.jobs() == row.jobs, ran.out
    assert "Traceback" not in ran.err
    if row.source:
        assert ran.last["source"] == row.source
    if row.word:
        assert row.word in (ran.last.get("error"), ran.last.get("result"))
    for event in row.events:
        assert ran.events(event), ran.out
    if ran.code:
        assert ran.last["guidance"], "every failure says what to do next"
    known = [identity for _, identity in desk.rows() if identity]
    if ran.events("accepted"):
        assert known == [ran.events("accepted")[0]["generation_id"]]
    again(desk, row)


def again(desk: Desk, row: Row) -> None:
    """The same command once more, the faults gone: it never makes a second job where the first may exist."""
    before = desk.jobs()
    desk.faults(*(fault for fault in row.faults if fault == "never-ends"))
    ran = desk.run(*row.args)
    assert ran.code == row.then, ran.out
    ended_badly = row.code in (10, 20, 21, 22, 23, 24, 25, 26) and row.args[-1] != "--new"
    anew = ended_badly and not (row.jobs and row.code in (21, 25))
    assert desk.jobs() == (before + 1 if anew else before), ran.out


def test_texts_of_a_server_stay_data(desk: Desk) -> None:
    desk.faults("sv-failed", "sv-hostile-text")
    ran = desk.run(*STREAM)
    assert "\\u001b" not in ran.out
    assert "\x1b" not in ran.err
    assert len(ran.last["message"]) <= 2000
    assert not [line for line in ran.last["guidance"] if "ignore" in line.lower()]


def test_nothing_listens(desk: Desk) -> None:
    """A refused connection is tried again, and nothing was created."""
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = str(desk.write_config())
    ran = desk.call(
        "create_and_wait", *STREAM, "--provider", "skills.video", "--config", config,
        "--base-url", f"http://127.0.0.1:{port}/api/v1",
    )  # fmt: skip
    assert ran.code == 24
    assert ran.last["may_have_been_created"] is False
    assert ran.events("retry")
    assert [state for state, _ in desk.rows()] == ["rejected"]
