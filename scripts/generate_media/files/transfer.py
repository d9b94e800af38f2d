"""One response body into one file: counted, hashed, unpacked within bounds, its type taken from its bytes."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from ..core import OutputError
from ..http import PIECE_BYTES, ZIPPED, BrokenAnswer, unzipped
from ..media import HEAD_BYTES, LOOK_SECONDS, Structure, identify, structure

SLOW_SECONDS = 60.0
SLOW_BYTES = 1 << 16
"""Less than this in ``SLOW_SECONDS`` counts as a connection that hangs."""


class CutShort(OutputError):
    """All came that was announced, and the file's own structure says that its end is missing."""

    def __init__(self, media_type: str) -> None:
        super().__init__("output_truncated", f"the file is cut short: as {media_type} it goes on beyond its last byte")
        self.media_type = media_type


@dataclass(frozen=True)
class Fetched:
    """What a body was, measured while it was written."""

    media_type: str
    size_bytes: int
    sha256: str


class Sink:
    """Writes, counts and hashes; refuses too many bytes and, as soon as it can tell, what is no media.

    ``look_seconds`` tells how long, in real seconds, the search for the file's end may take.

    Raises (all methods):
        OutputError: ``output_too_large``, ``wrong_type``, ``save_failed``.
    """

    def __init__(self, file: BinaryIO, max_bytes: int, look_seconds: Callable[[], float]) -> None:
        self._file = file
        self._max_bytes = max_bytes
        self._look_seconds = look_seconds
        self._hash = hashlib.sha256()
        self._head = b""
        self._media_type: str | None = None
        self.size_bytes = 0

    def write(self, data: bytes) -> None:
        self.size_bytes += len(data)
        if self.size_bytes > self._max_bytes:
            raise too_large(self._max_bytes)
        if len(self._head) < HEAD_BYTES:
            self._head += data[: HEAD_BYTES - len(self._head)]
            if len(self._head) == HEAD_BYTES:
                self._identify()
        self._hash.update(data)
        try:
            self._file.write(data)
        except OSError as error:
            raise save_failed(error) from None

    def finish(self) -> Fetched:
        """What arrived. Raises BrokenAnswer for an empty body, CutShort for a file without its end."""
        if not self.size_bytes:
            raise BrokenAnswer("the file host sent nothing")
        try:
            self._file.flush()
        except OSError as error:
            raise save_failed(error) from None
        media_type = self._media_type or self._identify()
        if structure(self._file, media_type, seconds=self._look_seconds()) is Structure.CUT:
            raise CutShort(media_type)
        return Fetched(media_type, self.size_bytes, self._hash.hexdigest())

    def _identify(self) -> str:
        self._media_type = identify(self._head)
        if self._media_type is None:
            raise OutputError(
                "wrong_type",
                f"what came is no image, video or audio but {_looks_like(self._head)}; it was not kept",
                guidance=("The bytes decide, not the name or the header; report this to the provider.",),
            )
        return self._media_type


class Transfer:
    """Receives one body. ``now`` gives story seconds; ``on_bytes`` is told bytes so far and the length, if known;
    ``look_seconds`` as for :class:`Sink`."""

    def __init__(
        self,
        file: BinaryIO,
        *,
        max_bytes: int,
        on_bytes: Callable[[int, int | None], None],
        now: Callable[[], float],
        look_seconds: Callable[[], float] = lambda: LOOK_SECONDS,
    ) -> None:
        self._file = file
        self._max_bytes = max_bytes
        self._on_bytes = on_bytes
        self._now = now
        self._look_seconds = look_seconds

    def receive(self, read: Callable[..., bytes], headers: Mapping[str, str]) -> Fetched:
        """Write a body whose raw bytes ``read(count, decode_content=False)`` gives, an empty piece at its end.

        Raises:
            OutputError: ``output_too_large``, ``wrong_type``, ``save_failed``.
            BrokenAnswer: it ended early, or came too slowly to ever end; another try may do better.
            CutShort: the file's own structure ends later.
        """
        chunked = "chunked" in headers.get("transfer-encoding", "").lower()
        expected = None if chunked else content_length(headers)
        if expected is not None:
            self._check_room(expected)
        self._file.seek(0)
        self._file.truncate()
        sink = Sink(self._file, self._max_bytes, self._look_seconds)
        pieces = self._raw(read, expected)
        if headers.get("content-encoding", "").strip().lower() in ZIPPED:
            pieces = unzipped(pieces)
        for piece in pieces:
            sink.write(piece)
        return sink.finish()

    def _check_room(self, expected: int) -> None:
        if expected > self._max_bytes:
            raise too_large(self._max_bytes)
        try:
            disk = os.fstatvfs(self._file.fileno())
        except (AttributeError, OSError):
            return
        if 0 < disk.f_bavail * disk.f_frsize < expected:
            raise save_failed(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))

    def _raw(self, read: Callable[..., bytes], expected: int | None) -> Iterator[bytes]:
        received = since = 0
        window = self._now()
        while piece := read(PIECE_BYTES, decode_content=False):
            received += len(piece)
            if received > self._max_bytes:
                raise too_large(self._max_bytes)
            self._on_bytes(received, expected)
            yield piece
            if received - since >= SLOW_BYTES:
                since, window = received, self._now()
            elif self._now() - window > SLOW_SECONDS:
                raise BrokenAnswer("the file host sends too slowly")
        if expected is not None and received != expected:
            raise BrokenAnswer(f"the body ended after {received} of {expected} bytes")


def content_length(headers: Mapping[str, str]) -> int | None:
    """The declared length in bytes; None without one, or with one that is no number."""
    text = headers.get("content-length", "").split(",")[0].strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def too_large(max_bytes: int) -> OutputError:
    return OutputError(
        "output_too_large",
        f"the result is larger than {max_bytes} bytes and was not kept",
        guidance=("Fetch it yourself from the URL in the sidecar if you trust it.",),
    )


def save_failed(error: OSError) -> OutputError:
    """A disk that is full, broken or not ours; the job stays done at the provider."""
    full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    advice = "Free some space" if full else "Choose a folder that can be written with --output-dir"
    return OutputError(
        "save_failed",
        f"the file could not be written: {os.strerror(error.errno) if error.errno else type(error).__name__}",
        guidance=(f"{advice}, then run the same command again: the job is done, it only fetches the file.",),
        should_retry=False,
    )


def _looks_like(head: bytes) -> str:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:256].lower()
    if b"<svg" in text:
        return "SVG, which can carry script"
    if text.startswith((b"<!doctype", b"<html", b"<head", b"<body")):
        return "an HTML page"
    if text.startswith(b"<"):
        return "XML"
    if text.startswith((b"{", b"[")):
        return "JSON"
    return "text" if head[:256].isascii() and b"\0" not in head[:256] else "unknown bytes"
