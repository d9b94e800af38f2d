"""Bodies of answers: decompressed, bounded, counted. Pure; bytes in, bytes out."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from .exchange import BrokenAnswer

PIECE_BYTES = 1 << 16
ZIPPED = ("gzip", "x-gzip", "deflate")
_GZIP_OR_ZLIB = 47  # zlib's wbits: 32 (either, by its header) + 15 (the largest window)


def unpacked(chunks: Iterable[bytes], coding: str) -> Iterator[bytes]:
    """The chunks without their Content-Encoding. We ask for none; some servers compress all the same.

    Raises:
        BrokenAnswer: a coding that we did not ask for and do not know, broken data, or its end is missing.
    """
    coding = coding.strip().lower()
    if coding not in ("", "identity", *ZIPPED):
        raise BrokenAnswer("the answer is compressed in a way that was not asked for")
    yield from unzipped(chunks) if coding in ZIPPED else chunks


def unzipped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """gzip (of several members, too) or zlib data unpacked, in pieces of at most 64 KiB; data that is neither passes as
    it is: some stores declare what they no longer do. Unlike urllib3's decoders this one misses a lost end.

    Raises:
        BrokenAnswer: broken data, or its end is missing.
    """
    source = iter(chunks)
    piece = b""
    while len(piece) < 2 and (chunk := next(source, b"")):
        piece += chunk
    # RFC 1952, 2.3.1: gzip's magic number. RFC 1950, 2.2: method 8, window 7, and the two bytes a multiple of 31.
    if piece[:2] != b"\x1f\x8b" and (piece[:1] != b"\x78" or int.from_bytes(piece[:2], "big") % 31):
        yield piece
        yield from source
        return
    unpacker = zlib.decompressobj(_GZIP_OR_ZLIB)
    while piece:
        try:
            out = unpacker.decompress(piece, PIECE_BYTES)
        except zlib.error:
            raise BrokenAnswer("the answer's compression is broken") from None
        if out:
            yield out
        if not unpacker.eof:
            piece = unpacker.unconsumed_tail or next(source, b"")
            continue
        piece = unpacker.unused_data or next(source, b"")
        if not piece.startswith(b"\x1f"):
            for _ in source:  # what follows the last member is read, so that it is counted, and dropped
                pass
            return
        unpacker = zlib.decompressobj(_GZIP_OR_ZLIB)
    raise BrokenAnswer("the answer's compression is broken: its end is missing")


def whole(chunks: Iterable[bytes], max_bytes: int) -> str:
    """All of a body as text: UTF-8, what is none of it replaced, a byte-order mark taken off.

    Raises:
        BrokenAnswer: more than ``max_bytes``.
    """
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > max_bytes:
            raise BrokenAnswer(f"the answer is larger than {max_bytes >> 20} MiB")
    return body.decode("utf-8-sig", "replace")
