"""A provider that names more outputs than any model makes: the first thousand are taken, the others are counted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conftest import Desk, Ran
from generate_media import collect
from web import Web, http, picture

PNG = picture(8, 8)
ARGS = ("--endpoint", "/generation/google/nano-banana-pro", "--prompt", "a cat", "--poll-interval", "0.1")


def answers(count: int, host: str) -> tuple[bytes, bytes]:
    """To a create, and to the question after it."""
    done = {"id": "gen_many", "status": "COMPLETED", "data": {"images": [f"{host}/{n}.png" for n in range(count)]}}
    return http(b'{"id": "gen_many", "status": "IN_QUEUE"}'), http(json.dumps(done).encode())


def run(desk: Desk, web: Web, *args: str) -> Ran:
    config = str(desk.write_config())
    url = f"http://127.0.0.1:{web.port}/api/v1"
    return desk.call(
        "create_and_wait", *ARGS, "--provider", "skills.video", "--config", config, "--base-url", url, *args
    )


def test_two_hundred_thousand_outputs(desk: Desk) -> None:
    with Web(*answers(200_000, "https://cdn.example")) as web:
        ran = run(desk, web, "--no-download")
        again = run(desk, web, "--no-download")
    assert ran.code == again.code == 0, ran.out[:2000]
    assert [len(one.last["outputs"]) for one in (ran, again)] == [1000, 1000]
    assert [one.last["more_outputs"] for one in (ran, again)] == [199_000, 199_000]
    assert ran.last["outputs"][-1] == {"url": "https://cdn.example/999.png"}
    assert "200000 outputs" in ran.events("warning")[0]["message"]
    assert len(ran.out) < 100_000


def test_only_those_that_are_taken_are_fetched(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect, "MAX_OUTPUTS", 3)
    with Web(http(PNG)) as files, Web(*answers(7, files.url(""))) as web:
        ran = run(desk, web)
        asked = len(files.heard)
    assert ran.code == 0, ran.out
    assert (asked, len(ran.last["outputs"]), ran.last["more_outputs"]) == (3, 3, 4)
    sidecar = next(Path("generated").glob("*.json"))
    assert json.loads(sidecar.read_text())["more_outputs"] == 4
