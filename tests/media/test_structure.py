"""Where files end. Pillow, ffmpeg and the standard library make them; a knife and odd encoders do the rest."""

from __future__ import annotations

import io
import itertools
import struct
import subprocess
import wave
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from generate_media.media.sniff import HEAD_BYTES, identify
from generate_media.media.wholeness import Structure, structure
from tools import require_tool
from web import picture

_PICTURE = ["-f", "lavfi", "-i", "testsrc=duration=0.4:size=64x48:rate=10"]
_TONE = ["-f", "lavfi", "-i", "sine=duration=0.4"]
_RECIPES = {
    "mp4": ("x.mp4", [*_PICTURE, *_TONE, "-c:v", "mpeg4"]),
    "fast mp4": ("x.mp4", [*_PICTURE, *_TONE, "-c:v", "mpeg4", "-movflags", "+faststart"]),
    "mov": ("x.mov", [*_PICTURE, "-c:v", "mpeg4"]),
    "m4a": ("x.m4a", [*_TONE, "-c:a", "aac"]),
    "avi": ("x.avi", [*_PICTURE, "-c:v", "mpeg4"]),
    "webm": ("x.webm", [*_PICTURE, "-c:v", "libvpx"]),
    "mkv": ("x.mkv", [*_PICTURE, *_TONE, "-c:v", "mpeg4"]),
}


@cache
def clip(name: str) -> bytes:
    file, options = _RECIPES[name]
    return ffmpeg(file, options)


