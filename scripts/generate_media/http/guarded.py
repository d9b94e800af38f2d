"""A requests adapter that connects to checked addresses only, and a way to cut its connections in time.

The name is resolved once, every address is checked, and the connection goes to a checked address: there is no second
look-up that a hostile name server could answer differently. Host header, TLS name and certificate check stay those
of the name.
"""

from __future__ import annotations

import math
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from .addresses import Resolver, checked_addresses
from .watch import shared

if TYPE_CHECKING:
    from requests.adapters import HTTPAdapter

_OPEN_LINES = 8


class Lines:
    """Second handles on the sockets of one job's downloads, to shut them from a timer.

    A read time-out alone is a watchdog: one byte a second passes it for ever.
    """

    def __init__(self) -> None:
        self._lines: list[socket.socket] = []
        self.was_shut = False

    def add(self, sock: socket.socket) -> None:
        self._lines.append(sock.dup())
        while len(self._lines) > _OPEN_LINES:
            self._lines.pop(0).close()

    @contextmanager
    def cut_after(self, real_seconds: float) -> Iterator[None]:
        """Shut all connections if the block takes longer; ``was_shut`` tells whether that happened."""
        self.was_shut = False
        if math.isinf(real_seconds):
            yield
            return
        alarm = shared().at(time.monotonic() + real_seconds, self._shut, brief=True)
        try:
            yield
        finally:
            alarm.cancel()

    def close(self) -> None:
        while self._lines:
            self._lines.pop(0).close()

    def _shut(self) -> None:
        self.was_shut = True
        for line in self._lines.copy():
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)


def guarded_adapter(
    *,
    resolver: Resolver,
    allow_loopback: bool,
    connected: Callable[[socket.socket], None],
    ssl_context: ssl.SSLContext | None = None,
) -> HTTPAdapter:
    """A requests adapter whose direct connections go to checked addresses only.

    ``connected`` sees each new socket before TLS. Connections to a proxy are not checked: the proxy is the user's
    choice, and it resolves names itself. ``ssl_context`` holds the certificates to trust; with
    None only http works.
    """
    from requests.adapters import HTTPAdapter
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
    from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
    from urllib3.util.connection import create_connection

    def connect(connection: HTTPConnection) -> socket.socket:
        host, port = connection.host, connection.port
        try:
            addresses = checked_addresses(host, port, resolver=resolver, allow_loopback=allow_loopback)
        except socket.gaierror as error:
            raise NameResolutionError(host, connection, error) from None
        except OSError as error:
            raise NewConnectionError(connection, str(error)) from error
        failures: list[OSError] = []
        for address in addresses:
            with _collected(failures):
                sock = create_connection((address, port), connection.timeout, None, connection.socket_options)
                connected(sock)
                return sock
        if isinstance(failures[-1], TimeoutError):
            raise ConnectTimeoutError(connection, "timed out")
        raise NewConnectionError(connection, str(failures[-1])) from failures[-1]

    class GuardedHTTP(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return connect(self)

    class GuardedHTTPS(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return connect(self)

    class HTTPPool(HTTPConnectionPool):
        ConnectionCls = GuardedHTTP

    class HTTPSPool(HTTPSConnectionPool):
        ConnectionCls = GuardedHTTPS

    class GuardedAdapter(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            super().init_poolmanager(*args, ssl_context=ssl_context, **kwargs)
            self.poolmanager.pool_classes_by_scheme = {"http": HTTPPool, "https": HTTPSPool}

        def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
            return super().proxy_manager_for(proxy, ssl_context=ssl_context, **kwargs)

        def cert_verify(self, conn: Any, url: str, verify: Any, cert: Any) -> None:
            conn.cert_reqs = "CERT_REQUIRED"  # always; requests would load certifi's bundle once more

    return GuardedAdapter()


@contextmanager
def _collected(failures: list[OSError]) -> Iterator[None]:
    """Keep an OSError instead of raising it: the next address may answer."""
    try:
        yield
    except OSError as error:
        failures.append(error)
