"""Local files in: known by their bytes, never in any text, encoded at the last moment."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import struct
import wave
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from PIL import Image

from generate_media.core.errors import UsageError
from generate_media.core.local_media import LocalMedia
from generate_media.core.requests import Body, Encoding
from generate_media.media import local as media, views
from generate_media.media.local import MediaLimits
from generate_media.media.scaling import fit


def picture(path: Path, size: tuple[int, int] = (40, 30), form: str = "PNG", *, noise: bool = False) -> Path:
    image = Image.effect_noise(size, 90).convert("RGB") if noise else Image.new("RGB", size, (200, 30, 30))
    image.save(path, form)
    return path


def sound(path: Path, seconds: float = 1.0) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(8000)
        file.writeframes(bytes([128]) * int(8000 * seconds))
    return path


@pytest.mark.parametrize(
    ("form", "media_type"), [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp"), ("GIF", "image/gif")]
)
def test_load_tells_type_size_and_hash_from_the_bytes(tmp_path: Path, form: str, media_type: str) -> None:
    path = picture(tmp_path / "wrong-name.mp4", (40, 30), form)
    found = media.load(path, Encoding.DATA_URI, kind="image")
    data = path.read_bytes()
    assert (found.media_type, found.width, found.height) == (media_type, 40, 30)
    assert (found.size_bytes, found.sha256) == (len(data), hashlib.sha256(data).hexdigest())


def test_load_measures_a_sound(tmp_path: Path) -> None:
    assert media.load(sound(tmp_path / "a", 2.5), Encoding.DATA_URI, kind="audio").duration_seconds == 2.5


def test_load_hashes_a_file_larger_than_a_block(tmp_path: Path) -> None:
    path = tmp_path / "big.png"
    path.write_bytes(picture(tmp_path / "small.png").read_bytes() + os.urandom(3 << 20))
    assert media.load(path, Encoding.MULTIPART).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("page.png", b"<!doctype html><html></html>"),
        ("key.png", b"-----BEGIN OPENSSH PRIVATE KEY-----\n"),
        ("drawing.svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>'),
        (".env", b"AGNES_API_KEY=your-key\n"),
        ("empty.png", b""),
        ("archive.png", b"PK\x03\x04" + bytes(64)),
    ],
)
def test_what_is_no_media_is_refused_whatever_its_name(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError) as caught:
        media.load(tmp_path / name, Encoding.DATA_URI)
    assert caught.value.code == "not_media"


def test_a_picture_is_no_sound(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="image/png, and an audio file is wanted") as caught:
        media.load(picture(tmp_path / "a.png"), Encoding.DATA_URI, kind="audio")
    assert caught.value.code == "not_media"


@pytest.mark.parametrize("what", ["missing", "folder", "fifo", "nul"])
def test_what_cannot_be_read_is_one_clear_error_and_never_waits(tmp_path: Path, what: str) -> None:
    path = tmp_path / "x"
    if what == "folder":
        path.mkdir()
    elif what == "fifo":
        os.mkfifo(path)
    elif what == "nul":
        path = tmp_path / "a\0b"
    with pytest.raises(UsageError) as caught:
        media.load(path, Encoding.DATA_URI)
    assert caught.value.code == "unreadable_file"


SIZED = LocalMedia("p.png", "image/png", 1000, "0" * 64, Encoding.DATA_URI, width=400, height=200)


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        (MediaLimits(), ""),
        (MediaLimits(types=("image/png",), max_bytes=1000, side=(200, 400), aspect=(0.4, 2.0)), ""),
        (MediaLimits(types=("image/jpeg",)), "is image/png, allowed are image/jpeg"),
        (MediaLimits(max_bytes=999), "has 1,000 bytes, at most 999"),
        (MediaLimits(side=(201, 6000)), "at least 201"),
        (MediaLimits(side=(100, 399)), "at most 399"),
        (MediaLimits(aspect=(0.4, 1.9)), "between 0.4 and 1.9"),
        (MediaLimits(aspect=(2.1, 2.5)), "between 2.1 and 2.5"),
    ],
)
def test_objections_at_the_edges(limits: MediaLimits, words: str) -> None:
    found = "; ".join(media.objections(SIZED, limits))
    assert words in found
    assert bool(found) == bool(words)


@pytest.mark.parametrize(("seconds", "good"), [(1.9, False), (2.0, True), (15.0, True), (15.1, False), (None, True)])
def test_objections_to_length(seconds: float | None, good: bool) -> None:
    clip = replace(SIZED, media_type="audio/wav", duration_seconds=seconds)
    assert (not media.objections(clip, MediaLimits(seconds=(2, 15)))) == good


@pytest.mark.parametrize("encoding", [Encoding.DATA_URI, Encoding.BASE64])
def test_encode_gives_the_bytes_back(tmp_path: Path, encoding: Encoding) -> None:
    path = picture(tmp_path / "a.png")
    sent: Any = media.encode({"a": [{"b": media.load(path, encoding)}]})
    text = sent["a"][0]["b"]
    head, _, payload = text.rpartition(",")
    assert head == ("data:image/png;base64" if encoding is Encoding.DATA_URI else "")
    assert base64.b64decode(payload) == path.read_bytes()


@pytest.mark.parametrize(("change", "code"), [("write", "file_changed"), ("unlink", "unreadable_file")])
def test_a_file_that_changed_after_it_was_checked_is_not_sent(tmp_path: Path, change: str, code: str) -> None:
    path = picture(tmp_path / "a.png")
    body = {"image": media.load(path, Encoding.BASE64)}
    if change == "write":
        path.write_bytes(b"-----BEGIN OPENSSH PRIVATE KEY-----")
    else:
        path.unlink()
    with pytest.raises(UsageError) as caught:
        media.encode(body)
    assert caught.value.code == code


def test_multipart_cannot_travel_as_json(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="multipart"):
        media.encode(media.load(picture(tmp_path / "a.png"), Encoding.MULTIPART))


def test_multipart_fields_repeat_names_and_keep_files(tmp_path: Path) -> None:
    file = media.load(picture(tmp_path / "a.png"), Encoding.MULTIPART)
    there = replace(file, remote_url="https://files.example/a.png")
    body: dict[str, Body] = {
        "prompt": "猫",
        "image_urls": [file, "https://x/b.png", there],
        "n": 2,
        "hd": True,
        "no": None,
        "o": {"k": 1},
    }
    assert media.multipart_fields(body) == [
        ("prompt", "猫"),
        ("image_urls", file),
        ("image_urls", "https://x/b.png"),
        ("image_urls", "https://files.example/a.png"),
        ("n", "2"),
        ("hd", "true"),
        ("o", '{"k": 1}'),
    ]


@pytest.mark.parametrize("encoding", list(Encoding))
def test_a_file_that_the_provider_has_is_sent_as_its_url_and_hashed_as_its_bytes(encoding: Encoding) -> None:
    there = replace(SIZED, encoding=encoding, remote_url="https://cdn.example/p.png?sig=1")
    assert media.encode({"a": there}) == {"a": "https://cdn.example/p.png?sig=1"}
    assert views.canonical({"a": there}) == views.canonical({"a": SIZED})


@pytest.mark.parametrize(
    ("encoding", "stand_in"),
    [
        (Encoding.DATA_URI, "data:image/png;base64,AAAA"),
        (Encoding.BASE64, "AAAA"),
        (Encoding.MULTIPART, "https://local.file/my%20%E7%8C%AB.png"),
    ],
)
def test_stand_ins_for_validation(encoding: Encoding, stand_in: str) -> None:
    file = replace(SIZED, path="/somewhere/my 猫.jpeg", encoding=encoding)
    assert views.for_validation({"a": [file]}) == {"a": [stand_in]}


def test_redact_tells_what_a_file_is() -> None:
    assert views.redact({"a": replace(SIZED, path="/home/me/p.png")}) == {
        "a": {"file": "p.png", "sha256": "0" * 64, "bytes": 1000, "media_type": "image/png"}
    }


@pytest.mark.parametrize(
    "text",
    [
        "a cat, drawn in one line",
        "https://cdn.example/a.mp4?X-Amz-Security-Token=" + "A" * 900,
        "猫" * 3000,
        "word " * 500,
        "gen_" + "0" * 60,
    ],
)
def test_redact_leaves_words_and_urls_alone(text: str) -> None:
    assert views.redact({"a": text}) == {"a": text}


@given(data=st.binary(min_size=150, max_size=400), where=st.sampled_from(["data", "raw", "url-safe", "mime", "inner"]))
def test_redact_never_holds_bytes(data: bytes, where: str) -> None:
    text = base64.b64encode(data).decode()
    forms = {
        "data": f"data:image/png;base64,{text}",
        "raw": text,
        "url-safe": base64.urlsafe_b64encode(data).decode(),
        "mime": base64.encodebytes(data).decode(),
        "inner": f"look at data:image/png;base64,{text} and draw it",
    }
    shown = json.dumps(views.redact({"a": [forms[where]]}))
    core = forms[where].split("base64,")[-1]
    assert not any(core[at : at + 24] in shown for at in range(0, len(core) - 24, 8))
    assert "sha256:" in shown


def test_redact_cuts_data_uris_to_hash_and_size() -> None:
    data = b"\x89PNG" + bytes(50)
    digest = hashlib.sha256(data).hexdigest()
    text = "data:image/png;base64," + base64.b64encode(data).decode()
    assert views.redact(text) == f"data:image/png;base64,<sha256:{digest[:16]}… 54 bytes>"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text(max_size=5), JSON, max_size=5)


def shuffled(value: Any) -> Any:
    """The same tree, every object's keys in the opposite order."""
    if isinstance(value, dict):
        return {key: shuffled(value[key]) for key in reversed(value)}
    return [shuffled(item) for item in value] if isinstance(value, list) else value


