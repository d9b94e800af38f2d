"""Files that go out: what a picture, clip or sound only begins like never leaves this machine."""

from __future__ import annotations

import io
import json
import struct
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from conftest import Desk
from generate_media.core.requests import Encoding
from generate_media.media.genuine import objection
from generate_media.media.local import load
from generate_media.media.sniff import HEAD_BYTES, identify
from media.test_sniff import CLIPS, PICTURES, SOUNDS
from media.test_structure import ODD, WHOLE
from tools import require_tool, run_watched
from web import picture

SCRIPTS = Path(__file__).parents[2] / "scripts"


def _box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), name) + content


BEGINNINGS = {
    "png": b"\x89PNG\r\n\x1a\n",
    "png with its first chunk": picture()[:33],
    "jpeg": b"\xff\xd8\xff",
    "jpeg with its first segment": picture(form="JPEG")[:20],
    "gif": b"GIF89a",
    "gif with its screen": picture(form="GIF")[:13],
    "webp": b"RIFF\x00\x10\x00\x00WEBP",
    "webp of no length": b"RIFF\x00\x00\x00\x00WEBPVP8 ",
    "bmp": picture(form="BMP")[:26],
    "tiff": b"II*\0",
    "tiff of the other order": b"MM\0*",
    "big tiff": b"II+\0\x08\0\0\0",
    "avif": _box(b"ftyp", b"avif\0\0\0\0avifmif1"),
    "heic": _box(b"ftyp", b"heic\0\0\0\0heic"),
    "mp4": _box(b"ftyp", b"isom\0\0\2\0isom"),
    "m4a": _box(b"ftyp", b"M4A \0\0\2\0isom"),
    "mp4 whose mdat runs to the end": _box(b"ftyp", b"isom\0\0\2\0isom") + b"\0\0\0\0mdat",
    "mov": b"\0\0\0\x08wide",
    "webm": b"\x1aE\xdf\xa3\x87\x42\x82\x84webm",
    "avi": b"RIFF\x00\x10\x00\x00AVI ",
    "avi of no length": b"RIFF\x00\x00\x00\x00AVI LIST",
    "wav": b"RIFF\x00\x10\x00\x00WAVE",
    "wav of no length": b"RIFF\x00\x00\x00\x00WAVEfmt ",
    "ogg": b"OggS\0",
    "flac": b"fLaC",
    "mp3 with a tag": b"ID3\x04\0\0\0\0\0\0",
    "mp3": b"\xff\xfb\x90\x00",
    "aac": b"\xff\xf1\x50\x80",
}
SECRETS = {
    "a private key": b"-----BEGIN OPENSSH PRIVATE KEY-----\n" + b"b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAA\n" * 40,
    "a service account": json.dumps({"type": "service_account", "private_key": "x" * 1600, "a": [1, 2]}).encode(),
    "settings": b"AGNES_API_KEY=your-test-key\nOTHER=1, 2; 3! # comment\n" * 60,
    "chance": bytes((at * at * 31 + at * 7) % 251 for at in range(20_000)),
    "nothing": b"",
}


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("beginning", BEGINNINGS)
def test_a_few_right_bytes_make_nothing_a_picture(beginning: str, secret: str, tmp_path: Path) -> None:
    data = BEGINNINGS[beginning] + SECRETS[secret]
    media_type = identify(data[:HEAD_BYTES])
    if media_type is None:
        return
    (tmp_path / "x").write_bytes(data)
    assert objection(tmp_path / "x", media_type)


def test_every_type_has_a_beginning_in_the_table() -> None:
    told = {identify((data + SECRETS["a private key"])[:HEAD_BYTES]) for data in BEGINNINGS.values()}
    assert {media_type for _, media_type in PICTURES} | {row[1] for row in CLIPS + SOUNDS} <= told | {
        "video/ogg",
        "video/x-matroska",
    }


def test_a_key_dressed_as_a_picture_is_not_sent(desk: Desk) -> None:
    (desk.home / "id.png").write_bytes(BEGINNINGS["png"] + SECRETS["a private key"])
    before = desk.log()["count"]
    ran = desk.run("--prompt", "a cat", "--image", str(desk.home / "id.png"), provider="agnes")
    assert (ran.code, ran.last["error"]) == (2, "not_media")
    assert "id.png" in ran.last["message"]
    assert desk.log()["count"] - before <= 1, "only the test's own look at the log"


