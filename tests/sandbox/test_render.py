"""The pictures: right size, readable words, the same bytes for the same job and others for another."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from generate_media.sandbox import render
from generate_media.sandbox.files import ASSETS, clip_name, clip_size
from generate_media.sandbox.jobs import Output
from generate_media.sandbox.sizes import pixels
from tools import require_tool


def drawn(text: str, **more: object) -> Image.Image:
    output = Output(**{"kind": "image", "text": text, "width": 640, "height": 360, **more})  # type: ignore[arg-type]
    return Image.open(io.BytesIO(render.picture(output, "job", 0)))


def white(picture: Image.Image) -> int:
    """Pixels nearly as white as the words; the ground is dark."""
    colours = picture.convert("RGB").getcolors(1 << 24) or []
    return sum(count for count, colour in colours if isinstance(colour, tuple) and min(colour) > 180)


@pytest.mark.parametrize(
    "text",
    [
        "a cat",
        "一只可爱的小猫在绿茵足球场上踢足球",
        "x" * 3000,
        "word " * 600,
        "\x1b[31m\x00\ud83d",
        "‮right to left",
        "🐈",
        "",
        " \n\t",
    ],
)
def test_any_text_makes_a_picture_of_the_size_asked_for(text: str) -> None:
    picture = drawn(text)
    assert picture.size == (640, 360)
    assert white(picture) > 100


def test_the_words_are_on_it() -> None:
    same_ground = [drawn(text).convert("RGB") for text in ("a cat", "a dog", "a cat")]
    assert same_ground[0].tobytes() == same_ground[2].tobytes()
    assert same_ground[0].tobytes() != same_ground[1].tobytes()
    assert white(drawn("a")) < white(drawn("a a a a"))


def test_words_stay_inside() -> None:
    picture = drawn("W" * 300).convert("RGB")
    edge = [picture.getpixel((x, y)) for x in (0, 639) for y in range(360)]
    assert (255, 255, 255) not in edge


@pytest.mark.parametrize(("job", "index", "seed"), [("other", 0, 0), ("job", 1, 0), ("job", 0, 7)])
def test_other_jobs_places_and_seeds_differ(job: str, index: int, seed: int) -> None:
    one = render.picture(Output("image", text="a cat"), "job", 0)
    assert render.picture(Output("image", text="a cat"), "job", 0) == one
    assert render.picture(Output("image", text="a cat", seed=seed), job, index) != one


def test_without_a_cjk_font_the_picture_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "_CJK_FONTS", ("no-such-font",))
    render._font_file.cache_clear()
    render._font.cache_clear()
    try:
        assert not render.can_write("猫")
        said = drawn("一只猫").tobytes()
        assert said == drawn("[no CJK font on this machine; the prompt's code points:] U+4E00 U+53EA U+732B").tobytes()
    finally:
        render._font_file.cache_clear()
        render._font.cache_clear()


@pytest.mark.parametrize(("media_type", "made"), [("image/png", "PNG"), ("image/jpeg", "JPEG"), ("image/webp", "WEBP")])
def test_formats(media_type: str, made: str) -> None:
    assert drawn("a cat", media_type=media_type).format == made


@pytest.mark.parametrize(
    ("body", "size"),
    [
        ({}, (1024, 1024)),
        ({"aspect_ratio": "16:9"}, (1024, 576)),
        ({"aspect_ratio": "9:16", "resolution": "2K"}, (1152, 2048)),
        ({"aspect_ratio": "16:9", "resolution": "1080p"}, (1920, 1080)),
        ({"image_size": "1536x1024", "aspect_ratio": "1:1"}, (1536, 1024)),
        ({"size": "1024*768"}, (1024, 768)),
        ({"width": 1152, "height": 768}, (1152, 768)),
        ({"aspect_ratio": "auto", "resolution": "default"}, (1024, 1024)),
        ({"aspect_ratio": "0:0", "resolution": "9K"}, (6144, 6144)),
    ],
)
def test_pixels_asked_for(body: dict[str, object], size: tuple[int, int]) -> None:
    assert pixels(body) == size  # type: ignore[arg-type]


def probed(file: Path) -> dict[str, Any]:
    """Seconds, size and sound of a clip as ffprobe sees them."""
    shown = json.loads(
        subprocess.run(
            [require_tool("ffprobe"), "-v", "error", "-of", "json", "-show_streams", "-show_format", str(file)],
            capture_output=True, check=True, text=True,
        ).stdout
    )  # fmt: skip
    video = next(stream for stream in shown["streams"] if stream["codec_type"] == "video")
    sound = any(stream["codec_type"] == "audio" for stream in shown["streams"])
    return {
        "seconds": float(shown["format"]["duration"]),
        "size": (video["width"], video["height"]),
        "sound": sound,
    }


@pytest.mark.parametrize(
    ("asked", "seconds", "size"),
    [
        ((1280, 720, 5), 5, (1280, 720)),
        ((1920, 1080, 10), 10, (1280, 720)),
        ((720, 1280, 4), 5, (720, 1280)),
        ((1080, 1920, 12), 10, (720, 1280)),
        ((1024, 1024, 5), 5, (960, 960)),
        ((1280, 960, 8), 10, (960, 960)),
    ],
)
@pytest.mark.parametrize("sound", [True, False])
def test_a_clip_is_the_nearest_of_the_set(
    asked: tuple[int, int, float], seconds: float, size: tuple[int, int], sound: bool, tmp_path: Path
) -> None:
    width, height, wanted = asked
    output = Output("video", "video/mp4", width, height, sound=sound, seconds=wanted)
    file = tmp_path / "clip.mp4"
    file.write_bytes((ASSETS / f"{clip_name(output)}.dat").read_bytes())
    shown = probed(file)
    assert (shown["seconds"], shown["size"], shown["sound"]) == (pytest.approx(seconds, abs=0.05), size, sound)
    assert clip_size(output) == size
