"""Lines that use each other's results, joined into a film; what is paid for is never paid for twice."""

from __future__ import annotations

import hashlib
import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from conftest import Desk, Ran
from film_help import SIX, STORYBOARD, probed, write
from generate_media.batch.ties import read_ties
from generate_media.core.home import GUARD
from generate_media.core.paths import BUNDLE
from label_samples import exiftool, frames
from tools import require_tool

SOURCE_TYPE = "XMP-iptcExt:DigitalSourceType"
MORE = "bytedance/seedance-2.0"
CAT = {"id": "cat", "prompt": "a cat"}
CLIP = {"id": "clip", "kind": "video", "prompt": "it moves", "duration": 5}


@pytest.fixture
def studio(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk with ffmpeg, whatever else this machine has."""
    require_tool("ffmpeg")
    monkeypatch.setitem(sys.modules, "av", None)
    return desk


def ended(ran: Ran) -> dict[int, dict[str, Any]]:
    return {line["line"]: line for line in ran.lines if line["event"] in ("terminal", "error") and "line" in line}


def joined() -> list[str]:
    """The parts of film.mp4, by their bytes."""
    return [part["sha256"] for part in json.loads(Path("film.json").read_text())["joined"]]


def test_six_lines_are_a_film(studio: Desk) -> None:
    ran = studio.run("--batch", write(SIX), "--join", "film.mp4", "--gallery")
    assert ran.code == 0, ran.out
    assert studio.jobs() == 6
    assert ran.last["joined"] == str(Path("film.mp4").absolute())
    assert ran.last["joined"] not in ran.last["files"]
    assert len(ran.last["files"]) == 6
    clips = [probed(path)["seconds"] for path in ran.last["files"] if path.endswith(".mp4")]
    assert probed("film.mp4")["seconds"] == pytest.approx(sum(clips), abs=0.05)
    order = [line["line"] for line in ran.lines if line["event"] == "terminal"]
    assert {line["line"]: line.get("id") for line in ran.lines if line["event"] == "terminal"} == {
        number: line.get("id") for number, line in enumerate(SIX, start=1)
    }
    assert order.index(1) < min(order.index(2), order.index(3))
    assert order.index(2) < order.index(4) < order.index(5)

    record = json.loads(Path("film.json").read_text())
    assert [part["prompt"] for part in record["joined"]] == [line["prompt"] for line in SIX if "kind" in line]
    assert [part["path"] for part in record["joined"]] == [x for x in ran.last["files"] if x.endswith(".mp4")]
    page = Path("generated/index.html").read_text(encoding="utf-8")
    shown = [page.index(f'data-src="./{Path(path).name}"') for path in ("film.mp4", *ran.last["files"][3:])]
    assert shown == sorted(shown), "the film first, then the shots in the file's order"

    again = studio.run("--batch", "film.jsonl", "--join", "film.mp4")
    assert again.last["counts"] == {"reused": 6, "jobs": 6}
    assert studio.jobs() == 6


def test_the_skills_block_runs_as_printed(desk: Desk) -> None:
    """Pasted into a shell, with --sandbox; the page on films shows the same lines."""
    script = shlex.join([sys.executable, str(BUNDLE / "scripts/create_and_wait.py"), "--sandbox"])
    words = STORYBOARD.replace("python3 scripts/create_and_wait.py", script).removeprefix("bash")
    done = subprocess.run(["bash", "-c", words], cwd=desk.home, stdout=subprocess.PIPE, check=True, timeout=120)
    (told,) = map(json.loads, done.stdout.splitlines())
    assert (told["ok"], told["counts"]) == (True, {"succeeded": 6, "jobs": 6})
    clips = [probed(path)["seconds"] for path in told["files"] if path.endswith(".mp4")]
    assert probed(told["joined"])["seconds"] == pytest.approx(sum(clips), abs=0.05)
    page = (BUNDLE / "references/scaling.md").read_text(encoding="utf-8")
    assert "\n".join(line for line in STORYBOARD.splitlines() if line.startswith("{")) in page


def test_a_changed_line_remakes_itself_and_what_hangs_on_it(studio: Desk) -> None:
    studio.run("--batch", write(SIX), "--join", "film.mp4")
    parts = joined()
    changed = [{**line, "prompt": "they stop"} if line.get("id") == "shot1" else line for line in SIX]
    foretold = studio.run("--batch", write(changed), "--join", "film.mp4", "--dry-run").last
    assert (foretold["made_before"], foretold["jobs"]) == (4, 6)
    assert foretold["order"] == [[1], [2, 3], [4, 6], [5]]
    ran = studio.run("--batch", "film.jsonl", "--join", "film.mp4")
    assert ran.last["counts"] == {"reused": 4, "succeeded": 2, "jobs": 6}
    assert studio.jobs() == 8
    assert [old == new for old, new in zip(parts, joined(), strict=True)] == [False, False, True]
    assert studio.run("--batch", "film.jsonl", "--dry-run").last["made_before"] == 6


def test_a_film_of_the_same_parts_stays_as_it_is(studio: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    studio.run("--batch", write([CLIP, {**CLIP, "id": "b"}]), "--join", "film.mp4")
    film, before = Path("film.mp4"), Path("film.mp4").stat().st_mtime_ns
    assert studio.run("--batch", "film.jsonl", "--join", "film.mp4").last["joined"]
    assert film.stat().st_mtime_ns == before
    film.unlink()
    assert studio.run("--batch", "film.jsonl", "--join", "film.mp4").code == 0
    assert film.exists()


def test_a_strangers_file_is_never_replaced(studio: Desk) -> None:
    Path("film.mp4").write_bytes(b"a holiday")
    ran = studio.run("--batch", write([CLIP]), "--join", "film.mp4")
    assert (ran.code, ran.last["error"]) == (2, "output_exists")
    assert Path("film.mp4").read_bytes() == b"a holiday"
    assert studio.jobs() == 0


def test_a_reference_is_its_source_file_whatever_travels(studio: Desk) -> None:
    """The same picture by its path is the same job; one of a last frame is known by its clip."""
    edit = {"prompt": "at night", "image": "@cat"}
    made = studio.run("--batch", write([CAT, edit]))
    path = ended(made)[1]["outputs"][0]["path"]
    by_path = studio.run("--image", path, "--prompt", "at night")
    assert by_path.last.get("reused"), by_path.out
    assert studio.jobs() == 2


def test_a_kept_frame_is_cut_once_and_known_by_its_clip(studio: Desk) -> None:
    lines = [CLIP, {**CLIP, "id": "next", "prompt": "on", "first-frame": "@clip.last-frame"}]
    ran = studio.run("--batch", write(lines))
    digest = ended(ran)[1]["outputs"][0]["sha256"]
    assert [path.name for path in (studio.state / "frames").iterdir()] == [f"{digest}.png"]
    before = studio.column("fingerprint")[1]
    (studio.state / "frames" / f"{digest}.png").unlink()
    assert studio.run("--batch", "film.jsonl").last["counts"] == {"reused": 2, "jobs": 2}
    assert studio.column("fingerprint")[1] == before
    assert not list((studio.state / "frames").iterdir()), "what is there needs no frame"


def test_the_providers_own_last_frame(studio: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the user asked for it, and only there; no tool is needed then."""
    monkeypatch.setenv("PATH", "")
    first = {**CLIP, "return-last-frame": True}
    lines = [first, {**CLIP, "id": "next", "first-frame": "@clip.last-frame"}]
    ran = studio.run("--batch", write(lines), provider="ark")
    assert ran.code == 0, ran.out
    frame = next(one for one in ended(ran)[1]["outputs"] if one.get("role") == "last_frame")
    request = json.loads(studio.column("request")[1])
    assert frame["sha256"] in json.dumps(request), "the provider's picture travelled"
    assert not (studio.state / "frames").exists()


@pytest.mark.parametrize("flag", [["--join", "film.mp4"], []], ids=["joining", "a last frame"])
def test_no_tool_is_said_before_anything_is_sent(desk: Desk, monkeypatch: pytest.MonkeyPatch, flag: list[str]) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    monkeypatch.setenv(GUARD, "1")  # this process does not go on in a venv that has PyAV
    monkeypatch.setenv("PATH", "")
    ran = desk.run("--batch", write([CLIP, {**CLIP, "id": "n", "first-frame": "@clip.last-frame"}]), *flag)
    assert (ran.code, ran.last["error"]) == (2, "missing_dependency")
    assert "requirements-film.txt" in ran.last["install"]
    assert desk.creates() == 0


REFUSED: dict[str, tuple[list[dict[str, Any]], str]] = {
    "an unknown id": ([CAT, {"prompt": "x", "image": "@dog"}], "unknown_id"),
    "an id twice": ([CAT, CAT], "doubled_id"),
    "a circle": ([{**CAT, "image": "@b"}, {"id": "b", "prompt": "y", "image": "@cat"}], "circle"),
    "itself": ([{**CAT, "image": "@cat"}], "circle"),
    "an id of other letters": ([{**CAT, "id": "Cat 1"}], "bad_id"),
    "neither of the two forms": ([CAT, {"prompt": "x", "image": "@cat.first-frame"}], "bad_reference"),
    "a clip for a picture": ([CLIP, {**CLIP, "id": "b", "first-frame": "@clip"}], "wrong_kind"),
    "a picture's last frame": ([CAT, {**CLIP, "first-frame": "@cat.last-frame"}], "wrong_kind"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_ties_that_cannot_hold_are_refused_before_anything_is_sent(studio: Desk, case: str) -> None:
    lines, code = REFUSED[case]
    for more in ([], ["--dry-run"]):
        ran = studio.run("--batch", write(lines), *more)
        assert (ran.code, ran.last["error"]) == (2, code), ran.out
        assert len(ran.lines) == 1
    assert studio.creates() == 0


FLAGS: dict[str, list[str]] = {
    "a reference without a batch": ["--prompt", "x", "--image", "@cat"],
    "a reference for all lines": ["--batch", "film.jsonl", "--image", "@cat"],
    "references without files": ["--batch", "film.jsonl", "--no-download"],
    "references detached": ["--batch", "film.jsonl", "--detach"],
    "a film of a part": ["--batch", "film.jsonl", "--join", "f.mp4", "--shard", "1/2"],
    "a film without clips": ["--batch", "film.jsonl", "--join", "f.mp4"],
    "a film of another kind": ["--batch", "clips.jsonl", "--join", "f.mov"],
    "a film of one job": ["--prompt", "x", "--join", "f.mp4"],
    "a chain of a batch": ["--batch", "film.jsonl", "--chain"],
    "a chain detached": ["--prompt", "x", "--kind", "video", "--duration", "20", "--chain", "--detach"],
    "a chain without a length": ["--prompt", "x", "--kind", "video", "--chain"],
}


@pytest.mark.parametrize("case", FLAGS)
def test_flags_that_do_not_go_together(studio: Desk, case: str) -> None:
    write([CAT, {"prompt": "x", "image": "@cat"}])
    write([CLIP], "clips.jsonl")
    ran = studio.run(*FLAGS[case])
    assert (ran.code, ran.last["event"]) == (2, "error"), ran.out
    assert studio.creates() == 0


def test_a_failed_line_skips_its_followers_and_nobody_else(studio: Desk) -> None:
    studio.faults("sv-failed*1")
    lines = [CAT, {"id": "b", "prompt": "x", "image": "@cat"}, {"prompt": "y", "image": "@b"}, {"prompt": "alone"}]
    ran = studio.run("--batch", write(lines), "--concurrency", "1")
    assert ran.code == 10, ran.out
    assert ran.last["counts"] == {"failed": 1, "skipped": 2, "succeeded": 1, "jobs": 4}
    assert [(ended(ran)[n]["error"], ended(ran)[n]["needs"]) for n in (2, 3)] == [
        ("skipped", ["cat"]),
        ("skipped", ["b"]),
    ]
    again = studio.run("--batch", "film.jsonl")
    assert (again.code, again.last["counts"]) == (0, {"succeeded": 3, "reused": 1, "jobs": 4})


def test_a_line_that_is_no_job_skips_its_followers(studio: Desk) -> None:
    ran = studio.run("--batch", write([{**CAT, "sise": "2K"}, {"prompt": "x", "image": "@cat"}, {"prompt": "alone"}]))
    assert (ran.code, ran.last["counts"]) == (2, {"unknown_key": 1, "skipped": 1, "succeeded": 1, "jobs": 3})


def test_shards_keep_connected_lines_together(studio: Desk) -> None:
    lines = [CAT, {"prompt": "alone"}, {"prompt": "x", "image": "@cat"}, {"prompt": "too"}]
    write(lines)
    first = set(ended(studio.run("--batch", "film.jsonl", "--shard", "1/2")))
    second = set(ended(studio.run("--batch", "film.jsonl", "--shard", "2/2")))
    assert (first, second) == ({1, 3}, {2, 4})
    assert studio.jobs() == 4


def test_a_label_changes_nothing_of_what_is_paid(studio: Desk) -> None:
    lines = [CAT, {"prompt": "x", "image": "@cat"}]
    studio.run("--batch", write(lines))
    assert studio.run("--batch", "film.jsonl", "--label").last["counts"] == {"reused": 2, "jobs": 2}


def test_a_film_says_what_made_its_clips_and_is_the_same_again(studio: Desk) -> None:
    lines = [CLIP, {**CLIP, "id": "more", "prompt": "it stops", "model": MORE, "first-frame": "@clip.last-frame"}]
    films = [Path(name) for name in ("film.mp4", "generated/film.mp4")]
    studio.run("--batch", write(lines), "--join", "film.mp4")
    plain, shown = films[0].read_bytes(), frames(films[0])
    assert not [film for film in films if SOURCE_TYPE in exiftool(film)]
    ran = studio.run("--batch", "film.jsonl", "--join", "film.mp4", "--label", "prompt")
    assert ran.last["counts"] == {"reused": 2, "jobs": 2}
    for film in films:
        told = exiftool(film)
        assert told[SOURCE_TYPE].endswith("/compositeWithTrainedAlgorithmicMedia"), (
            "the second clip was made from a picture"
        )
        assert told["XMP-genmedia:Provider"] == "skills.video"
        assert told["XMP-iptcExt:AISystemUsed"] == f"bytedance/seedance-1.5, {MORE}"
        assert told["XMP-iptcExt:AIPromptInformation"] == "it moves\nit stops"
        assert told["XMP-xmp:CreateDate"]
        assert frames(film) == shown
    labelled = films[0].read_bytes()
    assert labelled != plain
    assert json.loads(Path("film.json").read_text())["outputs"][0]["sha256"] == hashlib.sha256(labelled).hexdigest()
    for film in films:
        film.unlink()
    assert studio.run("--batch", "film.jsonl", "--join", "film.mp4", "--label", "prompt").code == 0
    assert [film.read_bytes() for film in films] == [labelled, labelled]


def test_ties_of_a_file() -> None:
    rows = [
        (1, '{"id": "a"}'),
        (2, "no JSON, @a"),
        (4, '{"image": ["@a", "@b.last-frame"], "prompt": "@nobody"}'),
        (7, '{"id": "b", "first_frame": "\\u0040a"}'),
    ]
    ties = read_ties(rows)
    assert (ties.ids, ties.needs) == ({"a": 1, "b": 7}, {4: (1, 7), 7: (1,)})
    assert [ties.first_of(line) for line in (1, 2, 4, 7)] == [1, 2, 1, 1]
    assert ties.order == (1, 7, 4)


def test_the_film_is_known_by_its_bytes(studio: Desk) -> None:
    studio.run("--batch", write([CLIP]), "--join", "film.mp4")
    output = json.loads(Path("film.json").read_text())["outputs"][0]
    data = Path("film.mp4").read_bytes()
    assert (output["sha256"], output["bytes"]) == (hashlib.sha256(data).hexdigest(), len(data))
    with Path("film.mp4").open("ab") as file:
        file.write(b"cut by hand")
    ran = studio.run("--batch", "film.jsonl", "--join", "film.mp4")
    assert (ran.code, ran.last["error"]) == (2, "output_exists"), "what a person changed is theirs"


@pytest.mark.parametrize(("second", "chained"), [("it moves", True), ("it stops", False)])
def test_a_film_is_no_job_that_from_could_vary(studio: Desk, second: str, chained: bool) -> None:
    """Its clips are; and where one prompt made all, the command that is given makes the same film again."""
    clip = {**CLIP, "model": "bytedance/seedance-1.5", "duration": 12}
    follower = {**clip, "id": "more", "prompt": second, "duration": 8, "first-frame": "@clip.last-frame"}
    made = studio.run("--batch", write([clip, follower]), "--join", "film.mp4", "--label")
    assert made.code == 0, made.out
    ran = studio.run("--from", "film.mp4", "--dry-run")
    assert (ran.code, ran.last["error"], ran.last["files"]) == (2, "is_film", made.last["files"]), ran.out
    assert any(str(made.last["files"][1]) in line for line in ran.last["guidance"])
    assert ("--chain" in ran.last["guidance"][0]) is chained
    if chained:
        words = shlex.split(ran.last["guidance"][0].partition("model: ")[2])[2:]
        again = studio.call("create_and_wait", *words).last
        assert (again["clips"], again["made_before"]) == ([12, 8], 2)
        copies = studio.run("--from", "film.mp4", "--count", "2").last["guidance"]
        assert not any("--chain" in line for line in copies), "which does not go with it"
    shutil.rmtree(studio.state)
    Path("film.json").unlink()
    assert studio.run("--from", "film.mp4", "--prompt", "a").last["error"] == "is_film", "the label says so too"
