"""When a job is looked at: what the journal learned, the last look before the time is up, the share of a crowd."""

from __future__ import annotations

import json
import sqlite3
import time
from typing import Any

import pytest

from conftest import Desk, Ran
from provider_help import CREATE, Provider, said
from wire import Peer, Said

SLOWLY = 2.0
"""Story seconds a second, where an answer must come within two of them."""
MADE = {"id": "gen_1", "status": "IN_QUEUE"}
CLIP = {"id": "cgt-1", "status": "running"}


def done(peer: Peer) -> None:
    peer.send(said(MADE | {"status": "COMPLETED", "data": {"images": [{"url": picture_of(peer)}]}}))


def picture_of(peer: Peer) -> str:
    return f"http://127.0.0.1:{peer.sock.getsockname()[1]}/file.png"


def then_silent(peer: Peer) -> None:
    """An event stream that tells of one status, and then of nothing."""
    event = f"data: {json.dumps(MADE)}\n\n".encode()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + event)
    peer.until_gone()


def stream(provider: Provider, desk: Desk, minimum: float, *args: str) -> Ran:
    config = str(desk.write_config(time_scale=SLOWLY, **{provider.name: {"min_poll_interval": minimum}}))
    fixed = ("--provider", provider.name, "--base-url", provider.url, "--config", config)
    return desk.call("create_and_wait", *args, *fixed)


POLLED = (*CREATE["skills.video"], "--poll-interval", "60")
STREAMED = ("--model", "google/nano-banana-pro", "--prompt", "a cat")


@pytest.mark.parametrize(
    ("args", "create", "minimum", "code"),
    [
        pytest.param(POLLED, said(MADE), 0, 0, id="between two looks"),
        pytest.param(POLLED, said(MADE), 50, 11, id="sooner than the provider allows"),
        pytest.param(STREAMED, then_silent, 0, 0, id="while a stream is silent"),
        pytest.param(STREAMED, then_silent, 50, 11, id="a silent stream, sooner than the provider allows"),
    ],
)
def test_a_last_look_just_before_giving_up(
    desk: Desk, args: tuple[str, ...], create: Said, minimum: float, code: int
) -> None:
    with Provider("skills.video", {"POST ": [create], "GET /generation/gen_1": [done]}) as provider:
        ran = stream(provider, desk, minimum, *args, "--poll-timeout", "5")
        assert provider.reads == (code == 0), ran.out
    assert ran.code == code, ran.out


def lastings(desk: Desk) -> list[tuple[Any, ...]]:
    with sqlite3.connect(f"file:{desk.state / 'journal.sqlite3'}?mode=ro", uri=True) as db:
        return list(db.execute("SELECT provider, model, kind, least, most FROM lasting"))


def test_what_was_seen_of_an_end_is_remembered_as_an_interval(desk: Desk) -> None:
    running = said(MADE | {"status": "IN_PROGRESS"})
    with Provider("skills.video", {"POST ": [said(MADE)], "GET /generation/gen_1": [running, done]}) as provider:
        assert provider.run(desk, *CREATE["skills.video"]).code == 0
    [(name, model, kind, least, most)] = lastings(desk)
    assert (name, model, kind) == ("skills.video", "google/nano-banana-pro", "image")
    assert 0 < least < most


def test_the_providers_own_moment_narrows_what_was_seen(desk: Desk) -> None:
    """Ark tells ``updated_at``: a job that was collected late is known to have ended long before."""
    began = int(time.time()) - 1000

    def made(peer: Peer) -> None:
        told = {"created_at": began, "updated_at": began + 500}
        peer.send(said({**CLIP, "status": "succeeded", **told, "content": {"video_url": picture_of(peer)}}))

    routes: dict[str, list[Said]] = {"POST ": [said(CLIP)], "GET /contents/generations/tasks/cgt-1": [made]}
    with Provider("agcloud", routes) as provider:
        config = ("--config", str(desk.write_config()), "--provider", "agcloud", "--base-url", provider.url)
        assert desk.call("create_and_wait", *CREATE["agcloud"], "--detach", *config).code == 0
        with sqlite3.connect(desk.state / "journal.sqlite3") as db:
            db.execute("UPDATE job SET sending_at = ?, accepted_at = ?", (began, began))
        assert desk.call("wait_generation", "--all", "--config", config[1]).code == 0
    [(*_, least, most)] = lastings(desk)
    scale = json.loads((desk.home / "config.json").read_text())["time_scale"]
    assert least <= 500 * scale <= most
    assert most - least <= 5 * scale


def test_a_job_is_looked_at_when_jobs_like_it_ended(desk: Desk) -> None:
    """Where jobs took 80 s here, one of which config.json says 10 is looked at a few times until then."""
    known = {"typical_seconds": {"video": 10}, "poll_interval": 2}
    routes: dict[str, list[Said]] = {"POST ": [said(CLIP)], "GET /contents/": [said(CLIP)] * 200}
    with Provider("agcloud", routes) as provider:
        assert provider.run(desk, *CREATE["agcloud"], "--detach", config=known).code == 0
        with sqlite3.connect(desk.state / "journal.sqlite3") as db:
            db.execute("UPDATE job SET accepted_at = ?", (time.time(),))
            for number in range(30):
                like = "SELECT ?, provider, key_space, model, kind, 80, 81 FROM job"
                db.execute(f"INSERT INTO lasting {like}", (-1 - number,))
        words = ("--generation-id=cgt-1", "--timeout", "60")
        ran = provider.run(desk, *words, script="wait_generation", config=known)
        assert (ran.code, provider.reads <= 9) == (11, True), (provider.reads, ran.out)


def test_all_jobs_of_a_run_share_the_requests_a_minute(desk: Desk) -> None:
    """Twelve jobs followed at once, 120 requests a minute: half a story second between any two."""
    ids, moments = [f"cgt-{number}" for number in range(12)], list[float]()

    def running(peer: Peer) -> None:
        moments.append(time.monotonic())
        peer.send(said({"status": "running"}))

    routes: dict[str, list[Said]] = {
        "POST ": [said({"id": identity, "status": "queued"}) for identity in ids],
        "GET /contents/": [running] * 100,
    }
    limit = {"rate_limits": {"requests_per_minute": 120}}
    with Provider("agcloud", routes) as provider:
        for _ in range(12):
            made = provider.run(desk, *CREATE["agcloud"], "--new", "--detach", config=limit)
            assert made.code == 0, made.out
        config = str(desk.write_config(agcloud=limit))
        assert desk.call("wait_generation", "--all", "--timeout", "30", "--config", config).code == 11
    assert len(moments) >= 12
    # Half of it, since a busy machine may bring the first late; without a limit they come within milliseconds.
    assert moments[11] - moments[0] >= 11 * 0.5 / 20 * 0.5
