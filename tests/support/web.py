"""A web server on loopback that says exactly the bytes a test gives it, good or hostile, and keeps what it heard."""

from __future__ import annotations

import io
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from types import TracebackType
from typing import Union

Answer = Union[bytes, Callable[[socket.socket], None]]


class Web:
    """Each connection gets the next answer (the last one for ever), then is closed. ``heard`` holds the requests."""

    def __init__(self, *answers: Answer, tls: ssl.SSLContext | None = None) -> None:
        self._answers: Sequence[Answer] = answers
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._lock = threading.Lock()
        self.heard: list[bytes] = []
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def url(self, path: str = "/file", host: str = "127.0.0.1") -> str:
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}{path}"

    def __enter__(self) -> Web:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes accept()
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(line,), daemon=True).start()

    def _answer(self, line: socket.socket) -> None:
        try:
            if self._tls is not None:
                line = self._tls.wrap_socket(line, server_side=True)
            with line:
                line.settimeout(20)
                request = b""
                while b"\r\n\r\n" not in request:
                    piece = line.recv(65536)
                    if not piece:
                        return
                    request += piece
                with self._lock:
                    self.heard.append(request)
                    answer = self._answers[min(len(self.heard), len(self._answers)) - 1]
                if callable(answer):
                    answer(line)
                else:
                    line.sendall(answer)
        except OSError:
            return


def http(body: bytes, *headers: str, status: str = "200 OK", length: int | None = -1) -> bytes:
    """A whole answer; ``length`` None leaves Content-Length out, another number lies."""
    lines = [f"HTTP/1.1 {status}", "Connection: close", *headers]
    if length is not None:
        lines.append(f"Content-Length: {len(body) if length < 0 else length}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def redirect(location: str, status: str = "302 Found") -> bytes:
    return http(b"", f"Location: {location}", status=status)


def reset(line: socket.socket) -> None:
    """Close with RST instead of FIN."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@cache
def picture(width: int = 64, height: int = 48, form: str = "PNG") -> bytes:
    """A real picture, made by Pillow; not one colour, so that it does not compress to nothing."""
    from PIL import Image

    image = Image.effect_noise((width, height), 60).convert("RGB")
    out = io.BytesIO()
    image.save(out, form)
    return out.getvalue()
