"""A result that was paid for and not saved is never left out: fetched while it can be, told as lost from then on."""

from __future__ import annotations

import shlex
import sqlite3
import sys
import time
from pathlib import Path

import pytest

from conftest import Desk, Ran

DAY = 86_400.0
CLIP = ("--kind", "video", "--prompt", "a paper boat")
PICTURE = ("--model", "google/nano-banana-pro", "--prompt", "a cat")


def unsaved(desk: Desk, provider: str, args: tuple[str, ...], *, days_ago: float = 1.1) -> str:
    """The id of a job that ended so long ago and whose file no run had time to fetch."""
    desk.faults("download:headers:silence")
    ran = desk.run(*args, "--deadline", "30", provider=provider)
    assert ran.code == 11, ran.out
    desk.faults()
    identity = str(ran.last["generation_id"])
    with sqlite3.connect(desk.state / "journal.sqlite3") as db:
        row = "UPDATE job SET ended_at = ? WHERE generation_id = ?"
        db.execute(row, (time.time() - days_ago * DAY, identity))
    db.close()
    return identity


def wait(desk: Desk, *args: str) -> Ran:
    return desk.call("wait_generation", *args, "--config", str(desk.home / "config.json"))


def again(desk: Desk, command: str) -> Ran:
    """A printed command, word for word."""
    python, script, *words = shlex.split(command)
    assert python == sys.executable
    return desk.call(Path(script).stem, *words)


@pytest.mark.parametrize("provider", ["agcloud", "ark"])
def test_after_the_documented_day_it_is_told_as_lost(desk: Desk, provider: str) -> None:
    identity = unsaved(desk, provider, CLIP)
    for _ in range(2):
        ran = wait(desk, "--all")
        assert (ran.code, ran.last["error"], ran.last["generation_id"]) == (14, "result_lost", identity), ran.out
        assert (ran.last["event"], ran.last["ok"], ran.last["outputs"]) == ("terminal", False, [])
        assert any("--new" in line for line in ran.last["guidance"])
    listed = wait(desk, "--list")
    (row,) = listed.last["jobs"]
    assert (listed.code, row["error"], row["expires_in_seconds"], listed.last["result_lost"]) == (
        0,
        "result_lost",
        0,
        1,
    )
    for command in (ran.last["resume"], row["resume"]):
        tried = again(desk, command)
        assert tried.code == 0, "the sandbox still gives the file: what can be tried is tried"
        assert Path(tried.last["outputs"][0]["path"]).is_file()
    assert wait(desk, "--all").last["counts"] == {"open": 0}
    assert "result_lost" not in wait(desk, "--list").last
    assert desk.creates() == 1


def test_what_is_gone_indeed_stays_told(desk: Desk) -> None:
    identity = unsaved(desk, "ark", CLIP)
    desk.faults("download-http-403")
    tried = again(desk, wait(desk, "--all").last["resume"])
    assert (tried.code, tried.last["generation_id"]) == (14, identity), tried.out
    assert wait(desk, "--all").last["error"] == "result_lost"


def test_among_others_it_decides_the_exit_code(desk: Desk) -> None:
    identity = unsaved(desk, "ark", CLIP)
    going = desk.run(*PICTURE, "--detach").last["generation_id"]
    ran = wait(desk, "--all")
    assert {line["generation_id"]: line["ok"] for line in ran.events("terminal")} == {identity: False, going: True}
    assert (ran.code, ran.last["counts"]) == (14, {"result_lost": 1, "succeeded": 1, "jobs": 2}), ran.out


def test_made_again_it_is_lost_no_more(desk: Desk) -> None:
    unsaved(desk, "ark", CLIP)
    assert desk.run(*CLIP, "--new", provider="ark").code == 0
    assert wait(desk, "--all").last["counts"] == {"open": 0}


@pytest.mark.parametrize(("provider", "args"), [("skills.video", PICTURE), ("agnes", CLIP)])
def test_where_no_end_is_documented_it_is_fetched_whenever_it_is(
    desk: Desk, provider: str, args: tuple[str, ...]
) -> None:
    unsaved(desk, provider, args, days_ago=30)
    ran = wait(desk, "--all")
    assert ran.code == 0, ran.out
    assert Path(ran.last["outputs"][0]["path"]).is_file()
    assert wait(desk, "--all").last["counts"] == {"open": 0}


def test_within_the_day_it_is_fetched(desk: Desk) -> None:
    unsaved(desk, "ark", CLIP, days_ago=0.01)
    assert wait(desk, "--all").code == 0
    assert len(list(Path("generated").glob("*.mp4"))) == 1


def test_an_id_made_elsewhere_is_not_left_out_either(desk: Desk) -> None:
    identity = desk.run(*PICTURE, "--detach").last["generation_id"]
    desk.state.rename(desk.home / "another-machine")
    desk.faults("download:headers:silence")
    named = ("--provider", "skills.video", "--generation-id", identity, "--deadline", "60")
    assert desk.run(*named, script="wait_generation").code == 11
    desk.faults()
    ran = wait(desk, "--all")
    assert (ran.code, ran.last.get("generation_id")) == (0, identity), ran.out
