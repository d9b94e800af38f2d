"""Boxes of ISO 14496-12, which MP4, QuickTime, M4A, AVIF and HEIC are made of."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping

from .bounded import Bounded


def boxes(file: Bounded, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """The boxes between two offsets: type, start and end of the content. A box that says it ends beyond ``end`` is
    given with the end it claims, and is the last. Raises ValueError for a size that no box has; EOFError, Untold."""
    while start + 8 <= end:
        file.seek(start)
        size, name = struct.unpack(">I4s", file.take(8))
        header = 8
        if size == 1:
            size, header = struct.unpack(">Q", file.take(8))[0], 16
        elif size == 0:
            size = end - start
        if size < header:
            raise ValueError("a box smaller than its header")
        yield name, start + header, start + size
        start += size


def walk(file: Bounded, into: Mapping[bytes, int]) -> Iterator[tuple[bytes, int, int]]:
    """All boxes, those of the containers ``into`` opened: name → bytes that stand before its first box."""
    stack = [boxes(file, 0, file.length)]
    while stack:
        box = next(stack[-1], None)
        if box is None:
            stack.pop()
        elif box[0] in into and len(stack) <= len(into):
            stack.append(boxes(file, box[1] + into[box[0]], min(box[2], file.length)))
        else:
            yield box