def with_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {**{key: with_nulls(item) for key, item in value.items()}, "null-field": None}
    return [with_nulls(item) for item in value] if isinstance(value, list) else value


@given(OBJECTS)
def test_canonical_ignores_the_order_of_keys_and_nulls(body: dict[str, Any]) -> None:
    one = json.dumps(views.canonical(body), sort_keys=True)
    assert json.dumps(views.canonical(shuffled(with_nulls(body))), sort_keys=True) == one
    assert views.canonical(views.canonical(body)) == views.canonical(body)


@given(OBJECTS)
def test_a_body_without_media_is_sent_as_it_is(body: dict[str, Any]) -> None:
    assert media.encode(body) == body
    assert views.for_validation(body) == body


@given(st.binary(min_size=1, max_size=200), st.binary(min_size=1, max_size=200))
def test_canonical_tells_files_apart_by_their_bytes(a: bytes, b: bytes) -> None:
    first, second = ("data:image/png;base64," + base64.b64encode(data).decode() for data in (a, b))
    assert (views.canonical(first) == views.canonical(second)) == (a == b)


def test_a_data_uri_and_the_file_itself_are_one_request(tmp_path: Path) -> None:
    file = media.load(picture(tmp_path / "a.png"), Encoding.DATA_URI)
    assert views.canonical({"image": file}) == views.canonical({"image": media.encode(file)})
    assert views.redact(media.encode(file)) != media.encode(file)


