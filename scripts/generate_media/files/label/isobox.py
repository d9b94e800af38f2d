"""MP4 and QuickTime (ISO 14496-12): the packet is a uuid box at the end, so that no offset into the media moves.

XMP Specification Part 3 names the box; exiftool and ffmpeg read it in both formats. An older packet elsewhere becomes
a ``free`` box of the same size, and its words are merged into the new one.
"""

from __future__ import annotations

from typing import BinaryIO, NamedTuple

from ...media import Bounded, boxes
from .edits import Edit, Unlabelled, XmpPlace, declares, exactly
from .packet import MAX_BYTES

_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_C2PA = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
"""C2PA 2.4, A.5.1.1."""


class Box(NamedTuple):
    """A box's type and offsets: of its header, its content, and its end."""

    name: bytes
    at: int
    content: int
    end: int


def find(file: BinaryIO) -> XmpPlace:
    """Raises EOFError and ValueError for broken boxes, Unlabelled where they do not fill the file."""
    length = file.seek(0, 2)
    top = _inside(file, 0, length)
    if not top or top[-1].end != length:
        raise Unlabelled("its boxes do not fill it exactly, so nothing can be put behind them")
    kinds = {box: _user_type(file, box) for box in top if box.name == b"uuid"}
    metadata = _metadata(file, top)
    old = [box for box, kind in kinds.items() if kind == _XMP]
    old += [box for box in metadata if box.name == b"XMP_"]
    packets = [_content(file, box)[16 if box.name == b"uuid" else 0 :] for box in old]
    declared = any(declares(_content(file, box)) for box in metadata if box.name != b"XMP_")
    end, closed, refusal = _end(file, top, old)
    if _C2PA in kinds.values():
        refusal = "it carries a C2PA manifest, and a change would break its signature"

    def edits(packet: bytes) -> list[Edit]:
        gone = [row for box in old for row in _gone(box, last=box in top and box.end == end)]
        new = (24 + len(packet)).to_bytes(4, "big") + b"uuid" + _XMP + packet
        return [*gone, *closed, Edit(end, 0, new)]

    return XmpPlace(edits, packets, declared=declared, refusal=refusal)


def _end(file: BinaryIO, top: list[Box], old: list[Box]) -> tuple[int, list[Edit], str]:
    """Where a box may be added, what must be written for that, and why it may not be.

    A fragmented file's ``mfra`` is found from the file's end, so it stays the last. Media of size 0 ("to the end of
    the file") would swallow what follows: they are given their length, in the four bytes that they have for it.
    """
    last = top[-1]
    size = last.end - last.at
    file.seek(last.at)
    if int.from_bytes(exactly(file, 4), "big") or last in old:
        return (last.at if last.name == b"mfra" else last.end), [], ""
    if last.name != b"mdat" or size >> 32:
        return last.end, [], "its last part runs to its end, and cannot be given a length"
    return last.end, [Edit(last.at, 4, size.to_bytes(4, "big"))], ""


def _gone(box: Box, *, last: bool) -> list[Edit]:
    """Take the box out where nothing follows it; else make it empty space, so that what follows stays in its place."""
    if last:
        return [Edit(box.at, box.end - box.at, b"")]
    return [Edit(box.at + 4, 4, b"free"), Edit(box.content, box.end - box.content, bytes(box.end - box.content))]


def _metadata(file: BinaryIO, top: list[Box]) -> list[Box]:
    """The boxes in which a movie keeps texts: all in ``moov/udta``, and each ``meta`` of ``moov``."""
    inner = [box for movie in top if movie.name == b"moov" for box in _inside(file, movie.content, movie.end)]
    texts = [box for user in inner if user.name == b"udta" for box in _inside(file, user.content, user.end)]
    return [*texts, *(box for box in inner if box.name == b"meta")]


def _inside(file: BinaryIO, start: int, end: int) -> list[Box]:
    found: list[Box] = []
    for name, content, stop in boxes(Bounded(file), start, end):
        found.append(Box(name, found[-1].end if found else start, content, stop))
    return found


def _user_type(file: BinaryIO, box: Box) -> bytes:
    return _content(file, box)[:16]


def _content(file: BinaryIO, box: Box) -> bytes:
    """A box's content, or one byte more of it than any packet may have."""
    file.seek(box.content)
    return exactly(file, min(box.end - box.content, MAX_BYTES + 17))
