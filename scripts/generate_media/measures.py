"""Pixels and seconds from file headers, read by seeking: a 4 GiB clip costs as little as a thumbnail.

The common formats are read here because Pillow's import alone takes 58 ms of a user's wait; Pillow reads the
rare ones (TIFF, AVIF). Readers may raise ValueError, struct.error, IndexError or EOFError on broken files; the
caller (sniff.measure) makes no measures of it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO, NamedTuple

TAIL_BYTES = 4096
"""Bytes that may follow a picture's end mark: some encoders add a little."""
_END_MARKS = {"image/png": b"IEND\xaeB`\x82", "image/jpeg": b"\xff\xd9", "image/gif": b"\x3b"}
_MAX_BOXES = 4096
_MAX_MARKERS = 1024


class Measures(NamedTuple):
    """Pixels and seconds; None where the file does not tell."""

    width: int | None = None
    height: int | None = None
    duration_seconds: float | None = None


def png(file: BinaryIO) -> Measures:
    head = _exactly(file, 24)
    if head[12:16] != b"IHDR":
        raise ValueError("no IHDR")
    return Measures(*struct.unpack(">II", head[16:24]))


def gif(file: BinaryIO) -> Measures:
    return Measures(*struct.unpack("<6xHH", _exactly(file, 10)))


def bmp(file: BinaryIO) -> Measures:
    head = _exactly(file, 26)
    if head[14] == 12:
        return Measures(*struct.unpack("<HH", head[18:22]))
    width, height = struct.unpack("<ii", head[18:26])
    return Measures(width, abs(height))  # a negative height means rows from the top


def webp(file: BinaryIO) -> Measures:
    head = _exactly(file, 30)
    chunk = head[12:16]
    if chunk == b"VP8X":
        return Measures(1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little"))
    if chunk == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return Measures(1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF))
    width, height = struct.unpack("<HH", head[26:30])
    return Measures(width & 0x3FFF, height & 0x3FFF)


def jpeg(file: BinaryIO) -> Measures:
    """The first start-of-frame marker's size (ITU T.81, B.2.2)."""
    file.seek(2)
    for _ in range(_MAX_MARKERS):
        marker = _exactly(file, 2)
        while marker[1] == 0xFF:  # fill bytes may stand before a marker
            marker = marker[1:] + _exactly(file, 1)
        if marker[0] != 0xFF:
            raise ValueError("no marker")
        length = struct.unpack(">H", _exactly(file, 2))[0]
        if 0xC0 <= marker[1] <= 0xCF and marker[1] not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">xHH", _exactly(file, 5))
            return Measures(width, height)
        file.seek(length - 2, 1)
    raise ValueError("no frame")


def wav(file: BinaryIO) -> Measures:
    """Seconds of a WAVE file: bytes of its data chunk by bytes a second of its fmt chunk."""
    file.seek(12)
    bytes_a_second = 0
    for _ in range(_MAX_MARKERS):
        name, size = struct.unpack("<4sI", _exactly(file, 8))
        if name == b"fmt ":
            bytes_a_second = struct.unpack("<8xI", _exactly(file, 12))[0]
            file.seek(size - 12 + size % 2, 1)
        elif name == b"data":
            return Measures(duration_seconds=round(min(size, _left(file)) / bytes_a_second, 3))
        else:
            file.seek(size + size % 2, 1)
    return Measures()


def iso_media(file: BinaryIO) -> Measures:
    """MP4, QuickTime, M4A: seconds from mvhd (mehd when fragmented), pixels from the first visual sample entry."""
    seconds: float | None = None
    size: tuple[int | None, int | None] = (None, None)
    scale = 0
    for name, start, end in _walk(file, (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"mvex")):
        file.seek(start)
        if name == b"mvhd":
            scale, length = _mvhd(file)
            seconds = round(length / scale, 3) if length and length != 0xFFFFFFFF else None
        elif name == b"mehd" and seconds is None and scale:
            wide = _exactly(file, 4)[0] == 1
            seconds = round(int.from_bytes(_exactly(file, 8 if wide else 4), "big") / scale, 3)
        elif name == b"stsd" and size == (None, None) and end - start >= 44:
            size = _visual_size(_exactly(file, 44))
    return Measures(size[0], size[1], seconds)


