"""Servers of a few bytes each, on real sockets: a test says exactly what goes over the wire, and when."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Union


class Peer:
    """The server's end of one connection."""

    def __init__(self, sock: socket.socket, number: int) -> None:
        self.sock = sock
        self.number = number
        """0 for the server's first connection."""

    def request(self) -> bytes:
        """One whole request, its body too; empty when the client has gone."""
        data = b""
        while b"\r\n\r\n" not in data:
            more = self.sock.recv(65536)
            if not more:
                return data
            data += more
        head, body = data.split(b"\r\n\r\n", 1)
        for line in head.split(b"\r\n"):
            name, _, value = line.partition(b":")
            while name.lower() == b"content-length" and len(body) < int(value):
                more = self.sock.recv(1 << 20)
                if not more:
                    return head + b"\r\n\r\n" + body
                body += more
        return head + b"\r\n\r\n" + body

    def send(self, *pieces: bytes) -> None:
        for piece in pieces:
            self.sock.sendall(piece)

    def drip(self, data: bytes, seconds: float = 0.02) -> None:
        """A byte at a time, until the client has had enough."""
        for at in range(len(data)):
            self.send(data[at : at + 1])
            time.sleep(seconds)

    def reset(self) -> None:
        """RST instead of FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def until_gone(self) -> None:
        """Say nothing until the client closes its end."""
        with contextlib.suppress(OSError):
            while self.sock.recv(65536):
                pass


class Wire:
    """Runs ``handle`` in a thread for each connection, then closes it."""

    def __init__(self, handle: Callable[[Peer], None], tls: ssl.SSLContext | None = None) -> None:
        self._handle = handle
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.connections = 0
        self.unheard: set[int] = set()
        """Numbers of the connections of which nobody knows yet whether a request comes."""
        self.received: list[bytes] = []
        self._threads: list[threading.Thread] = []
        self._peers: list[socket.socket] = []

    def __enter__(self) -> Wire:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for sock in self._peers:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            thread = threading.Thread(target=self._serve, args=(sock, self.connections), daemon=True)
            self.unheard.add(self.connections)
            self.connections += 1
            self._peers.append(sock)
            thread.start()
            self._threads.append(thread)

    def _serve(self, sock: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.callback(sock.close)
            if self._tls:
                sock = self._tls.wrap_socket(sock, server_side=True)
                stack.callback(sock.close)
                self._peers.append(sock)
            peer = Peer(sock, number)
            read = peer.request
            stack.callback(self.unheard.discard, number)

            def recorded() -> bytes:
                data = read()
                if data:
                    self.received.append(data)
                self.unheard.discard(number)
                return data

            peer.request = recorded  # type: ignore[method-assign]
            self._handle(peer)


Said = Union[bytes, Callable[[Peer], None]]


class Script:
    """A provider in a test's own words, for :class:`Wire`: each route's answers in turn, the last one again and again.

    A route is how a request line begins, as in ``GET /generation/``; who asks for none of them hears nothing.
    """

    def __init__(self, routes: Mapping[str, Sequence[Said]]) -> None:
        self._routes = {route.encode(): list(said) for route, said in routes.items()}
        self._lock = threading.Lock()

    def __call__(self, peer: Peer) -> None:
        while request := peer.request():
            said = self._next(request)
            if callable(said):
                said(peer)
            else:
                peer.send(said)

    def _next(self, request: bytes) -> Said:
        with self._lock:
            answers = next((said for route, said in self._routes.items() if request.startswith(route)), None)
            if answers is None:
                return Peer.until_gone
            return answers.pop(0) if len(answers) > 1 else answers[0]


def answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """A well-formed answer with its length."""
    head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers])
    return head.encode("latin-1") + b"\r\n\r\n" + body


def chunked(*pieces: bytes, status: str = "200 OK", media_type: str = "application/json", end: bool = True) -> bytes:
    """An answer in chunks, one for each piece."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    return head + b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + (b"0\r\n\r\n" if end else b"")
