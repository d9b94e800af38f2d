"""A relay before the sandbox that says the caller's key back, in every spelling, in whatever the sandbox answers."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import quote

import requests

from spellings import spellings

_RAW = "@the key, as JSON's source@"
_OPEN = ("in_queue", "in_progress", "queued", "pending", "running", "processing", "submitted")


class Parrot:
    """``port`` leads to the sandbox's ``to``. ``answers`` counts what was said back."""

    def __init__(self, to: int) -> None:
        self.answers = 0
        parrot = self

        class Handler(_Relay):
            owner = parrot
            upstream = to

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Parrot:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Relay(BaseHTTPRequestHandler):
    owner: Parrot
    upstream: int
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._relay()

    def do_POST(self) -> None:
        self._relay()

    def do_DELETE(self) -> None:
        self._relay()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: what a server prints is not looked at here."""

    def _relay(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        sent = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
        key = sent.get("Authorization", "").removeprefix("Bearer ")
        heard = requests.request(
            self.command, f"http://127.0.0.1:{self.upstream}{self.path}", data=body, headers=sent, timeout=60,
            allow_redirects=False,
        )  # fmt: skip
        said = _said(heard.content, heard.headers.get("Content-Type", ""), key)
        self.send_response(heard.status_code)
        for name in ("Content-Type", "Retry-After"):
            if name in heard.headers:
                self.send_header(name, heard.headers[name])
        self.send_header("X-Your-Key", key)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)
        self.owner.answers += 1


def _said(body: bytes, kind: str, key: str) -> bytes:
    if kind.startswith("text/event-stream"):
        lines = body.decode().split("\n")
        told = [f"data: {_echoed(json.loads(line[6:]), key)}" if line.startswith("data: {") else line for line in lines]
        return "\n".join(told).replace("data: {", f"event: {key}\ndata: {{", 1).encode()
    if "json" not in kind:
        return body
    value = json.loads(body)
    return _echoed(value, key).encode() if isinstance(value, dict) else body


def _echoed(value: dict[str, Any], key: str) -> str:
    """The answer with the key in names, values, words and URLs; its meaning stays."""
    spelled = spellings(key)
    words = f"key {key} " + " ".join(spelled.values())
    value = _urls(value, quote(key, safe=""))
    value |= {
        "your_key": spelled,
        "key_in_source": _RAW,
        key: 1,
        "in_pieces": [key[:9], key[9:]],
        "nested": [{"k": [key]}],
    }
    value["message"] = words
    if value.get("error"):
        value["error"] = {**value["error"], "message": words} if isinstance(value["error"], dict) else words
    if isinstance(value.get("usage"), dict):
        value["usage"] = {**value["usage"], "by": key}
    if str(value.get("status")).lower() in _OPEN:
        value["status"] = f"{value['status']} for {spelled['split by U+200B']}"
    return json.dumps(value).replace(_RAW, "".join(f"\\u{ord(ch):04x}" for ch in key))


def _urls(value: Any, spelled: str) -> Any:
    if isinstance(value, Mapping):
        return {name: _urls(item, spelled) for name, item in value.items()}
    if isinstance(value, list):
        return [_urls(item, spelled) for item in value]
    if not isinstance(value, str) or not value.startswith("http://"):
        return value
    return value.replace("?", f"?key={spelled}&") if "?" in value else f"{value}?key={spelled}"
