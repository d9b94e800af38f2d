"""Connections that know whether a request can have left. Imports requests and urllib3: import it late.

urllib3 reports a failed CONNECT, a failed handshake and a lost answer through the same exceptions, and which
wraps which has changed between its versions. So the connection itself says how far it came: whatever is raised
inside ``connect()`` (name, TCP, proxy, TLS) becomes :class:`NotConnected`, and all else happens afterwards.
A paid request is announced (the journal writes ``sending``) when its connection is open and only its bytes are left.
"""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Sequence
from functools import cache
from http.client import HTTPException
from typing import TYPE_CHECKING, Any

from .blocked import why_not_connected
from .early import STALE_SECONDS
from .exchange import Exchange, is_untrusted
from .loading import load_requests

load_requests()

from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies
from urllib3.exceptions import ConnectTimeoutError, HTTPError
from urllib3.util.connection import create_connection

if TYPE_CHECKING:
    from requests import PreparedRequest

    from .trust import TrustStore

OPENINGS = 3
"""A connection is opened anew where another store of certificates may know its issuer, or where it died unused."""

_current = threading.local()
"""``exchange``: whose connections this thread opens or takes from a pool just now. requests and urllib3 hand nothing of
ours down to a connection, and a pool's connection serves one exchange after another, from any thread.
"""


class NotConnected(HTTPError):
    """There is no connection, so nothing was sent. ``untrusted``: only because no store knows the issuer; ``stale``:
    there was one, and it may be dead by now."""

    def __init__(self, detail: str, *, untrusted: bool = False, stale: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.untrusted = untrusted
        self.stale = stale


class _Traced:
    """Mixed into urllib3's connection classes; ``super()`` is one of them, a SOCKS one too."""

    sock: Any
    timeout: Any
    host: str
    port: int
    socket_options: Any
    _is_direct: bool
    """False: to a proxy, which is the user's choice and resolves names itself."""
    _opened_at: float
    is_verified: bool

    def _new_conn(self) -> socket.socket:
        checked = _current.exchange.addresses
        sock: socket.socket = (
            self._dialled(checked(self.host, self.port)) if checked and self._is_direct else super()._new_conn()  # type: ignore[misc]
        )
        # A copy, since the TLS layer takes the descriptor away from this one: else a handshake could not be cut.
        self._copy = sock.dup()
        try:
            _current.exchange.hold(self._copy)
        except TimeoutError:  # cut before it began
            sock.close()
            raise
        return sock

    def _dialled(self, addresses: Sequence[str]) -> socket.socket:
        """To the first address that answers. There is no second look-up, which a hostile name server could answer
        differently; Host header, TLS name and certificate check stay those of the name."""
        failures: list[OSError] = []
        for address in addresses:
            try:
                return create_connection((address, self.port), self.timeout, None, self.socket_options)
            except OSError as error:
                failures.append(error)
        raise failures[-1]

    def connect(self) -> None:
        exchange: Exchange = _current.exchange
        self.timeout = exchange.connect_seconds
        try:
            if not self._has_early(exchange):
                super().connect()  # type: ignore[misc]
                self._opened_at = time.monotonic()
            exchange.hold(self.sock)
            self.sock.settimeout(exchange.send_seconds)
        except (HTTPError, HTTPException, OSError, ValueError) as error:
            failure = NotConnected(exchange.cut_because or why_not_connected(error), untrusted=is_untrusted(error))
        else:
            return
        finally:
            copy = self.__dict__.pop("_copy", None)
            if copy is not None:
                copy.close()
        super().close()  # type: ignore[misc]
        raise failure

    def _has_early(self, exchange: Exchange) -> bool:
        """Take the connection that was begun for this exchange; False where there is none, or none any more."""
        early, exchange.early = exchange.early, None
        if early is None or not self._is_direct:
            return False
        try:
            self.sock = early.take(exchange.connect_seconds)
        except TimeoutError as error:
            raise ConnectTimeoutError("connect timed out") from error
        self._opened_at = early.opened_at
        self.is_verified = early.trust is not None
        return self.sock is not None

    def request(self, *args: Any, **kwargs: Any) -> None:
        exchange: Exchange = _current.exchange
        if self.sock is None:
            self.connect()
        if exchange.is_paid:
            self._check_fresh()
            exchange.announce()
            self._check_fresh()  # a disk may be slow
        try:
            exchange.departing(self.sock)
        except TimeoutError as error:
            raise NotConnected(str(exchange.cut_because)) from error
        self.timeout = exchange.send_seconds  # urllib3 would send under the connect time-out
        super().request(*args, **kwargs)  # type: ignore[misc]

    def _check_fresh(self) -> None:
        """Raises NotConnected for a connection that the other side may have given up, or has."""
        if time.monotonic() - self._opened_at > STALE_SECONDS or not is_quiet(self.sock):
            raise NotConnected("the connection was closed before anything was sent", stale=True)


def is_quiet(sock: Any) -> bool:
    """Whether an open connection has neither ended nor said anything; a TLS session ticket says nothing."""
    before = sock.gettimeout()
    sock.settimeout(0.0)
    try:
        sock.recv(1)
    except (BlockingIOError, ssl.SSLWantReadError):
        return True
    except OSError:
        return False
    finally:
        sock.settimeout(before)
    return False


@cache
def _traced(pool_class: type[Any], is_direct: bool) -> type[Any]:
    """The same pool with connections that are traced."""
    inner = pool_class.ConnectionCls
    connection = type(f"Traced{inner.__name__}", (_Traced, inner), {"_is_direct": is_direct})
    return type(f"Traced{pool_class.__name__}", (pool_class,), {"ConnectionCls": connection})


class TracedAdapter(HTTPAdapter):
    """requests' adapter over traced connections and one TLS context for all of them. Never retries what may have left.

    ``trust`` is None for plain http.
    """

    def __init__(self, trust: TrustStore | None, pool_size: int) -> None:
        self._trust = trust
        self._context = trust.context if trust else None
        super().__init__(pool_connections=4, pool_maxsize=pool_size, max_retries=0)

    def transmit(self, request: PreparedRequest, exchange: Exchange, read_seconds: float, *, direct: bool) -> Any:
        """urllib3's answer, its body not read yet; proxies as the environment says, unless ``direct``.

        Raises:
            NotConnected: nothing was sent.
            Exception: the others of :func:`network_exceptions`.
        """
        proxies = {} if direct else get_environ_proxies(request.url or "")
        timeouts = (exchange.connect_seconds, read_seconds)
        _current.exchange = exchange
        try:
            for left in range(OPENINGS - 1, -1, -1):
                try:
                    return self.send(request, stream=True, timeout=timeouts, proxies=proxies).raw
                except NotConnected as error:
                    if not left or not (error.stale or (error.untrusted and self._trust and self._trust.widen())):
                        raise
        finally:
            _current.exchange = None
        raise AssertionError("the last opening returns or raises")

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **{**kwargs, "ssl_context": self._context})
        _trace(self.poolmanager, is_direct=True)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        is_new = proxy not in self.proxy_manager
        contexts = {"ssl_context": self._context}
        if not proxy.lower().startswith("socks"):
            contexts["proxy_ssl_context"] = self._context
        manager = super().proxy_manager_for(proxy, **kwargs, **contexts)
        if is_new:
            _trace(manager, is_direct=False)
        return manager

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Verification is always on, and its store is in the context: requests would load certifi's bundle."""
        conn.cert_reqs = "CERT_REQUIRED"


def _trace(manager: Any, *, is_direct: bool) -> None:
    classes = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {scheme: _traced(pool, is_direct) for scheme, pool in classes.items()}
