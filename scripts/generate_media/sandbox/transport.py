"""Answers on the wire, whole or broken off: STAGE point × action.

A transport fault is named ``operation:point:action``. Points: ``accept`` (nothing but the head read),
``request-half`` (half of the body read), ``before`` (request read, not acted upon: nothing is made), ``request``
(acted upon, no byte of an answer), ``status-line``, ``headers`` (sent, and then), ``body-N`` (N bytes of the body,
inside a chunk if need be), ``id`` (up to and with the job's id). Actions: see ACTIONS. A ``body-N`` or ``id`` that
the body does not reach does nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from http import HTTPStatus

from .protocol import OPERATIONS, Reply, Stream
from .wire import Connection

POINTS_BEFORE_ANSWER = ("accept", "request-half", "before", "request")
POINTS = (*POINTS_BEFORE_ANSWER, "status-line", "headers", "id", "body-N")
ACTIONS = {
    "reset": "TCP reset (SO_LINGER 0)",
    "close": "orderly close",
    "silence": "nothing more, connection kept open",
    "garbage": "512 random bytes, then close",
    "html": "an HTML page with status 200 for the rest",
    "wrong-type": "the right bytes labelled text/html; after the headers, a PNG's first bytes",
    "broken-gzip": "Content-Encoding: gzip around damaged data",
    "long-line": "10 MB without a line end",
    "drip": "the rest, one byte a second of simulated time",
}
LONG_LINE = 10 * 1024 * 1024
HOLD_SECONDS = 3600.0
_NAME = re.compile(
    rf"(?P<operation>any|{'|'.join(OPERATIONS)}):(?P<point>accept|request-half|before|request|status-line|headers|id"
    rf"|body-(?P<count>\d{{1,9}})):(?P<action>{'|'.join(ACTIONS)})"
)
HTML = b"<!doctype html><html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"


@dataclass(frozen=True)
class Break:
    """Where an answer breaks and how; ``count`` bytes for ``body``."""

    operation: str
    point: str
    action: str
    count: int = 0

    @property
    def name(self) -> str:
        """As a user writes it."""
        point = f"body-{self.count}" if self.point == "body" else self.point
        return f"{self.operation}:{point}:{self.action}"

    @property
    def before_answer(self) -> bool:
        return self.point in POINTS_BEFORE_ANSWER


def parse(name: str) -> Break | None:
    """A transport fault from its name; None when it is no such name."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    point = "body" if found["count"] else found["point"]
    return Break(found["operation"], point, found["action"], int(found["count"] or 0))


class Sender:
    """Writes one answer to one connection. ``nap`` waits simulated seconds, False when the server closes."""

    def __init__(self, connection: Connection, *, http11: bool, seed: int, nap: Callable[[float], bool]) -> None:
        self._connection = connection
        self._http11 = http11
        self._seed = seed
        self._nap = nap

    def send(self, answer: Reply | Stream, *, keep_alive: bool, body: bool = True) -> bool:
        """The whole answer; True when the connection can take another request."""
        if isinstance(answer, Stream):
            keep = keep_alive and self._chunked(answer)
        else:  # a Content-Length that the handler chose may be a lie
            keep = keep_alive and all(name.lower() != "content-length" for name, _ in answer.headers)
        self._connection.send(_status_line(answer) + self._header_block(answer, keep))
        for piece in _pieces(answer) if body else ():
            self._connection.send(_frame(piece) if self._chunked(answer) else piece)
        if self._chunked(answer) and body:
            self._connection.send(b"0\r\n\r\n")
        return keep

    def send_broken(self, answer: Reply | Stream, fault: Break) -> bool:
        """The answer up to the fault's point, then its action. True only when the point was never reached."""
        if fault.before_answer:
            return self._act(fault.action, answer, sent="")
        self._connection.send(_status_line(answer))
        if fault.point == "status-line":
            return self._act(fault.action, answer, sent="status-line")
        self._connection.send(self._header_block(answer, keep=False))
        if fault.point == "headers":
            return self._act(fault.action, answer, sent="headers")
        rest = _pieces(answer)
        for piece in rest:
            left = _until(piece, fault, answer)
            fault = replace(fault, count=fault.count - len(piece))
            framed = _frame(piece) if self._chunked(answer) else piece
            if left is None:
                self._connection.send(framed)
                continue
            unsent = left + 2 if left and self._chunked(answer) else left  # 2: the chunk's own line end
            self._connection.send(framed[: len(framed) - unsent])
            inside = bool(left) and self._chunked(answer)
            return self._act(fault.action, _rest(answer, piece[len(piece) - left :], rest), "headers", inside)
        if self._chunked(answer):
            self._connection.send(b"0\r\n\r\n")
        return False

    def _act(self, action: str, answer: Reply | Stream, sent: str, inside_chunk: bool = False) -> bool:
        """Do it; the connection is of no use afterwards."""
        if action == "reset":
            self._connection.reset()
        elif action == "silence":
            self._hold()
        elif action == "garbage":
            import random

            self._connection.send(random.Random(self._seed).randbytes(512))  # noqa: S311
        elif action == "drip":
            self._drip(answer, sent, inside_chunk)
        elif action != "close" and sent == "headers":
            self._connection.send(_instead(action))
        elif action != "close":
            other = _replaced(answer, action)
            self._connection.send((b"" if sent else _status_line(other)) + self._header_block(other, keep=False))
            for piece in _pieces(other):
                self._connection.send(_frame(piece) if self._chunked(other) else piece)
        return False

    def _hold(self) -> None:
        for _ in range(int(HOLD_SECONDS / 0.2)):
            if self._connection.wait_closed(0.2) or not self._nap(0):
                return

    def _drip(self, answer: Reply | Stream, sent: str, inside_chunk: bool) -> None:
        head = (b"" if sent else _status_line(answer)) + (
            b"" if sent == "headers" else self._header_block(answer, keep=False)
        )
        chunked = self._chunked(answer)
        for piece in _chain(head, _pieces(answer)):
            framed = _frame(piece) if chunked and piece is not head else piece
            if inside_chunk and piece is not head:  # its length went out before the fault
                framed, inside_chunk = piece + b"\r\n", False
            for byte in framed:
                self._connection.send(bytes([byte]))
                if not self._nap(1.0):
                    return
        if chunked:
            self._connection.send(b"0\r\n\r\n")

    def _chunked(self, answer: Reply | Stream) -> bool:
        return isinstance(answer, Stream) and answer.chunked and self._http11

    def _header_block(self, answer: Reply | Stream, keep: bool) -> bytes:
        rows = [("Content-Type", answer.content_type)] if answer.content_type else []
        rows += answer.headers
        names = {name.lower() for name, _ in rows}
        if isinstance(answer, Reply) and "content-length" not in names:
            rows.append(("Content-Length", str(len(answer.body))))
        if self._chunked(answer):
            rows.append(("Transfer-Encoding", "chunked"))
        rows.append(("Connection", "keep-alive" if keep else "close"))
        return "".join(f"{name}: {value}\r\n" for name, value in rows).encode("utf-8", "replace") + b"\r\n"


