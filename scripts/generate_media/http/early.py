"""The create's connection, opened while its contract is read: name, TCP and TLS take no longer then than that does.

Only the handshake is sent on it before the journal says ``sending``. A run that sends no create gives it up unused,
STALE_SECONDS after it was opened at the latest. The standard library alone: urllib3 is imported meanwhile.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..config import is_loopback
from ..core import UsageError
from .client import CONNECT_SECONDS, check_base_url
from .exchange import shut

if TYPE_CHECKING:
    from .trust import TrustStore

STALE_SECONDS = 5.0
"""A connection that was opened longer ago and has not been used may be dead without a sign."""
_PORTS = {"http": 80, "https": 443}
_LAST_SECONDS = 0.2
"""So long is waited for the thread of a connection that is given up: only a resolver that hangs takes longer."""


def open_early(base_url: str, allowed_hosts: tuple[str, ...]) -> EarlyConnection | None:
    """Begin to connect to an API; None where that must wait: behind a proxy, and where an error is to be told, which is
    done where the run comes to it."""
    try:
        check_base_url(base_url, allowed_hosts)
        if not is_loopback(base_url) and _may_have_proxy():
            return None
        if not base_url.lower().startswith("https:"):
            return EarlyConnection(base_url, None)
        from .trust import TrustStore

        return EarlyConnection(base_url, TrustStore(os.environ))
    except UsageError:
        return None


def _may_have_proxy() -> bool:
    """Whether the environment names one, or a system that has such settings; which hosts go around it is not asked."""
    names = {name.lower() for name, value in os.environ.items() if value}
    if any(name.endswith("_proxy") for name in names - {"no_proxy"}):
        return True
    if sys.platform not in ("darwin", "win32"):
        return False
    from urllib.request import getproxies

    return bool(getproxies())


class EarlyConnection:
    """One connection that is being opened in a thread of its own; ``trust`` is None for plain http."""

    def __init__(self, base_url: str, trust: TrustStore | None) -> None:
        self.base_url = base_url
        self.trust = trust
        self.opened_at = 0.0
        self._lock = threading.Lock()
        self._ready, self._over = threading.Event(), threading.Event()
        self._sock: socket.socket | None = None
        self._raw: socket.socket | None = None
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="early-connection", daemon=True)
        self._thread.start()

    def take(self, seconds: float) -> socket.socket | None:
        """The open socket, once; None where it was given up.

        Raises:
            OSError, ValueError: what opening it raised; TimeoutError after ``seconds``.
        """
        if not self._ready.wait(seconds):
            self.close()
            raise TimeoutError("connect timed out")
        with self._lock:
            sock, self._sock = self._sock, None
            error, self._error = self._error, None
        self._over.set()
        if error is not None:
            raise error
        return sock

    def close(self) -> None:
        """Give it up, if nobody has taken it; a handshake ends at once."""
        self._over.set()
        with self._lock:
            shut(self._raw)
        self._thread.join(_LAST_SECONDS)

    def _run(self) -> None:
        try:
            self._sock = self._opened()
        except (OSError, ValueError) as error:
            self._error = error
        self.opened_at = time.monotonic()
        self._ready.set()
        self._over.wait(STALE_SECONDS)
        with self._lock:
            left, self._sock = self._sock, None
        if left is not None:
            left.close()

    def _opened(self) -> socket.socket:
        parts = urlsplit(self.base_url)
        host = parts.hostname or ""
        sock = socket.create_connection((host, parts.port or _PORTS[parts.scheme]), CONNECT_SECONDS)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return self._secured(sock, host.rstrip(".")) if self.trust else sock
        except (OSError, ValueError):
            sock.close()
            raise

    def _secured(self, sock: socket.socket, host: str) -> socket.socket:
        """With TLS, which takes the descriptor away from the socket: a copy is kept by which to cut the handshake."""
        assert self.trust is not None
        with self._lock:
            self._raw = raw = sock.dup()
        try:
            if self._over.is_set():
                raise ConnectionAbortedError
            return self.trust.context.wrap_socket(sock, server_hostname=host)
        finally:
            with self._lock:
                self._raw = None
                raw.close()
