"""What can go wrong between two machines, in our words; and one exchange as others may see and cut it.

Whether a request may have reached the provider is not guessed from the kind of an exception: the connection
itself tells (:mod:`.connections`). Only the words come from the exception, and from its class and
number rather than from its text, which may hold URLs with their query, and headers.
"""

from __future__ import annotations

import errno
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .early import EarlyConnection
    from .watch import Alarm, Watch

SILENT = "silent"
TIMED_OUT = "timed out"
STOPPED = "stopped"
LAST_WAIT_SECONDS = 0.001
"""What a read may wait once the time is up. Not 0: http.client takes a socket that would block for its end."""
LAST_READ_SECONDS = 2.0
"""So long may bytes that arrived in time be read, be they part of a TLS record whose rest never comes."""
UNTRUSTED_CODES = (2, 19, 20, 21)
"""X509_V_ERR_*: the issuer is in no store we looked at; any other fault of a certificate is the certificate's."""


class TransportError(Exception):
    """No whole answer came. Bears neither key, nor URL, nor the exceptions of the libraries below.

    ``reached`` is False only when no connection was made (DNS, refused, TLS, proxy, connect time-out), or none lasted
    until the first byte: nothing was sent, and sending again is safe. ``detail`` is a few words: ``silent`` and
    ``timed out`` are fixed ones.
    """

    def __init__(self, detail: str, *, reached: bool) -> None:
        super().__init__(detail)
        self.detail = detail
        self.reached = reached


class BrokenAnswer(Exception):
    """An answer that arrived but cannot be used; its text is ours."""


class Exchange:
    """One request on its way: whether anything may have been sent, and ways to end it from another thread."""

    def __init__(
        self,
        *,
        connect_seconds: float,
        send_seconds: float,
        watch: Watch,
        before_bytes: Callable[[], object] | None = None,
        addresses: Callable[[str, int], Sequence[str]] | None = None,
        early: EarlyConnection | None = None,
    ) -> None:
        self.connect_seconds = connect_seconds
        self.send_seconds = send_seconds
        self.is_paid = before_bytes is not None
        """Its bytes may go out once only: ``before_bytes`` is called, once, when nothing but them is left to do."""
        self.addresses = addresses
        """Host and port to the addresses that may be connected to; None: as the system resolves the name."""
        self.early = early
        """The connection that it goes out on, where one was begun before."""
        self.started = False
        self.cut_because: str | None = None
        self._before_bytes = before_bytes
        self._watch = watch
        self._lock = threading.Lock()
        self._sock: Any = None

    def hold(self, sock: Any) -> None:
        """A socket that may be cut from now on. Raises TimeoutError where the exchange is cut already."""
        with self._lock:
            self._take(sock)

    def announce(self) -> None:
        """The bytes come next. Raises what ``before_bytes`` raises."""
        before, self._before_bytes = self._before_bytes, None
        if before is not None:
            before()

    def departing(self, sock: Any) -> None:
        """From here on, what is sent may arrive. Raises TimeoutError where the exchange is cut already."""
        with self._lock:
            self._take(sock)
            self.started = True

    def cut(self, because: str) -> None:
        """Wake the thread that waits on the socket, for good. The first reason stays."""
        with self._lock:
            self.cut_because = self.cut_because or because
            shut(self._sock)

    def limit(self, seconds: float) -> Alarm:
        """After so many real seconds nothing more is waited for; what has arrived by then is still read, and counts
        where it is whole: a process that was stopped for longer finds its answer in the socket."""
        return self._watch.at(time.monotonic() + seconds, self._time_is_up, brief=True)

    def release(self) -> None:
        """The socket belongs to somebody else now; a later cut does nothing to it."""
        with self._lock:
            self._sock = None

    def _take(self, sock: Any) -> None:
        if self.cut_because is not None:
            raise TimeoutError(errno.ETIMEDOUT, self.cut_because)
        self._sock = sock

    def _time_is_up(self) -> None:
        with self._lock:
            self.cut_because = self.cut_because or TIMED_OUT
            if self.started and _hurried(self._sock):
                end = time.monotonic() + LAST_READ_SECONDS
                self._watch.at(end, lambda: self.cut(TIMED_OUT), brief=True)
                return
        self.cut(TIMED_OUT)


def _hurried(sock: Any) -> bool:
    """Whether bytes have arrived that its reader can take; if so, the reader waits for no more than those."""
    from urllib3.util.wait import wait_for_read

    try:
        if sock is None or not wait_for_read(sock, 0.0):
            return False
        sock.settimeout(LAST_WAIT_SECONDS)
    except (OSError, ValueError):  # closed meanwhile
        return False
    return True


def shut(sock: Any) -> None:
    """Both directions, on the bare socket: SSLSocket.shutdown would drop the TLS layer under its reader's feet."""
    sock = getattr(sock, "socket", sock)  # TLS inside TLS, to a proxy
    if isinstance(sock, socket.socket):
        try:
            socket.socket.shutdown(sock, socket.SHUT_RDWR)
        except OSError:
            return  # not connected any more


