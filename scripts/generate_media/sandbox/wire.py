"""HTTP/1.1 on a plain socket: reading requests. Own code, because faults need the bytes in between.

http.server reads the whole head before it asks anyone and cannot stop in the middle of an answer.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

MAX_HEAD = 64 * 1024
MAX_BODY = 64 * 1024 * 1024


class BadRequest(Exception):
    """Not HTTP as we take it; ``status`` is the answer."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words


class Gone(Exception):
    """The peer closed before the request was complete."""


@dataclass(frozen=True)
class Head:
    """Request line and headers; header names in lower case, repeated ones joined by a comma."""

    method: str
    target: str
    version: str
    headers: Mapping[str, str] = field(repr=False)

    @property
    def path(self) -> str:
        return unquote(urlsplit(self.target).path)

    @property
    def query(self) -> dict[str, tuple[str, ...]]:
        pairs = parse_qs(urlsplit(self.target).query, keep_blank_values=True, max_num_fields=1000)
        return {name: tuple(values) for name, values in pairs.items()}

    @property
    def keep_alive(self) -> bool:
        tokens = self.headers.get("connection", "").lower()
        return self.version == "HTTP/1.1" and "close" not in tokens

    @property
    def length(self) -> int | None:
        """Content-Length in bytes; None for a chunked body."""
        if "transfer-encoding" in self.headers:
            if "content-length" in self.headers or self.headers["transfer-encoding"].lower() != "chunked":
                raise BadRequest(400, "only chunked transfer coding, and not beside Content-Length")
            return None
        text = self.headers.get("content-length", "0")
        if not (text.isascii() and text.isdecimal()):
            raise BadRequest(400, "bad Content-Length")
        if int(text) > MAX_BODY:
            raise BadRequest(413, f"a body may have {MAX_BODY} bytes")
        return int(text)


class Connection:
    """One accepted socket with a read buffer."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock = sock
        self._buffer = bytearray()

    def read_head(self) -> Head | None:
        """The next request's head; None when the peer closed between requests. Raises BadRequest, Gone."""
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            if len(self._buffer) > MAX_HEAD:
                raise BadRequest(431, "the headers are too large")
            if not self._more():
                if self._buffer.strip():
                    raise Gone
                return None
        if end > MAX_HEAD:
            raise BadRequest(431, "the headers are too large")
        text = bytes(self._buffer[:end]).decode("latin-1").lstrip("\r\n")
        del self._buffer[: end + 4]
        return parse_head(text)

    def read_body(self, head: Head) -> bytes:
        """The whole body. Raises Gone where it breaks off, BadRequest where it is too large."""
        length = head.length
        if (length is None or length) and head.headers.get("expect", "").lower() == "100-continue":
            self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        return self._chunks() if length is None else self._exactly(length)

    def read_some(self, count: int) -> None:
        """Take ``count`` body bytes off the wire, or as many as come."""
        with contextlib.suppress(Gone):
            self._exactly(count)

    def _exactly(self, count: int) -> bytes:
        while len(self._buffer) < count:
            if not self._more():
                raise Gone
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def _line(self) -> bytes:
        while (end := self._buffer.find(b"\r\n")) < 0:
            if len(self._buffer) > MAX_HEAD:
                raise BadRequest(400, "a chunk header without end")
            if not self._more():
                raise Gone
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return line

    def _chunks(self) -> bytes:
        body = bytearray()
        while True:
            try:
                size = int(self._line().split(b";")[0], 16)
            except ValueError:
                raise BadRequest(400, "bad chunk size") from None
            if size < 0 or len(body) + size > MAX_BODY:
                raise BadRequest(413, f"a body may have {MAX_BODY} bytes")
            if size == 0:
                while self._line():
                    continue
                return bytes(body)
            body += self._exactly(size)
            self._line()

    def _more(self) -> bool:
        try:
            piece = self._sock.recv(65536)
        except (TimeoutError, ConnectionError):
            return False
        self._buffer += piece
        return bool(piece)

    def send(self, data: bytes) -> None:
        """Write all. Raises OSError when the peer is gone."""
        self._sock.sendall(data)

    def wait_closed(self, seconds: float) -> bool:
        """Wait for the peer to close, reading nothing of use; False when the time is up."""
        self._sock.settimeout(seconds)
        try:
            while self._sock.recv(65536):
                continue
        except TimeoutError:
            return False
        except OSError:
            pass
        return True

    def reset(self) -> None:
        """Close with a TCP reset instead of an orderly end."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("hh" if os.name == "nt" else "ii", 1, 0))
        self._sock.close()

    def close(self) -> None:
        """An orderly end: FIN, then a moment for what the peer still sends, so that it gets no reset instead."""
        try:
            self._sock.shutdown(socket.SHUT_WR)
            self.wait_closed(0.2)
        except OSError:
            pass
        self._sock.close()


def parse_head(text: str) -> Head:
    """A request head without its final blank line. Raises BadRequest."""
    line, *rest = text.split("\r\n")
    parts = line.split(" ")
    if len(parts) != 3 or parts[2] not in ("HTTP/1.1", "HTTP/1.0") or not parts[0].isalpha():
        raise BadRequest(400, "not an HTTP/1.1 request line")
    headers: dict[str, str] = {}
    for row in rest:
        name, colon, value = row.partition(":")
        if not colon or not name or name != name.strip():
            raise BadRequest(400, "bad header line")
        known = headers.get(name.lower())
        if known is not None and name.lower() in ("host", "content-length", "transfer-encoding", "authorization"):
            raise BadRequest(400, f"{name} came twice")
        headers[name.lower()] = value.strip() if known is None else f"{known}, {value.strip()}"
    try:
        urlsplit(parts[1])
    except ValueError:
        raise BadRequest(400, "bad target") from None
    return Head(parts[0], parts[1], parts[2], headers)