def by_pillow(file: BinaryIO) -> Measures:
    """Formats that are rare as results; no size where Pillow cannot read them."""
    import warnings

    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # only the header is read
            with Image.open(file) as picture:
                return Measures(*picture.size)
    except (OSError, Image.DecompressionBombError, SyntaxError):
        return Measures()


READERS: Mapping[str, Callable[[BinaryIO], Measures]] = {
    "image/png": png,
    "image/jpeg": jpeg,
    "image/gif": gif,
    "image/bmp": bmp,
    "image/webp": webp,
    "image/tiff": by_pillow,
    "image/avif": by_pillow,
    "image/heic": by_pillow,
    "audio/wav": wav,
    "video/mp4": iso_media,
    "video/quicktime": iso_media,
    "audio/mp4": iso_media,
}


def boxes(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Boxes of ISO 14496-12 between two offsets: type, start and end of the content. A box that says it ends
    beyond ``end`` is given with the end it claims, and is the last."""
    for _ in range(_MAX_BOXES):
        if start + 8 > end:
            return
        file.seek(start)
        size, name = struct.unpack(">I4s", _exactly(file, 8))
        header = 8
        if size == 1:
            size, header = struct.unpack(">Q", _exactly(file, 8))[0], 16
        elif size == 0:
            size = end - start
        if size < header:
            raise ValueError("a box smaller than its header")
        yield name, start + header, start + size
        start += size


def is_whole(file: BinaryIO, media_type: str) -> bool:
    """False when a file of this type certainly lacks its end: for bodies whose length the server did not say."""
    length = _length(file)
    mark = _END_MARKS.get(media_type)
    if mark is not None:
        file.seek(max(0, length - TAIL_BYTES))
        return mark in file.read()
    file.seek(0)
    if media_type in ("image/webp", "video/x-msvideo", "audio/wav"):
        size = int.from_bytes(_exactly(file, 8)[4:], "little")
        return size == 0xFFFFFFFF or size + 8 <= length
    if media_type in ("video/mp4", "video/quicktime", "audio/mp4"):
        try:
            found = list(boxes(file, 0, length))
        except (ValueError, EOFError):
            return False
        return any(name == b"moov" for name, _, _ in found) and found[-1][2] <= length
    return True


def _walk(file: BinaryIO, into: tuple[bytes, ...]) -> Iterator[tuple[bytes, int, int]]:
    """All boxes, those of the containers ``into`` opened; bounded in depth and number, for hostile files."""
    stack = [boxes(file, 0, _length(file))]
    for _ in range(_MAX_BOXES):
        box = next(stack[-1], None)
        if box is None:
            stack.pop()
            if not stack:
                return
        elif box[0] in into and len(stack) <= len(into):
            stack.append(boxes(file, box[1], box[2]))
        else:
            yield box


def _mvhd(file: BinaryIO) -> tuple[int, int]:
    version = _exactly(file, 4)[0]
    form = ">16xIQ" if version == 1 else ">8xII"
    scale, length = struct.unpack(form, _exactly(file, struct.calcsize(form)))
    return scale, length


def _visual_size(stsd: bytes) -> tuple[int | None, int | None]:
    """Width and height at their place in a VisualSampleEntry; sound and text entries have no such size."""
    if stsd[12:16] in (b"mp4a", b"Opus", b"ac-3", b"ec-3", b"alac", b"fLaC", b"tx3g", b"sowt", b"twos", b"lpcm"):
        return None, None
    width, height = struct.unpack(">HH", stsd[40:44])
    return (width, height) if width and height else (None, None)


def _exactly(file: BinaryIO, count: int) -> bytes:
    data = file.read(count)
    if len(data) < count:
        raise EOFError
    return data


def _length(file: BinaryIO) -> int:
    here = file.tell()
    end = file.seek(0, 2)
    file.seek(here)
    return end


def _left(file: BinaryIO) -> int:
    return _length(file) - file.tell()