def network_exceptions() -> tuple[type[Exception], ...]:
    """All that the libraries raise about one exchange. ValueError: a header, host name or length of no use."""
    from http.client import HTTPException

    import requests
    import urllib3

    return (requests.RequestException, urllib3.exceptions.HTTPError, HTTPException, OSError, ValueError, EOFError)


def describe(error: BaseException) -> str:
    """A few words for what happened, from the most telling exception of the chain."""
    links = list(chain(error))
    for classes, words in _table():
        for link in links:
            found = (words if isinstance(words, str) else words(link)) if isinstance(link, classes) else ""
            if found:
                return found
    return f"failed ({type(error).__name__})"


def is_untrusted(error: BaseException) -> bool:
    """Whether TLS failed because no store knows the issuer: another store may."""
    import ssl

    return any(
        isinstance(link, ssl.SSLCertVerificationError) and link.verify_code in UNTRUSTED_CODES for link in chain(error)
    )


def chain(error: BaseException) -> Iterator[BaseException]:
    """An exception and all that it wraps, each once, outermost first."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting:
        link = waiting.pop(0)
        if isinstance(link, BaseException) and id(link) not in seen:
            seen.add(id(link))
            yield link
            waiting += [getattr(link, "reason", None), *link.args, link.__cause__, link.__context__]


def _certificate(error: Any) -> str:
    return f"the TLS certificate was not accepted: {error.verify_message}"


def _tunnel(error: Any) -> str:
    """CONNECT refused; http.client raises a bare OSError for it, with the proxy's own words, which we leave out."""
    found = re.match(r"Tunnel connection failed: (\d{3})\b", str(error.args[0] if error.args else ""))
    return f"the proxy refused to connect (HTTP {found[1]})" if found else ""


def _system(error: Any) -> str:
    return os.strerror(error.errno).lower() if isinstance(error.errno, int) else ""


@cache
def _table() -> tuple[tuple[tuple[type[BaseException], ...], str | Callable[[Any], str]], ...]:
    """Classes and words, the most telling first; a function that gives no words passes the matter on."""
    import ssl
    from http import client as http

    from requests import exceptions as of_requests
    from urllib3 import exceptions as of_urllib3

    return (
        ((BrokenAnswer,), str),
        ((of_urllib3.NameResolutionError, socket.gaierror), "the host name could not be resolved"),
        ((ssl.SSLCertVerificationError,), _certificate),
        ((ssl.SSLError, of_urllib3.SSLError, of_requests.SSLError), "TLS failed"),
        ((ConnectionRefusedError,), "connection refused"),
        ((of_urllib3.ReadTimeoutError, of_requests.ReadTimeout), SILENT),
        ((http.RemoteDisconnected,), "the connection was closed without an answer"),
        ((ConnectionResetError, ConnectionAbortedError, BrokenPipeError), "connection reset"),
        ((of_urllib3.DecodeError, of_requests.ContentDecodingError), "the answer's compression is broken"),
        ((http.IncompleteRead, of_urllib3.InvalidChunkLength, of_requests.ChunkedEncodingError), "cut short"),
        ((http.BadStatusLine, http.LineTooLong, of_urllib3.HeaderParsingError), "no HTTP answer"),
        ((of_urllib3.ResponseNotChunked, of_urllib3.BodyNotHttplibCompatible), "no HTTP answer"),
        ((of_urllib3.InvalidHeader, of_requests.InvalidHeader), "a header is not valid"),
        ((of_urllib3.ProxySchemeUnknown, of_urllib3.ProxySchemeUnsupported), "the proxy's address is not usable"),
        ((of_requests.InvalidProxyURL,), "the proxy's address is not usable"),
        ((of_urllib3.LocationValueError, of_requests.InvalidURL, UnicodeError), "the address is not usable"),
        ((of_requests.MissingSchema, of_requests.InvalidSchema, of_requests.URLRequired), "the address is not usable"),
        ((OSError,), _tunnel),
        ((OSError,), _system),
        ((of_urllib3.ConnectTimeoutError, of_requests.ConnectTimeout), "connect timed out"),
        ((TimeoutError, of_urllib3.TimeoutError, of_urllib3.TimeoutStateError, of_requests.Timeout), TIMED_OUT),
        ((of_urllib3.ProxyError, of_requests.ProxyError), "the proxy could not be used"),
        ((http.HTTPException,), "no HTTP answer"),
        ((of_urllib3.PoolError, of_urllib3.ProtocolError, of_requests.ConnectionError), "the connection broke"),
        ((EOFError,), "cut short"),
        ((of_urllib3.HTTPError, of_requests.RequestException), "the exchange failed"),
        ((ValueError,), "the request could not be written"),
    )
