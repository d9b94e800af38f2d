"""Long jobs under agents' short calls: a deadline, a kill, a detached start; one job and its file all the same."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conftest import Desk
from generate_media.core.paths import BUNDLE

CLIP = ("--model", "bytedance/seedance-1.5", "--prompt", "a lighthouse in a storm")


@pytest.fixture
def slow(desk: Desk) -> Desk:
    """A job that outlives the first call: it stays where it is until the fault is taken away."""
    desk.faults("never-ends")
    return desk


def resume(desk: Desk, command: str, *more: str) -> tuple[int, dict[str, object]]:
    """Run a printed command as an agent does, word for word."""
    python, script, *words = shlex.split(command)
    assert python == sys.executable
    assert Path(script).is_file()
    ran = desk.call(Path(script).stem, *words, *more)
    return ran.code, ran.last


def test_exit_11_prints_the_command_that_goes_on_until_terminal(desk: Desk) -> None:
    ran = desk.run(*CLIP, "--deadline", "5")
    assert ran.code == 11, ran.out
    for _ in range(100):
        assert "--deadline 5" in ran.last["resume"], "as short as the call that printed it"
        code, last = resume(desk, ran.last["resume"])
        if code != 11:
            break
        assert last["resume"] == ran.last["resume"], "still the same command"
    assert (code, last["event"], last["ok"]) == (0, "terminal", True)
    assert desk.creates() == 1


def test_the_same_command_attaches_and_brings_the_file(desk: Desk) -> None:
    first = desk.run(*CLIP, "--detach")
    assert (first.code, first.last["event"]) == (0, "accepted")
    again = desk.run(*CLIP, "--deadline", "400")
    assert again.code == 0, again.out
    assert again.events("attached")[0]["generation_id"] == first.last["generation_id"]
    assert Path(again.last["outputs"][0]["path"]).is_file()
    assert desk.creates() == 1


def test_several_detached_then_all_at_once(desk: Desk) -> None:
    ids = [desk.run(*CLIP, "--duration", seconds, "--detach").last["generation_id"] for seconds in ("4", "5", "6")]
    assert len(set(ids)) == 3
    ran = desk.call("wait_generation", "--all", "--deadline", "400", "--config", str(desk.home / "config.json"))
    assert ran.code == 0, ran.out
    assert {line["generation_id"] for line in ran.events("terminal")} == set(ids)
    assert len(list(Path("generated").glob("*.mp4"))) == 3
    assert desk.creates() == 3


def test_a_killed_call_has_told_and_recorded_the_id(slow: Desk) -> None:
    slow.write_config()
    command = [
        sys.executable, str(BUNDLE / "scripts/create_and_wait.py"), *CLIP, "--provider", "skills.video",
        "--base-url", slow.sandbox.base_urls["skills.video"], "--config", str(slow.home / "config.json"),
    ]  # fmt: skip
    out = slow.home / "out"
    with out.open("wb") as stdout:
        call = subprocess.Popen(command, stdout=stdout)
        end = time.monotonic() + 20
        while b'"accepted"' not in out.read_bytes() and time.monotonic() < end:
            time.sleep(0.02)
        call.kill()
        call.wait()
    told = next(line for line in map(json.loads, out.read_text().splitlines()) if line["event"] == "accepted")
    assert slow.rows() == [("accepted", told["generation_id"])]
    again = slow.run(*CLIP, "--deadline", "10")
    assert again.events("attached")[0]["generation_id"] == told["generation_id"]
    assert slow.creates() == 1
