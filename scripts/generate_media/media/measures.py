"""Pixels and seconds from file headers, read by seeking: a 4 GiB clip costs as little as a thumbnail.

Not by Pillow: its import alone takes 58 ms of a user's wait, and it reads all that a header promises. Readers may
raise ValueError, struct.error, IndexError, EOFError or Untold on broken files; the caller (sniff.measure) makes no
measures of it.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from .bounded import Bounded
from .iso_boxes import walk

_BLOCK_BYTES = 1 << 16


class Measures(NamedTuple):
    """Pixels and seconds; None where the file does not tell."""

    width: int | None = None
    height: int | None = None
    duration_seconds: float | None = None


def png(file: Bounded) -> Measures:
    head = file.take(24)
    if head[12:16] != b"IHDR":
        raise ValueError("no IHDR")
    return Measures(*struct.unpack(">II", head[16:24]))


def gif(file: Bounded) -> Measures:
    return Measures(*struct.unpack("<6xHH", file.take(10)))


def bmp(file: Bounded) -> Measures:
    head = file.take(26)
    if head[14] == 12:
        return Measures(*struct.unpack("<HH", head[18:22]))
    width, height = struct.unpack("<ii", head[18:26])
    return Measures(width, abs(height))  # a negative height means rows from the top


def webp(file: Bounded) -> Measures:
    """By the first chunk: extended, lossless (whose data begin with 2F) or lossy (9D012A; RFC 9649, 2.5 to 2.7)."""
    head = file.take(30)
    chunk = head[12:16]
    if chunk == b"VP8X":
        return Measures(1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little"))
    if chunk == b"VP8L" and head[20] == 0x2F:
        bits = int.from_bytes(head[21:25], "little")
        return Measures(1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF))
    if chunk != b"VP8 " or head[23:26] != b"\x9d\x01\x2a":
        raise ValueError("no picture's chunk")
    width, height = struct.unpack("<HH", head[26:30])
    return Measures(width & 0x3FFF, height & 0x3FFF)


def jpeg(file: Bounded) -> Measures:
    """The first start-of-frame marker's size (ITU T.81, B.2.2)."""
    for marker, _ in jpeg_segments(file):
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">xHH", file.take(5))
            return Measures(width, height)
    raise ValueError("no frame")


def jpeg_segments(file: Bounded) -> Iterator[tuple[int, int]]:
    """Marker and content length of each segment before the picture's data, SOS the last; the file stands at the
    content, and behind it once the next is asked for. Raises EOFError, ValueError, Untold."""
    file.seek(2)
    marker = 0
    while marker != SOS:
        marker = _next_marker(file)
        if marker not in _ALONE:
            length = struct.unpack(">H", file.take(2))[0] - 2
            if length < 0:
                raise ValueError("a segment smaller than its header")
            content = file.tell()
            yield marker, length
            file.seek(content + length)


SOS = 0xDA
_ALONE = {0x01, *range(0xD0, 0xDA)}
"""Markers without content: TEM, RST, SOI, EOI."""
_MARKER = re.compile(rb"\xff([^\xff\x00])")


def _next_marker(file: Bounded) -> int:
    """Fill bytes and stray ones before it are passed over, as libjpeg does."""
    start, count = file.tell(), 16
    while len(piece := file.read(count)) > 1:
        fill_bytes = len(piece) - len(piece.lstrip(b"\xff"))
        found = _MARKER.search(piece, max(0, fill_bytes - 1))
        if found:
            file.seek(start + found.end())
            return found[1][0]
        start += len(piece) - 1  # its last byte may be a marker's first
        file.seek(start)
        count = _BLOCK_BYTES
    raise EOFError


def wav(file: Bounded) -> Measures:
    """Seconds of a WAVE file: bytes of its data chunk by bytes a second of its fmt chunk."""
    file.seek(12)
    bytes_a_second = 0
    while True:
        name, size = struct.unpack("<4sI", file.take(8))
        if name == b"fmt ":
            bytes_a_second = struct.unpack("<8xI", file.take(12))[0]
            file.seek(size - 12 + size % 2, 1)
        elif name == b"data":
            return Measures(duration_seconds=round(min(size, file.length - file.tell()) / bytes_a_second, 3))
        else:
            file.seek(size + size % 2, 1)


