"""A file with a few bytes changed, written in one pass: gigabytes go by in pieces and are never held."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

_PIECE_BYTES = 1 << 20
_AIGC = re.compile(rb'"AIGC"|\bAIGC\s*\{|mdtaAIGC')


class Unlabelled(Exception):
    """Why a file gets no label and stays as it is: half a sentence for a person."""


class Edit(NamedTuple):
    """``data`` in place of the ``removed`` bytes at offset ``at``."""

    at: int
    removed: int
    data: bytes


@dataclass(frozen=True)
class XmpPlace:
    """Where a file has its XMP packet, or where it would go."""

    edits: Callable[[bytes], Sequence[Edit]]
    """A packet to the changes that put it there."""
    packets: Sequence[bytes] = ()
    """What is there already: one, if the file is as it should be."""
    declared: bool = False
    """China's label stands elsewhere in the file."""
    refusal: str = ""
    """Why nothing may be changed; empty where it may."""


class Copied(NamedTuple):
    """What was written, and what it was made from. Hexadecimal digests."""

    sha256: str
    source_sha256: str
    size_bytes: int


def copy(source: BinaryIO, target: BinaryIO, edits: Sequence[Edit]) -> Copied:
    """Write ``source`` with the edits, which do not overlap, to ``target``.

    Raises OSError, and Unlabelled if it shrinks meanwhile.
    """
    before = after = hashlib.sha256()  # one until the first change, which in a clip is near the end
    size = here = 0
    source.seek(0)
    for edit in (*sorted(edits), None):
        for piece in _pieces(source, None if edit is None else edit.at - here):
            before.update(piece)
            if after is not before:
                after.update(piece)
            size += target.write(piece)
        if edit is not None:
            after = before.copy() if after is before else after
            for piece in _pieces(source, edit.removed):
                before.update(piece)
            after.update(edit.data)
            size += target.write(edit.data)
            here = edit.at + edit.removed
    return Copied(after.hexdigest(), before.hexdigest(), size)


def declares(data: bytes) -> bool:
    """Whether metadata other than XMP holds China's label: as JSON, bare or under its key, or as QuickTime's key."""
    return _AIGC.search(data) is not None


def exactly(file: BinaryIO, count: int) -> bytes:
    """``count`` bytes. Raises EOFError where there are fewer."""
    data = file.read(count)
    if len(data) < count:
        raise EOFError
    return data


def _pieces(source: BinaryIO, count: int | None) -> Iterator[bytes]:
    """The next ``count`` bytes, all that is left for None."""
    left = count
    while left is None or left:
        piece = source.read(_PIECE_BYTES if left is None else min(left, _PIECE_BYTES))
        if not piece and left:
            raise Unlabelled("it became shorter while it was read")
        if not piece:
            return
        left = None if left is None else left - len(piece)
        yield piece
