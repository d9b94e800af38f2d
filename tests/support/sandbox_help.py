"""A running sandbox, and two clients that share no code with it: requests and a bare socket."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests

from generate_media.sandbox.embedded import Running

KEY = {"Authorization": "Bearer a-test-key"}
MODEL = "google/nano-banana-pro"


@dataclass(frozen=True)
class Site:
    """A running sandbox as its clients see it."""

    running: Running

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.running.port}"

    @property
    def base(self) -> str:
        return self.running.base_urls["skills.video"]

    def log(self) -> Any:
        return requests.get(f"{self.root}/_log", timeout=10).json()

    def jobs(self) -> int:
        return int(self.log()["jobs"].get("skills_video", 0))

    def create(self, body: Any = None, *, fault: str = "", sse: bool = False, model: str = MODEL) -> requests.Response:
        """A create by requests; a stream is read to its end."""
        path = f"/generation/sse/{model}" if sse else f"/generation/{model}"
        body = {"prompt": "a cat"} if body is None else body
        headers = KEY | ({"X-Sandbox-Fault": fault} if fault else {})
        return requests.post(self.base + path, json=body, headers=headers, timeout=20, allow_redirects=False)

    def query(self, generation_id: object, fault: str = "") -> requests.Response:
        headers = KEY | ({"X-Sandbox-Fault": fault} if fault else {})
        return requests.get(
            f"{self.base}/generation/{generation_id}", headers=headers, timeout=20, allow_redirects=False
        )

    def finished(self, body: Any = None, *, fault: str = "", model: str = MODEL) -> Any:
        """The last event of a streamed job."""
        return events(self.create(body, fault=fault, sse=True, model=model).content)[-1]

    def raw(self, data: bytes, *, port: int = 0, seconds: float = 3.0) -> Raw:
        """Send bytes over a bare socket and take what comes until the end, or until it stays silent."""
        with socket.create_connection(("127.0.0.1", port or self.running.port), timeout=seconds) as sock:
            sock.sendall(data)
            received = b""
            while True:
                try:
                    piece = sock.recv(65536)
                except ConnectionResetError:
                    return Raw(received, "reset")
                except TimeoutError:
                    return Raw(received, "silent")
                if not piece:
                    return Raw(received, "closed")
                received += piece


@dataclass(frozen=True)
class Raw:
    """Bytes as they came and how the connection ended: closed, reset or silent."""

    data: bytes
    end: str

    @property
    def head(self) -> bytes:
        return self.data.partition(b"\r\n\r\n")[0]

    @property
    def body(self) -> bytes:
        return self.data.partition(b"\r\n\r\n")[2]


def events(body: bytes) -> list[Any]:
    """The JSON of each unnamed event of a well-formed stream with LF line ends."""
    blocks = body.decode().split("\n\n")
    return [json.loads(block.removeprefix("data: ")) for block in blocks if block.startswith("data: ")]


def post(path: str, body: bytes, headers: Mapping[str, str] | None = None, *, host: str = "127.0.0.1") -> bytes:
    """A create as bytes."""
    rows = {
        "Host": host,
        "Content-Type": "application/json",
        **KEY,
        "Content-Length": str(len(body)),
        **(headers or {}),
    }
    return f"POST {path} HTTP/1.1\r\n".encode() + _rows(rows) + b"\r\n" + body


def get(path: str, headers: Mapping[str, str] | None = None) -> bytes:
    rows = {"Host": "127.0.0.1", **KEY, "Connection": "close", **(headers or {})}
    return f"GET {path} HTTP/1.1\r\n".encode() + _rows(rows) + b"\r\n"


def _rows(rows: Mapping[str, str]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in rows.items()).encode()
