"""Where a job could be paid twice or forgotten: each a way in which it once was, or nearly."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from calls import started
from conftest import Desk, Ran
from generate_media.core.clock import Clock, Deadline
from generate_media.core.json import parse_json, short, without_bytes
from generate_media.job.crowd import Throttle
from generate_media.job.spending import sum_usage
from generate_media.journal.failures import IdAlreadyKnown
from generate_media.journal.rows import NewJob, fingerprint
from generate_media.journal.store import Journal
from generate_media.media import views
from generate_media.providers.registry import PROTOCOLS, adapter_for
from generate_media.request import prepare
from wire import Peer, Wire, answer

VIDEO = "agnes-video-v2.0"
HUGE = 10**400


def new_job(desk: Desk, provider: str, digest: str, model: str) -> NewJob:
    return NewJob(
        digest, 0, provider, desk.sandbox.base_urls[provider], desk.sandbox.base_urls[provider], "", "/x", None,
        model, "video", "a cat", None, "",
    )  # fmt: skip


def wait(desk: Desk, *args: str, provider: str = "agcloud") -> Ran:
    return desk.run(*args, provider=provider, script="wait_generation")


@pytest.mark.parametrize("field", ["progress", "created_at", "created"])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_number_beyond_every_float_costs_no_id(protocol: str, field: str) -> None:
    body: dict[str, Any] = {"id": "task_1", "task_id": "task_1", "status": "queued", field: HUGE}
    reading = adapter_for(protocol).read(body, model=VIDEO)
    assert reading.generation_id == "task_1"
    assert (reading.progress, reading.created_at) == (None, None)


def test_a_cancel_without_an_answer_is_an_error_line(desk: Desk) -> None:
    desk.faults("agcloud-queued-forever")
    made = desk.run("--kind", "video", "--prompt", "a boat", "--detach", provider="agcloud")
    identity = made.events("accepted")[0]["generation_id"]
    desk.faults("agcloud-queued-forever", "cancel:before:reset")
    ran = wait(desk, "--cancel", identity)
    assert (ran.code, ran.last["event"], ran.last["generation_id"]) == (24, "error", identity), ran.out
    assert desk.rows()[-1][0] == "accepted"


def test_an_id_that_nobody_knows_leaves_no_trace_when_it_is_cancelled(desk: Desk) -> None:
    ran = wait(desk, "--cancel", "cgt-typo", "--provider", "agcloud")
    assert (ran.code, desk.rows()) == (23, []), ran.out


def test_the_same_id_twice_is_one_job(desk: Desk) -> None:
    ran = wait(desk, "--generation-id", "cgt-typo", "--generation-id", "cgt-typo", "--provider", "agcloud")
    assert (ran.code, ran.last["event"], desk.rows()) == (23, "error", []), ran.out


def test_a_job_is_asked_for_with_the_key_that_made_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    command = ("--model", VIDEO, "--prompt", "a cat")
    assert desk.run(*command, "--detach", provider="agnes").code == 0
    monkeypatch.setenv("AGNES_API_KEY", "test-newer-key")
    monkeypatch.setenv("AGNES_API_KEYS", desk.key)
    ran = desk.run(*command, provider="agnes")
    assert (ran.code, desk.jobs(), len(desk.rows())) == (0, 1, 1), ran.out


def test_a_create_that_another_run_has_out_is_left_to_that_run(desk: Desk) -> None:
    model = "doubao-seedance-2-0-filter-off"
    with Journal.open(desk.state) as journal:
        row = journal.claim(new_job(desk, "agcloud", "f" * 64, model)).row
        assert wait(desk, "--all").last["event"] == "summary", "an intent"
        journal.sending(row.row_id)
        desk.run("--kind", "video", "--prompt", "somebody else's", "--detach", provider="agcloud")
        ran = wait(desk, "--all")
        assert ran.code == 0, ran.out
        assert journal.get(row.row_id).generation_id is None


def test_a_file_that_changed_before_it_was_sent_leaves_nothing_unknown(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from PIL import Image

    picture = Path("a.png")
    Image.new("RGB", (512, 512), "red").save(picture)
    check = views.canonical

    def change(body: Any) -> Any:
        found = check(body)
        Image.new("RGB", (512, 512), "blue").save(picture)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(prepare, "canonical", change)
        ran = desk.run("--prompt", "a cat", "--first-frame", str(picture), provider="agcloud")
    assert (ran.code, ran.last["error"], desk.creates()) == (2, "file_changed", 0), ran.out
    assert [state for state, _ in desk.rows()] == ["rejected"]


@pytest.mark.parametrize(("one", "other"), [(1, 1.0), (0, -0.0), ([5], [5.0]), ({"a": None}, {}), (1e3, 1000)])
def test_one_number_is_one_job(one: Any, other: Any) -> None:
    digests = {fingerprint("p", "k", "POST", "/x", views.canonical({"x": value})) for value in (one, other)}
    assert len(digests) == 1


@pytest.mark.parametrize(("one", "other"), [(1, True), (0, False), (1, "1"), (1, 1.5), ([1, 2], [2, 1])])
def test_other_values_are_other_jobs(one: Any, other: Any) -> None:
    digests = {fingerprint("p", "k", "POST", "/x", views.canonical({"x": value})) for value in (one, other)}
    assert len(digests) == 2


def test_a_dead_writers_create_is_attached_to_no_other_rows_job(desk: Desk) -> None:
    with Journal.open(desk.state) as journal, Journal.open(desk.state) as dead:
        row = dead.claim(new_job(desk, "agcloud", "f" * 64, "m")).row
        dead.sending(row.row_id)
        dead.close()
        other = journal.claim(new_job(desk, "agcloud", "e" * 64, "m")).row
        journal.sending(other.row_id)
        journal.accepted(other.row_id, generation_id="cgt-1")
        with pytest.raises(IdAlreadyKnown):
            journal.accepted(row.row_id, generation_id="cgt-1")


ID_EVENT = b'data: {"id": "gen_1", "status": "IN_PROGRESS"}\n\n'
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
# What the provider sends at once and a moment after the signal → the row, the id, whether it may have been created.
INTERRUPTED: dict[str, tuple[bytes, bytes, tuple[str, str | None], bool | None]] = {
    "an id": (STREAM + b": hold on\n\n", ID_EVENT, ("accepted", "gen_1"), None),
    "a refusal": (b"", answer(b'{"message": "no"}', status="422 No"), ("rejected", None), False),
    "slow down": (b"", answer(b"{}", "Retry-After: 90", status="429 Wait"), ("rejected", None), False),
}


@pytest.mark.parametrize("batch", [False, True], ids=["one", "batch"])
@pytest.mark.parametrize("name", INTERRUPTED)
def test_what_comes_after_the_signal_counts(desk: Desk, name: str, batch: bool) -> None:
    at_once, later, row, perhaps = INTERRUPTED[name]

    heard, signalled = threading.Event(), threading.Event()

    def serve(peer: Peer) -> None:
        peer.request()
        peer.send(at_once)
        heard.set()
        signalled.wait(20)
        time.sleep(0.3)
        peer.send(later)
        peer.until_gone()  # a stream stays open: who waits for its end waits for ever

    (desk.home / "jobs.jsonl").write_text('{"prompt": "a cat"}\n')
    what = ["--batch", str(desk.home / "jobs.jsonl")] if batch else ["--prompt", "a cat"]
    with Wire(serve) as server:
        words = ["--provider", "skills.video", *what, "--model", "google/nano-banana-pro", "--base-url", server.url]
        run = started("create_and_wait", *words, "--config", str(desk.write_config()))
        assert heard.wait(30)
        time.sleep(0.2)
        os.kill(run.pid, signal.SIGINT)
        signalled.set()
        ended = run.wait()
    assert (ended.code, desk.rows()) == (130, [row]), ended
    assert "Traceback" not in ended.err
    if row[1] is not None:
        assert [line["generation_id"] for line in ended.lines if line["event"] == "accepted"] == [row[1]]
    elif not batch:
        assert ended.last["may_have_been_created"] is perhaps


@pytest.mark.parametrize("depth", [100, 600, 850])
def test_an_answer_nested_absurdly_deep_can_be_kept(depth: int) -> None:
    value = parse_json('{"status": "COMPLETED", "extra": ' + "[" * depth + "]" * depth + "}")
    kept = without_bytes(value)
    assert isinstance(kept, dict)
    assert kept["status"] == "COMPLETED"
    assert "nested too deep" in json.dumps(kept)
    short(value)


def test_a_job_waits_for_its_turn_no_longer_than_its_deadline() -> None:
    clock = Clock(scale=100.0)
    throttle = Throttle(clock, per_minute=1)
    began = time.monotonic()
    for _ in range(3):
        throttle.wait(Deadline.after(clock, 10.0))
    assert 0.19 < time.monotonic() - began < 0.5, "the second and the third ten seconds each, not a minute or two"
    throttle.wait(Deadline.after(clock, None))
    assert time.monotonic() - began < 0.9, "the turns that nobody could use are free"


@pytest.mark.parametrize("usages", [[{"n": HUGE}, {"n": 0.5}], [{"n": 1e308}, {"n": 1e308}], [{"n": HUGE}, {"n": 1}]])
def test_usage_beyond_every_number_costs_no_summary(usages: list[Any]) -> None:
    assert "Infinity" not in json.dumps(sum_usage(usages))
