"""Clips by the program ffmpeg. What their streams are is told by its framehash muxer, which is made to be read."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from .tools import SILENCE, Look, concat_list, picture_filters, sane_rate, sound_filters

SECONDS = 3600.0
NEAR_END = ("-1", "-5")
_HEADER = re.compile(r"#(\w+) (\d+)[:,] *(.*)")
_PACKET_FIELDS = 6


@dataclass(frozen=True)
class FFmpeg:
    """See :class:`Tool`."""

    program: str

    def last_frame(self, clip: Path, picture: Path) -> None:
        for near in (*(["-sseof", seconds] for seconds in NEAR_END), []):  # sound may go on after the pictures
            frame = ["-map", "0:v:0", "-f", "image2", "-update", "1", "-c:v", "png", str(picture)]
            self._run([*near, "-i", str(clip), *frame])
            if picture.stat().st_size:
                return
        raise OSError("it has no pictures")

    def look(self, clip: Path) -> Look:
        streams = ["-map", "0:v:0", "-map", "0:a:0?", "-c", "copy"]
        told = self._run(["-i", str(clip), *streams, "-f", "framehash", "-"])
        return _read(told.decode("utf-8", "replace").splitlines())

    def remux(self, clips: Sequence[Path], film: Path) -> None:
        with tempfile.TemporaryDirectory() as folder:
            names = Path(folder) / "clips.txt"
            names.write_text(concat_list(clips), encoding="utf-8")
            streams = ["-map", "0:v:0", "-map", "0:a:0?", "-c", "copy"]
            self._run(["-copyts", "-f", "concat", "-safe", "0", "-i", str(names), *streams, *_mp4(film)])

    def encode(self, clips: Sequence[Path], looks: Sequence[Look], film: Path) -> None:
        has_sound = any(look.audio for look in looks)
        graph, ends = [], ""
        for number, look in enumerate(looks):
            graph.append(_chained(f"[{number}:v:0]", picture_filters(looks[0]), f"[v{number}]"))
            ends += f"[v{number}]"
            if has_sound:
                source = [] if look.audio else [SILENCE]
                begin = f"[{number}:a:0]" if look.audio else ""
                graph.append(_chained(begin, [*source, *sound_filters(look.seconds)], f"[a{number}]"))
                ends += f"[a{number}]"
        graph.append(f"{ends}concat=n={len(clips)}:v=1:a={int(has_sound)}[v]{'[a]' if has_sound else ''}")
        inputs = [word for clip in clips for word in ("-i", str(clip))]
        sound = ["-map", "[a]", "-c:a", "aac"] if has_sound else []
        video = ["-map", "[v]", "-c:v", "h264", "-crf", "18"]
        self._run([*inputs, "-filter_complex", ";".join(graph), *video, *sound, *_mp4(film)])

    def _run(self, words: Sequence[str]) -> bytes:
        command = [self.program, "-v", "error", "-nostdin", "-y", *words]
        try:
            done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)  # noqa: S603
        except subprocess.TimeoutExpired:
            raise OSError(f"ffmpeg was not done after {SECONDS:g} s") from None
        if done.returncode:
            lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise OSError(f"ffmpeg: {lines[-1][:300] if lines else f'exit {done.returncode}'}")
        return done.stdout


def _mp4(film: Path) -> list[str]:
    return ["-movflags", "+faststart", "-f", "mp4", str(film)]


def _chained(begin: str, filters: Iterable[tuple[str, str]], end: str) -> str:
    return begin + ",".join(f"{name}={words}" if words else name for name, words in filters) + end


@dataclass
class _Stream:
    """One stream as framehash tells of it; its times in ticks."""

    words: dict[str, str] = field(default_factory=dict)
    steps: Counter[int] = field(default_factory=Counter)
    begin: int | None = None
    end: int = 0

    def add(self, pts: int, duration: int) -> None:
        self.steps[duration] += 1
        self.begin = pts if self.begin is None else min(self.begin, pts)
        self.end = max(self.end, pts + duration)


def _read(lines: Iterable[str]) -> Look:
    streams: dict[str, _Stream] = {}
    for line in lines:
        header = _HEADER.fullmatch(line)
        if header:
            streams.setdefault(header[2], _Stream()).words[header[1]] = header[3]
        parts = [part.strip() for part in line.split(",")]
        if not line.startswith("#") and len(parts) == _PACKET_FIELDS:
            streams.setdefault(parts[0], _Stream()).add(int(parts[2]), int(parts[3]))
    kinds = {stream.words.get("media_type"): stream for stream in streams.values()}
    video, audio = kinds.get("video"), kinds.get("audio")
    if video is None or video.begin is None:
        raise OSError("it has no pictures")
    tick = Fraction(video.words["tb"])
    step = video.steps.most_common(1)[0][0] * tick
    rate = sane_rate(1 / step if step else None)
    width, height = map(int, video.words["dimensions"].split("x"))
    told = _words(video.words, "codec_id", "extradata", "dimensions", "sar", "tb")
    heard = _words(audio.words, "codec_id", "extradata", "sample_rate", "channel_layout_name") if audio else ""
    return Look(f"{told} {rate}", heard, width, height, rate, (video.end - video.begin) * tick)


def _words(words: Mapping[str, str], *names: str) -> str:
    return " ".join(words.get(name, "-") for name in names)
