"""Reads of a job whose id is known, in the provider's own words: what delays them, what ends them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from conftest import Desk
from provider_help import CREATE, Provider, refused, said
from wire import Peer, Said

MADE = said({"id": "gen_1", "status": "IN_QUEUE"})
RUNNING = said({"id": "gen_1", "status": "IN_PROGRESS", "data": None})
ROUTE = "GET /generation/gen_1"


def done(peer: Peer) -> None:
    """The last answer, with the address of this server's picture."""
    url = f"http://127.0.0.1:{peer.sock.getsockname()[1]}/file.png"
    peer.send(said({"id": "gen_1", "status": "COMPLETED", "data": {"images": [{"url": url}]}}))


@dataclass(frozen=True)
class Reads:
    """What each question is answered by before the last answer, and what the run makes of it."""

    before: tuple[bytes, ...]
    attempts: tuple[int, ...] = ()
    code: int = 0
    least_wait: float = 0.0
    config: dict[str, Any] = field(default_factory=dict)


TABLE = {
    "nothing wrong": Reads((RUNNING, RUNNING)),
    "a good word resets the count of refusals": Reads(
        (refused(403), refused(403), RUNNING, refused(403), refused(403), RUNNING, refused(403)), (1, 2, 1, 2, 1)
    ),
    "a good word resets the count of failures": Reads(
        (refused(502), refused(502), refused(502), RUNNING, refused(502)), (1, 2, 3, 1)
    ),
    "a failure between refusals resets their count": Reads(
        (refused(403), refused(403), refused(502), refused(403), refused(403)), (1, 2, 3, 4, 5)
    ),
    "three refusals in a row end the following": Reads((refused(403),) * 3, (1, 2), 21),
    "never sooner than the provider's minimum": Reads(
        (refused(502), refused(429)), (1, 2), least_wait=15.0, config={"min_poll_interval": 15}
    ),
    "never sooner than Retry-After": Reads((refused(503, "Retry-After: 15"),), (1,), least_wait=15.0),
    "words that are no job": Reads(
        (said([]), said("gone"), b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), (1, 2, 3)
    ),
}


@pytest.mark.parametrize("name", TABLE)
def test_what_a_read_is_answered_by(desk: Desk, name: str) -> None:
    row = TABLE[name]
    with Provider("skills.video", {"POST ": [MADE], ROUTE: [*row.before, done]}) as provider:
        ran = provider.run(desk, *CREATE["skills.video"], config=row.config)
    retries = ran.events("retry")
    assert (ran.code, provider.creates) == (row.code, 1), ran.out
    assert tuple(line["attempt"] for line in retries) == row.attempts
    assert all(line["wait_seconds"] >= row.least_wait for line in retries), ran.out
    assert desk.rows() == [("collected" if row.code == 0 else "accepted", "gen_1")]


AGNES_MADE = said({"id": "task_1", "task_id": "task_1", "video_id": "video_1", "status": "queued"})
BUSY = (refused(502), refused(504))


def clip_done(peer: Peer) -> None:
    url = f"http://127.0.0.1:{peer.sock.getsockname()[1]}/file.png"
    peer.send(said({"task_id": "task_1", "video_id": "video_1", "status": "completed", "url": url}))


# what Agnes's newer and older route say, in turn
ROUTES: dict[str, tuple[list[Said], list[Said]]] = {
    "one refuses, the other is busy": ([refused(401)], [*BUSY, *BUSY, clip_done]),
    "one is busy, the other refuses": ([*BUSY, *BUSY, clip_done], [refused(401)]),
    "one does not know the job, the other is busy": ([refused(404)], [*BUSY, *BUSY, clip_done]),
}


@pytest.mark.parametrize("name", ROUTES)
def test_a_route_that_refuses_says_less_than_one_that_is_busy(desk: Desk, name: str) -> None:
    """Each of Agnes's routes has failed at times while the other worked [M]: four busy answers are no refusal."""
    newer, older = ROUTES[name]
    routes: dict[str, list[Said]] = {"POST ": [AGNES_MADE], "GET /agnesapi": newer, "GET /videos/task_1": older}
    with Provider("agnes", routes) as provider:
        ran = provider.run(desk, *CREATE["agnes"], config={"not_found_grace_seconds": 0})
    assert (ran.code, provider.creates, desk.rows()) == (0, 1, [("collected", "task_1")]), ran.out


def silent(peer: Peer) -> None:
    peer.until_gone()


# seconds of a read's own time-out → exit code
CUT = {"by the deadline": ("1000", 11), "by their own time-out": ("2", 12)}


@pytest.mark.parametrize("name", CUT)
def test_a_read_that_the_deadline_cuts_short_has_not_failed(desk: Desk, name: str) -> None:
    """Exit 12 says that the provider could not be asked; a deadline says nothing about the provider."""
    seconds, code = CUT[name]
    with Provider("skills.video", {"POST ": [MADE], ROUTE: [silent]}) as provider:
        assert provider.run(desk, *CREATE["skills.video"], "--detach").code == 0
        ran = provider.run(
            desk, "--generation-id=gen_1", "--request-timeout", seconds, "--deadline", "20", script="wait_generation"
        )
    assert (ran.code, ran.last["error"], bool(ran.events("retry"))) == (code, "deadline", code == 12), ran.out
    assert ran.last["resume"]
