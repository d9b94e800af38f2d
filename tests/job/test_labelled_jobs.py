"""--label by whole commands: exiftool and ffprobe read what the file says, Pillow and ffmpeg compare what it shows."""

from __future__ import annotations

import hashlib
import json
import shlex
import signal
import sqlite3
from pathlib import Path
from typing import Any

import pytest
import requests

from calls import started
from conftest import Desk, Ran
from faults.kill import attached
from generate_media.files.label.door import read_label
from label_samples import exiftool, ffprobe, frames, pixels
from tools import require_tool
from web import picture

SOURCE_TYPE = "XMP-iptcExt:DigitalSourceType"
TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
GENERATED, EDITED = TYPES + "trainedAlgorithmicMedia", TYPES + "compositeWithTrainedAlgorithmicMedia"
CAT = ("--prompt", "a grey cat", "--model", "google/nano-banana-pro")
CLIP = ("--prompt", "waves at night", "--model", "bytedance/seedance-1.5")


def only(ran: Ran) -> tuple[Path, dict[str, Any]]:
    """The one file of a run that succeeded, and what its last line says of it."""
    assert ran.code == 0, ran.out
    (output,) = ran.last["outputs"]
    return Path(output["path"]), output


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def delivered(desk: Desk) -> bytes:
    """The newest job's result as the sandbox gives it, by another client."""
    (output,) = json.loads(desk.column("remote")[-1])
    return requests.get(output["url"], timeout=20).content


def media_files() -> list[str]:
    """All in the folder but records."""
    return sorted(path.name for path in Path("generated").iterdir() if path.suffix != ".json")


@pytest.mark.parametrize("args", [CAT, CLIP], ids=["picture", "clip"])
def test_the_file_says_what_made_it_and_shows_what_came(desk: Desk, args: tuple[str, ...], tmp_path: Path) -> None:
    path, output = only(desk.run(*args, "--label"))
    came = delivered(desk)
    assert output["source_sha256"] == sha256(came)
    assert (output["sha256"], output["bytes"]) == (sha256(path.read_bytes()), path.stat().st_size)
    assert output["sha256"] != output["source_sha256"]
    told = exiftool(path)
    assert told[SOURCE_TYPE] == GENERATED
    assert told["XMP-iptcExt:AISystemUsed"] == told["XMP-genmedia:Model"] == args[3]
    assert told["XMP-genmedia:Provider"] == "skills.video"
    assert str(told["XMP-genmedia:Handle"]) == path.stem[-8:]  # exiftool prints one of eight digits as a number
    assert "XMP-iptcExt:AIPromptInformation" not in told
    plain = tmp_path / f"plain{path.suffix}"
    plain.write_bytes(came)
    if path.suffix == ".png":
        assert pixels(path.read_bytes()) == pixels(came)
    else:
        assert frames(path) == frames(plain)
        assert GENERATED in ffprobe(path)["format"]["tags"]["xmp"]
    record = json.loads(path.with_suffix(".json").read_text())
    assert record["outputs"][0]["source_sha256"] == output["source_sha256"]

    again = desk.run(*args, "--label")
    assert only(again) == (path, output)
    assert again.last["reused"] is True
    assert desk.creates() == 1
    assert only(desk.run(*args)) == (path, output), "who asks for none gets the file as it is"


@pytest.mark.parametrize("given", ["photo.png", "https://example.com/photo.png"])
def test_what_was_made_from_a_picture_is_composite(desk: Desk, given: str) -> None:
    Path("photo.png").write_bytes(picture(512, 512))
    path, _ = only(desk.run(*CAT, "--image", given, "--label"))
    assert exiftool(path)[SOURCE_TYPE] == EDITED


@pytest.mark.parametrize(
    ("setting", "prompt"), [(True, None), ("prompt", "a grey cat"), (False, None)], ids=["true", "prompt", "false"]
)
def test_config_json_may_ask_for_it(desk: Desk, setting: Any, prompt: str | None) -> None:
    desk.write_config(label=setting)
    path, output = only(desk.run(*CAT))
    assert ("source_sha256" in output) is bool(setting)
    assert exiftool(path).get("XMP-iptcExt:AIPromptInformation") == prompt
    assert exiftool(path).get(SOURCE_TYPE) == (GENERATED if setting else None)


def test_a_wrong_word_is_refused_before_anything_is_sent(desk: Desk) -> None:
    ran = desk.run(*CAT, "--label", "loudly")
    assert (ran.code, ran.last["error"]) == (2, "usage")
    desk.write_config(label="loudly")
    ran = desk.run(*CAT)
    assert (ran.code, ran.last["error"]) == (2, "config_invalid")
    assert desk.creates() == 0


