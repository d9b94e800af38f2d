"""The one HTTP client for providers' APIs: the key to the right host, every exchange bounded, nothing repeated.

requests does the work, without its Session: a Session reads ~/.netrc, follows redirects and keeps cookies, none
of which a paid call may do. requests and urllib3 are imported with the first Client.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from .. import __version__
from ..config import SecretKey, is_loopback
from ..core import Answer, Call, UsageError
from .exchange import Exchange, TransportError
from .incoming import EventStream, Incoming, guarded
from .watch import Alarm, shared

if TYPE_CHECKING:
    from requests import PreparedRequest

    from .connections import TracedAdapter
    from .early import EarlyConnection
    from .trust import TrustStore

CONNECT_SECONDS = 10.0
POOL_SIZE = 64
"""Idle connections that are kept for reads; more than these are closed after use."""


class Site(NamedTuple):
    """One host of a provider and the key for it."""

    base_url: str
    allowed_hosts: tuple[str, ...]
    loopback: bool
    """True: this machine itself, so no proxy, and plain http is fine."""
    key: SecretKey


def check_base_url(url: str, allowed_hosts: tuple[str, ...]) -> None:
    """Refuse a base URL that the key must not go to: https to an allowed host, or loopback.

    Raises:
        UsageError: anything else.
    """
    problem = _problem_of(url, allowed_hosts)
    if problem:
        raise UsageError(
            "host_not_allowed",
            f"the base URL cannot be used: {problem}",
            details={"received": url.split("@")[-1][:200], "allowed": [*allowed_hosts, "127.0.0.1", "localhost"]},
        )


def _problem_of(url: str, allowed_hosts: tuple[str, ...]) -> str:
    if not url.isascii() or not url.isprintable() or "\\" in url or " " in url:
        return "it holds characters that no address has"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "it is no address"
    if parts.username is not None or parts.password is not None:
        return "it holds a user name"
    if parts.scheme not in ("https", "http") or not host:
        return "it is no http(s) address"
    if is_loopback(url):
        return ""
    if host not in {allowed.lower() for allowed in allowed_hosts}:
        return f"{host} is not one of the provider's allowed_hosts in config.json"
    return "" if parts.scheme == "https" else "plain http would show the key to everybody on the way"


class Client:
    """Sends calls to one host with one key; any number of threads may share it."""

    def __init__(self, site: Site, *, early: EarlyConnection | None = None) -> None:
        """``early``: a connection to the site that the first create goes out on."""
        check_base_url(site.base_url, site.allowed_hosts)

        self.site = site
        self._early = early
        self.trust = early.trust if early else self._trust()
        self._reads = self._new_adapter(POOL_SIZE)

    def send(self, call: Call, *, timeout_seconds: float, before_bytes: Callable[[], object] | None = None) -> Answer:
        """One exchange, whatever its status; a redirect is an answer like any other.

        ``timeout_seconds`` bounds all of it, but for a system resolver that hangs and a host's further addresses.
        ``before_bytes`` is called once, when the connection is open and nothing but the request's bytes is left to do.

        Raises:
            TransportError: no whole answer.
            UsageError: the request cannot be built (a changed local file, a host that is not allowed).
        """
        # The socket's own time-out is only a net: the alarm is what bounds a byte a second.
        with self._opened(call, timeout_seconds, timeout_seconds + 1.0, before_bytes) as opened:
            return opened.answer()

    @contextmanager
    def open_stream(
        self,
        call: Call,
        *,
        silence_seconds: float,
        answer_seconds: float | None = None,
        before_bytes: Callable[[], object] | None = None,
    ) -> Iterator[Answer | EventStream]:
        """Sends on entering; gives events, or the whole answer where it is not an event stream.

        ``silence_seconds`` without any byte break it off. ``answer_seconds`` (else the same) bound the time to the
        first bytes of the body, and a whole answer. What decides is the body's beginning rather than its declared
        type alone, since a mislabelled answer to a create still holds the job's id.

        Raises:
            TransportError: no answer began.
        """
        bound = silence_seconds if answer_seconds is None else answer_seconds
        with self._opened(call, bound, silence_seconds, before_bytes) as opened:
            yield opened.answer_or_events()

    def close(self) -> None:
        """Close idle connections."""
        self._reads.close()

    @contextmanager
    def _opened(
        self, call: Call, answer_seconds: float, read_seconds: float, before_bytes: Callable[[], object] | None
    ) -> Iterator[Incoming]:
        early: EarlyConnection | None = None
        if before_bytes is not None:
            early, self._early = self._early, None
        with ExitStack() as stack:
            exchange = Exchange(
                connect_seconds=min(CONNECT_SECONDS, answer_seconds),
                send_seconds=answer_seconds,
                watch=shared(),
                before_bytes=before_bytes,
                early=early,
            )
            alarm, raw = self._sent(call, exchange, stack, answer_seconds, read_seconds)
            yield Incoming(call, exchange, alarm, raw)

    def _sent(
        self, call: Call, exchange: Exchange, stack: ExitStack, answer_seconds: float, read_seconds: float
    ) -> tuple[Alarm, Any]:
        """The alarm that bounds the answer, and the answer as it begins. The request, with the key in its headers, is
        let go here: a stream may be read for an hour."""
        request = guarded(exchange, lambda: self._prepare(call, stack))
        alarm = exchange.limit(answer_seconds)
        stack.callback(alarm.cancel)

        def transmit() -> Any:
            raw = self._on_right_connection(call, request, exchange, read_seconds)
            stack.callback(raw.close)  # here, since a cut may make an error of it yet
            stack.callback(exchange.release)
            return raw

        return alarm, guarded(exchange, transmit)

    def _on_right_connection(self, call: Call, request: PreparedRequest, exchange: Exchange, seconds: float) -> Any:
        """A pooled connection may be closed by the server while a create is on its way, and then nobody knows whether
        it was read: all but reads have a connection of their own, out of a pool that is given up at once."""
        if call.method == "GET":
            return self._reads.transmit(request, exchange, seconds, direct=self.site.loopback)
        with closing(self._new_adapter(1)) as adapter:
            raw = adapter.transmit(request, exchange, seconds, direct=self.site.loopback)
        raw._pool = None  # closed, and to no use: 6 kB for as long as a stream is read
        return raw

    def _prepare(self, call: Call, files: ExitStack) -> PreparedRequest:
        from requests import Request

        headers = {"User-Agent": f"generate-media/{__version__}", "Accept-Encoding": "identity"}
        headers["Accept"] = "text/event-stream, application/json;q=0.9" if call.stream else "application/json"
        data = None
        if call.body is not None:
            from .bodies import json_content, multipart_content

            content = multipart_content(call.body, files) if call.multipart else json_content(call.body)
            data, headers["Content-Type"] = content.data, content.content_type
        auth = _Bearer(self.site.key)
        query = [(name, value.encode("utf-8", "surrogatepass")) for name, value in call.query]
        request = Request(
            call.method, call.url(self.site.base_url), headers, data=data, params=query, auth=auth
        ).prepare()
        self._check_destination(request.url or "")
        return request

    def _check_destination(self, url: str) -> None:
        """The key goes where the base URL says, as the library that opens the connection reads it."""
        from urllib3.util import parse_url

        there, base = parse_url(url), parse_url(self.site.base_url)
        if (there.scheme, there.host, there.port, there.auth) != (base.scheme, base.host, base.port, None):
            raise UsageError("host_not_allowed", "the path leads to another host than the base URL")
        check_base_url(f"{there.scheme}://{there.netloc}", self.site.allowed_hosts)

    def _trust(self) -> TrustStore | None:
        from .trust import TrustStore

        return TrustStore(os.environ) if self.site.base_url.lower().startswith("https:") else None

    def _new_adapter(self, pool_size: int) -> TracedAdapter:
        from .connections import TracedAdapter

        return TracedAdapter(self.trust, pool_size)


class _Bearer:
    """Sets the key's header last, over anything that ~/.netrc or a URL could have put there."""

    def __init__(self, key: SecretKey) -> None:
        self._key = key

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        if not (self._key.reveal().isascii() and self._key.reveal().isprintable()):
            raise TransportError("the key holds characters that no header may have", reached=False)
        request.headers["Authorization"] = _Hidden(f"Bearer {self._key.reveal()}")
        return request


class _Hidden(str):
    """A header value that a debugger, a log or a dict's repr cannot show."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<hidden>"
