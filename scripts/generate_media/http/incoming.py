"""What comes back: a whole answer, or events one by one. One exchange each, read by one thread."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, NamedTuple, TypeVar

from ..core import Answer, Call, cut_keys, parse_json
from .exchange import STOPPED, TIMED_OUT, BrokenAnswer, Exchange, TransportError, describe, network_exceptions
from .sse import Event, EventTooLarge, events
from .unpack import unpacked, whole
from .watch import Alarm

MAX_ANSWER_BYTES = 8 << 20
MAX_CREATE_BYTES = 64 << 20
"""A synchronous create may answer with pictures in base64."""
MAX_HEADER_CHARS = 4096
_READ_BYTES = 1 << 16
_BOM = b"\xef\xbb\xbf"
_EVENT_FIELD = re.compile(rb"(data|event|id|retry)?:")

T = TypeVar("T")


class Incoming(NamedTuple):
    """An exchange whose status and headers are in."""

    call: Call
    exchange: Exchange
    alarm: Alarm
    raw: Any

    def answer(self) -> Answer:
        return self._answer(self._chunks())

    def answer_or_events(self) -> Answer | EventStream:
        chunks = self._chunks()
        head = guarded(self.exchange, lambda: self._head(chunks), is_whole=bool)
        if not self._is_event_stream(head):
            return self._answer(chain([head], chunks))
        self.alarm.cancel()
        return EventStream(self.exchange, chain([head], chunks), Answer(self.raw.status, self._headers(), ""))

    def _answer(self, chunks: Iterator[bytes]) -> Answer:
        cap = MAX_CREATE_BYTES if self.call.operation == "create" else MAX_ANSWER_BYTES
        text = guarded(self.exchange, lambda: whole(chunks, cap), is_whole=self._is_whole)
        return Answer(self.raw.status, self._headers(), text)

    def _is_whole(self, text: str) -> bool:
        """Whether a body that ended when the time was up is all of it: by its headers, or by its last brace."""
        return self._is_framed or isinstance(parse_json(text), dict)

    @property
    def _is_framed(self) -> bool:
        """Whether the headers tell where the body ends, so that an early end is an error of its own."""
        return bool(self.raw.chunked) or self.raw.length_remaining is not None

    def _chunks(self) -> Iterator[bytes]:
        return unpacked(iter(self._read, b""), self.raw.headers.get("content-encoding", ""))

    def _read(self) -> bytes:
        from urllib3.exceptions import ReadTimeoutError

        try:
            piece: bytes = self.raw.read1(_READ_BYTES, decode_content=False)
        except ReadTimeoutError:
            if self._is_framed or self.exchange.cut_because != TIMED_OUT:
                raise
            return b""  # the time is up: what has arrived by now is all, as if the connection had been shut
        return piece

    def _head(self, chunks: Iterator[bytes]) -> bytes:
        """As much of the body's beginning as is needed to see what it is."""
        head = b""
        for chunk in chunks:
            head += chunk
            if len(head) >= 16 or (self._is_declared and _begin(head)):
                break
        return head

    def _is_event_stream(self, head: bytes) -> bool:
        begin = _begin(head)
        if self.raw.status // 100 != 2 or begin[:1] in (b"{", b"[", b"<"):
            return False
        return self._is_declared or bool(_EVENT_FIELD.match(begin))

    @property
    def _is_declared(self) -> bool:
        declared: str = self.raw.headers.get("content-type", "")
        return declared.split(";")[0].strip().lower() == "text/event-stream"

    def _headers(self) -> dict[str, str]:
        return {name.lower(): cut_keys(value)[:MAX_HEADER_CHARS] for name, value in self.raw.headers.itermerged()}


def _begin(head: bytes) -> bytes:
    return head.removeprefix(_BOM).lstrip()


class EventStream:
    """Events as they arrive; one thread iterates, and may stop and go on. Times are ``time.monotonic()``."""

    def __init__(self, exchange: Exchange, chunks: Iterator[bytes], head: Answer) -> None:
        self.head = head
        """Status and headers."""
        self.last_event_at = time.monotonic()
        self._exchange = exchange
        self._events = events(chunks)

    @property
    def stopped(self) -> bool:
        """Whether :meth:`shutdown` ended it."""
        return self._exchange.cut_because == STOPPED

    def shutdown(self) -> None:
        """End the iteration, from any thread and at once, without an exception."""
        self._exchange.cut(STOPPED)

    def limit(self, seconds: float) -> Alarm:
        """Events that have arrived within so many real seconds are given; then it breaks off. Cancelled, it goes on."""
        return self._exchange.limit(seconds)

    def __iter__(self) -> EventStream:
        return self

    def __next__(self) -> Event:
        """The next event.

        Raises:
            StopIteration: the server ended the stream, or :meth:`shutdown` did.
            TransportError: it broke, fell silent, or holds what cannot be an event.
        """
        try:
            event = guarded(self._exchange, lambda: next(self._events, None), is_whole=lambda found: found is not None)
        except TransportError:
            if not self.stopped:
                raise
            event = None
        if event is None:
            raise StopIteration
        self.last_event_at = time.monotonic()
        return event


def guarded(exchange: Exchange, action: Callable[[], T], *, is_whole: Callable[[T], bool] = lambda _: True) -> T:
    """Run a step of an exchange; what goes wrong is a TransportError, and so is an end that a cut made.

    What came in time and ``is_whole`` counts, though the time be up by now.
    The error is raised outside of the ``except`` block: the libraries' exceptions hold requests, whose headers hold
    the key, and must not hang on ours as context.
    """
    failure = None
    try:
        result = action()
    except (BrokenAnswer, EventTooLarge) as error:
        failure = str(error) or "an event is too large"
    except network_exceptions() as error:
        failure = getattr(error, "detail", "") or describe(error)
    cut = exchange.cut_because
    if cut is not None and (failure is not None or cut != TIMED_OUT or not is_whole(result)):
        failure = cut
    if failure is not None:
        raise TransportError(failure, reached=exchange.started)
    return result