@pytest.mark.parametrize("form", [*(form for form, _ in PICTURES), "MPO"])
def test_real_pictures_pass(form: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(picture(form=form))
    assert load(tmp_path / "x", Encoding.DATA_URI, kind="image").width == 64


@pytest.mark.parametrize(
    ("codec", "rate", "bits"),
    [
        ("libmp3lame", 44100, "320k"),
        ("libmp3lame", 22050, "32k"),
        ("libmp3lame", 8000, "8k"),
        ("mp2", 48000, "128k"),
        ("mp2", 24000, "64k"),
    ],
)
def test_every_kind_of_mpeg_frame_is_known(codec: str, rate: int, bits: str, tmp_path: Path) -> None:
    options = ["-f", "lavfi", "-i", "sine=duration=1", "-c:a", codec, "-ar", str(rate), "-b:a", bits]
    options += ["-f", "mp3" if "mp3" in codec else "mp2"]
    subprocess.run(
        [require_tool("ffmpeg"), "-v", "error", *options, str(tmp_path / "x")], check=True, stdin=subprocess.DEVNULL
    )
    assert objection(tmp_path / "x", "audio/mpeg") == ""


@pytest.mark.parametrize("name", [*WHOLE, *ODD])
def test_odd_files_pass(name: str, tmp_path: Path) -> None:
    data = (WHOLE | ODD)[name]()
    (tmp_path / "x").write_bytes(data)
    assert objection(tmp_path / "x", identify(data[:HEAD_BYTES]) or "") == ""


def test_a_picture_that_is_damaged_behind_its_head_is_the_providers_to_judge(tmp_path: Path) -> None:
    data = bytearray(picture())
    data[-20] ^= 1
    for name, content in (("checksum", bytes(data)), ("cut", bytes(data[:-200])), ("jpeg", picture(form="JPEG")[:-2])):
        (tmp_path / name).write_bytes(content)
        assert load(tmp_path / name, Encoding.DATA_URI, kind="image").width == 64


@pytest.mark.parametrize("form", ["GIF", "WEBP", "AVIF"])
def test_a_part_of_other_pictures_is_none(form: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(picture(form=form)[:-20])
    assert objection(tmp_path / "x", f"image/{form.lower()}").endswith("or only a part of one")


def test_a_picture_beyond_pillows_limit_is_one(tmp_path: Path) -> None:
    Image.new("1", (20_000, 20_000)).save(tmp_path / "x", "PNG")
    assert load(tmp_path / "x", Encoding.DATA_URI).width == 20_000


def tag_bomb() -> bytes:
    """A TIFF of 6 MB whose 3,000 tags all hold the same 6 MB."""
    size, tags = 6 << 20, range(40_000, 42_998)
    entries = [struct.pack("<HHII", 256, 3, 1, 64), struct.pack("<HHII", 257, 3, 1, 48)]
    entries += [struct.pack("<HHII", tag, 1, size, 8) for tag in tags]
    return (
        b"II*\0"
        + struct.pack("<I", 8 + size)
        + b"\1" * size
        + struct.pack("<H", len(entries))
        + b"".join(entries)
        + bytes(4)
    )


def fill_bomb() -> bytes:
    """A JPEG with 64 MiB of fill bytes before its second marker."""
    out = io.BytesIO()
    Image.new("RGB", (64, 48)).save(out, "JPEG")
    return out.getvalue()[:2] + b"\xff" * (64 << 20) + out.getvalue()[2:]


@pytest.mark.parametrize("bomb", [tag_bomb, fill_bomb])
def test_a_bomb_is_refused_in_little_room(bomb: object, desk: Desk) -> None:
    assert callable(bomb)
    (desk.home / "x").write_bytes(bomb())
    ran, resident_mib = run_watched(
        SCRIPTS / "create_and_wait.py",
        "--provider",
        "agnes",
        "--prompt",
        "a",
        "--image",
        str(desk.home / "x"),
        "--dry-run",
    )
    assert ran.returncode == 2, ran.stdout
    assert json.loads(ran.stdout)["error"] == "not_media"
    assert resident_mib < 120
