"""What reads and writes clips: PyAV where it is installed, else ffmpeg on the PATH. Nothing else needs either.

Both cut a clip's last frame, tell what its streams are, and write clips one after the other, as they are or anew.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import NamedTuple, Protocol

from ..core import UsageError, film_commands, shell_line, uv_command

MOST_RATE, LEAST_RATE = Fraction(240), Fraction(1)
SOUND_RATE = 48_000
"""Samples a second of a film whose clips do not agree."""


class Look(NamedTuple):
    """A clip as a tool sees it. ``video`` and ``audio`` tell streams from others that cannot follow in one track; an
    empty ``audio`` is silence."""

    video: str
    audio: str
    width: int
    height: int
    rate: Fraction
    """Pictures a second."""
    seconds: Fraction
    """Of the pictures alone."""


class Tool(Protocol):
    """One way to read and write clips. All raise OSError with a reason."""

    def last_frame(self, clip: Path, picture: Path) -> None:
        """Write a clip's last frame as PNG."""

    def look(self, clip: Path) -> Look:
        """What its streams are."""

    def remux(self, clips: Sequence[Path], film: Path) -> None:
        """Clips whose streams agree, one after the other as they are, as MP4."""

    def encode(self, clips: Sequence[Path], looks: Sequence[Look], film: Path) -> None:
        """Clips of any kind as H.264 and AAC, at the first one's size and rate; silence where one has no sound."""


def find_tool() -> Tool | None:
    """What this machine has."""
    if find_spec("av") is not None:
        from .pyav import PyAV

        return PyAV()
    ffmpeg = which("ffmpeg")
    if ffmpeg is None:
        return None
    from .ffmpeg import FFmpeg

    return FFmpeg(ffmpeg)


def need_tool() -> Tool:
    """Raises UsageError ``missing_dependency``, with the line that installs one."""
    tool = find_tool()
    if tool is not None:
        return tool
    uv = shell_line([[uv_command(os.environ) or "uv", "run", "--with", "av", sys.argv[0]]])
    raise UsageError(
        "missing_dependency",
        "clips are joined and last frames are read with PyAV or ffmpeg, and neither is here: nothing was sent",
        should_retry=True,
        guidance=(
            "run install once, then the same command again",
            f"or, without installing packages: {uv} …",
            "or install ffmpeg (apt install ffmpeg, brew install ffmpeg)",
        ),
        details={"missing": ["av"], "install": shell_line(film_commands(os.environ))},
    )


def picture_filters(first: Look) -> list[tuple[str, str]]:
    """What brings any clip's pictures to the first one's size and rate: names of filters and their arguments."""
    size = f"{first.width}:{first.height}"
    return [
        ("scale", f"{size}:force_original_aspect_ratio=decrease:force_divisible_by=2"),
        ("pad", f"{size}:-1:-1"),
        ("setsar", "1"),
        ("fps", str(first.rate)),
        ("format", "yuv420p"),
    ]


def sound_filters(seconds: Fraction) -> list[tuple[str, str]]:
    """What makes any sound as long as its pictures, with silence after its end."""
    return [
        ("aresample", str(SOUND_RATE)),
        ("aformat", "sample_fmts=fltp:channel_layouts=stereo"),
        ("apad", ""),
        ("atrim", f"end={float(seconds):.6f}"),
    ]


SILENCE = ("anullsrc", f"r={SOUND_RATE}:cl=stereo")


def concat_list(clips: Sequence[Path]) -> str:
    """The text that FFmpeg's concat demuxer reads: one quoted path a line."""
    return "".join("file '{}'\n".format(str(clip.absolute()).replace("'", "'\\''")) for clip in clips)


def sane_rate(rate: Fraction | None) -> Fraction:
    """A rate that a film can have; 24 where a clip tells none."""
    return rate if rate is not None and LEAST_RATE <= rate <= MOST_RATE else Fraction(24)
