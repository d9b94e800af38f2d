"""What tests of films share: files of lines, ffprobe as the judge, and the ways to read and write clips."""

from __future__ import annotations

import json
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from generate_media.batch.tools import Tool
from generate_media.core.paths import BUNDLE
from tools import require_tool

_SKILL = BUNDLE / "SKILL.md"
STORYBOARD = next(block for block in _SKILL.read_text(encoding="utf-8").split("```") if "film.jsonl <<" in block)
"""What an agent is to paste: the file, and the command that makes the film."""
SIX: list[dict[str, Any]] = [json.loads(line) for line in STORYBOARD.splitlines() if line.startswith("{")]
"""Its six lines: three pictures of one character, three clips; the second clip goes on where the first ends."""


def write(lines: list[Any], name: str = "film.jsonl") -> str:
    Path(name).write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return name


def probed(film: str | Path) -> dict[str, Any]:
    """What ffprobe says: seconds, width, height, and the codec of each kind of stream."""
    words = [require_tool("ffprobe"), "-v", "error", "-show_format", "-show_streams", "-of", "json", str(film)]
    told = json.loads(subprocess.run(words, capture_output=True, check=True, timeout=60).stdout)
    streams = {stream["codec_type"]: stream for stream in told["streams"]}
    return {
        "seconds": float(told["format"]["duration"]),
        "size": (streams["video"]["width"], streams["video"]["height"]),
        **{kind: stream["codec_name"] for kind, stream in streams.items()},
    }


def ffmpeg() -> Tool:
    from generate_media.batch.ffmpeg import FFmpeg

    return FFmpeg(require_tool("ffmpeg"))


def pyav() -> Tool:
    if find_spec("av") is None:
        pytest.skip("PyAV is not installed (requirements-film.txt)")
    from generate_media.batch.pyav import PyAV

    return PyAV()


TOOLS = {"ffmpeg": ffmpeg, "PyAV": pyav}
