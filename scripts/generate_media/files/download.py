"""Fetch a result from a stranger, again while that makes sense: anonymous GETs, bounded bytes and time.

Seconds are story seconds throughout (see clock.py); only socket time-outs are real ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO

from ..core import Failure, OutputError, StillRunning
from ..http import (
    AGAIN,
    AnonymousGet,
    FileAnswer,
    OutOfTime,
    Resolver,
    Retries,
    Transient,
    shown_host,
    system_resolver,
)
from ..media import LOOK_SECONDS
from ..providers import parse_retry_after
from .transfer import CutShort, Fetched, Transfer

if TYPE_CHECKING:
    from ..http import TrustStore

MAX_BYTES = 4 << 30
MAX_RETRIES = 5
CUT_RETRIES = 2
"""A whole answer that holds a part of a file is what the host has; only a file still on its way there gets longer."""
LEAST_LOOK_SECONDS = 0.05
"""Even at the end of the time: most files show their end in less."""
MAX_WAIT_SECONDS = 600.0
"""A Retry-After beyond it ends the run: coming back later is then the user's choice."""

_NOT_THERE = (401, 403, 404)
"""A CDN answers so for a moment after a file was made, and for ever once it expired."""
_BUSY = (202, 408, 421, 425, 429)


class Downloader:
    """Downloads for one job. Not shared between threads; :meth:`close` when done.

    Args:
        retries: tells of each wait and waits; its deadline bounds everything here.
        allow_loopback: this machine's own addresses are fine (the API host is loopback itself).
        fresh: the job ended just now, so that a 403 or 404 may pass; False takes it for gone at once.
        resolver: host and port to addresses.
        trust: the certificates of the API's client, to load them once only; None loads them when first needed.
        on_bytes: told the bytes so far and the length (None: unknown) after each read; may raise to stop.
    """

    def __init__(
        self,
        retries: Retries,
        *,
        allow_loopback: bool,
        max_bytes: int = MAX_BYTES,
        fresh: bool = True,
        resolver: Resolver = system_resolver,
        trust: TrustStore | None = None,
        on_bytes: Callable[[int, int | None], None] | None = None,
    ) -> None:
        self.max_bytes = max_bytes
        self._retries = retries
        self._deadline = retries.until
        self._clock = retries.until.clock
        self._get = AnonymousGet(allow_loopback=allow_loopback, deadline=self._deadline, resolver=resolver, trust=trust)
        self._final = (410,) if fresh else (*_NOT_THERE, 410)
        self._on_bytes = on_bytes

    def fetch(self, url: str, into: BinaryIO) -> Fetched:
        """Stream a result into an open file (which is emptied first), again and again while that makes sense.

        Raises:
            OutputError: ``output_refused``, ``output_too_large``, ``wrong_type``, ``output_gone``,
                ``download_failed``, ``save_failed``.
            CutShort: what is in ``into`` is cut short, as it was in the tries before.
            StillRunning: the time is up; the result can be fetched later.
        """
        self._retries.failed = cuts = 0
        while True:
            try:
                return self._attempt(url, into)
            except Transient as error:
                self._wait(error.failure, url)
            except CutShort as error:
                cuts += 1
                if cuts > CUT_RETRIES:
                    raise
                self._wait(Transient(error.message).failure, url)

    def look_seconds(self) -> float:
        """How long, in real seconds, a file may be looked into: LOOK_SECONDS, or what is left of the time."""
        return max(LEAST_LOOK_SECONDS, min(LOOK_SECONDS, self._clock.real(self._deadline.remaining())))

    def close(self) -> None:
        """Close connections; the next fetch opens new ones."""
        self._get.close()

    def _wait(self, failure: Failure, url: str) -> None:
        """Wait before the next try, or raise what ends the tries."""
        self._check_time()
        is_last = self._retries.failed >= MAX_RETRIES or failure.http_status in self._final
        if is_last or self._deadline.remaining() > (failure.retry_after_seconds or 0.0) > MAX_WAIT_SECONDS:
            raise _spent(failure, shown_host(url)) from None
        try:
            self._retries.wait(failure)
        except OutOfTime:
            raise _time_up() from None

    def _attempt(self, url: str, into: BinaryIO) -> Fetched:
        self._check_time()
        with self._get.opened(url) as answer:
            self._check_status(answer)
            transfer = Transfer(
                into,
                max_bytes=self.max_bytes,
                on_bytes=self._progress,
                now=self._clock.now,
                look_seconds=self.look_seconds,
            )
            return transfer.receive(answer.read, answer.headers)

    def _check_time(self) -> None:
        if self._deadline.passed:
            raise _time_up() from None

    def _progress(self, received: int, expected: int | None) -> None:
        self._check_time()
        if self._on_bytes is not None:
            self._on_bytes(received, expected)

    def _check_status(self, answer: FileAnswer) -> None:
        status = answer.status
        if status == 200:
            return
        if status in _NOT_THERE or status == 410 or status in _BUSY or status >= 500:
            retry_after = parse_retry_after(answer.headers, self._clock.wall())
            raise Transient(f"the file host answered {status}", status, retry_after)
        raise OutputError(
            "download_failed", f"the file host {answer.host} answered {status} to a plain GET", guidance=AGAIN
        )


def _spent(failure: Failure, host: str) -> OutputError:
    if failure.http_status in _NOT_THERE or failure.http_status == 410:
        gone = f"the file is not at {host} (HTTP {failure.http_status}); such links expire"
        return OutputError("output_gone", gone)
    return OutputError("download_failed", f"{host}: {failure.message}", guidance=AGAIN, should_retry=True)


def _time_up() -> StillRunning:
    return StillRunning(
        "deadline",
        "the time was up while the result was being fetched; it waits at the provider",
        guidance=AGAIN,
        should_retry=True,
    )
