"""One GET as one asks a stranger: no key, no cookies, no ~/.netrc, checked addresses, few redirects, each checked.

Seconds are story seconds; only socket time-outs are divided by ``time_scale``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urljoin

from .. import __version__
from ..core import OutputError
from .addresses import Resolver, checked_url, is_loopback_host, refused, shown_host
from .blocked import BLOCKED, NETWORK_BLOCKED, is_blocked
from .exchange import describe, is_untrusted, network_exceptions
from .guarded import Lines, guarded_adapter

if TYPE_CHECKING:
    from requests import Request, Response
    from requests.adapters import HTTPAdapter

    from .connections import TrustStore

MAX_REDIRECTS = 5
CONNECT_SECONDS = 10.0
HEADER_SECONDS = 60.0
READ_SECONDS = 30.0
_REDIRECTS = (301, 302, 303, 307, 308)
AGAIN = ("The job itself is done and paid: run the same command again, it only fetches the file.",)


class Transient(Exception):
    """Another try may do better. ``retry_after`` in seconds, where the host said it."""

    def __init__(self, reason: str, status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.retry_after = retry_after


class _Untrusted(Exception):
    """Another store may know the issuer."""


class AnonymousGet:
    """GETs for one job. Not shared between threads; :meth:`close` when done.

    ``deadline`` tells story seconds left. ``trust``: certificates that are loaded already; None loads them when needed.
    """

    def __init__(
        self,
        *,
        allow_loopback: bool,
        deadline: Callable[[], float],
        time_scale: float,
        resolver: Resolver,
        trust: TrustStore | None,
    ) -> None:
        self._allow_loopback = allow_loopback
        self._deadline = deadline
        self._time_scale = time_scale
        self._resolver = resolver
        self._trust = trust
        self._adapters: dict[bool, HTTPAdapter] = {}
        self.lines = Lines()

    def close(self) -> None:
        """Close connections; the next GET opens new ones."""
        while self._adapters:
            self._adapters.popitem()[1].close()
        self.lines.close()

    def response(self, url: str) -> Response:
        """The answer at the end of the redirects, whatever its status, its body not read yet.

        Raises:
            OutputError: ``output_refused``; ``download_failed`` for a certificate that nobody here trusts.
            Transient: no answer came.
        """
        for _ in range(MAX_REDIRECTS + 1):
            parts = checked_url(url, allow_loopback=self._allow_loopback)
            response = self._get(url, parts)
            location = response.headers.get("location")
            if response.status_code not in _REDIRECTS or not location:
                return response
            response.close()  # its body is never read: it may have no end
            target = _redirected(url, location)
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
                return self._send(request, proxies)
            except _Untrusted:
                if not self._trust_store().widen():
                    break
        raise OutputError(
            "download_failed",
            f"nobody that this machine trusts has signed the certificate of {shown_host(url)}",
            guidance=("If a company proxy stands between, name its certificate in REQUESTS_CA_BUNDLE.", *AGAIN),
        )

    def _send(self, request: Request, proxies: Mapping[str, str]) -> Response:
        left = self._deadline()
        with self.errors(), self.lines.cut_after(self.real(min(HEADER_SECONDS, left))):
            prepared = request.prepare()
            return self._adapter(is_tls=(prepared.url or "")[:6].lower() == "https:").send(
                prepared,
                stream=True,
                timeout=(self.real(min(CONNECT_SECONDS, left)), self.real(min(READ_SECONDS, left))),
                proxies=dict(proxies),
            )

    def _adapter(self, *, is_tls: bool) -> HTTPAdapter:
        if is_tls not in self._adapters:
            self._adapters[is_tls] = guarded_adapter(
                resolver=self._resolver,
                allow_loopback=self._allow_loopback,
                connected=self.lines.add,
                ssl_context=self._trust_store().context if is_tls else None,
            )
        return self._adapters[is_tls]

    def _trust_store(self) -> TrustStore:
        if self._trust is None:
            from .connections import TrustStore

            self._trust = TrustStore(os.environ)
        return self._trust

    @contextmanager
    def errors(self) -> Iterator[None]:
        """What requests, urllib3 and sockets raise becomes a try that may be repeated; their texts hold URLs."""
        from requests.exceptions import InvalidProxyURL, InvalidSchema, InvalidURL
        from urllib3.exceptions import LocationParseError

        broken: tuple[type[Exception], ...] = (*network_exceptions(), AttributeError)
        try:
            yield
        except (InvalidURL, InvalidSchema, InvalidProxyURL, LocationParseError, UnicodeError) as error:
            raise refused(f"the result's URL or the proxy's cannot be used ({type(error).__name__})") from None
        except broken as error:
            if is_untrusted(error):
                raise _Untrusted from None
            if is_blocked(error):
                raise OutputError(NETWORK_BLOCKED, f"the result cannot be fetched: {BLOCKED}") from None
            # AttributeError: the connection was shut by the timer in the middle of a read.
            raise Transient(f"the connection to the file host: {describe(error)}") from None

    def real(self, seconds: float) -> float:
        """Story seconds as real ones, for sockets."""
        return max(0.001, seconds / self._time_scale)


def _redirected(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        raise refused(f"{shown_host(url)} redirected to a malformed URL") from None
