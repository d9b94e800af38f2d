"""Server-sent events: bytes in, events out. Pure; no sockets.

sseclient-py does the parsing of fields. It disagrees with the standard (WHATWG HTML, 9.2.5 and 9.2.6) on byte-order
marks, mixed line ends, broken UTF-8, an unterminated last event and ids that outlive their event, so it is fed
whole, already normalised events, each of which ends in a blank line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

MAX_EVENT_BYTES = 1 << 20
MAX_EVENT_LINES = 4096
"""sseclient-py joins lines one by one, in quadratic time; no status document has this many."""

_BOM = b"\xef\xbb\xbf"


class EventTooLarge(Exception):
    """An event (or a single line) grew beyond the caps: nothing that a job's status could be."""


class Event(NamedTuple):
    """One dispatched event; ``name`` is ``message`` where the server gave none, ``id`` the last one it sent."""

    name: str
    data: str
    id: str = ""


def events(chunks: Iterable[bytes]) -> Iterator[Event]:
    """The events in a stream of bytes that may be cut anywhere; each is given out as soon as its blank line is in.

    Raises:
        EventTooLarge: an event exceeds MAX_EVENT_BYTES or MAX_EVENT_LINES.
    """
    from sseclient import SSEClient

    for found in SSEClient(_blocks(_unified(_unmarked(chunks)))).events():
        yield Event(found.event, found.data, found.id or "")


def _unmarked(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Without the one byte-order mark that a stream may begin with."""
    head = b""
    begun = False
    for chunk in chunks:
        if begun:
            yield chunk
            continue
        head += chunk
        if len(head) >= len(_BOM) or not _BOM.startswith(head):
            begun = True
            yield head.removeprefix(_BOM)


def _unified(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """With LF for CRLF and CR. A CR at the end of a chunk counts at once, and a LF that follows is swallowed."""
    after_cr = False
    for chunk in chunks:
        if not chunk:
            continue
        rest = chunk[1:] if after_cr and chunk.startswith(b"\n") else chunk
        after_cr = chunk.endswith(b"\r")
        yield rest.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _blocks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """One whole event each, in valid UTF-8, without comments; what is not ended by a blank line is dropped."""
    partial = bytearray()
    lines: list[bytes] = []
    size = 0
    last_id = b""
    for chunk in chunks:
        partial += chunk
        if b"\n" in chunk:
            *whole, rest = bytes(partial).split(b"\n")
            partial = bytearray(rest)
            for line in whole:
                if line:
                    last_id = _id_after(line, last_id)
                    if not _is_left_out(line):
                        lines.append(line)
                        size += len(line) + 1
                    _check_size(max(size, len(line)), len(lines))
                    continue
                if lines:
                    yield _block(lines, last_id)
                lines, size = [], 0
        _check_size(size + len(partial), len(lines))


def _check_size(size: int, count: int) -> None:
    if size > MAX_EVENT_BYTES or count > MAX_EVENT_LINES:
        raise EventTooLarge


def _is_left_out(line: bytes) -> bool:
    return line.startswith((b":", b"id:")) or line == b"id"


def _id_after(line: bytes, last_id: bytes) -> bytes:
    """The last event id after this line; one that holds NUL is ignored (WHATWG 9.2.6)."""
    if line == b"id":
        return b""
    if not line.startswith(b"id:") or b"\0" in line:
        return last_id
    return line[3:].removeprefix(b" ")


def _block(lines: list[bytes], last_id: bytes) -> bytes:
    if last_id:
        lines = [*lines, b"id: " + last_id]
    return b"\n".join(lines).decode("utf-8", "replace").encode() + b"\n\n"
