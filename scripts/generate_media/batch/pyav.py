"""Clips by PyAV, FFmpeg's libraries in this process. Its concat demuxer is the one that the program ffmpeg has."""

from __future__ import annotations

import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from fractions import Fraction
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from .tools import SILENCE, SOUND_RATE, Look, concat_list, picture_filters, sane_rate, sound_filters

NEAR_END_SECONDS = 3.0
_MP4 = {"movflags": "+faststart"}


Given = ParamSpec("Given")
Got = TypeVar("Got")


def _told(work: Callable[Given, Got]) -> Callable[Given, Got]:
    """The same, with FFmpeg's own errors as OSError."""

    @wraps(work)
    def told(*args: Given.args, **kwargs: Given.kwargs) -> Got:
        from av.error import FFmpegError

        try:
            return work(*args, **kwargs)
        except (FFmpegError, IndexError) as error:
            raise OSError(str(getattr(error, "strerror", "") or "it has no pictures")) from None

    return told


class PyAV:
    """See :class:`Tool`."""

    @_told
    def last_frame(self, clip: Path, picture: Path) -> None:
        import av

        with av.open(str(clip)) as container:
            stream = container.streams.video[0]
            ends = (container.duration or 0) - int(NEAR_END_SECONDS * av.time_base)
            for place in (max(0, ends), 0):  # sound may go on after the pictures
                container.seek(place, backward=True)
                last = next(iter(deque(container.decode(stream), maxlen=1)), None)
                if last is not None:
                    break
            if last is None:
                raise OSError("it has no pictures")
            last.to_image().save(picture, "PNG")

    @_told
    def look(self, clip: Path) -> Look:
        import av

        with av.open(str(clip)) as container:
            if not container.streams.video:
                raise OSError("it has no pictures")
            video = container.streams.video[0]
            audio = next(iter(container.streams.audio), None)
            tick = video.time_base or Fraction(1, 1000)
            seconds = (video.duration or 0) * tick or Fraction(container.duration or 0, av.time_base)
            rate = sane_rate(video.average_rate)
            told = _stream(video, video.width, video.height, video.sample_aspect_ratio, tick, rate)
            heard = _stream(audio, audio.rate, audio.layout.name) if audio else ""
            return Look(told, heard, video.width, video.height, rate, seconds)

    @_told
    def remux(self, clips: Sequence[Path], film: Path) -> None:
        import av

        with tempfile.TemporaryDirectory() as folder:
            names = Path(folder) / "clips.txt"
            names.write_text(concat_list(clips), encoding="utf-8")
            source = av.open(str(names), format="concat", options={"safe": "0"})
            with source, av.open(str(film), "w", format="mp4", options=_MP4) as target:
                _copy(source, target)

    @_told
    def encode(self, clips: Sequence[Path], looks: Sequence[Look], film: Path) -> None:
        import av

        first, has_sound = looks[0], any(look.audio for look in looks)
        with av.open(str(film), "w", format="mp4", options=_MP4) as target:
            video = target.add_stream("h264", rate=first.rate, options={"crf": "18"})
            video.width, video.height, video.pix_fmt = first.width, first.height, "yuv420p"
            audio: Any = target.add_stream("aac", rate=SOUND_RATE, layout="stereo") if has_sound else None
            shown = heard = 0
            for clip, look in zip(clips, looks, strict=True):
                for frame in _pictures(clip, first):
                    frame.pts, frame.time_base, frame.pict_type = shown, 1 / first.rate, 0
                    target.mux(video.encode(frame))
                    shown += 1
                for sound in _sounds(clip, look) if audio is not None else ():
                    sound.pts, sound.time_base = heard, Fraction(1, SOUND_RATE)
                    target.mux(audio.encode(sound))
                    heard += sound.samples
            for stream in filter(None, (video, audio)):
                target.mux(stream.encode(None))


def _stream(stream: Any, *words: object) -> str:
    codec = stream.codec_context
    extradata = bytes(codec.extradata or b"").hex()
    return " ".join(map(str, (codec.name, extradata, *words)))


def _copy(source: Any, target: Any) -> None:
    streams = [*source.streams.video[:1], *source.streams.audio[:1]]
    copies = {stream.index: target.add_stream_from_template(stream) for stream in streams}
    last: dict[int, int] = {}
    for packet in source.demux(streams):
        if packet.dts is None:  # the end of a stream
            continue
        index = packet.stream.index
        # A clip's sound may begin a little before its pictures: the muxer wants each time after the one before.
        packet.dts = max(packet.dts, last.get(index, packet.dts - 1) + 1)
        packet.pts = max(packet.pts, packet.dts)
        last[index] = packet.dts
        packet.stream = copies[index]
        target.mux(packet)


def _pictures(clip: Path, first: Look) -> Iterator[Any]:
    import av

    with av.open(str(clip)) as container:
        stream = container.streams.video[0]
        graph = av.filter.Graph()
        source = graph.add_buffer(template=stream)
        yield from _through(graph, source, picture_filters(first), "buffersink", container.decode(stream))


def _sounds(clip: Path, look: Look) -> Iterator[Any]:
    import av

    graph = av.filter.Graph()
    filters = sound_filters(look.seconds)
    if not look.audio:
        yield from _through(graph, graph.add(*SILENCE), filters, "abuffersink", None)
        return
    with av.open(str(clip)) as container:
        stream = container.streams.audio[0]
        source = graph.add_abuffer(template=stream)
        yield from _through(graph, source, filters, "abuffersink", container.decode(stream))


def _through(graph: Any, source: Any, filters: Sequence[tuple[str, str]], sink: str, frames: Any) -> Iterator[Any]:
    """What comes out of a chain of filters; ``frames`` None: the source makes its own."""
    import av

    steps = [graph.add(name, words) if words else graph.add(name) for name, words in filters]
    end = graph.add(sink)
    graph.link_nodes(source, *steps, end).configure()
    for frame in frames or ():
        source.push(frame)
        yield from _ready(end)
    if frames is not None:
        source.push(None)
    with suppress(av.error.EOFError):
        while True:
            yield end.pull()


def _ready(end: Any) -> Iterator[Any]:
    import av

    with suppress(av.error.BlockingIOError, av.error.EOFError):
        while True:
            yield end.pull()
