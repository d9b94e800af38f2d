"""Whether a sound file holds sound: two frames, blocks or pages that follow one another, not just a first magic word.

MP3 and AAC (ISO 11172-3, 13818-3, 13818-7), FLAC (RFC 9639), Ogg (RFC 3533). Others are told by their structure.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping

from .bounded import Bounded

_SEARCHED_BYTES = 1 << 16
_V1_LAYER_2 = (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384)
_V1_LAYER_3 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_V2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
"""Kilobits a second by the index in a frame's header."""
_SAMPLINGS = (44100, 48000, 32000)


def check_sound(file: Bounded, media_type: str) -> None:
    """Raises ValueError or EOFError for what only begins like such a sound; Untold."""
    check = _CHECKS.get(media_type)
    if check is not None:
        check(file)


def _frames(file: Bounded, length_of: Callable[[bytes], int]) -> None:
    """Two frames in a row, or one that fills the file, after an ID3 tag and a little of anything."""
    start = _behind_id3(file)
    file.seek(start)
    data = file.read(_SEARCHED_BYTES)
    at = data.find(b"\xff")
    while at >= 0:
        length = length_of(data[at : at + 6])
        if length and (start + at + length == file.length or length_of(data[at + length : at + length + 6])):
            return
        at = data.find(b"\xff", at + 1)
    raise ValueError("it has no frames")


def _behind_id3(file: Bounded) -> int:
    head = file.take(10)
    if not head.startswith(b"ID3"):
        return 0
    size = 0
    for byte in head[6:]:
        size = size << 7 | byte & 0x7F
    return 10 + size + (10 if head[5] & 0x10 else 0)  # a footer repeats the header


def _mpeg_frame(head: bytes) -> int:
    """Bytes of a frame of Layer II or III; 0 for what is no frame's header."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0
    version, layer, rate, sampling = head[1] >> 3 & 3, head[1] >> 1 & 3, head[2] >> 4, head[2] >> 2 & 3
    if version == 1 or layer not in (1, 2) or not 0 < rate < 15 or sampling == 3:
        return 0
    bits = (_V1_LAYER_2 if layer == 2 else _V1_LAYER_3) if version == 3 else _V2
    hertz = _SAMPLINGS[sampling] >> (0 if version == 3 else 1 if version == 2 else 2)
    samples_by_8 = 72 if layer == 1 and version != 3 else 144
    return samples_by_8 * bits[rate] * 1000 // hertz + (head[2] >> 1 & 1)


def _adts_frame(head: bytes) -> int:
    if len(head) < 6 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0:
        return 0
    length = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    return length if length > 7 else 0


def _flac(file: Bounded) -> None:
    """STREAMINFO, 34 bytes, comes first."""
    if file.take(42)[4:8] not in (b"\x00\0\0\x22", b"\x80\0\0\x22"):
        raise ValueError("it has no STREAMINFO")


def _ogg(file: Bounded) -> None:
    """Two pages; one may do where the file ends with it."""
    for _ in range(2):
        magic, version, segments = struct.unpack(">4sB21xB", file.take(27))
        if magic != b"OggS" or version:
            raise ValueError("it has no pages")
        end = file.tell() + segments + sum(file.take(segments))
        if end > file.length:
            raise EOFError
        if end == file.length:
            return
        file.seek(end)


_CHECKS: Mapping[str, Callable[[Bounded], None]] = {
    "audio/mpeg": lambda file: _frames(file, _mpeg_frame),
    "audio/aac": lambda file: _frames(file, _adts_frame),
    "audio/flac": _flac,
    "audio/ogg": _ogg,
    "video/ogg": _ogg,
}
