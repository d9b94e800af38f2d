"""Bodies of answers: decompressed, bounded, counted. Pure; bytes in, bytes out."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from .exchange import BrokenAnswer

_PIECE_BYTES = 1 << 16
_GZIP_OR_ZLIB = 47


def unpacked(chunks: Iterable[bytes], coding: str) -> Iterator[bytes]:
    """The chunks without their Content-Encoding, in pieces of at most 64 KiB where there was one.

    We ask for none; some servers compress all the same. Unlike urllib3's decoders this one misses a lost end.

    Raises:
        BrokenAnswer: a coding that we did not ask for and do not know, broken data, or its end is missing.
    """
    coding = coding.strip().lower()
    if coding in ("", "identity"):
        yield from chunks
        return
    if coding not in ("gzip", "x-gzip", "deflate"):
        raise BrokenAnswer("the answer is compressed in a way that was not asked for")
    unpacker = zlib.decompressobj(_GZIP_OR_ZLIB)
    begun = False
    for chunk in chunks:
        begun = True
        if not unpacker.eof:
            yield from _pieces(unpacker, chunk)
    if begun and not unpacker.eof:
        raise BrokenAnswer("the answer's compression is broken: its end is missing")


def _pieces(unpacker: zlib._Decompress, rest: bytes) -> Iterator[bytes]:
    while True:
        try:
            piece = unpacker.decompress(rest, _PIECE_BYTES)
        except zlib.error:
            raise BrokenAnswer("the answer's compression is broken") from None
        if piece:
            yield piece
        rest = unpacker.unconsumed_tail
        if not rest and len(piece) < _PIECE_BYTES:
            return


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
