"""PyAV and ffmpeg do the same: last frames, what streams are, films as long as their clips."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

from film_help import TOOLS, probed
from generate_media.batch.film import Clip, Film, write_film
from generate_media.batch.frames import kept_frame
from generate_media.core import OutputError, UsageError
from tools import require_tool

ASSETS = Path(__file__).parents[2] / "scripts/generate_media/sandbox/assets"
FILMS = {
    "with their sound": (("square-sound", "square-10s-sound"), 15, (960, 960), True),
    "silence where one has none": (("240x240-sound", "240x240"), 4, (240, 240), True),
    "other sizes": (("320x180", "180x320"), 4, (320, 180), False),
}
"""Clips (of the sandbox, or made small where they must be encoded again), seconds, pixels and sound of their film."""


@pytest.fixture(params=TOOLS)
def tool_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def clips(names: Sequence[str], folder: Path) -> list[Path]:
    """Under names that a list of files must quote."""
    made = []
    for number, name in enumerate(names):
        path = folder / f"it's clip {number}.mp4"
        path.write_bytes(small_clip(name) if name[0].isdigit() else (ASSETS / f"{name}.mp4.dat").read_bytes())
        made.append(path)
    return made


@cache
def small_clip(name: str) -> bytes:
    """Two seconds at 24 frames, of the size that the name says, perhaps with sound."""
    size, _, sound = name.partition("-")
    sources = ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate=24:duration=2"]
    sources += ["-f", "lavfi", "-i", "sine=duration=2"] if sound else []
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        words = [*sources, "-pix_fmt", "yuv420p", "-c:v", "libx264", "-c:a", "aac", str(clip)]
        subprocess.run([require_tool("ffmpeg"), "-v", "error", *words], check=True, timeout=60)
        return clip.read_bytes()


@pytest.mark.parametrize("case", FILMS)
def test_a_film_is_as_long_as_its_clips(tool_name: str, case: str, tmp_path: Path) -> None:
    names, seconds, size, has_sound = FILMS[case]
    film = tmp_path / "film.mp4"
    write_film(TOOLS[tool_name](), clips(names, tmp_path), film)
    found = probed(film)
    assert found["seconds"] == pytest.approx(seconds, abs=0.05)
    assert found["size"] == size
    assert found["video"] == "h264"
    assert ("audio" in found) is has_sound
    decoded = [require_tool("ffmpeg"), "-v", "error", "-i", str(film), "-f", "null", "-"]
    assert subprocess.run(decoded, capture_output=True, check=True, timeout=60).stderr == b""


def test_clips_that_agree_are_not_encoded_again(tool_name: str, tmp_path: Path) -> None:
    """Each picture of the clips is in the film as it was, to the last bit."""
    film, names = tmp_path / "film.mp4", ["landscape", "landscape-10s"]
    write_film(TOOLS[tool_name](), clips(names, tmp_path), film)
    assert pictures(film) == [one for name in names for one in pictures(ASSETS / f"{name}.mp4.dat")]
    found = probed(film)
    assert (found["seconds"], found["size"]) == (pytest.approx(15, abs=0.05), (1280, 720))
    assert "audio" not in found


@cache
def pictures(clip: Path) -> list[str]:
    words = [require_tool("ffmpeg"), "-v", "error", "-i", str(clip), "-map", "0:v", "-f", "framehash"]
    words += ["-hash", "murmur3", "-"]
    told = subprocess.run(words, capture_output=True, check=True, text=True, timeout=60).stdout
    return [line.rsplit(",", 1)[1].strip() for line in told.splitlines() if not line.startswith("#")]


def test_the_last_frame_is_the_last_one(tool_name: str, tmp_path: Path) -> None:
    """As an independent decoder sees it: the frame of the highest number."""
    from PIL import Image, ImageChops

    (clip,) = clips(["landscape-sound"], tmp_path)
    found = kept_frame(tmp_path / "state", clip, "f" * 64, TOOLS[tool_name]())
    judge = tmp_path / "judge.png"
    chosen = ["-vf", "select=eq(n\\,119)", "-frames:v", "1", str(judge)]
    subprocess.run([require_tool("ffmpeg"), "-v", "error", "-i", str(clip), *chosen], check=True, timeout=60)
    with Image.open(found) as ours, Image.open(judge) as theirs:
        assert ours.size == (1280, 720)
        off = ImageChops.difference(ours.convert("RGB"), theirs.convert("RGB")).getextrema()
    assert max(high for _, high in off) <= 8, "only what the two ways to RGB differ by"


def test_a_file_that_came_while_clips_were_joined_is_never_replaced(tool_name: str, tmp_path: Path) -> None:
    """Where nothing was, and where a film of ours was."""
    tool, place = TOOLS[tool_name](), tmp_path / "film.mp4"
    holiday = b"a holiday"

    class Meanwhile:
        look = tool.look

        def remux(self, clips: Sequence[Path], film: Path) -> None:
            tool.remux(clips, film)
            place.write_bytes(holiday)

    (clip,) = clips(["square"], tmp_path)
    for number in range(2):
        parts = [Clip(clip, str(number) * 64, "a cat", 1)]
        with pytest.raises(UsageError, match="the clips are saved"):
            Film(place, Meanwhile(), tmp_path).make(parts)
        assert place.read_bytes() == holiday
        place.unlink()
        Film(place, tool, tmp_path).make([Clip(clip, "f" * 64, "a cat", 1)])
        assert Film(place, tool, tmp_path).make(parts) == place, "its own film it replaces"


def test_a_frame_is_cut_once(tool_name: str, tmp_path: Path) -> None:
    tool = TOOLS[tool_name]()
    (clip,) = clips(["square"], tmp_path)
    first = kept_frame(tmp_path, clip, "a" * 64, tool)
    clip.unlink()
    assert kept_frame(tmp_path, clip, "a" * 64, tool) == first


def test_a_clip_that_is_none(tool_name: str, tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"\0\0\0\x10ftypisom" + b"\0" * 400)
    with pytest.raises(OutputError, match="cannot be read"):
        kept_frame(tmp_path, clip, "b" * 64, TOOLS[tool_name]())
    with pytest.raises(OSError, match=r"Invalid|Error|ffmpeg"):
        write_film(TOOLS[tool_name](), [clip], tmp_path / "film.mp4")
    assert not list(tmp_path.glob("frames/*"))