def test_a_file_of_an_earlier_run_gets_its_label_in_its_place(desk: Desk) -> None:
    path, plain = only(desk.run(*CAT))
    before = path.read_bytes()
    ran = desk.run(*CAT, "--label")
    same, output = only(ran)
    assert (same, ran.last["reused"], desk.creates()) == (path, True, 1)
    assert (plain["sha256"], output["source_sha256"]) == (sha256(before), sha256(before))
    assert output["sha256"] == sha256(path.read_bytes())
    assert exiftool(path)[SOURCE_TYPE] == GENERATED
    assert pixels(path.read_bytes()) == pixels(before)
    assert json.loads(path.with_suffix(".json").read_text())["outputs"][0]["sha256"] == output["sha256"]
    stamp = path.stat().st_mtime_ns
    assert only(desk.run(*CAT, "--label", "prompt")) == (path, output), "a label that is there stays as it is"
    assert path.stat().st_mtime_ns == stamp
    assert media_files() == [path.name]


def test_a_file_that_is_lost_comes_back_with_the_same_bytes(desk: Desk) -> None:
    path, output = only(desk.run(*CAT, "--label"))
    path.unlink()
    with sqlite3.connect(desk.state / "journal.sqlite3") as db:  # as if its URLs had been renewed since
        db.execute("UPDATE job SET ended_at = ended_at + 4000")
    db.close()
    assert only(desk.run(*CAT, "--label")) == (path, output)


def test_the_command_that_goes_on_labels_too(desk: Desk) -> None:
    ran = desk.run(*CAT, "--detach", "--label", "prompt")
    words = shlex.split(ran.events("accepted")[0]["resume"])
    assert words[-2:] == ["--label", "prompt"]
    path, output = only(desk.call("wait_generation", *words[2:]))
    assert output["source_sha256"]
    assert exiftool(path)["XMP-iptcExt:AIPromptInformation"] == "a grey cat"


def test_a_labelled_file_is_known_by_its_own_bytes_and_by_those_that_came(desk: Desk) -> None:
    path, _ = only(desk.run(*CAT, "--label"))
    (remote,) = json.loads(desk.column("remote")[0])
    with sqlite3.connect(desk.state / "journal.sqlite3") as db:
        rows = set(db.execute("SELECT sha256, url FROM saved_file"))
    db.close()
    assert rows == {(sha256(path.read_bytes()), remote["url"]), (sha256(delivered(desk)), remote["url"])}


def under_strace(desk: Desk, rule: str, *args: str) -> int:
    """The exit code of a run that a rule of strace strikes."""
    require_tool("strace")
    base = ["--provider", "skills.video", "--base-url", desk.sandbox.base_urls["skills.video"]]
    run = started("create_and_wait", *args, *base, "--config", str(desk.write_config()), stop=True)
    with attached(run.pid, ["-e", f"trace={rule.split(':')[0]}", "-e", f"inject={rule}"]):
        return run.wait().code


@pytest.mark.parametrize("when", ["link:signal=SIGKILL:when=1", "link:signal=SIGKILL:when=2"])
def test_killed_around_its_name_no_file_is_there_without_its_label(desk: Desk, when: str) -> None:
    assert under_strace(desk, when, *CAT, "--label") == -signal.SIGKILL
    assert all(read_label(path) for path in Path("generated").glob("[!.]*.png"))
    path, _ = only(desk.run(*CAT, "--label"))
    assert exiftool(path)[SOURCE_TYPE] == GENERATED
    assert (media_files(), desk.jobs()) == ([path.name], 1)


@pytest.mark.parametrize("label", [(), ("--label",)], ids=["then without", "then with"])
def test_killed_before_a_label_takes_its_place_the_old_file_is_still_known(desk: Desk, label: tuple[str, ...]) -> None:
    path, plain = only(desk.run(*CAT))
    assert under_strace(desk, "rename:signal=SIGKILL:when=1", *CAT, "--label") == -signal.SIGKILL
    assert sha256(path.read_bytes()) == plain["sha256"]
    ran = desk.run(*CAT, *label)
    same, output = only(ran)
    assert (same, ran.last["reused"], desk.creates()) == (path, True, 1)
    assert output["sha256"] == sha256(path.read_bytes())
    assert output.get("source_sha256") == (plain["sha256"] if label else None)
    assert (read_label(path) is not None) is bool(label)
