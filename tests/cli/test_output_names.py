"""``--output``: exactly that file, or several by number; nothing of somebody else's is replaced, nothing paid twice."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from conftest import Desk, Ran

CLIP = ("--kind", "video", "--model", "bytedance/seedance-1.5")


def made(desk: Desk, *args: str, prompt: str = "a fox") -> Ran:
    return desk.run("--prompt", prompt, *args)


def kept(file: str) -> str:
    """What the file is by Pillow, which our own sniffing shares no code with; a clip is none of its formats."""
    data = Path(file).read_bytes()
    if data[4:8] == b"ftyp":
        return "MP4"
    return str(Image.open(io.BytesIO(data)).format)


@pytest.mark.parametrize(
    ("output", "args", "lies_at", "format", "told"),
    [
        ("assets/fox.png", (), "assets/fox.png", "PNG", ""),
        ("fox.jpg", (), "fox.jpg", "JPEG", ""),
        ("fox.JPEG", (), "fox.JPEG", "JPEG", ""),
        ("fox.webp", (), "fox.webp", "WEBP", ""),
        ("fox.{ext}", (), "fox.png", "PNG", ""),
        ("{n}/fox-{n}.png", (), "1/fox-1.png", "PNG", ""),
        ("fox", (), "fox.png", "PNG", "keeps its type"),
        ("fox.v2", (), "fox.v2.png", "PNG", "keeps its type"),
        ("fox.gif", (), "fox.png", "PNG", "keeps its type"),
        ("clip.mp4", CLIP, "clip.mp4", "MP4", ""),
        ("clip.png", CLIP, "clip.mp4", "MP4", "keeps its type"),
    ],
)
def test_a_name_is_taken_as_it_is(
    desk: Desk, output: str, args: tuple[str, ...], lies_at: str, format: str, told: str
) -> None:
    ran = made(desk, *args, "--output", output)
    assert ran.code == 0, ran.out
    (row,) = ran.last["outputs"]
    assert (row["path"], kept(lies_at)) == (str(Path(lies_at).absolute()), format)
    assert row.get("converted_from") == ("image/png" if format in ("JPEG", "WEBP") else None)
    assert told in " ".join(line["message"] for line in ran.events("warning") if "--output" in line["message"])
    assert bool(told) == any("--output" in line["message"] for line in ran.events("warning"))
    record = json.loads(Path(lies_at).with_suffix(".json").read_text())
    assert [item["path"] for item in record["outputs"]] == [Path(lies_at).name]
    assert made(desk, *args, "--output", output).last["outputs"][0]["sha256"] == row["sha256"]
    assert desk.creates() == 1


def test_a_handle_of_ours_stands_for_the_id(desk: Desk) -> None:
    ran = made(desk, "--output", "{id}.{ext}")
    name = Path(ran.last["outputs"][0]["path"]).name
    assert (len(name), name[8:]) == (12, ".png")
    assert name[:8] not in ran.last["generation_id"]


def test_another_file_is_never_replaced_unless_it_is_asked_for(desk: Desk) -> None:
    Path("fox.png").write_text("mine")
    for args in ((), ("--dry-run",), ("--count", "1")):
        ran = made(desk, "--output", "fox.png", *args)
        assert (ran.code, ran.last["error"]) == (2, "output_exists"), ran.out
    assert (desk.creates(), Path("fox.png").read_text()) == (0, "mine")
    assert made(desk, "--output", "fox.png", "--overwrite").code == 0
    assert kept("fox.png") == "PNG"
    again = made(desk, "--output", "fox.png")
    assert (again.code, again.last["reused"]) == (0, True), "its own file is no other"
    assert made(desk, "--output", "fox.png", prompt="a dog").last["error"] == "output_exists"
    assert desk.creates() == 1


def test_a_name_that_nobody_wrote_is_never_replaced(desk: Desk) -> None:
    Path("clip.mp4").write_text("mine")
    ran = made(desk, *CLIP, "--output", "clip.mov", "--overwrite")
    assert (Path("clip.mp4").read_text(), Path(ran.last["outputs"][0]["path"]).name) == ("mine", "clip-2.mp4"), ran.out
    (told,) = [line["message"] for line in ran.events("warning") if "--output" in line["message"]]
    assert "keeps its type" in told
    assert "clip-2.mp4" in told
    again = made(desk, *CLIP, "--output", "clip.{ext}", "--overwrite", prompt="a dog")
    assert (Path(again.last["outputs"][0]["path"]).name, kept("clip.mp4")) == ("clip.mp4", "MP4"), again.out


def test_a_name_taken_meanwhile_gets_the_next_number(desk: Desk) -> None:
    made(desk, "--output", "fox.png", "--detach")
    Path("fox.png").write_text("mine")
    ran = desk.call("wait_generation", "--all", "--config", str(desk.home / "config.json"))
    assert Path(ran.last["outputs"][0]["path"]).name == "fox-2.png", ran.out
    assert "was taken" in ran.events("warning")[0]["message"]
    assert Path("fox.png").read_text() == "mine"


def test_a_job_that_goes_on_elsewhere_keeps_its_name(desk: Desk) -> None:
    assert made(desk, "--output", "fox.jpg", "--detach").code == 0
    identity = desk.rows()[0][1]
    place = str(Path.cwd())
    Path("elsewhere").mkdir()
    ran = desk.call("wait_generation", f"--generation-id={identity}", "--config", str(desk.home / "config.json"))
    assert (ran.last["outputs"][0]["path"], kept("fox.jpg")) == (f"{place}/fox.jpg", "JPEG")


@pytest.mark.parametrize(
    ("args", "word"),
    [
        (("--output", "a.png", "--output-dir", "b"), "--output-dir b"),
        (("--output", "a.png", "--no-download"), "--no-download"),
        (("--output", "a.png", "--count", "2"), "a-{n}.png'"),
        (("--output", "assets/"), "a folder"),
        (("--output", "{ext}/a.png"), "{ext}"),
        (("--overwrite",), "--output FILE"),
    ],
)
def test_names_that_cannot_be(desk: Desk, args: tuple[str, ...], word: str) -> None:
    ran = made(desk, *args)
    assert (ran.code, desk.creates()) == (2, 0)
    said = ran.last["message"] + " ".join(ran.last["guidance"])
    assert word in said


@pytest.mark.parametrize("mark", ["{n}", "{id}", "{ext}"])
def test_only_the_words_of_the_flag_are_a_pattern(desk: Desk, monkeypatch: pytest.MonkeyPatch, mark: str) -> None:
    Path(f"t{mark}").mkdir()
    monkeypatch.chdir(f"t{mark}")
    ran = made(desk, "--output", "{n}.png")
    assert (ran.code, desk.creates(), mark in ran.last["message"]) == (2, 0, True), ran.out
    assert made(desk, "--output", "../{n}.png", "--dry-run").code == 0, "the folder above has another name"


def test_many_are_numbered_in_line_order(desk: Desk) -> None:
    rows = [{"prompt": "one"}, {"prompt": ""}, {"prompt": "three"}]
    Path("jobs.jsonl").write_text("\n".join(map(json.dumps, rows)))
    ran = desk.run("--batch", "jobs.jsonl", "--output", "shots/{n}.png")
    assert [Path(file).name for file in ran.last["files"]] == ["1.png", "3.png"], ran.out
    copies = made(desk, "--count", "2", "--output", "more/{n}.webp", prompt="one")
    assert [Path(file).name for file in copies.last["files"]] == ["1.webp", "2.webp"], ran.out
    assert desk.creates() == 3, "one of the copies is the batch's first line"
    assert kept("more/1.webp") == kept("more/2.webp") == "WEBP"


def test_a_reused_result_comes_to_the_folder_that_was_asked_for(desk: Desk) -> None:
    first = made(desk).last["outputs"][0]
    for args in (("--output-dir", "there"), ("--output", "there/fox.webp"), ("--output", "there/fox.webp")):
        ran = made(desk, *args)
        assert ran.last["reused"] is True, ran.out
        assert Path(ran.last["outputs"][0]["path"]).parent == Path("there").absolute()
    assert {path.suffix for path in Path("there").iterdir()} == {".png", ".webp", ".json"}
    assert next(Path("there").glob("*.png")).read_bytes() == Path(first["path"]).read_bytes()
    assert desk.creates() == 1


def test_the_gallery_of_reused_results_shows_them(desk: Desk) -> None:
    Path("jobs.jsonl").write_text('{"prompt": "a fox"}\n')
    assert desk.run("--batch", "jobs.jsonl").code == 0
    ran = desk.run("--batch", "jobs.jsonl", "--gallery", "--output-dir", "there")
    assert (ran.last["ok"], ran.last["counts"]) == (True, {"reused": 1, "jobs": 1})
    assert ran.last["files"][0].startswith(str(Path("there").absolute()))
    assert "a fox" in Path(ran.last["gallery"]).read_text(encoding="utf-8")
    shutil.rmtree("generated")
    assert desk.run("--batch", "jobs.jsonl", "--output-dir", "there").code == 0
