"""A door before the sandbox: refuses, stays silent or breaks the TLS handshake, and lets everything through later."""

from __future__ import annotations

import contextlib
import datetime
import random
import socket
import ssl
import threading
import time
from pathlib import Path

import trustme

AUTHORITY = trustme.CA()
PAST = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
HTML = b"<!doctype html><title>502</title><h1>Bad Gateway</h1>"
TALK = {
    "close": b"",
    "garbage": random.Random(1).randbytes(512),
    "html": HTML,
    "wrong-type": b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 8\r\n\r\n\x89PNG\r\n\x1a\n",
    "broken-gzip": b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\xff\xff",
    "long-line": b"x" * (10 << 20),
}
"""What comes in place of the server's first TLS record."""


def _context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


CERTIFICATES = {
    "good": _context(AUTHORITY.issue_cert("127.0.0.1")),
    "stranger": _context(trustme.CA().issue_cert("127.0.0.1")),
    "other-name": _context(AUTHORITY.issue_cert("other.example")),
    "expired": _context(AUTHORITY.issue_cert("127.0.0.1", not_after=PAST)),
}


def write_authority(folder: Path) -> Path:
    """The file for REQUESTS_CA_BUNDLE."""
    path = folder / "authority.pem"
    AUTHORITY.cert_pem.write_to_path(str(path))
    return path


class Door:
    """A port of its own that leads to the sandbox's. ``action`` is done to each caller, or to the first only."""

    def __init__(self, to: int, *, tls: bool, action: str, times: int | None) -> None:
        self._to = to
        self._tls = tls
        self._action = action
        self._left = times
        self._threads: list[threading.Thread] = []
        self._fillers: list[socket.socket] = []
        self._closed = threading.Event()
        self._listener = self._reserve()
        self.port: int = self._listener.getsockname()[1]
        if tls or action == "through":
            self._serve()
        elif times is not None:  # before the connection nobody can count callers: open after a moment
            timer = threading.Timer(0.25, self.open)
            timer.daemon = True
            timer.start()

    def open(self) -> None:
        """From now on everybody gets through."""
        self._left = 0
        for filler in self._fillers:
            filler.close()
        if not self._threads:
            self._serve()

    def close(self) -> None:
        self._closed.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for filler in self._fillers:
            filler.close()

    def _reserve(self) -> socket.socket:
        """A bound port: refused until it listens; silent while its short queue is full."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", 0))
        if self._action == "silence" and not self._tls:
            listener.listen(0)
            for _ in range(2):
                filler = socket.socket()
                filler.setblocking(False)
                filler.connect_ex(listener.getsockname())
                self._fillers.append(filler)
        return listener

    def _serve(self) -> None:
        self._listener.listen(64)
        self._start(self._accept)

    def _start(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            broken = self._left is None or self._left > 0
            if self._left:
                self._left -= 1
            self._start(self._break if broken else self._through, caller)

    def _break(self, caller: socket.socket) -> None:
        with contextlib.suppress(OSError), caller:
            if self._action in CERTIFICATES:
                with CERTIFICATES[self._action].wrap_socket(caller, server_side=True) as secured:
                    secured.recv(1)
                return
            caller.recv(65536)
            if self._action == "reset":
                caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            elif self._action in ("silence", "drip"):
                for byte in b"\x16\x03\x03\x40" + bytes(26):
                    if self._action == "drip":
                        caller.send(bytes([byte]))
                    time.sleep(0.1)
            else:
                caller.sendall(TALK[self._action])

    def _through(self, caller: socket.socket) -> None:
        with contextlib.suppress(OSError), caller:
            near = CERTIFICATES["good"].wrap_socket(caller, server_side=True) if self._tls else caller
            with near, socket.create_connection(("127.0.0.1", self._to)) as far:
                self._start(_pump, far, near)
                # The sandbox answers to its own name only (DNS rebinding).
                _pump(near, far, f"127.0.0.1:{self.port}".encode(), f"127.0.0.1:{self._to}".encode())


def _pump(source: socket.socket, sink: socket.socket, name: bytes = b"\n\n", other: bytes = b"\n\n") -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data.replace(name, other))
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