@pytest.mark.parametrize(
    "limits",
    [
        MediaLimits(max_bytes=20_000),
        MediaLimits(side=(64, 200)),
        MediaLimits(side=(64, 300), max_bytes=15_000, types=("image/webp",)),
        MediaLimits(side=(64, 300), types=("image/png",)),
    ],
)
def test_fit_meets_the_limits_and_is_the_same_each_time(tmp_path: Path, limits: MediaLimits) -> None:
    file = media.load(picture(tmp_path / "a.png", (640, 480), noise=True), Encoding.DATA_URI)
    assert media.objections(file, limits)
    smaller = media.load(fit(file, limits, tmp_path), Encoding.DATA_URI, kind="image")
    assert media.objections(smaller, limits) == ()
    assert smaller.width is not None
    assert smaller.height is not None
    assert abs(smaller.width / smaller.height - 4 / 3) < 0.02
    assert media.load(fit(file, limits, tmp_path), Encoding.DATA_URI).sha256 == smaller.sha256


def test_fit_puts_transparent_parts_on_white(tmp_path: Path) -> None:
    Image.new("RGBA", (400, 400), (0, 0, 0, 0)).save(tmp_path / "clear.png")
    file = media.load(tmp_path / "clear.png", Encoding.DATA_URI)
    with Image.open(fit(file, MediaLimits(side=(64, 100)), tmp_path)) as image:
        assert (image.format, image.size, image.getpixel((50, 50))) == ("JPEG", (100, 100), (255, 255, 255))


def test_fit_turns_the_picture_the_way_its_camera_says(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (400, 200)).save(tmp_path / "a.jpg", exif=exif)
    with Image.open(
        fit(media.load(tmp_path / "a.jpg", Encoding.DATA_URI), MediaLimits(side=(10, 100)), tmp_path)
    ) as image:
        assert image.size == (50, 100)


def test_fit_gives_up_rather_than_fall_under_the_least_side(tmp_path: Path) -> None:
    file = media.load(picture(tmp_path / "a.png", (400, 400), noise=True), Encoding.DATA_URI)
    with pytest.raises(UsageError) as caught:
        fit(file, MediaLimits(side=(300, 6000), max_bytes=500), tmp_path)
    assert caught.value.code == "bad_media"


def test_fit_names_a_picture_that_is_broken(tmp_path: Path) -> None:
    whole = io.BytesIO()
    Image.effect_noise((300, 300), 90).save(whole, "PNG")
    (tmp_path / "cut.png").write_bytes(whole.getvalue()[:2000])
    file = media.load(tmp_path / "cut.png", Encoding.DATA_URI)
    with pytest.raises(UsageError) as caught:
        fit(file, MediaLimits(max_bytes=100), tmp_path)
    assert caught.value.code == "bad_media"


def test_fit_refuses_a_decompression_bomb(tmp_path: Path) -> None:
    chunk = struct.pack(">4sIIBBBBB", b"IHDR", 60000, 60000, 8, 2, 0, 0, 0)
    head = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + chunk + struct.pack(">I", zlib.crc32(chunk))
    (tmp_path / "bomb.png").write_bytes(head + struct.pack(">I4s", 0, b"IDAT") + bytes(4))
    file = media.load(tmp_path / "bomb.png", Encoding.DATA_URI)
    with pytest.raises(UsageError) as caught:
        fit(file, MediaLimits(side=(10, 6000)), tmp_path)
    assert caught.value.code == "bad_media"


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(width=st.integers(1, 300), height=st.integers(1, 300), most=st.integers(16, 200))
def test_fit_never_makes_a_side_longer_than_allowed(tmp_path: Path, width: int, height: int, most: int) -> None:
    file = media.load(picture(tmp_path / "a.png", (width, height)), Encoding.DATA_URI)
    with Image.open(fit(file, MediaLimits(side=(1, most)), tmp_path)) as image:
        assert max(image.size) <= most
        assert min(image.size) >= 1
