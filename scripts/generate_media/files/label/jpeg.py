"""JPEG: the packet is an APP1 segment (XMP Specification Part 3, 1.1.3), before the first scan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from .edits import Edit, Unlabelled, XmpPlace, declares, exactly

_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_EXIF = b"Exif\0"
_APP0, _APP1, _APP2, _APP11 = 0xE0, 0xE1, 0xE2, 0xEB
_COMMENT, _START_OF_SCAN = 0xFE, 0xDA
_MAX_SEGMENTS = 4096


def find(file: BinaryIO) -> XmpPlace:
    """Raises EOFError and ValueError for what is no whole JPEG, Unlabelled for too many segments."""
    head, packets, old, declared, refusal = 2, [], [], False, ""
    for marker, at, data in _segments(file):
        if marker == _APP0 or (marker == _APP1 and data.startswith(_EXIF)):
            head = at + 4 + len(data)  # JFIF and Exif each want to be the first, so ours comes after both
        if marker == _APP1 and data.startswith(_XMP):
            packets.append(data[len(_XMP) :])
            old.append(Edit(at, 4 + len(data), b""))
        elif marker == _APP11 and b"c2pa" in data:  # a JUMBF box of that type and label (ISO 19566-5, C2PA A.3)
            refusal = "it carries a C2PA manifest, and a change would break its signature"
        elif marker == _APP2 and data.startswith(b"MPF\0"):
            refusal = "it holds several pictures that are found by their distance from each other"
        elif _APP0 <= marker <= _COMMENT:
            declared = declared or declares(data)

    def edits(packet: bytes) -> list[Edit]:
        size = len(_XMP) + len(packet) + 2
        return [*old, Edit(head, 0, bytes((0xFF, _APP1)) + size.to_bytes(2, "big") + _XMP + packet)]

    return XmpPlace(edits, packets, declared=declared, refusal=refusal)


def _segments(file: BinaryIO) -> Iterator[tuple[int, int, bytes]]:
    """Marker, offset (fill bytes not counted) and content of each segment before the first scan (ITU T.81, B.1)."""
    at = 2
    for _ in range(_MAX_SEGMENTS):
        file.seek(at)
        lead, marker = exactly(file, 2)
        if lead != 0xFF:
            raise ValueError("no marker")
        if marker == 0xFF:
            at += 1
            continue
        if marker == _START_OF_SCAN:
            return
        size = int.from_bytes(exactly(file, 2), "big")
        if marker < 0xC0 or 0xD0 <= marker <= 0xD9 or size < 2:
            raise ValueError("a marker that has no segment")
        yield marker, at, exactly(file, size - 2)
        at += size + 2
    raise Unlabelled(f"it has more than {_MAX_SEGMENTS} segments")
