"""Connections that know whether a request can have left. Imports requests and urllib3: import it late.

urllib3 reports a failed CONNECT, a failed handshake and a lost answer through the same exceptions, and which
wraps which has changed between its versions. So the connection itself says how far it came: whatever is raised
inside ``connect()`` (name, TCP, proxy, TLS) becomes :class:`NotConnected`, and all else happens afterwards.
A paid request is announced (the journal writes ``sending``) when its connection is open and only its bytes are left.
"""

from __future__ import annotations

import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from http.client import HTTPException
from pathlib import Path
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError
from urllib3.util.ssl_ import create_urllib3_context

from ..core import UsageError
from .blocked import why_not_connected
from .exchange import Exchange, is_untrusted

SYSTEM_STORE = Path("/etc/ssl/certs")
STALE_SECONDS = 5.0
"""A connection that was opened longer ago and has not been used may be dead without a sign."""
BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR")

_current = threading.local()


class NotConnected(HTTPError):
    """There is no connection, so nothing was sent. ``untrusted``: only because no store knows the issuer; ``stale``:
    there was one, and it may be dead by now."""

    def __init__(self, detail: str, *, untrusted: bool = False, stale: bool = False) -> None:
        super().__init__(detail)
        self.detail = detail
        self.untrusted = untrusted
        self.stale = stale


@contextmanager
def on_behalf_of(exchange: Exchange) -> Iterator[None]:
    """Connections that this thread opens or takes from a pool inside the block belong to ``exchange``."""
    _current.exchange = exchange
    try:
        yield
    finally:
        _current.exchange = None


class _Traced:
    """Mixed into urllib3's connection classes; ``super()`` is one of them, a SOCKS one too."""

    sock: Any
    timeout: Any
    _opened_at: float

    def _new_conn(self) -> socket.socket:
        line: socket.socket = super()._new_conn()  # type: ignore[misc]
        # A copy, since the TLS layer takes the descriptor away from this one: else a handshake could not be cut.
        self._copy = line.dup()
        try:
            _current.exchange.hold(self._copy)
        except TimeoutError:  # cut before it began
            line.close()
            raise
        return line

    def connect(self) -> None:
        exchange: Exchange = _current.exchange
        self.timeout = exchange.connect_seconds
        try:
            super().connect()  # type: ignore[misc]
            exchange.hold(self.sock)
            self.sock.settimeout(exchange.send_seconds)
            self._opened_at = time.monotonic()
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


def is_quiet(line: Any) -> bool:
    """Whether an open connection has neither ended nor said anything; a TLS session ticket says nothing."""
    before = line.gettimeout()
    line.settimeout(0.0)
    try:
        line.recv(1)
    except (BlockingIOError, ssl.SSLWantReadError):
        return True
    except OSError:
        return False
    finally:
        line.settimeout(before)
    return False


@cache
def _traced(pool_class: type[Any]) -> type[Any]:
    """The same pool with connections that are traced."""
    inner = pool_class.ConnectionCls
    connection = type(f"Traced{inner.__name__}", (_Traced, inner), {})
    return type(f"Traced{pool_class.__name__}", (pool_class,), {"ConnectionCls": connection})


class Adapter(HTTPAdapter):
    """requests' adapter over traced connections and one TLS context for all of them. Never retries."""

    def __init__(self, context: ssl.SSLContext | None, pool_size: int) -> None:
        self._context = context
        super().__init__(pool_connections=4, pool_maxsize=pool_size, max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **{**kwargs, "ssl_context": self._context})
        _trace(self.poolmanager)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
        is_new = proxy not in self.proxy_manager
        contexts = {"ssl_context": self._context}
        if not proxy.lower().startswith("socks"):
            contexts["proxy_ssl_context"] = self._context
        manager = super().proxy_manager_for(proxy, **kwargs, **contexts)
        if is_new:
            _trace(manager)
        return manager

    def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
        """Verification is always on, and its store is in the context: requests would load certifi's bundle."""
        conn.cert_reqs = "CERT_REQUIRED"


def _trace(manager: Any) -> None:
    classes = manager.pool_classes_by_scheme
    manager.pool_classes_by_scheme = {scheme: _traced(pool) for scheme, pool in classes.items()}


class TrustStore:
    """The one TLS context of a client, and which authorities it trusts.

    The user's own (REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, SSL_CERT_FILE, SSL_CERT_DIR) where set, and then alone.
    Else the system's hashed folder, of which OpenSSL opens only what it needs, and certifi's bundle (60 to 100 ms)
    only when an issuer is not found there; or certifi's from the start.
    """

    def __init__(
        self, environ: Mapping[str, str], system_store: Path = SYSTEM_STORE, bundle: Path | None = None
    ) -> None:
        self.context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED)
        self._bundle = bundle
        self._may_widen = False
        self._lock = threading.Lock()
        chosen = next(((name, environ[name]) for name in BUNDLE_VARIABLES if environ.get(name)), None)
        if chosen is not None:
            self._load_chosen(*chosen)
        elif _is_hashed(system_store):
            self.context.load_verify_locations(capath=str(system_store))
            self._may_widen = True
        else:
            self._load_bundle()

    def widen(self) -> bool:
        """Trust certifi's authorities as well; False where that is done, or the user chose the store."""
        with self._lock:
            if self._may_widen:
                self._load_bundle()
                self._may_widen = False
                return True
            return False

    def _load_bundle(self) -> None:
        import certifi

        self.context.load_verify_locations(cafile=str(self._bundle or certifi.where()))

    def _load_chosen(self, name: str, path: str) -> None:
        place = {"capath": path} if os.path.isdir(path) else {"cafile": path}
        try:
            self.context.load_verify_locations(**place)
        except OSError as error:
            raise UsageError("ca_bundle_unusable", f"{name} names {path}: {error.strerror or 'not readable'}") from None


def _is_hashed(folder: Path) -> bool:
    with suppress(OSError), os.scandir(folder) as entries:
        return any(entry.name.endswith(".0") for entry in entries)
    return False
