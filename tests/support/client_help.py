"""What the tests of the client share: a key to look for, two calls, and a look through an error."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from generate_media.config.keys import SecretKey
from generate_media.core.requests import Call
from generate_media.http.client import Client, Site, TransportError
from wire import Peer, answer

CANARY = "canary-test-key-0123456789"
GET = Call("query", "GET", "/generation/gen_1")
POST = Call("create", "POST", "/generation/x", body={"prompt": "a cup"})


def forget_the_machine(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """No proxy, no store of certificates and no ~/.netrc but those that a test sets."""
    stores = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "NETRC")
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", *stores):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("HOME", str(home))


def client_for(base_url: str, key: str = CANARY) -> Client:
    return Client(Site(base_url, ("api.test",), "127.0.0.1" in base_url, SecretKey(key, "a test")))


def assert_clean(error: TransportError) -> None:
    """Nothing that a log or a debugger could show of it holds the key, or a URL's query."""
    assert error.__cause__ is None
    assert error.__context__ is None
    shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    shown += f"{error} {error!r} {vars(error)} {error.args}"
    assert CANARY not in shown
    assert "?" not in error.detail


def says(*pieces: bytes) -> Callable[[Peer], None]:
    """A server that reads one request and gives these bytes."""

    def handle(peer: Peer) -> None:
        peer.request()
        peer.send(*pieces)

    return handle


def keeps_alive(peer: Peer) -> None:
    while peer.request():
        peer.send(answer(b"{}"))