def iso_media(file: Bounded) -> Measures:
    """MP4, QuickTime, M4A: seconds from mvhd (mehd when fragmented), pixels from the first visual sample entry."""
    seconds: float | None = None
    size: tuple[int | None, int | None] = (None, None)
    scale = 0
    for name, start, end in walk(file, dict.fromkeys((b"moov", b"trak", b"mdia", b"minf", b"stbl", b"mvex"), 0)):
        file.seek(start)
        if name == b"mvhd":
            scale, length = _mvhd(file)
            seconds = round(length / scale, 3) if length and length != 0xFFFFFFFF else None
        elif name == b"mehd" and seconds is None and scale:
            wide = file.take(4)[0] == 1
            seconds = round(int.from_bytes(file.take(8 if wide else 4), "big") / scale, 3)
        elif name == b"stsd" and size == (None, None) and end - start >= 44:
            size = _visual_size(file.take(44))
    return Measures(size[0], size[1], seconds)


def heif(file: Bounded) -> Measures:
    """AVIF and HEIC: the largest ``ispe`` (ISO 23008-12, 6.5.3), as tiles and thumbnails have smaller ones of their
    own; a sequence without any is measured as a clip."""
    sizes = [Measures()]
    for name, start, _ in walk(file, {b"meta": 4, b"iprp": 0, b"ipco": 0}):
        if name == b"ispe":
            file.seek(start + 4)
            sizes.append(Measures(*struct.unpack(">II", file.take(8))))
    return max(sizes[1:], key=lambda size: (size.width or 0) * (size.height or 0)) if sizes[1:] else iso_media(file)


def tiff(file: Bounded) -> Measures:
    """Width and length (tags 256, 257) of the first directory of a TIFF 6.0 or BigTIFF."""
    magic = file.take(4)
    order, big = ("<" if magic[:1] == b"I" else ">"), b"+" in magic
    file.seek(8 if big else 4)
    file.seek(struct.unpack(order + ("Q" if big else "I"), file.take(8 if big else 4))[0])
    count = struct.unpack(order + ("Q" if big else "H"), file.take(8 if big else 2))[0]
    entry = struct.Struct(order + ("HHQ8s" if big else "HHI4s"))
    found = {}
    for tag, kind, _, value in entry.iter_unpack(file.take(count * entry.size)):
        if tag in (256, 257):
            found[tag] = struct.unpack_from(order + {3: "H", 4: "I", 16: "Q"}[kind], value)[0]
    return Measures(found[256], found[257])


READERS: Mapping[str, Callable[[Bounded], Measures]] = {
    "image/png": png,
    "image/jpeg": jpeg,
    "image/gif": gif,
    "image/bmp": bmp,
    "image/webp": webp,
    "image/tiff": tiff,
    "image/avif": heif,
    "image/heic": heif,
    "audio/wav": wav,
    "video/mp4": iso_media,
    "video/quicktime": iso_media,
    "audio/mp4": iso_media,
}


def _mvhd(file: Bounded) -> tuple[int, int]:
    version = file.take(4)[0]
    form = ">16xIQ" if version == 1 else ">8xII"
    scale, length = struct.unpack(form, file.take(struct.calcsize(form)))
    return scale, length


def _visual_size(stsd: bytes) -> tuple[int | None, int | None]:
    """Width and height at their place in a VisualSampleEntry; sound and text entries have no such size."""
    if stsd[12:16] in (b"mp4a", b"Opus", b"ac-3", b"ec-3", b"alac", b"fLaC", b"tx3g", b"sowt", b"twos", b"lpcm"):
        return None, None
    width, height = struct.unpack(">HH", stsd[40:44])
    return (width, height) if width and height else (None, None)