def ffmpeg(file: str, options: list[str]) -> bytes:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        command = [require_tool("ffmpeg"), "-v", "error", *options, str(Path(folder) / file)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
        return (Path(folder) / file).read_bytes()


def saved(form: str, **options: Any) -> bytes:
    out = io.BytesIO()
    Image.effect_noise((40, 30), 60).convert("RGB").save(out, form, **options)
    return out.getvalue()


def frames() -> list[Image.Image]:
    return [Image.effect_noise((40, 30), 60).convert("RGB") for _ in range(2)]


@cache
def tone() -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(bytes(range(256)) * 4 + b"\1")
    return out.getvalue()


WHOLE: dict[str, Callable[[], bytes]] = {
    "png": lambda: saved("PNG"),
    "apng": lambda: saved("PNG", save_all=True, append_images=frames()),
    "jpeg": lambda: saved("JPEG"),
    "progressive jpeg": lambda: saved("JPEG", progressive=True),
    "jpeg with a thumbnail": lambda: saved("JPEG", exif=b"Exif\0\0" + saved("JPEG")),
    "gif": lambda: saved("GIF"),
    "moving gif": lambda: saved("GIF", save_all=True, append_images=frames(), comment=b"made \x3b by hand"),
    "webp": lambda: saved("WEBP"),
    "lossless webp": lambda: saved("WEBP", lossless=True),
    "webp with exif": lambda: saved("WEBP", exif=b"Exif\0\0MM\0"),
    "moving webp": lambda: saved("WEBP", save_all=True, append_images=frames()),
    "avif": lambda: saved("AVIF"),
    "moving avif": lambda: saved("AVIF", save_all=True, append_images=frames()),
    "wav": tone,
    **{name: (lambda name=name: clip(name)) for name in _RECIPES},  # type: ignore[misc]
}


def told(data: bytes) -> Structure:
    media_type = identify(data[:HEAD_BYTES])
    assert media_type is not None
    return structure(io.BytesIO(data), media_type)


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_file_is_whole(name: str) -> None:
    assert told(WHOLE[name]()) is Structure.WHOLE


@pytest.mark.parametrize("name", WHOLE)
def test_a_file_cut_at_any_byte_is_known_to_be_cut(name: str) -> None:
    data = WHOLE[name]()
    media_type = identify(data[:HEAD_BYTES]) or ""
    last = len(data) - (data[:4] == b"RIFF" and data[-1:] == b"\0")  # without its last padding all of it is there
    ends = {*range(16, min(last, 1500)), *range(max(16, last - 1500), last), *range(16, last, 97)}
    wrong = {end for end in ends if structure(io.BytesIO(data[:end]), media_type) is not Structure.CUT}
    # Between its data and their description a clip is broken rather than cut, by what it says itself.
    assert wrong <= ({data.index(b"moov") - 4} if name in ("mp4", "mov", "m4a") else set())


def test_a_fragmented_clip_is_cut_wherever_it_is_not_between_fragments() -> None:
    options = [*_PICTURE, "-c:v", "mpeg4", "-g", "2", "-movflags", "+frag_keyframe+empty_moov+default_base_moof"]
    data = ffmpeg("x.mp4", options)
    assert told(data) is Structure.WHOLE
    bare = {end for end in range(16, len(data)) if told(data[:end]) is not Structure.CUT}
    between = {at for at in _box_ends(data) if data[:at].count(b"mdat")}
    assert bare
    assert not bare - {end + more for end in between for more in range(8)}  # not even a box's header


def _box_ends(data: bytes) -> list[int]:
    ends, at = [], 0
    while at < len(data):
        at += int.from_bytes(data[at : at + 4], "big")
        ends.append(at)
    return ends


def streamed(size: int, data_size: int) -> bytes:
    wav = tone()
    return wav[:4] + struct.pack("<I", size) + wav[8:40] + struct.pack("<I", data_size) + wav[44:]


def mdat_with(header: bytes) -> bytes:
    """A clip whose moov stands first, its mdat under another header."""
    data = clip("fast mp4")
    at = data.index(b"mdat") - 4
    return data[:at] + header + data[at + 8 :]


def fill_bytes(count: int) -> bytes:
    data = saved("JPEG")
    return data[:2] + b"\xff" * count + data[2:]


def riff(*chunks: tuple[bytes, bytes], pad: bool = True) -> bytes:
    body = b"WAVE"
    for name, content in chunks:
        body += struct.pack("<4sI", name, len(content)) + content + (b"\0" if pad and len(content) % 2 else b"")
    return b"RIFF" + struct.pack("<I", len(body)) + body


_FMT = (b"fmt ", struct.pack("<HHIIHH", 1, 1, 8000, 8000, 1, 8))
JUNK = bytes(itertools.islice(itertools.cycle(range(3, 250, 7)), 5000))
ODD: dict[str, Callable[[], bytes]] = {
    **{f"{name} with bytes behind its end": (lambda name=name: WHOLE[name]() + JUNK)  # type: ignore[misc]
       for name in ("png", "jpeg", "gif", "webp", "wav", "mp4", "fast mp4", "mov", "mkv", "avi")},
    **{f"{name} with zeros behind its end": (lambda name=name: WHOLE[name]() + bytes(5000))  # type: ignore[misc]
       for name in ("png", "jpeg", "gif", "webp", "wav", "avif", "mp4", "webm")},
    **{f"{name} with a web page behind its end": (lambda name=name: WHOLE[name]() + b"\n<!-- made here -->\n" * 9)  # type: ignore[misc]
       for name in ("png", "jpeg", "gif", "webp", "avif", "mp4", "fast mp4")},
    "two jpegs in one": lambda: saved("JPEG") + saved("JPEG"),
    "jpeg with fill bytes": lambda: fill_bytes(70_000),
    "jpeg with stray bytes between segments": lambda: saved("JPEG").replace(b"\xff\xdb", b"\0\0\xff\xdb", 1),
    "wav from a pipe": lambda: streamed(0xFFFFFFFF, 0xFFFFFFFF),
    "wav from sox's pipe": lambda: streamed(0x7FFFF024, 0x7FFFF000),
    "wav with no sizes": lambda: streamed(0, 0),
    "wav of no length in a whole riff": lambda: streamed(len(tone()) - 8, 0xFFFFFFFF),
    "riff that counts its header": lambda: streamed(len(tone()), len(tone()) - 44),
    "riff without padding": lambda: riff(_FMT, (b"data", b"\1" * 801), (b"LIST", b"INFO"), pad=False),
    "riff whose last chunk lacks its padding": lambda: riff(_FMT, (b"data", b"\1" * 801), pad=False),
    "mp4 whose mdat runs to the end": lambda: mdat_with(struct.pack(">I4s", 0, b"mdat")),
    "mp4 with a 64-bit mdat": lambda: mdat_with(struct.pack(">I4sQ", 1, b"mdat", _mdat_bytes() + 16)),
    "mkv from a pipe": lambda: ffmpeg("x.mkv", [*_PICTURE, "-c:v", "mpeg4", "-live", "1"]),
}  # fmt: skip


def _mdat_bytes() -> int:
    data = clip("fast mp4")
    at = data.index(b"mdat") - 4
    return int.from_bytes(data[at : at + 4], "big") - 8


@pytest.mark.parametrize("name", ODD)
def test_a_file_that_is_merely_odd_is_not_called_cut(name: str) -> None:
    assert told(ODD[name]()) in (Structure.WHOLE, Structure.UNTOLD)


@pytest.mark.parametrize(
    ("beginning", "media_type"),
    [
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "video/mp4"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"\0\0\0\x14ftypisom\0\0\2\0isom\0\0\0\0mdat", "video/mp4"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom\0\0\0\x09junk!", "video/mp4"),
    ],
)
def test_a_file_that_is_wrong_from_the_start_is_broken_and_not_cut(beginning: bytes, media_type: str) -> None:
    assert structure(io.BytesIO(beginning + bytes(9000)), media_type) is Structure.BROKEN


@pytest.mark.parametrize("media_type", ["image/bmp", "image/tiff", "audio/mpeg", "audio/flac", "audio/ogg", "none"])
def test_types_that_do_not_tell(media_type: str) -> None:
    assert structure(io.BytesIO(b"anything"), media_type) is Structure.UNTOLD


def test_a_riff_after_the_first_is_followed_too() -> None:
    """AVI beyond a gigabyte (OpenDML)."""
    more = b"RIFF" + struct.pack("<I4s4sI", 12 + 500, b"AVIX", b"movi", 500) + bytes(500)
    assert told(clip("avi") + more) is Structure.WHOLE
    assert told(clip("avi") + more[:-9]) is Structure.CUT


@pytest.mark.parametrize("seconds", [0.0, -1.0])
def test_no_time_to_look_proves_nothing(seconds: float) -> None:
    assert structure(io.BytesIO(picture()[:-20]), "image/png", seconds=seconds) is Structure.UNTOLD
