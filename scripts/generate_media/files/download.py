"""Fetch a result from a stranger, again while that makes sense: anonymous GETs, bounded bytes and time.

Seconds are story seconds throughout (see clock.py); only socket time-outs are divided by ``time_scale``.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from ..core import OutputError, StillRunning
from ..http import AGAIN, AnonymousGet, Resolver, RetryPolicy, Transient, shown_host, system_resolver
from ..media import LOOK_SECONDS
from ..providers import parse_retry_after
from .transfer import CutShort, Fetched, Transfer, Truncated

if TYPE_CHECKING:
    from requests import Response

    from ..http import TrustStore

MAX_BYTES = 4 << 30
RETRIES = 5
CUT_RETRIES = 2
"""A whole answer that holds a part of a file is what the host has; only a file still on its way there gets longer."""
LEAST_LOOK_SECONDS = 0.05
"""Even at the end of the time: most files show their end in less."""
MAX_WAIT_SECONDS = 600.0
"""A Retry-After beyond it ends the run: coming back later is then the user's choice."""

_NOT_THERE = (401, 403, 404)
"""A CDN answers so for a moment after a file was made, and for ever once it expired."""
_BUSY = (202, 408, 421, 425, 429)


@dataclass(frozen=True)
class RetryNote:
    """A wait before another try, for a ``retry`` line. Seconds; ``attempt`` counts the failed tries."""

    wait_seconds: float
    attempt: int
    http_status: int | None
    reason: str


class Downloader:
    """Downloads for one job. Not shared between threads; :meth:`close` when done.

    Args:
        allow_loopback: this machine's own addresses are fine (the API host is loopback itself).
        deadline: story seconds left, infinity without a limit.
        sleep: waits story seconds; may raise to stop.
        fresh: the job ended just now, so that a 403 or 404 may pass; False takes it for gone at once.
        time_scale: story seconds in a real one; divides socket time-outs.
        resolver: host and port to addresses.
        trust: the certificates of the API's client, to load them once only; None loads them when first needed.
        on_retry: told before each wait.
        on_bytes: told the bytes so far and the length (None: unknown) after each read; may raise to stop.
    """

    def __init__(
        self,
        *,
        allow_loopback: bool,
        deadline: Callable[[], float],
        sleep: Callable[[float], None],
        max_bytes: int = MAX_BYTES,
        time_scale: float = 1.0,
        fresh: bool = True,
        resolver: Resolver = system_resolver,
        trust: TrustStore | None = None,
        policy: RetryPolicy | None = None,
        rng: random.Random | None = None,
        on_retry: Callable[[RetryNote], None] | None = None,
        on_bytes: Callable[[int, int | None], None] | None = None,
    ) -> None:
        self._get = AnonymousGet(
            allow_loopback=allow_loopback, deadline=deadline, time_scale=time_scale, resolver=resolver, trust=trust
        )
        self._deadline = deadline
        self._sleep = sleep
        self._max_bytes = max_bytes
        self._time_scale = time_scale
        self._final = (410,) if fresh else (*_NOT_THERE, 410)
        self._policy = policy or RetryPolicy()
        self._rng = rng or random.Random()  # noqa: S311 - jitter
        self._on_retry = on_retry
        self._on_bytes = on_bytes

    def fetch(self, url: str, into: BinaryIO) -> Fetched:
        """Stream a result into an open file (which is emptied first), again and again while that makes sense.

        Raises:
            OutputError: ``output_refused``, ``output_too_large``, ``wrong_type``, ``output_gone``,
                ``download_failed``, ``save_failed``.
            CutShort: what is in ``into`` is cut short, as it was in the tries before.
            StillRunning: the time is up; the result can be fetched later.
        """
        attempt = cuts = 0
        while True:
            attempt += 1
            try:
                return self._attempt(url, into)
            except Transient as failure:
                self._wait(failure, attempt, url)
            except CutShort as failure:
                cuts += 1
                if cuts > CUT_RETRIES:
                    raise
                self._wait(Transient(failure.message), attempt, url)

    @property
    def max_bytes(self) -> int:
        return self._max_bytes

    def look_seconds(self) -> float:
        """How long, in real seconds, a file may be looked into: LOOK_SECONDS, or what is left of the time."""
        return max(LEAST_LOOK_SECONDS, min(LOOK_SECONDS, self._get.real(self._deadline())))

    def close(self) -> None:
        """Close connections; the next fetch opens new ones."""
        self._get.close()

    def _wait(self, failure: Transient, attempt: int, url: str) -> None:
        """Wait before the next try, or raise what ends the tries."""
        if self._deadline() <= 0:
            raise _time_up() from None
        if attempt > RETRIES or failure.status in self._final:
            raise _spent(failure, shown_host(url)) from None
        seconds = self._policy.wait_seconds(attempt, retry_after=failure.retry_after, minimum=0.0, rng=self._rng)
        if seconds >= self._deadline():
            raise _time_up() from None
        if seconds > MAX_WAIT_SECONDS:
            raise _spent(failure, shown_host(url)) from None
        if self._on_retry is not None:
            self._on_retry(RetryNote(seconds, attempt, failure.status, failure.reason))
        self._sleep(seconds)

    def _attempt(self, url: str, into: BinaryIO) -> Fetched:
        if self._deadline() <= 0:
            raise _time_up()
        response = self._get.response(url)
        try:
            self._check_status(response)
            return self._receive(response, into)
        except Truncated as error:
            raise Transient(str(error)) from None
        finally:
            response.close()

    def _receive(self, response: Response, into: BinaryIO) -> Fetched:
        transfer = Transfer(
            into,
            max_bytes=self._max_bytes,
            on_bytes=self._progress,
            now=lambda: time.monotonic() * self._time_scale,
            look_seconds=self.look_seconds,
        )
        with self._get.errors(), self._get.lines.cut_after(self._get.real(self._deadline())):
            fetched = transfer.receive(response.raw.read1, response.headers)
        if self._get.lines.was_shut:  # an end that we made ourselves may look like the end of the body
            raise Transient("the connection was cut")
        return fetched

    def _progress(self, received: int, expected: int | None) -> None:
        if self._deadline() <= 0:
            raise _time_up()
        if self._on_bytes is not None:
            self._on_bytes(received, expected)

    def _check_status(self, response: Response) -> None:
        status = response.status_code
        if status == 200:
            return
        retry_after = parse_retry_after({k.lower(): v for k, v in response.headers.items()}, time.time())
        if status in _NOT_THERE or status == 410 or status in _BUSY or status >= 500:
            raise Transient(f"the file host answered {status}", status, retry_after)
        raise OutputError(
            "download_failed",
            f"the file host {shown_host(response.url or '')} answered {status} to a plain GET",
            guidance=AGAIN,
        )


def _spent(failure: Transient, host: str) -> OutputError:
    if failure.status in _NOT_THERE or failure.status == 410:
        return OutputError("output_gone", f"the file is not at {host} (HTTP {failure.status}); such links expire")
    return OutputError("download_failed", f"{host}: {failure.reason}", guidance=AGAIN, should_retry=True)


def _time_up() -> StillRunning:
    return StillRunning(
        "deadline",
        "the time was up while the result was being fetched; it waits at the provider",
        guidance=AGAIN,
        should_retry=True,
    )
