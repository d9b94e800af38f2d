"""What a file is, by its bytes. Files are made by Pillow and ffmpeg; Pillow and ffprobe say what is right."""

from __future__ import annotations

import json
import struct
import subprocess
import wave
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from generate_media.media.endings import EXTENSIONS, extension
from generate_media.media.genuine import objection
from generate_media.media.sniff import HEAD_BYTES, Measures, identify, measure
from tools import require_tool
from web import picture

PICTURES = [
    ("PNG", "image/png"),
    ("JPEG", "image/jpeg"),
    ("GIF", "image/gif"),
    ("BMP", "image/bmp"),
    ("WEBP", "image/webp"),
    ("TIFF", "image/tiff"),
    ("AVIF", "image/avif"),
]
CLIPS = [
    ("a.mp4", "video/mp4", ["-c:v", "mpeg4"]),
    ("fast.mp4", "video/mp4", ["-c:v", "mpeg4", "-movflags", "+faststart"]),
    ("parts.mp4", "video/mp4", ["-c:v", "mpeg4", "-movflags", "+frag_keyframe+empty_moov"]),
    ("a.mov", "video/quicktime", ["-c:v", "mpeg4"]),
    ("a.webm", "video/webm", ["-c:v", "libvpx", "-c:a", "libvorbis"]),
    ("a.mkv", "video/x-matroska", ["-c:v", "mpeg4"]),
    ("a.avi", "video/x-msvideo", ["-c:v", "mpeg4"]),
    ("a.ogv", "video/ogg", ["-c:v", "libtheora", "-c:a", "libvorbis"]),
]
SOUNDS = [
    ("a.mp3", "audio/mpeg", []),
    ("bare.mp3", "audio/mpeg", ["-id3v2_version", "0", "-write_xing", "0"]),
    ("a.wav", "audio/wav", []),
    ("a.flac", "audio/flac", []),
    ("a.ogg", "audio/ogg", ["-c:a", "libvorbis"]),
    ("a.m4a", "audio/mp4", ["-c:a", "aac"]),
    ("a.aac", "audio/aac", ["-c:a", "aac"]),
]
MEASURED = {"video/mp4", "video/quicktime", "audio/mp4", "audio/wav"}


@pytest.mark.parametrize(("form", "media_type"), PICTURES)
def test_pictures(form: str, media_type: str, tmp_path: Path) -> None:
    data = picture(120, 77, form)
    (tmp_path / "x").write_bytes(data)
    assert identify(data[:HEAD_BYTES]) == media_type
    assert measure(tmp_path / "x", media_type) == Measures(120, 77)


@pytest.mark.parametrize(
    "options", [{"lossless": True}, {"lossless": False}, {"lossless": True, "exif": b"Exif\0\0MM"}]
)
def test_every_kind_of_webp(options: dict[str, Any], tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (301, 205), "red").save(tmp_path / "x", "WEBP", **options)
    assert measure(tmp_path / "x", "image/webp") == Measures(301, 205)


@pytest.mark.parametrize(
    ("mode", "options"),
    [("I;16B", {}), ("1", {"compression": "group4"}), ("CMYK", {}), ("RGB", {"big_tiff": True}), ("L", {"append": 2})],
)
def test_every_kind_of_tiff(mode: str, options: dict[str, Any], tmp_path: Path) -> None:
    from PIL import Image

    more = [Image.new(mode, (9, 9)) for _ in range(options.pop("append", 0))]
    Image.new(mode, (301, 205)).save(tmp_path / "x", "TIFF", save_all=bool(more), append_images=more, **options)
    assert (tmp_path / "x").read_bytes()[:2] == (b"MM" if mode == "I;16B" else b"II")
    assert measure(tmp_path / "x", "image/tiff") == Measures(301, 205)


def test_a_heic_is_measured_by_its_largest_item(tmp_path: Path) -> None:
    """As a phone writes it: a grid of tiles, each with a size of its own, and a thumbnail."""
    sizes = b"".join(_box(b"ispe", struct.pack(">4xII", *size)) for size in ((512, 512), (4032, 3024), (320, 240)))
    meta = _box(b"meta", bytes(4) + _box(b"hdlr", bytes(20)) + _box(b"iprp", _box(b"ipco", sizes)))
    data = _box(b"ftyp", b"heic\0\0\0\0mif1heic") + meta + _box(b"mdat", bytes(99))
    (tmp_path / "x").write_bytes(data)
    assert identify(data) == "image/heic"
    assert measure(tmp_path / "x", "image/heic") == Measures(4032, 3024)


@pytest.mark.parametrize("name", ["avif", "moving avif"])
def test_avif_that_pillow_made(name: str, tmp_path: Path) -> None:
    from media.test_structure import WHOLE

    (tmp_path / "x").write_bytes(WHOLE[name]())
    assert measure(tmp_path / "x", "image/avif")[:2] == (40, 30)


def test_jpeg_with_large_metadata_before_the_frame(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (33, 44)).save(tmp_path / "x", "JPEG", exif=b"Exif\0\0" + b"\0" * 60000, progressive=True)
    assert measure(tmp_path / "x", "image/jpeg") == Measures(33, 44)


