"""A label is put in and read back: exiftool, ffprobe, ffmpeg and Pillow say what is right."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from generate_media.files.label.door import Labelled, LeftAlone, label_copy, label_file, read_label
from generate_media.files.label.provenance import Provenance
from generate_media.media import Structure, structure
from generate_media.media.sniff import identify, measure
from label_samples import ALL, CLIPS, LABEL, PICTURES, boxes, exiftool, ffprobe, frames, pixels, write_with_exiftool

GENERATED = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
EDITED = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
AIGC_FIELDS = (
    "Label",
    "ContentProducer",
    "ProduceID",
    "ReservedCode1",
    "ContentPropagator",
    "PropagateID",
    "ReservedCode2",
)
CHANGING = ("System", "ExifTool", "Composite", "RIFF")
ONE_A_TYPE = ("plain.png", "plain.jpg", "lossy.webp", "landscape-sound.mp4", "plain.mov")


@pytest.fixture(params=ALL)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A file of every kind."""
    return _made(request.param, tmp_path)


@pytest.fixture(params=ONE_A_TYPE)
def typical(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A file of each of the five types."""
    return _made(request.param, tmp_path)


def _made(name: str, folder: Path) -> Path:
    path = folder / name
    path.write_bytes(ALL[name]())
    return path


def test_the_file_is_whole_and_its_digests_are_told(path: Path) -> None:
    before = path.read_bytes()
    media_type = identify(before[:4096])
    assert media_type is not None
    outcome = label_file(path, LABEL)
    after = path.read_bytes()
    digest = hashlib.sha256(after).hexdigest()
    assert outcome == Labelled(digest, hashlib.sha256(before).hexdigest(), len(after))
    assert len(after) > len(before)
    assert identify(after[:4096]) == media_type
    assert structure(io.BytesIO(after), media_type) is Structure.WHOLE
    path.with_name("before").write_bytes(before)
    assert measure(path, media_type) == measure(path.with_name("before"), media_type)
    assert read_label(path) == LABEL
    assert [entry.name for entry in path.parent.iterdir()].count("before") == 1 == len(list(path.parent.iterdir())) - 1


def test_exiftool_reads_all_of_it(path: Path) -> None:
    before, valid = exiftool(path), exiftool(path, "-validate")
    label_file(path, LABEL)
    found = exiftool(path)
    assert found["XMP-iptcExt:DigitalSourceType"] == GENERATED
    assert found["XMP-xmp:CreateDate"] == "2026:03:01 12:00:00Z"
    own = {name: str(found[f"XMP-genmedia:{name}"]) for name in ("Provider", "Model", "Handle", "Created", "Seed")}
    assert own == {
        "Provider": LABEL.provider,
        "Model": LABEL.model,
        "Handle": LABEL.handle,
        "Created": "2026:03:01 12:00:00Z",
        "Seed": "42",
    }
    assert found["XMP-iptcExt:AISystemUsed"] == LABEL.model
    assert found["XMP-iptcExt:AIPromptInformation"] == LABEL.prompt
    aigc = json.loads(_aigc(found))
    assert tuple(aigc) == AIGC_FIELDS
    assert (aigc["Label"], aigc["ContentProducer"], aigc["ProduceID"]) == ("1", "skills.video", LABEL.handle)
    kept = {name: value for name, value in before.items() if name.split(":")[0] not in CHANGING}
    kept.pop("File:FileType")  # a simple WebP becomes an extended one
    assert {name: found.get(name) for name in kept} == kept
    assert not {name for name in found if "Error" in name or "Warning" in name} - set(before)
    assert exiftool(path, "-validate") == valid


def _aigc(found: dict[str, Any]) -> str:
    return str(next(value for name, value in found.items() if name.lower() == "xmp-tc260:aigc"))


@pytest.mark.parametrize("name", CLIPS)
def test_ffprobe_reads_a_clips_label_and_finds_the_same_media(name: str, tmp_path: Path) -> None:
    path = _made(name, tmp_path)
    before = ffprobe(path)
    label_file(path, LABEL)
    after = ffprobe(path)
    packet = after["format"]["tags"].pop("xmp")
    assert GENERATED in packet
    assert "TC260:AIGC" in packet
    ElementTree.fromstring(packet.encode())
    assert after["streams"] == before["streams"]
    for told in (before, after):
        for field in ("size", "bit_rate", "filename"):
            told["format"].pop(field)
    assert after == before


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_have_the_same_pixels(name: str, tmp_path: Path) -> None:
    """ffprobe has no way to show a picture's XMP: there it must find the picture as it was, and be silent."""
    path = _made(name, tmp_path)
    before, readable = pixels(path.read_bytes()), name not in ("moving.webp", "tail.png")
    looked = _streams(path) if readable else []
    label_file(path, LABEL)
    assert pixels(path.read_bytes()) == before
    assert (_streams(path) if readable else []) == looked


def _streams(path: Path) -> list[dict[str, Any]]:
    """ffmpeg counts the chunks before an animated PNG's pictures as its ``extradata``."""
    return [{key: value for key, value in row.items() if key != "extradata_size"} for row in ffprobe(path)["streams"]]


DECODED = ("moov-last.mp4", "parts.mp4", "plain.mov")


@pytest.mark.parametrize("name", CLIPS)
def test_clips_have_the_same_frames_at_the_same_places(name: str, tmp_path: Path) -> None:
    """The same packets at the same times with the same header decode alike: shown for a few, told for all."""
    path = _made(name, tmp_path)
    ways = [("-c", "copy"), *([()] if name in DECODED else [])]
    seen, before = [frames(path, *way) for way in ways], path.read_bytes()
    label_file(path, LABEL)
    after = path.read_bytes()
    assert [frames(path, *way) for way in ways] == seen
    changed = [at for at, (old, new) in enumerate(zip(before, after, strict=False)) if old != new]
    last, at, size = boxes(before)[-1]
    if last == b"mfra":
        assert after.endswith(before[at:])
        assert not [place for place in changed if place < at]
    elif name == "to-the-end.mp4":
        assert set(changed) <= set(range(at, at + 4))
        assert boxes(after)[-2] == (last, at, size)
    else:
        assert not changed


def test_an_edit_is_a_composite(typical: Path) -> None:
    label = replace(LABEL, edited=True)
    label_file(typical, label)
    assert exiftool(typical)["XMP-iptcExt:DigitalSourceType"] == EDITED
    assert read_label(typical) == label


def test_what_is_not_known_is_not_said(typical: Path) -> None:
    label = Provenance(provider="agnes", model="", handle="0a1b2c3d")
    label_file(typical, label)
    found = {name for name in exiftool(typical) if name.startswith("XMP")}
    assert read_label(typical) == label
    assert {name.lower() for name in found} == {
        "xmp-iptcext:digitalsourcetype",
        "xmp-tc260:aigc",
        "xmp-genmedia:provider",
        "xmp-genmedia:handle",
    }


def test_words_of_others_stay(typical: Path) -> None:
    write_with_exiftool(typical, "-XMP-dc:Title=Mine & yours", "-XMP-xmp:Rating=4", "-XMP-dc:Subject=a", "-XMP:Label=b")
    label_file(typical, LABEL)
    found = exiftool(typical)
    assert (found["XMP-dc:Title"], found["XMP-xmp:Rating"], found["XMP-dc:Subject"]) == ("Mine & yours", 4, "a")
    assert found["XMP-iptcExt:DigitalSourceType"] == GENERATED
    assert read_label(typical) == LABEL
    assert _packets(typical) == 1


@pytest.mark.parametrize(
    ("said", "stays"), [(EDITED, True), (GENERATED, True), (GENERATED.replace("trainedAlgorithmic", "digital"), False)]
)
def test_a_source_type_stays_if_it_says_synthetic(said: str, stays: bool, typical: Path) -> None:
    write_with_exiftool(typical, f"-XMP-iptcExt:DigitalSourceType={said}", "-XMP-xmp:CreateDate=2001:02:03 04:05:06")
    label_file(typical, LABEL)
    found = exiftool(typical)
    assert found["XMP-iptcExt:DigitalSourceType"] == (said if stays else GENERATED)
    assert found["XMP-xmp:CreateDate"] == "2001:02:03 04:05:06"


def test_a_label_survives_another_tool(typical: Path) -> None:
    label_file(typical, LABEL)
    write_with_exiftool(typical, "-XMP-dc:Title=changed", "-XMP-iptcExt:PersonInImage=nobody")
    found = read_label(typical)
    assert found is not None
    assert replace(found, prompt=LABEL.prompt) == LABEL
    assert found.prompt.split() == LABEL.prompt.split()


def test_a_second_label_takes_the_place_of_the_first(typical: Path) -> None:
    label_file(typical, LABEL)
    once = typical.stat().st_size
    second = replace(LABEL, model="another/model", prompt="a dog", seed="", handle="ffffffff")
    label_file(typical, second)
    assert read_label(typical) == second
    assert _packets(typical) == 1
    assert typical.stat().st_size < once + 400


def _packets(path: Path) -> int:
    """How many packets stand in the file, as bytes."""
    return path.read_bytes().count(b"W5M0MpCehiHzreSzNTczkc9d")


def test_the_same_job_gives_the_same_bytes(typical: Path) -> None:
    data = typical.read_bytes()
    first, second = io.BytesIO(), io.BytesIO()
    assert label_copy(io.BytesIO(data), first, LABEL) == label_copy(io.BytesIO(data), second, LABEL)
    assert first.getvalue() == second.getvalue()


def test_a_prompt_that_is_too_long_is_left_out(typical: Path) -> None:
    before, long = typical.read_bytes(), replace(LABEL, prompt="雨" * 21_000)
    assert isinstance(outcome := label_file(typical, long), Labelled)
    assert not outcome.without_prompt
    assert read_label(typical) == long
    typical.write_bytes(before)
    assert isinstance(outcome := label_file(typical, replace(LABEL, prompt="雨" * 22_000)), Labelled)
    assert outcome.without_prompt
    assert read_label(typical) == replace(LABEL, prompt="")


@pytest.mark.parametrize("text", ["\0\x01\x1f", "\ud800", "\ufffe", "</rdf:RDF>", "&#0;", "<?xpacket end='w'?>"])
def test_any_text_can_be_said(text: str, typical: Path) -> None:
    label_file(typical, replace(LABEL, model=f"m{text}", prompt=f"p{text}"))
    ElementTree.fromstring(_packet_of(typical))
    found = read_label(typical)
    assert found is not None
    assert found.model.startswith("m")
    assert "Error" not in exiftool(typical)


def _packet_of(path: Path) -> bytes:
    data = path.read_bytes()
    return data[data.index(b"<x:xmpmeta") : data.index(b"</x:xmpmeta>") + len(b"</x:xmpmeta>")]


def test_chinas_label_has_only_the_characters_it_may_have(typical: Path) -> None:
    label_file(typical, replace(LABEL, provider='mein "Anbieter" \\ 中文', handle="a b%"))
    fields = json.loads(_aigc(exiftool(typical)))
    allowed = {chr(code) for code in (0x21, *range(0x23, 0x5C), *range(0x5D, 0x7F))}
    assert all(set(value) <= allowed for value in fields.values())
    assert fields["ProduceID"] == "a%20b%25"


def test_a_file_is_never_held_as_a_whole(tmp_path: Path) -> None:
    class Watched(io.FileIO):
        most = 0

        def read(self, size: int | None = -1, /) -> bytes:
            data = super().read(size)
            Watched.most = max(Watched.most, len(data))
            return data

    clip = CLIPS["landscape.mp4"]()
    with (tmp_path / "large.mp4").open("wb") as large:
        large.write(clip + (96 << 20).to_bytes(4, "big") + b"free")
        large.truncate(len(clip) + (96 << 20))
    with Watched(str(tmp_path / "large.mp4")) as source, (tmp_path / "out.mp4").open("wb") as target:
        outcome = label_copy(source, target, LABEL)
    assert isinstance(outcome, Labelled)
    assert outcome.size_bytes > 96 << 20
    assert 0 < Watched.most <= 1 << 20
    assert read_label(tmp_path / "out.mp4") == LABEL


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = _made("landscape-sound.mp4", tmp_path)
    before = path.read_bytes()
    code = (
        "import resource, signal, sys; from pathlib import Path; from generate_media.files.label import *\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))\n"
        "label_file(Path(sys.argv[1]), Provenance('p', 'm', 'h'))"
    )
    scripts = str(Path(__file__).parents[3] / "scripts")
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, env={**os.environ, "PYTHONPATH": scripts}
    )
    assert b"OSError: [Errno 27]" in done.stderr
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_its_mode_stays(tmp_path: Path) -> None:
    path = _made("plain.png", tmp_path)
    path.chmod(0o640)
    label_file(path, LABEL)
    assert path.stat().st_mode & 0o777 == 0o640


def test_links_and_devices_are_left_alone(tmp_path: Path) -> None:
    path = _made("plain.png", tmp_path)
    before = path.read_bytes()
    (tmp_path / "link.png").symlink_to(path)
    os.mkfifo(tmp_path / "pipe.png")
    assert read_label(tmp_path / "link.png") is None
    assert read_label(tmp_path / "pipe.png") is None
    assert read_label(tmp_path / "nothing.png") is None
    assert label_file(tmp_path / "pipe.png", LABEL) == LeftAlone("it is no plain file")
    with pytest.raises(OSError, match="symbolic links"):
        label_file(tmp_path / "link.png", LABEL)
    assert path.read_bytes() == before
