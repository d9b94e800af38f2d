"""PNG: the packet is an iTXt chunk of its own keyword (XMP Specification Part 3; PNG, third edition, 11.3.3.4)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import BinaryIO

from .edits import Edit, Unlabelled, XmpPlace, declares, exactly
from .packet import MAX_BYTES

_KEYWORD = b"XML:com.adobe.xmp"
_TEXT = (b"tEXt", b"zTXt", b"iTXt", b"eXIf")
_C2PA = b"caBX"
_MAX_CHUNKS = 1 << 17


def find(file: BinaryIO) -> XmpPlace:
    """Raises EOFError, ValueError and zlib.error for what is no whole PNG, Unlabelled for too many chunks."""
    after_head, packets, old, declared, refusal = 0, [], [], False, ""
    for name, at, size in _chunks(file):
        if name == b"IHDR":
            after_head = at + size
        elif name == _C2PA:
            refusal = "it carries a C2PA manifest, and a change would break its signature"
        elif name in _TEXT:
            file.seek(at + 8)
            data = exactly(file, min(size - 12, MAX_BYTES + 64))
            if name == b"iTXt" and data.startswith(_KEYWORD + b"\0"):
                packets.append(_text(data))
                old.append(Edit(at, size, b""))
            else:
                declared = declared or data.startswith(b"AIGC\0") or declares(data)

    def edits(packet: bytes) -> list[Edit]:
        return [*old, Edit(after_head, 0, _chunk(b"iTXt", _KEYWORD + b"\0\0\0\0\0" + packet))]

    return XmpPlace(edits, packets, declared=declared, refusal=refusal)


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Type, offset and whole size of each chunk, IEND the last; what follows it is none of ours."""
    at = 8
    for number in range(_MAX_CHUNKS):
        file.seek(at)
        head = exactly(file, 8)
        name, size = head[4:], int.from_bytes(head[:4], "big") + 12
        if (number == 0) != (name == b"IHDR"):
            raise ValueError("IHDR is not the first chunk, or not the only one")
        yield name, at, size
        if name == b"IEND":
            return
        at += size
    raise Unlabelled(f"it has more than {_MAX_CHUNKS} chunks")


def _text(data: bytes) -> bytes:
    """The text of an iTXt chunk: keyword, compression, language and translated keyword stand before it."""
    compressed = data[len(_KEYWORD) + 1]
    text = data[len(_KEYWORD) + 3 :].split(b"\0", 2)[2]
    return zlib.decompressobj().decompress(text, MAX_BYTES + 1) if compressed else text


def _chunk(name: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")
