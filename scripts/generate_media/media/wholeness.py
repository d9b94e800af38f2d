"""Where a file says that it ends: PNG, JPEG, GIF, RIFF (WebP, WAV, AVI), ISO boxes (MP4, MOV, AVIF, HEIC), Matroska.

A file that is merely odd is not cut short: bytes behind its end, fragments, boxes that run to the end of the file,
sizes that a streaming encoder never filled in.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from contextlib import suppress
from enum import Enum
from typing import BinaryIO

from .bounded import LOOK_SECONDS, Bounded, Untold
from .iso_boxes import boxes
from .measures import jpeg_segments

_BLOCK_BYTES = 1 << 18
_STREAMED_BYTES = 0x7FFF0000
"""From here on a RIFF size is what encoders write that cannot go back to fill it in."""
_SIZE_SLIP_BYTES = 8
"""Some encoders count a RIFF's own header as its content."""
_TOP_BOXES = frozenset(
    (
        *(b"ftyp", b"styp", b"pdin", b"moov", b"moof", b"mfra", b"mdat", b"imda", b"free", b"skip", b"wide", b"meta"),
        *(b"meco", b"uuid", b"sidx", b"ssix", b"prft", b"emsg", b"pnot", b"udta"),
    )
)
_DESCRIPTIONS = {b"moov", b"moof", b"meta"}
_SEGMENT = b"\x18\x53\x80\x67"


class Structure(Enum):
    """What a file's own structure says of it."""

    WHOLE = "whole"
    CUT = "cut short"
    BROKEN = "broken"
    UNTOLD = "untold"


def structure(file: BinaryIO, media_type: str, *, seconds: float = LOOK_SECONDS) -> Structure:
    """Follow a file to its end, by its own sizes and marks; ``seconds`` (real ones) bound the look.

    UNTOLD: the type or the file does not say, it takes too long, or the disk fails.
    """
    follow = _FOLLOW.get(media_type)
    if follow is None:
        return Structure.UNTOLD
    try:
        follow(Bounded(file, seconds=seconds))
    except EOFError:
        return Structure.CUT
    except (ValueError, struct.error):
        return Structure.BROKEN
    except (Untold, OSError):
        return Structure.UNTOLD
    return Structure.WHOLE


def _png(file: Bounded) -> None:
    file.seek(8)
    name = b""
    while name != b"IEND":
        size, name = struct.unpack(">I4s", file.take(8))
        if not name.isalpha():
            raise ValueError("no chunk")
        _pass(file, size + 4)


def _jpeg(file: Bounded) -> None:
    """In the picture's data FF is always followed by 00 or a restart marker (ITU T.81, F.1.2.3), so FFD9 is its end."""
    for _ in jpeg_segments(file):
        pass
    before = b""
    while block := file.read(_BLOCK_BYTES):
        if b"\xff\xd9" in before + block:
            return
        before = block[-1:]
    raise EOFError


def _gif(file: Bounded) -> None:
    """Blocks by their introducers (GIF89a, appendix A), zero bytes between them passed over, to the trailer."""
    _pass_colours(file, file.take(13)[10])
    while (block := file.take(1)) != b"\x3b":
        if block == b"\x2c":
            _pass_colours(file, file.take(9)[8])
        elif block == b"\0":
            continue
        elif block != b"\x21":
            raise ValueError("no block")
        file.take(1)
        while size := file.take(1)[0]:
            file.seek(size, 1)


def _pass_colours(file: Bounded, flags: int) -> None:
    if flags & 0x80:
        _pass(file, 6 << (flags & 7))


def _riff(file: Bounded) -> None:
    """One RIFF after another (large AVI files have several): no chunk may reach beyond the file."""
    start, magic = 0, b"RIFF"
    while magic == b"RIFF":
        file.seek(start)
        magic, size = struct.unpack("<4sI", file.take(8))
        if magic == b"RF64" or not 0 < size < _STREAMED_BYTES:
            raise Untold("its size was not filled in")
        end = start + 8 + size
        reached = _riff_chunks(file, start + 12, end)
        if end > file.length and not (reached >= file.length >= end - _SIZE_SLIP_BYTES):
            raise EOFError
        start = end + size % 2
        file.seek(start)
        magic = file.read(4)


def _riff_chunks(file: Bounded, start: int, end: int) -> int:
    """Where the chunks end."""
    while start + 8 <= min(end, file.length):
        file.seek(start)
        name, size = struct.unpack("<4sI", file.take(8))
        if not name.isascii() or not name.decode().isprintable():
            break
        if size >= _STREAMED_BYTES:
            raise Untold("its size was not filled in")
        _pass(file, size)
        start = file.tell()
        if size % 2 and file.read(1) == b"\0":  # the padding that some encoders forget
            start += 1
    return start


def _iso(file: Bounded) -> None:
    """No box reaches beyond the file, and there are data as well as what describes them."""
    names: set[bytes] = set()
    end = 0
    with suppress(ValueError):  # what follows the last box need not be one
        for name, _, end in boxes(file, 0, file.length):
            if end > file.length and name in _TOP_BOXES:
                raise EOFError
            names.add(name)
    described, begun = bool(names & _DESCRIPTIONS), 0 < file.length - end < 8
    if names <= _TOP_BOXES and (b"mdat" not in names or (begun and not described)):
        raise EOFError
    if b"mdat" not in names or not described:
        raise ValueError("other boxes than a clip's or picture's")


def _matroska(file: Bounded) -> None:
    """The Segment's size (RFC 8794, 6.2: all ones mean that it was not known), after the EBML header."""
    name = file.take(4)
    while name != _SEGMENT:
        _pass(file, _ebml_size(file))
        name = file.take(4)
    _pass(file, _ebml_size(file))


def _ebml_size(file: Bounded) -> int:
    first = file.take(1)[0]
    width = 9 - first.bit_length()
    if width > 8:
        raise ValueError("no EBML size")
    size = int.from_bytes(bytes([first]) + file.take(width - 1), "big") & ~(1 << 7 * width)
    if size == (1 << 7 * width) - 1:
        raise Untold("its size was not filled in")
    return size


def _pass(file: Bounded, count: int) -> None:
    """Go over bytes that must be there."""
    end = file.tell() + count
    if end > file.length:
        raise EOFError
    file.seek(end)


_FOLLOW: Mapping[str, Callable[[Bounded], None]] = {
    "image/png": _png,
    "image/jpeg": _jpeg,
    "image/gif": _gif,
    "image/webp": _riff,
    "image/avif": _iso,
    "image/heic": _iso,
    "audio/wav": _riff,
    "audio/mp4": _iso,
    "video/mp4": _iso,
    "video/quicktime": _iso,
    "video/webm": _matroska,
    "video/x-matroska": _matroska,
    "video/x-msvideo": _riff,
}
