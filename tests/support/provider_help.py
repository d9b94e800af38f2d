"""A provider in a test's own words, and the commands against it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from conftest import Desk, Ran
from web import picture
from wire import Said, Script, Wire, answer

PNG = picture()
CREATE = {
    "skills.video": ("--endpoint", "/generation/google/nano-banana-pro", "--prompt", "a cat"),
    "agnes": ("--kind", "video", "--prompt", "a cat", "--duration", "5"),
    "agcloud": ("--kind", "video", "--prompt", "a cat"),
}
"""A polled job of each protocol."""


def said(body: Any, status: int = 200, *headers: str) -> bytes:
    """A JSON answer, as a provider words it."""
    return answer(json.dumps(body).encode(), "Content-Type: application/json", *headers, status=f"{status} Said")


def refused(status: int, *headers: str) -> bytes:
    """An error answer without a code."""
    return said({"message": "no"}, status, *headers)


class Provider(Wire):
    """Says what it is told to, by route, and has one picture at ``/file``."""

    def __init__(self, name: str, routes: Mapping[str, Sequence[Said]]) -> None:
        super().__init__(Script({"GET /file": [answer(PNG, "Content-Type: image/png")], **routes}))
        self.name = name

    def __enter__(self) -> Provider:
        super().__enter__()
        return self

    @property
    def creates(self) -> int:
        """Requests that may have made a job."""
        return sum(request.startswith(b"POST") for request in self.received)

    @property
    def reads(self) -> int:
        """Questions about a job."""
        return sum(request.startswith(b"GET") and not request.startswith(b"GET /file") for request in self.received)

    def run(self, desk: Desk, *args: str, script: str = "create_and_wait", config: Any = None) -> Ran:
        """A script against this provider; ``config`` changes its block of config.json."""
        file = str(desk.write_config(**{self.name: config or {}}))
        return desk.call(script, *args, "--provider", self.name, "--base-url", self.url, "--config", file)
