"""WebP (RFC 9649): the packet is a chunk named "XMP " after the picture, told of by a flag of the VP8X header."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from ...media import Bounded, webp as measure_webp
from .edits import Edit, Unlabelled, XmpPlace, declares, exactly
from .packet import MAX_BYTES

_XMP, _C2PA = b"XMP ", b"C2PA"
_HAS_XMP, _HAS_ALPHA = 0x04, 0x10
_MAX_FILE_BYTES = (1 << 32) - 10
_MAX_CHUNKS = 1 << 16


def find(file: BinaryIO) -> XmpPlace:
    """Raises EOFError and ValueError for what is no whole WebP, Unlabelled for too many chunks."""
    file.seek(4)
    end = int.from_bytes(exactly(file, 4), "little") + 8
    packets, old, declared, refusal = [], [], False, ""
    names = []
    for name, at, size in _chunks(file, end):
        names.append(name)
        if name == _C2PA:
            refusal = "it carries a C2PA manifest, and a change would break its signature"
        elif name in (_XMP, b"EXIF"):
            file.seek(at + 8)
            data = exactly(file, min(size, MAX_BYTES + 1))
            if name == _XMP:
                packets.append(data)
                old.append(Edit(at, _padded(size) + 8, b""))
            else:
                declared = declared or declares(data)
    if not names or names[0] not in (b"VP8X", b"VP8 ", b"VP8L"):
        raise ValueError("no picture")
    if end + MAX_BYTES + 64 > _MAX_FILE_BYTES:
        refusal = refusal or "it is as large as a WebP file can be"
    header = _flagged(file) if names[0] == b"VP8X" else _extended(file)

    def edits(packet: bytes) -> list[Edit]:
        rows = [*old, header, Edit(end, 0, _chunk(_XMP, packet))]
        grown = sum(len(row.data) - row.removed for row in rows)
        return [*rows, Edit(4, 4, (end - 8 + grown).to_bytes(4, "little"))]

    return XmpPlace(edits, packets, declared=declared, refusal=refusal)


def _chunks(file: BinaryIO, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, offset and content size of each chunk of the RIFF form; EOFError where they do not fill it exactly."""
    at = 12
    for _ in range(_MAX_CHUNKS):
        if at == end:
            return
        file.seek(at)
        head = exactly(file, 8)
        size = int.from_bytes(head[4:], "little")
        yield head[:4], at, size
        at += 8 + _padded(size)
    raise Unlabelled(f"it has more than {_MAX_CHUNKS} chunks")


def _flagged(file: BinaryIO) -> Edit:
    """VP8X is there: its flags are the first byte of its content."""
    file.seek(20)
    return Edit(20, 1, bytes((exactly(file, 1)[0] | _HAS_XMP,)))


def _extended(file: BinaryIO) -> Edit:
    """A simple picture becomes an extended one: a VP8X header with its size, and its alpha where lossless has one."""
    file.seek(0)
    width, height, _ = measure_webp(Bounded(file))
    file.seek(12)
    head = exactly(file, 13)
    alpha = head[:4] == b"VP8L" and head[12] & 0x10  # alpha_is_used follows two sizes of 14 bits
    if not width or not height:
        raise ValueError("no size")
    flags = bytes((_HAS_XMP | (_HAS_ALPHA if alpha else 0), 0, 0, 0))
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return Edit(12, 0, _chunk(b"VP8X", flags + size))


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + len(data).to_bytes(4, "little") + data + b"\0" * (len(data) % 2)


def _padded(size: int) -> int:
    return size + size % 2
