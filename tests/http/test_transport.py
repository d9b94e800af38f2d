"""Every exception of requests and urllib3 has words of ours; a new one in a new version fails here."""

from __future__ import annotations

import errno
import http.client
import inspect
import socket
import ssl
import time

import pytest
import requests.exceptions
import urllib3.exceptions

from generate_media.http.exchange import BrokenAnswer, Exchange, describe, network_exceptions
from generate_media.http.watch import Watch

OURS_ALONE = {"failed", ""}


def exceptions_of(module: object) -> list[type[Exception]]:
    found = [kind for _, kind in inspect.getmembers(module, inspect.isclass) if issubclass(kind, Exception)]
    return [kind for kind in found if not issubclass(kind, Warning)]


ALL = sorted(
    {*exceptions_of(requests.exceptions), *exceptions_of(urllib3.exceptions), *exceptions_of(http.client)},
    key=lambda kind: f"{kind.__module__}.{kind.__name__}",
)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_every_exception_below_us_is_caught_and_has_words(kind: type[Exception]) -> None:
    error = kind.__new__(kind)
    assert isinstance(error, network_exceptions())
    assert not describe(error).startswith("failed")


def test_there_are_many_of_them() -> None:
    assert len(ALL) > 50


def wrapped(inner: Exception) -> Exception:
    """As requests hands it up: ConnectionError(MaxRetryError(reason=…))."""
    middle = urllib3.exceptions.MaxRetryError(None, "/x?signature=abc", inner)  # type: ignore[arg-type]
    return requests.exceptions.ConnectionError(middle)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (wrapped(socket.gaierror(-2, "Name or service not known")), "the host name could not be resolved"),
        (wrapped(ConnectionRefusedError(111, "refused")), "connection refused"),
        (wrapped(OSError(errno.ENETUNREACH, "x")), "network is unreachable"),
        (wrapped(urllib3.exceptions.ConnectTimeoutError("x")), "connect timed out"),
        (urllib3.exceptions.ProtocolError("Connection aborted.", ConnectionResetError(104, "x")), "connection reset"),
        (
            urllib3.exceptions.ProtocolError("x", http.client.RemoteDisconnected("x")),
            "the connection was closed without an answer",
        ),
        (urllib3.exceptions.ReadTimeoutError(None, "", "Read timed out."), "silent"),  # type: ignore[arg-type]
        (requests.exceptions.SSLError(urllib3.exceptions.SSLError(ssl.SSLError(1, "[SSL] bad"))), "TLS failed"),
        (urllib3.exceptions.ProtocolError("x", http.client.IncompleteRead(b"{")), "cut short"),
        (urllib3.exceptions.ProtocolError("x", http.client.HTTPException("got more than 100")), "no HTTP answer"),
        (OSError("Tunnel connection failed: 407 give me ?token=1"), "the proxy refused to connect (HTTP 407)"),
        (ValueError("Invalid header value b'Bearer x\\n'"), "the request could not be written"),
        (BrokenAnswer("our own words"), "our own words"),
        (KeyError("x"), "failed (KeyError)"),
    ],
)
def test_the_words_come_from_the_most_telling_of_a_chain(error: Exception, words: str) -> None:
    assert describe(error) == words


def test_a_chain_that_bites_its_tail_ends() -> None:
    error = requests.exceptions.ConnectionError()
    error.__cause__ = error
    assert describe(error) == "the connection broke"


def test_a_cut_before_the_connection_stands_is_not_reached() -> None:
    exchange = Exchange(connect_seconds=1, send_seconds=1, watch=Watch())
    exchange.cut("stopped")
    here, there = socket.socketpair()
    with here, there:
        with pytest.raises(TimeoutError):
            exchange.departing(here)
        assert not exchange.started


def test_a_released_socket_is_left_alone_and_the_first_reason_stays() -> None:
    exchange = Exchange(connect_seconds=1, send_seconds=1, watch=Watch())
    here, there = socket.socketpair()
    with here, there:
        exchange.departing(here)
        exchange.release()
        exchange.cut("timed out")
        exchange.cut("stopped")
        here.sendall(b"x")
        assert there.recv(1) == b"x"
    assert (exchange.started, exchange.cut_because) == (True, "timed out")


def test_when_the_time_is_up_what_has_arrived_can_be_read_and_no_more_is_waited_for() -> None:
    here, there = socket.socketpair()
    with here, there:
        here.settimeout(30)
        exchange = Exchange(connect_seconds=1, send_seconds=1, watch=Watch())
        exchange.departing(here)
        there.sendall(b"in time")
        exchange.limit(0.0)
        until = time.monotonic() + 10
        while exchange.cut_because is None and time.monotonic() < until:
            time.sleep(0.01)
        here.sendall(b"still open")  # on some systems a line that is shut down forgets what it holds
        assert here.recv(100) == b"in time"
        with pytest.raises(TimeoutError):
            here.recv(100)
        assert exchange.cut_because == "timed out"


def test_when_the_time_is_up_and_nothing_has_arrived_the_reader_wakes() -> None:
    here, there = socket.socketpair()
    with here, there:
        here.settimeout(30)
        exchange = Exchange(connect_seconds=1, send_seconds=1, watch=Watch())
        exchange.departing(here)
        exchange.limit(0.05)
        assert here.recv(100) == b""
