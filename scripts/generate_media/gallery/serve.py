"""The gallery over HTTP on loopback, for a page that follows a running batch.

It gives out the page, its version, and the media of the folder with their thumbnails: never a sidecar, whose URLs are
secrets. Who may ask is the sandbox's rule; nothing can be changed by asking.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple
from urllib.parse import unquote, urlsplit

from ..core import UsageError, journal_dir
from ..files import is_folder, is_plain
from ..sandbox import HOST, refuse_stranger
from .batches import FOLDER as BATCHES
from .cards import file_name, media_type
from .page import Look, all_cards, check_folder, render
from .thumbnails import FOLDER as THUMBNAILS

DEFAULT_PORT = 8788
_BLOCK = 1 << 18
_RANGE = re.compile(r"bytes=(\d{1,15})?-(\d{1,15})?")


class Served(NamedTuple):
    """A server at work; ``close`` ends it."""

    server: _Server
    url: str

    def close(self) -> None:
        """Visitors who still hold a connection get no answer on it any more."""
        self.server.is_closed = True
        self.server.shutdown()
        self.server.server_close()


def serve_gallery(folder: Path, *, port: int = 0, title: str | None = None, config: Path | None = None) -> Served:
    """Serve the folder's gallery on loopback until it is closed; ``port`` 0 takes any free one.

    Raises:
        UsageError: ``no_folder``, ``cannot_serve`` (the port is taken).
    """
    check_folder(folder)
    pages = _Pages(folder, title or folder.resolve().name, config)
    pages.current()  # thumbnails are made, and mistakes told, before the first visitor
    try:
        server = _Server((HOST, port), pages)
    except (OSError, OverflowError) as error:
        hint = "another gallery may be served there; --port 0 takes any free port"
        raise UsageError("cannot_serve", f"port {port} cannot be used: {error}", guidance=(hint,)) from None
    threading.Thread(target=server.serve_forever, name="gallery", daemon=True).start()
    return Served(server, f"http://{HOST}:{server.server_port}/")


class _Pages:
    """The page, made again when the folder or the journal has changed."""

    def __init__(self, folder: Path, title: str, config: Path | None) -> None:
        self.folder = folder
        self._title = title
        self._config = config
        self._lock = threading.Lock()
        self._made = ("", b"")

    def current(self) -> tuple[str, bytes]:
        """The version and the page of it."""
        with self._lock:
            version = self.version()
            if version != self._made[0]:
                cards = all_cards(self.folder, config=self._config)
                page = render(cards, Look(self._title, "./", self.folder, live=version))
                self._made = version, page.encode("utf-8")
            return self._made

    def version(self) -> str:
        """A digest of what the page is made of: names, sizes and times of the folder's and the journal's files."""
        journals = [journal_dir(os.environ, sandbox=sandbox) for sandbox in (False, True)]
        seen = [*_seen(self.folder), *_seen(self.folder / BATCHES)]
        seen += [row for place in journals for row in _seen(place) if row[0].endswith((".sqlite3", "-wal"))]
        return hashlib.sha256(repr(seen).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _seen(folder: Path) -> list[tuple[str, int, int]]:
    try:
        with os.scandir(folder) as entries:
            found = [(entry.name, entry.stat(follow_symlinks=False)) for entry in entries if entry.name[0] != "."]
    except OSError:
        return []
    return sorted((name, status.st_size, status.st_mtime_ns) for name, status in found)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    is_closed = False

    def __init__(self, address: tuple[str, int], pages: _Pages) -> None:
        self.pages = pages
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A visitor who goes away in the middle is no event."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60.0
    server: _Server

    def do_GET(self) -> None:
        if self.server.is_closed:
            self.close_connection = True
            return
        refused = refuse_stranger(self.headers.get("Host", ""), self.headers.get("Origin", ""), self.server.server_port)
        if refused is not None:
            self._answer(refused[0], "text/plain", refused[1].encode())
            return
        path = unquote(urlsplit(self.path).path)
        if path in ("/", "/index.html"):
            self._answer(200, "text/html; charset=utf-8", self.server.pages.current()[1])
        elif path == "/favicon.ico":
            self._answer(204, "text/plain", b"")
        elif path == "/version":
            self._answer(200, "text/plain", self.server.pages.version().encode())
        else:
            self._file(path)

    do_HEAD = do_GET

    def _file(self, path: str) -> None:
        *folders, name = path.lstrip("/").split("/")
        place = self.server.pages.folder
        within = folders in ([], [THUMBNAILS])
        if within and folders:
            place /= THUMBNAILS
            within = is_folder(place)
        place /= file_name(name)
        known = media_type(place) if within and file_name(name) and is_plain(place) else ""
        if not known:
            self._answer(404, "text/plain", b"there is no such picture or clip")
            return
        with place.open("rb") as file:
            self._send_file(file, os.fstat(file.fileno()).st_size, known)

    def _send_file(self, file: BinaryIO, size: int, known: str) -> None:
        """Whole, or the one range that a player asks for."""
        first, last = _range_of(self.headers.get("Range", ""), size)
        is_part = (first, last) != (0, size - 1)
        self.send_response(206 if is_part else 200)
        if is_part:
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self._head(known, last - first + 1)
        file.seek(first)
        left = last - first + 1 if self.command == "GET" else 0
        while left > 0 and (block := file.read(min(left, _BLOCK))):
            self.wfile.write(block)
            left -= len(block)

    def _answer(self, status: int, media: str, body: bytes) -> None:
        self.send_response(status)
        self._head(media, len(body))
        if self.command == "GET":
            self.wfile.write(body)

    def _head(self, media: str, length: int) -> None:
        self.send_header("Content-Type", media)
        self.send_header("Content-Length", str(length))
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.send_header("X-Frame-Options", "DENY")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged: the words on stderr are for what goes wrong."""


def _range_of(header: str, size: int) -> tuple[int, int]:
    """First and last byte of the one range that a header asks for; of the whole where it asks for none that is here."""
    found = _RANGE.fullmatch(header)
    if found is None or size == 0 or not (found[1] or found[2]):
        return 0, size - 1
    first = int(found[1]) if found[1] else max(0, size - int(found[2]))
    last = min(size - 1, int(found[2])) if found[1] and found[2] else size - 1
    return (first, last) if first <= last else (0, size - 1)