@pytest.mark.parametrize(("name", "media_type", "options"), CLIPS + SOUNDS, ids=[row[0] for row in CLIPS + SOUNDS])
def test_clips_and_sounds(name: str, media_type: str, options: list[str], tmp_path: Path) -> None:
    path = tmp_path / name
    sources = ["-f", "lavfi", "-i", "sine=duration=1"]
    if media_type.startswith("video/"):
        sources = ["-f", "lavfi", "-i", "testsrc=duration=1:size=160x96:rate=10", *sources]
    command = [require_tool("ffmpeg"), "-v", "error", *sources, *options, "-shortest", str(path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    data = path.read_bytes()
    assert identify(data[:HEAD_BYTES]) == media_type
    assert objection(path, media_type) == "", "it is what it seems"
    found = measure(path, media_type)
    if media_type in MEASURED:
        width, height, seconds = _ffprobe(path)
        assert (found.width, found.height) == (width, height)
        if name != "parts.mp4":
            assert found.duration_seconds == pytest.approx(seconds, abs=0.1)


def _ffprobe(path: Path) -> tuple[int | None, int | None, float]:
    command = [require_tool("ffprobe"), "-v", "error", "-show_streams", "-show_format", "-of", "json", str(path)]
    told = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    video: dict[str, Any] = next((row for row in told["streams"] if row["codec_type"] == "video"), {})
    return video.get("width"), video.get("height"), float(told["format"]["duration"])


def test_wav_by_the_standard_library(tmp_path: Path) -> None:
    with wave.open(str(tmp_path / "x"), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(b"\0" * 4 * 12000)
    assert measure(tmp_path / "x", "audio/wav") == Measures(duration_seconds=1.5)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<!doctype html><html>",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<?xml version='1.0'?><svg/>",
        b'{"url": "https://example.com/a.png"}',
        b"\xef\xbb\xbf[1, 2]",
        b"PK\x03\x04" + b"\0" * 40,
        b"%PDF-1.7\n",
        b"\x7fELF\x02\x01\x01",
        b"#!/bin/sh\necho",
        b"MZ\x90\0" + b"\0" * 60,
        "\ufeffhello there".encode("utf-16-le"),
        "\ufeffhello there".encode("utf-16-be"),
        b"BM is a company, not a bitmap, whatever it says",
        b"1234moov is a word here",
        b"RIFF\0\0\0\0JUNK",
        b"ID3",
        b"\x1f\x8b\x08\0" + b"\0" * 20,
        b"\x89PNG",
        b"GIF88a",
        b"\xff\xff\xff\xff" * 9,
    ],
    ids=lambda data: repr(data[:12]),
)
def test_what_is_no_media(data: bytes) -> None:
    assert identify(data) is None


def test_every_type_has_an_extension_of_its_own() -> None:
    assert len(set(EXTENSIONS.values())) == len(EXTENSIONS)
    assert extension("image/jpeg") == ".jpg"
    assert extension("text/html") == ".bin"


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_have_an_answer(data: bytes) -> None:
    assert identify(data) is None or identify(data) in EXTENSIONS


@settings(max_examples=300, deadline=None)
@given(form=st.sampled_from(PICTURES[:5]), cut=st.integers(0, 400), at=st.integers(0, 200), junk=st.binary(max_size=8))
def test_broken_pictures_have_no_measures_and_no_traceback(
    form: tuple[str, str], cut: int, at: int, junk: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    data = bytearray(_SMALL[form[0]])
    data[at : at + len(junk)] = junk
    path = tmp_path_factory.getbasetemp() / "broken"
    path.write_bytes(bytes(data[:cut]))
    assert isinstance(measure(path, form[1]), Measures)


_SMALL = {form: picture(16, 16, form) for form, _ in PICTURES[:5]}


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), name) + content


@pytest.mark.parametrize(
    "content",
    [
        _box(b"moov", b"\0" * 3),
        struct.pack(">I4s", 3, b"moov"),
        struct.pack(">I4sQ", 1, b"moov", 1 << 62),
        b"".join(_box(b"moov", b"") for _ in range(5000)),
        _box(b"moov", _box(b"mvhd", b"\0" * 100)),
        _box(b"moov", _box(b"mehd", b"\1")),
    ],
    ids=["short", "size below header", "size beyond the file", "many", "time scale 0", "cut"],
)
def test_hostile_boxes(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(_box(b"ftyp", b"isom\0\0\2\0") + content)
    assert measure(tmp_path / "x", "video/mp4") == Measures()


def test_boxes_nested_without_end(tmp_path: Path) -> None:
    nested = b""
    for _ in range(20000):
        nested = struct.pack(">I4s", 8 + len(nested), b"moov") + nested if len(nested) < 1 << 17 else nested
    (tmp_path / "x").write_bytes(nested)
    assert measure(tmp_path / "x", "video/mp4") == Measures()


HOSTILE_TIFFS = {
    "an offset beyond all files": b"II+\0\x08\0\0\0" + b"\xff" * 8,
    "an offset beyond this file": b"II*\0" + b"\xff" * 4,
    "tags beyond the file": b"II*\0\x08\0\0\0" + b"\xff\xff",
    "more tags than anybody reads": b"II+\0\x08\0\0\0\x10\0\0\0\0\0\0\0" + b"\xff" * 8 + bytes(4096),
    "a width of no known kind": b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 256, 99, 1, 1),
    "no height": b"II*\0\x08\0\0\0\x01\0" + struct.pack("<HHII", 256, 4, 1, 1),
}


@pytest.mark.parametrize("name", HOSTILE_TIFFS)
def test_hostile_tiffs(name: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(HOSTILE_TIFFS[name])
    assert measure(tmp_path / "x", "image/tiff") == Measures()


def test_no_time_gives_no_measures_and_no_file_neither(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(picture())
    assert measure(tmp_path / "x", "image/png", seconds=0) == Measures()
    assert measure(tmp_path / "none", "image/png") == Measures()
