"""What a job that has ended leaves behind: files, records, and what its provider says of it later."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import Desk
from provider_help import CREATE, PNG, Provider, refused, said
from wire import Peer, Said, answer

MADE = said({"id": "gen_1", "status": "IN_QUEUE"})
ROUTE = "GET /generation/gen_1"
FILE = answer(PNG, "Content-Type: image/png")


def tells(status: str, *names: str, **fields: Any) -> Callable[[Peer], None]:
    """An answer with pictures of these names at this server."""

    def speak(peer: Peer) -> None:
        host = f"http://127.0.0.1:{peer.sock.getsockname()[1]}"
        data = {"images": [{"url": f"{host}/{name}"} for name in names]} if names else None
        peer.send(said({"id": "gen_1", "status": status, "data": data, **fields}))

    return speak


def records() -> list[dict[str, Any]]:
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(Path("generated").glob("*.json"))]


def test_a_job_that_failed_leaves_its_record(desk: Desk) -> None:
    """One sidecar a job, failed jobs too: with the provider's words, and without any file."""
    failed = tells("FAILED", code="IMAGE_GENERATION_CONTENT_REJECTED", message="not this cat")
    with Provider("skills.video", {"POST ": [MADE], ROUTE: [failed]}) as provider:
        ran = provider.run(desk, *CREATE["skills.video"])
        assert (ran.code, ran.last["ok"], ran.last["message"]) == (26, False, "not this cat"), ran.out
    (record,) = records()
    assert (record["generation_id"], record["result"], record["outputs"]) == ("gen_1", "failed", [])
    assert record["error"]["message"] == "not this cat"
    assert record["prompt"] == "a cat"


def test_an_answer_about_another_job_ends_nothing(desk: Desk) -> None:
    """Proof is the id: an end that names another one is nobody's, and the job goes on."""
    theirs = said({"id": "gen_2", "status": "COMPLETED", "data": {"images": [{"url": "https://files.example/a.png"}]}})
    with Provider("skills.video", {"POST ": [MADE], ROUTE: [theirs, theirs, tells("COMPLETED", "file")]}) as provider:
        ran = provider.run(desk, *CREATE["skills.video"])
        assert (ran.code, ran.last["generation_id"], provider.reads) == (0, "gen_1", 3), ran.out
    assert Path(ran.last["outputs"][0]["path"]).read_bytes() == PNG


@pytest.mark.parametrize("status", [300, 303, 304, 499])
def test_a_status_that_proves_nothing_leaves_the_create_unknown(desk: Desk, status: int) -> None:
    """A "see there" may be the answer of a server that has made the job: the same command does not pay again."""
    with Provider("skills.video", {"POST ": [refused(status, "Location: /api/v1/generation/gen_1")]}) as provider:
        codes = [provider.run(desk, *CREATE["skills.video"]).code for _ in range(2)]
        assert (codes, provider.creates) == ([13, 13], 1)


@pytest.mark.parametrize("identity", [".", ".."])
def test_dots_are_no_id(desk: Desk, identity: str) -> None:
    """Quoted or not, they would lead out of the job's path: to the list, or to what a DELETE must never meet."""
    with Provider("skills.video", {"POST ": [said({"id": identity, "status": "IN_QUEUE"})]}) as provider:
        ran = provider.run(desk, *CREATE["skills.video"])
        assert (ran.code, provider.reads) == (13, 0), ran.out
        asked = provider.run(desk, "--cancel", identity, script="wait_generation")
        assert (asked.code, provider.reads) == (2, 0), asked.out


LATER: dict[str, Said] = {
    "nothing to fetch any more": tells("COMPLETED"),
    "that it goes on": tells("IN_PROGRESS", "elsewhere"),
    "a word that nobody knows": tells("ARCHIVED", "elsewhere"),
    "that it never knew it": refused(404),
    "that it is busy": refused(503),
}


@pytest.mark.parametrize("name", LATER)
def test_a_finished_job_is_fetched_from_where_it_was_said_to_be(desk: Desk, name: str) -> None:
    """An end that was told stays told, whatever its provider says when it is asked for newer addresses."""
    routes: dict[str, list[Said]] = {
        "POST ": [MADE], ROUTE: [tells("COMPLETED", "file"), LATER[name]], "GET /file": [refused(410), FILE],
    }  # fmt: skip
    with Provider("skills.video", routes) as provider:
        assert provider.run(desk, *CREATE["skills.video"]).code == 14
        ran = provider.run(desk, *CREATE["skills.video"])
        assert (ran.code, provider.creates, ran.last["result"]) == (0, 1, "succeeded"), ran.out
    assert Path(ran.last["outputs"][0]["path"]).read_bytes() == PNG
    assert desk.rows() == [("collected", "gen_1")]


def test_a_renewed_address_is_taken(desk: Desk) -> None:
    routes: dict[str, list[Said]] = {
        "POST ": [MADE], ROUTE: [tells("COMPLETED", "old"), tells("COMPLETED", "file")], "GET /old": [refused(410)],
    }  # fmt: skip
    with Provider("skills.video", routes) as provider:
        assert provider.run(desk, *CREATE["skills.video"]).code == 14
        ran = provider.run(desk, *CREATE["skills.video"])
        assert (ran.code, provider.creates) == (0, 1), ran.out
    assert ran.last["outputs"][0]["url"].endswith("/file")
