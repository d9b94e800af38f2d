"""Fetch a result as one fetches from a stranger: GET only, no key, no cookies, checked addresses, bounded bytes.

Seconds are story seconds throughout (see clock.py); only socket time-outs are divided by ``time_scale``.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import SplitResult, urljoin

from . import __version__
from .addresses import Resolver, checked_url, is_loopback_host, refused, shown_host, system_resolver
from .blocked import BLOCKED, NETWORK_BLOCKED, is_blocked
from .errors import OutputError, StillRunning
from .guarded import Lines, guarded_adapter
from .retry import RetryPolicy, parse_retry_after
from .transfer import Fetched, Transfer, Truncated
from .transport import describe, is_untrusted, network_exceptions

if TYPE_CHECKING:
    from requests import PreparedRequest, Response
    from requests.adapters import HTTPAdapter

    from .connections import TrustStore

MAX_BYTES = 4 << 30
MAX_REDIRECTS = 5
CONNECT_SECONDS = 10.0
HEADER_SECONDS = 60.0
READ_SECONDS = 30.0
RETRIES = 5
MAX_WAIT_SECONDS = 600.0
"""A Retry-After beyond it ends the run: coming back later is then the user's choice."""

_REDIRECTS = (301, 302, 303, 307, 308)
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


class _Transient(Exception):
    def __init__(self, reason: str, status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.retry_after = retry_after


class _Untrusted(Exception):
    """Another store may know the issuer."""


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
        self._allow_loopback = allow_loopback
        self._deadline = deadline
        self._sleep = sleep
        self._max_bytes = max_bytes
        self._time_scale = time_scale
        self._final = (410,) if fresh else (*_NOT_THERE, 410)
        self._resolver = resolver
        self._trust = trust
        self._policy = policy or RetryPolicy()
        self._rng = rng or random.Random()  # noqa: S311 - jitter
        self._on_retry = on_retry
        self._on_bytes = on_bytes
        self._adapters: dict[bool, HTTPAdapter] = {}
        self._lines = Lines()

    def fetch(self, url: str, into: BinaryIO) -> Fetched:
        """Stream a result into an open file (which is emptied first), again and again while that makes sense.

        Raises:
            OutputError: ``output_refused``, ``output_too_large``, ``wrong_type``, ``output_gone``,
                ``download_failed``, ``save_failed``.
            StillRunning: the time is up; the result can be fetched later.
        """
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._attempt(url, into)
            except _Transient as failure:
                self._wait(failure, attempt, url)

    @property
    def max_bytes(self) -> int:
        return self._max_bytes

    def close(self) -> None:
        """Close connections; the next fetch opens new ones."""
        while self._adapters:
            self._adapters.popitem()[1].close()
        self._lines.close()

    def _wait(self, failure: _Transient, attempt: int, url: str) -> None:
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
        response = self._final_response(url)
        try:
            self._check_status(response)
            return self._receive(response, into)
        except Truncated as error:
            raise _Transient(str(error)) from None
        finally:
            response.close()

    def _receive(self, response: Response, into: BinaryIO) -> Fetched:
        transfer = Transfer(
            into,
            max_bytes=self._max_bytes,
            on_bytes=self._progress,
            now=lambda: time.monotonic() * self._time_scale,
        )
        with self._network_errors(), self._lines.cut_after(self._real(self._deadline())):
            fetched = transfer.receive(response.raw.read1, response.headers)
        if self._lines.was_shut:  # an end that we made ourselves may look like the end of the body
            raise _Transient("the connection was cut")
        return fetched

    def _progress(self, received: int, expected: int | None) -> None:
        if self._deadline() <= 0:
            raise _time_up()
        if self._on_bytes is not None:
            self._on_bytes(received, expected)

    def _final_response(self, url: str) -> Response:
        for _ in range(MAX_REDIRECTS + 1):
            parts = checked_url(url, allow_loopback=self._allow_loopback)
            response = self._get(url, parts)
            location = response.headers.get("location")
            if response.status_code not in _REDIRECTS or not location:
                return response
            response.close()  # its body is never read: it may have no end
            target = urljoin(url, location)
            if parts.scheme == "https" and target[:6].lower() != "https:":
                raise refused(f"{shown_host(url)} redirected from https to something else")
            url = target
        raise refused(f"more than {MAX_REDIRECTS} redirects")

    def _get(self, url: str, parts: SplitResult) -> Response:
        from requests import Request
        from requests.utils import get_environ_proxies

        # Not through a Session: it would read ~/.netrc, keep cookies, and read a redirect's body to its end.
        request = Request(
            "GET",
            url,
            headers={"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": f"generate-media/{__version__}"},
        )
        proxies = {} if is_loopback_host(parts.hostname or "") else get_environ_proxies(url)
        for _ in range(2):
            try:
                return self._send(request.prepare(), proxies)
            except _Untrusted:
                if not self._trust_store().widen():
                    break
        raise OutputError(
            "download_failed",
            f"nobody that this machine trusts has signed the certificate of {shown_host(url)}",
            guidance=("If a company proxy stands between, name its certificate in REQUESTS_CA_BUNDLE.", *_AGAIN),
        )

    def _send(self, request: PreparedRequest, proxies: Mapping[str, str]) -> Response:
        left = self._deadline()
        with self._network_errors(), self._lines.cut_after(self._real(min(HEADER_SECONDS, left))):
            return self._adapter(is_tls=request.url is not None and request.url[:6].lower() == "https:").send(
                request,
                stream=True,
                timeout=(self._real(min(CONNECT_SECONDS, left)), self._real(min(READ_SECONDS, left))),
                proxies=dict(proxies),
            )

    def _adapter(self, *, is_tls: bool) -> HTTPAdapter:
        if is_tls not in self._adapters:
            self._adapters[is_tls] = guarded_adapter(
                resolver=self._resolver,
                allow_loopback=self._allow_loopback,
                connected=self._lines.add,
                ssl_context=self._trust_store().context if is_tls else None,
            )
        return self._adapters[is_tls]

    def _trust_store(self) -> TrustStore:
        if self._trust is None:
            from .connections import TrustStore

            self._trust = TrustStore(os.environ)
        return self._trust

    def _check_status(self, response: Response) -> None:
        status = response.status_code
        if status == 200:
            return
        retry_after = parse_retry_after({k.lower(): v for k, v in response.headers.items()}, time.time())
        if status in _NOT_THERE or status == 410 or status in _BUSY or status >= 500:
            raise _Transient(f"the file host answered {status}", status, retry_after)
        raise OutputError(
            "download_failed",
            f"the file host {shown_host(response.url or '')} answered {status} to a plain GET",
            guidance=_AGAIN,
        )

    @contextmanager
    def _network_errors(self) -> Iterator[None]:
        """What requests, urllib3 and sockets raise becomes a try that may be repeated; their texts hold URLs."""
        from requests.exceptions import InvalidProxyURL, InvalidSchema, InvalidURL
        from urllib3.exceptions import LocationParseError

        broken: tuple[type[Exception], ...] = (*network_exceptions(), AttributeError)
        try:
            yield
        except (InvalidURL, InvalidSchema, InvalidProxyURL, LocationParseError) as error:
            raise refused(f"the result's URL or the proxy's cannot be used ({type(error).__name__})") from None
        except broken as error:
            if is_untrusted(error):
                raise _Untrusted from None
            if is_blocked(error):
                raise OutputError(NETWORK_BLOCKED, f"the result cannot be fetched: {BLOCKED}") from None
            # AttributeError: the connection was shut by the timer in the middle of a read.
            raise _Transient(f"the connection to the file host: {describe(error)}") from None

    def _real(self, seconds: float) -> float:
        return max(0.001, seconds / self._time_scale)


_AGAIN = ("The job itself is done and paid: run the same command again, it only fetches the file.",)


def _spent(failure: _Transient, host: str) -> OutputError:
    if failure.status in _NOT_THERE or failure.status == 410:
        return OutputError("output_gone", f"the file is not at {host} (HTTP {failure.status}); such links expire")
    return OutputError("download_failed", f"{host}: {failure.reason}", guidance=_AGAIN, should_retry=True)


def _time_up() -> StillRunning:
    return StillRunning(
        "deadline",
        "the time was up while the result was being fetched; it waits at the provider",
        guidance=_AGAIN,
        should_retry=True,
    )
