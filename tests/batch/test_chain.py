"""``--chain``: one prompt and a length, as clips that go on where the one before ended."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from conftest import Desk, Ran
from film_help import probed
from generate_media.batch.chain import best_split
from tools import require_tool

BOAT = ("--kind", "video", "--prompt", "a boat crosses the bay", "--chain")


@pytest.fixture
def studio(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk with ffmpeg, whatever else this machine has."""
    require_tool("ffmpeg")
    monkeypatch.setitem(sys.modules, "av", None)
    return desk


def bodies(desk: Desk) -> list[dict[str, Any]]:
    return [json.loads(text) for text in desk.column("request")]


def test_twenty_seconds_of_a_model_of_4_8_12(studio: Desk) -> None:
    ran = studio.run(*BOAT, "--duration", "20")
    assert ran.code == 0, ran.out
    assert [body["duration"] for body in bodies(studio)] == [12, 8]
    assert [row["jobs"] for row in ran.events("start")] == [2]
    clips = [probed(path)["seconds"] for path in ran.last["files"]]
    assert probed(ran.last["joined"])["seconds"] == pytest.approx(sum(clips), abs=0.05)
    assert Path(ran.last["joined"]).parent == Path("generated").absolute()
    assert len(ran.out) < 2000, "a film is told of, not each of its parts"
    again = studio.run(*BOAT, "--duration", "20")
    assert (again.last["counts"], again.last["joined"]) == ({"reused": 2, "jobs": 2}, ran.last["joined"])
    assert studio.jobs() == 2


def test_a_split_that_was_begun_is_gone_on_with(studio: Desk) -> None:
    """Also where the contract has since learnt of other lengths: here somebody else wrote down another split."""
    studio.faults("create-http-422")
    studio.run(*BOAT, "--duration", "20")
    (kept,) = (studio.state / "chains").iterdir()
    kept.write_text(json.dumps({"clips": [8, 8, 4]}))
    ran = studio.run(*BOAT, "--duration", "20")
    assert [row["jobs"] for row in ran.events("start")] == [3]
    assert [body["duration"] for body in bodies(studio)] == [12, 8]


def test_what_it_takes_is_said_before_it_is_paid_for(studio: Desk) -> None:
    foretold = studio.run(*BOAT, "--duration", "20", "--dry-run")
    assert (foretold.last["jobs"], foretold.last["clips"], foretold.last["order"]) == (2, [12, 8], [[1], [2]])
    fourteen = studio.run(*BOAT, "--duration", "14", "--dry-run").lines[0]["message"]
    assert "no chain is needed with" in fourteen
    assert "bytedance/seedance-2.0" in fourteen
    more = studio.run(*BOAT, "--duration", "12.5", "--dry-run")
    assert (more.last["clips"], "which is 13 s" in more.lines[0]["message"]) == ([9, 4], True)
    unknown = studio.run(*BOAT, "--duration", "20", "--model", "openai/sora-2", "--dry-run")
    assert "no document says" in unknown.lines[0]["message"]
    assert not list(studio.home.rglob("chains/*")), "what is only foretold leaves nothing"
    ran = studio.run(*BOAT, "--duration", "20", "--max-jobs", "1")
    assert (ran.code, ran.last["error"]) == (2, "too_many_jobs")
    assert studio.creates() == 0


