"""Thumbnails: small, made once, of what needs one; and a page that does without."""

from __future__ import annotations

import os
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from generate_media.gallery.batches import FOLDER as BATCHES, read_batches, record_batch
from generate_media.gallery.thumbnails import FOLDER as THUMBNAILS, PIXELS, Source, make_thumbnails
from tools import require_tool
from web import picture


def thumbnail(folder: Path, name: str) -> Image.Image:
    return Image.open(BytesIO((folder / ".thumbnails" / f"{name}.webp").read_bytes()))


@pytest.mark.parametrize(
    ("name", "mode", "size", "small"),
    [
        ("wide.png", "RGB", (2048, 1024), (512, 256)),
        ("high.jpg", "RGB", (700, 1400), (256, 512)),
        ("clear.png", "RGBA", (1024, 1024), (512, 512)),
        ("grey.png", "L", (513, 513), (512, 512)),
        ("few.gif", "P", (1024, 512), (512, 256)),
    ],
)
def test_a_picture_becomes_a_webp_of_512_pixels(
    name: str, mode: str, size: tuple[int, int], small: tuple[int, int], tmp_path: Path
) -> None:
    Image.new(mode, size, 120).save(tmp_path / name)
    assert make_thumbnails(tmp_path, [Source(name, "image")]) == {name}
    made = thumbnail(tmp_path, name)
    assert (made.format, made.size) == ("WEBP", small)
    assert max(made.size) == PIXELS


def test_a_sideways_photograph_stands_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    Image.new("RGB", (1200, 600)).save(tmp_path / "a.jpg", exif=exif)
    make_thumbnails(tmp_path, [Source("a.jpg", "image")])
    assert thumbnail(tmp_path, "a.jpg").size == (256, 512)


def test_a_clip_gives_its_first_frame(tmp_path: Path) -> None:
    source = ["-f", "lavfi", "-i", "color=red:size=1280x720:duration=1:rate=5"]
    clip = str(tmp_path / "clip.mp4")
    subprocess.run([require_tool("ffmpeg"), "-v", "error", *source, "-pix_fmt", "yuv420p", clip], check=True)
    assert make_thumbnails(tmp_path, [Source("clip.mp4", "video")]) == {"clip.mp4"}
    made = thumbnail(tmp_path, "clip.mp4").convert("RGB")
    red, green, blue = made.getpixel((100, 100))  # type: ignore[misc]
    assert made.size == (512, 288)
    assert red > 200 > 60 > max(green, blue)


def test_it_is_made_once_and_again_for_another_file(tmp_path: Path) -> None:
    Image.new("RGB", (1024, 1024)).save(tmp_path / "a.png")
    small = tmp_path / ".thumbnails" / "a.png.webp"
    make_thumbnails(tmp_path, [Source("a.png", "image")])
    os.utime(small, (2_000_000_000, 2_000_000_000))
    make_thumbnails(tmp_path, [Source("a.png", "image")])
    assert small.stat().st_mtime == 2_000_000_000
    os.utime(tmp_path / "a.png", (2_100_000_000, 2_100_000_000))
    os.utime(small, (2_000_000_001, 2_000_000_001))
    make_thumbnails(tmp_path, [Source("a.png", "image")])
    assert small.stat().st_mtime != 2_000_000_001


def bomb() -> bytes:
    """A PNG that says it has 40,000 × 40,000 pixels."""
    data = bytearray(picture(8, 8))
    data[16:24] = (40_000).to_bytes(4, "big") * 2
    return bytes(data)


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n", picture(600, 600)[:-40], picture(600, 600)[:60], bomb()])
def test_what_cannot_be_made_is_left_out(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_bytes(data)
    Image.new("RGB", (1024, 1024)).save(tmp_path / "good.png")
    sources = [Source("bad.png", "image"), Source("bad.png", "video"), Source("good.png", "image")]
    assert "good.png" in make_thumbnails(tmp_path, sources)
    assert not (tmp_path / ".thumbnails" / "bad.png.webp").exists()


def test_a_small_picture_needs_none_and_a_folder_of_others_gets_none(tmp_path: Path) -> None:
    (tmp_path / "small.png").write_bytes(picture(64, 64))
    assert make_thumbnails(tmp_path, [Source("small.png", "image")]) == frozenset()
    (tmp_path / ".thumbnails").rmdir()
    (tmp_path / ".thumbnails").write_text("a file of somebody's")
    Image.new("RGB", (1024, 1024)).save(tmp_path / "large.png")
    assert make_thumbnails(tmp_path, [Source("large.png", "image")]) == frozenset()


def test_nothing_is_written_or_taken_through_a_link(tmp_path: Path) -> None:
    """A folder that came from elsewhere may hold links in our folders' places."""
    folder, other = tmp_path / "generated", tmp_path / "mine"
    folder.mkdir()
    other.mkdir()
    for name in (THUMBNAILS, BATCHES):
        (folder / name).symlink_to(other)
    Image.new("RGB", (1024, 1024)).save(folder / "a.png")
    assert make_thumbnails(folder, [Source("a.png", "image")]) == frozenset()
    record_batch(folder, tmp_path / "jobs.jsonl", "", {"x": 1})
    assert list(other.iterdir()) == []
    (other / "a.json").write_text('{"batch": "mine", "lines": {"x:0": 1}}')
    assert read_batches(folder) == {}
    Image.new("RGB", (64, 64)).save(other / "a.png.webp")
    assert make_thumbnails(folder, [Source("a.png", "image")]) == frozenset()


_ONE = """
import re, sys
from pathlib import Path
from PIL import Image, ImageOps, PngImagePlugin, WebPImagePlugin
from generate_media.gallery.thumbnails import Source, make_thumbnails
def most(): return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])
before = most()
made = make_thumbnails(Path(sys.argv[1]), [Source("large.png", "image")])
print(len(made), (most() - before) * 1024)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc tells what a process held")
def test_a_large_picture_is_held_once(tmp_path: Path) -> None:
    Image.new("RGB", (4000, 4000)).save(tmp_path / "large.png")
    ran = subprocess.run(
        [sys.executable, "-c", _ONE, tmp_path],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "scripts")},
        capture_output=True,
        text=True,
        check=True,
    )
    made, held = map(int, ran.stdout.split())
    assert made == 1
    assert held < 2 * 4000 * 4000 * 4, "Pillow keeps four bytes a pixel"