def _status_line(answer: Reply | Stream) -> bytes:
    try:
        phrase = HTTPStatus(answer.status).phrase
    except ValueError:
        phrase = "Sandbox"
    return f"HTTP/1.1 {answer.status} {phrase}\r\n".encode()


def _pieces(answer: Reply | Stream) -> Iterator[bytes]:
    return iter((answer.body,)) if isinstance(answer, Reply) else (block for block in answer.blocks if block)


def _frame(piece: bytes) -> bytes:
    return f"{len(piece):x}\r\n".encode() + piece + b"\r\n"


def _until(piece: bytes, fault: Break, answer: Reply | Stream) -> int | None:
    """How many bytes of this piece stay unsent; None when the point lies beyond it."""
    if fault.point == "body":
        reached = fault.count < len(piece) or (not piece and not fault.count)
        return len(piece) - fault.count if reached else None
    at = piece.find(answer.job_id.encode("utf-8", "replace")) if answer.job_id else -1
    if at < 0:
        return None
    if isinstance(answer, Stream):
        return 0  # an event is of use only when it is whole
    return len(piece) - min(len(piece), at + len(answer.job_id.encode()) + 1)


def _rest(answer: Reply | Stream, left: bytes, more: Iterator[bytes]) -> Reply | Stream:
    if isinstance(answer, Reply):
        return replace(answer, body=left)
    return replace(answer, blocks=_chain(left, more))


def _chain(left: bytes, more: Iterator[bytes]) -> Iterator[bytes]:
    yield left
    yield from more


def _instead(action: str) -> bytes:
    """What takes the rest of a body's place."""
    if action == "html":
        return HTML
    if action == "wrong-type":
        return b"\x89PNG\r\n\x1a\n" + bytes(24)
    return _broken_gzip(HTML) if action == "broken-gzip" else b"x" * LONG_LINE


def _replaced(answer: Reply | Stream, action: str) -> Reply | Stream:
    """The whole answer that an action puts in place of the real one."""
    if action == "html":
        return Reply(200, HTML, "text/html; charset=utf-8")
    if action == "long-line":
        start = b"data: " if isinstance(answer, Stream) else b'{"message":"'
        return Reply(200, start + b"x" * LONG_LINE, answer.content_type)
    if action == "wrong-type":
        return replace(answer, content_type="text/html")
    body = next(_pieces(answer), b"")
    return Reply(answer.status, _broken_gzip(body), answer.content_type, (("Content-Encoding", "gzip"),))


def _broken_gzip(body: bytes) -> bytes:
    import gzip

    packed = bytearray(gzip.compress(body + b" " * 64, mtime=0))
    middle = len(packed) // 2
    packed[middle : middle + 4] = b"\xff\xff\xff\xff"
    return bytes(packed)