def test_a_film_that_would_pass_the_limit_is_not_begun(studio: Desk) -> None:
    """A clip costs 100 here, and two are needed; half a film is no use to anybody."""
    studio.run(*BOAT, "--duration", "4")
    film = (*BOAT, "--duration", "20", "--max-cost")
    passed = studio.run(*film, "199")
    assert (passed.code, passed.last["counts"]) == (2, {"cost_limit": 1, "skipped": 1, "jobs": 2})
    told = passed.events("error")[0]
    assert (told["spent"], told["last_cost"], told["needed"], told["allowed"]) == (0, 100, 200, 199)
    assert "the 2 clips that are left would cost 200" in told["message"]
    studio.write_config(**{"skills.video": {"max_cost_per_day": 299}})
    assert studio.run(*film, "200").events("error")[0]["error"] == "daily_cost_limit"
    assert studio.creates() == 1
    studio.write_config(**{"skills.video": {"max_cost_per_day": 300}})
    assert (studio.run(*film, "200").code, studio.creates()) == (0, 3)
    assert studio.run(*film, "0").last["counts"]["reused"] == 2, "what is there costs nothing again"
    studio.write_config(**{"skills.video": {"max_cost_per_day": 500}})
    assert (studio.run(*film, "200", "--new").code, studio.creates()) == (0, 5), "another film, with a sum of its own"


@pytest.mark.parametrize(
    ("provider", "seconds", "more", "hinted"),
    [
        ("skills.video", "20", (), True),
        ("agnes", "40", (), True),
        ("agnes", "1", (), False),
        ("skills.video", "2", ("--model", "bytedance/seedance-2.0"), False),
        ("skills.video", "20", ("--model", "bytedance/seedance-2.0"), True),
        ("skills.video", "30", ("--model", "vidu/q2/video-turbo"), False),
        ("skills.video", "20", ("--count", "2"), False),
    ],
)
def test_a_clip_too_long_is_answered_with_the_flag(
    desk: Desk, provider: str, seconds: str, more: tuple[str, ...], hinted: bool
) -> None:
    """Only where it makes that clip: not below the model's least, nor of one that begins with no picture."""
    ran = desk.run("--kind", "video", "--prompt", "a boat", "--duration", seconds, *more, provider=provider)
    assert ran.last["event"] == "error"
    assert any("--chain" in line for line in ran.last["guidance"]) is hinted


def test_output_names_the_film_and_the_first_clip_begins_as_asked(studio: Desk) -> None:
    from PIL import Image

    Image.new("RGB", (640, 360), "navy").save("boat.png")
    ran = studio.run(*BOAT, "--duration", "13", "--first-frame", "boat.png", "--output", "boat.mp4")
    assert ran.last["joined"] == str(Path("boat.mp4").absolute())
    assert [body["duration"] for body in bodies(studio)] == [9, 4]
    first, second = (json.dumps(body) for body in bodies(studio))
    assert "boat.png" in first
    assert "boat.png" not in second


@pytest.mark.parametrize(
    ("more", "jobs"), [(("--duration", "12"), 1), (("--duration", "4", "--model", "bytedance/seedance-1.5"), 1)]
)
def test_a_clip_that_is_no_longer_than_the_models_own(studio: Desk, more: tuple[str, ...], jobs: int) -> None:
    ran = studio.run(*BOAT, *more)
    assert (ran.code, ran.last["event"], studio.jobs()) == (0, "terminal", jobs), ran.out


def test_a_model_that_begins_with_no_picture(studio: Desk) -> None:
    ran: Ran = studio.run(*BOAT, "--duration", "30", "--model", "vidu/q2/video-turbo")
    assert ran.code == 2, ran.out
    assert studio.creates() == 0


SPLITS = [
    (20, (4, 8, 12), (4, 8, 12), (12, 8)),
    (24, (4, 8, 12), (4, 8, 12), (12, 12)),
    (21, (4, 8, 12), (4, 8, 12), (12, 12)),
    (15, (5, 10), (5, 10), (10, 5)),
    (17, (5, 10), (5, 10), (10, 10)),
    (30, tuple(range(4, 16)), tuple(range(4, 16)), (15, 15)),
    (12, (8,), (4, 6), (8, 4)),
    (11, (10,), (10,), (10, 10)),
]


@pytest.mark.parametrize(("whole", "first", "others", "clips"), SPLITS)
def test_the_fewest_clips_the_longer_first(
    whole: int, first: tuple[int, ...], others: tuple[int, ...], clips: tuple[int, ...]
) -> None:
    assert best_split(whole, first, others) == clips
