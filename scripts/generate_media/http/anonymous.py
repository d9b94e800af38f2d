"""One GET as one asks a stranger: no key, no cookies, no ~/.netrc, checked addresses, few redirects, each checked.

Seconds are story seconds; only socket time-outs are real ones.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urljoin

from .. import __version__
from ..config import is_loopback
from ..core import Category, Deadline, Failure, OutputError
from .addresses import Resolver, checked_addresses, checked_url, refused, shown_host
from .blocked import BLOCKED, NETWORK_BLOCKED
from .exchange import BrokenAnswer, Exchange, describe, network_exceptions
from .watch import shared

if TYPE_CHECKING:
    from .connections import TracedAdapter
    from .trust import TrustStore

MAX_REDIRECTS = 5
CONNECT_SECONDS = 10.0
HEADER_SECONDS = 60.0
READ_SECONDS = 30.0
_REDIRECTS = (301, 302, 303, 307, 308)
_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": f"generate-media/{__version__}"}
AGAIN = ("The job itself is done and paid: run the same command again, it only fetches the file.",)


class Transient(Exception):
    """Another try may do better."""

    def __init__(self, reason: str, status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.failure = Failure(Category.TRANSIENT, reason, http_status=status, retry_after_seconds=retry_after)


class FileAnswer(NamedTuple):
    """What a file host answered; header names in lower case, ``read(count, decode_content=False)`` gives raw bytes."""

    host: str
    status: int
    headers: Mapping[str, str]
    read: Callable[..., bytes]


class AnonymousGet:
    """GETs for one job. Not shared between threads; :meth:`close` when done.

    ``trust``: certificates that are loaded already; None loads them when needed.
    """

    def __init__(
        self, *, allow_loopback: bool, deadline: Deadline, resolver: Resolver, trust: TrustStore | None
    ) -> None:
        self._allow_loopback = allow_loopback
        self._deadline = deadline
        self._addresses = partial(checked_addresses, resolver=resolver, allow_loopback=allow_loopback)
        self._trust = trust
        self._adapters: dict[str, TracedAdapter] = {}

    def close(self) -> None:
        """Close connections; the next GET opens new ones."""
        while self._adapters:
            self._adapters.popitem()[1].close()

    @contextmanager
    def opened(self, url: str) -> Iterator[FileAnswer]:
        """The answer at the end of the redirects, whatever its status; its body is read inside the block, until the
        deadline cuts it.

        Raises:
            OutputError: ``output_refused``; ``network_blocked``; ``download_failed`` for a certificate that nobody
                here trusts.
            Transient: no answer came, or it broke; BrokenAnswer that the block raises is told so, too.
        """
        for _ in range(MAX_REDIRECTS + 1):
            with self._sent(url) as (exchange, raw):
                location = raw.headers.get("location")
                if raw.status not in _REDIRECTS or not location:
                    alarm = exchange.limit(self._real())
                    try:
                        headers = {name.lower(): value for name, value in raw.headers.items()}
                        yield FileAnswer(shown_host(url), raw.status, headers, raw.read1)
                    finally:
                        alarm.cancel()
                    return
            # Its body was never read: it may have no end.
            url = _redirected(url, location)
        raise refused(f"more than {MAX_REDIRECTS} redirects")

    @contextmanager
    def _sent(self, url: str) -> Iterator[tuple[Exchange, Any]]:
        from requests import Request

        parts = checked_url(url, allow_loopback=self._allow_loopback)
        connect, read = self._real(CONNECT_SECONDS), self._real(READ_SECONDS)
        exchange = Exchange(connect_seconds=connect, send_seconds=read, watch=shared(), addresses=self._addresses)
        with ExitStack() as stack, _in_our_words(exchange, shown_host(url)):
            # Not through a Session: it would read ~/.netrc, keep cookies, and read a redirect's body to its end.
            request = Request("GET", url, headers=_HEADERS).prepare()
            alarm = exchange.limit(self._real(HEADER_SECONDS))
            stack.callback(alarm.cancel)
            adapter = self._adapter(parts.scheme)
            raw = adapter.transmit(request, exchange, read, direct=is_loopback(url))
            stack.callback(raw.close)
            stack.callback(exchange.release)  # once it is read, its connection may serve the next GET
            alarm.cancel()
            yield exchange, raw
            if exchange.cut_because:  # an end that we made ourselves may look like the end of the body
                raise Transient("the connection was cut")

    def _adapter(self, scheme: str) -> TracedAdapter:
        """One for each scheme, so that a plain http download waits for no certificates."""
        from .connections import TracedAdapter
        from .trust import TrustStore

        if scheme not in self._adapters:
            if scheme == "https" and self._trust is None:
                self._trust = TrustStore(os.environ)
            self._adapters[scheme] = TracedAdapter(self._trust if scheme == "https" else None, 1)
        return self._adapters[scheme]

    def _real(self, seconds: float = float("inf")) -> float:
        """Real seconds, cut to the deadline."""
        return self._deadline.clock.real(self._deadline.cut(seconds))


@contextmanager
def _in_our_words(exchange: Exchange, host: str) -> Iterator[None]:
    """What requests, urllib3 and sockets raise becomes a try that may be repeated; their texts hold URLs."""
    from requests.exceptions import InvalidProxyURL, InvalidSchema, InvalidURL
    from urllib3.exceptions import LocationParseError

    from .connections import NotConnected

    try:
        yield
    except BrokenAnswer as error:
        raise Transient(str(error)) from None
    except (InvalidURL, InvalidSchema, InvalidProxyURL, LocationParseError, UnicodeError) as error:
        raise refused(f"the result's URL or the proxy's cannot be used ({type(error).__name__})") from None
    except NotConnected as error:
        if error.untrusted:
            raise _untrusted(host) from None
        if error.detail == BLOCKED:
            raise OutputError(NETWORK_BLOCKED, f"the result cannot be fetched: {BLOCKED}") from None
        raise Transient(f"the connection to the file host: {error.detail}") from None
    except network_exceptions() as error:
        raise Transient(f"the connection to the file host: {exchange.cut_because or describe(error)}") from None


def _untrusted(host: str) -> OutputError:
    return OutputError(
        "download_failed",
        f"nobody that this machine trusts has signed the certificate of {host}",
        guidance=("If a company proxy stands between, name its certificate in REQUESTS_CA_BUNDLE.", *AGAIN),
    )


def _redirected(url: str, location: str) -> str:
    try:
        target = urljoin(url, location)
    except ValueError:
        raise refused(f"{shown_host(url)} redirected to a malformed URL") from None
    if url[:6].lower() == "https:" and target[:6].lower() != "https:":
        raise refused(f"{shown_host(url)} redirected from https to something else")
    return target
