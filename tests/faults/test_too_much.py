"""A provider that gives more than anybody asked for: outputs beyond a thousand, bombs in place of a picture."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import Desk, Ran
from generate_media.core.paths import BUNDLE
from generate_media.job import collect
from tools import run_watched
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


def test_fifty_thousand_outputs(desk: Desk) -> None:
    with Web(*answers(50_000, "https://cdn.example")) as web:
        ran = run(desk, web, "--no-download")
        again = run(desk, web, "--no-download")
    assert ran.code == again.code == 0, ran.out[:2000]
    assert [len(one.last["outputs"]) for one in (ran, again)] == [1000, 1000]
    assert [one.last["more_outputs"] for one in (ran, again)] == [49_000, 49_000]
    assert ran.last["outputs"][-1] == {"url": "https://cdn.example/999.png"}
    assert "50000 outputs" in ran.events("warning")[0]["message"]
    assert len(ran.out) < 100_000


def fill_in_gzip() -> bytes:
    """64 MiB of JPEG fill bytes in 64 kB."""
    from media.test_genuine import fill_bomb

    return gzip.compress(fill_bomb())


def avif_in_gzip() -> bytes:
    """A picture with half a GiB behind it, in half a MB."""
    zeros = gzip.compress(bytes(8 << 20))
    return gzip.compress(picture(form="AVIF") + b"\0\0\0\1free" + ((512 << 20) + 16).to_bytes(8, "big")) + zeros * 64


def tags() -> bytes:
    from media.test_genuine import tag_bomb

    return gzip.compress(tag_bomb())


@pytest.mark.parametrize("bomb", [avif_in_gzip, fill_in_gzip, tags])
def test_a_bomb_is_saved_and_measured_in_little_room(desk: Desk, bomb: Callable[[], bytes]) -> None:
    with Web(http(bomb(), "Content-Encoding: gzip")) as files, Web(*answers(1, files.url(""))) as web:
        url = f"http://127.0.0.1:{web.port}/api/v1"
        script = BUNDLE / "scripts" / "create_and_wait.py"
        ran, resident_mib = run_watched(script, *ARGS, "--provider", "skills.video", "--base-url", url)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (output,) = json.loads(ran.stdout.splitlines()[-1])["outputs"]
    assert (output["width"], output["height"]) == (64, 48)
    assert resident_mib < 100  # 38 here, as without any bomb


def test_only_those_that_are_taken_are_fetched(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect, "MAX_OUTPUTS", 3)
    with Web(http(PNG)) as files, Web(*answers(7, files.url(""))) as web:
        ran = run(desk, web)
        asked = len(files.heard)
    assert ran.code == 0, ran.out
    assert (asked, len(ran.last["outputs"]), ran.last["more_outputs"]) == (3, 3, 4)
    sidecar = next(Path("generated").glob("*.json"))
    assert json.loads(sidecar.read_text())["more_outputs"] == 4
