"""What the sandbox received, for ``GET /_log``: keys only as fingerprints, bodies as hashes and small JSON."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import deque
from typing import Any

from ..core import Json, Redactor
from .wire import Head

MAX_ROWS = 50_000
MAX_KEYS = 100
"""So many keys, the last ones, are cut out of what else is logged."""
SMALL_BODY = 8192
_PROMPT = frozenset({"prompt"})
_KEY_HEADERS = ("authorization", "x-api-key", "api-key", "x-goog-api-key")
_KEY_QUERIES = frozenset({"key", "api_key", "apikey", "api-key", "token", "access_token", "authorization"})
_SHOWN = ("accept", "accept-encoding", "content-type", "range", "user-agent")


class Log:
    """Rows in the order of arrival, and counters that are never cut. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: deque[dict[str, Any]] = deque(maxlen=MAX_ROWS)
        self._count = 0
        self._creates: dict[str, dict[str, int]] = {}
        self._jobs: dict[str, dict[str, int]] = {}
        self._errors: list[str] = []
        self._keys: deque[str] = deque(maxlen=MAX_KEYS)
        self._redactor = Redactor(())

    def received(self, side: str, head: Head, key_fingerprint: str, operation: str) -> dict[str, Any]:
        """A new row; ``side`` api or files. ``complete`` turns true once the body is there."""
        redactor = self._know(head)
        row: dict[str, Any] = {
            "side": side,
            "at": round(time.time(), 3),
            "method": head.method,
            "path": head.path,
            "query": {name: list(values) for name, values in head.query.items()},
            "operation": operation,
            "key": key_fingerprint,
            "header_names": sorted(head.headers),
            "headers": {name: redactor.cut(head.headers[name])[:200] for name in _SHOWN if name in head.headers},
            "complete": False,
            "status": None,
        }
        row = dict(redactor.cut_all(row))
        with self._lock:
            self._count += 1
            row["number"] = self._count
            self._rows.append(row)
        return row

    def _know(self, head: Head) -> Redactor:
        """Learn the keys of a request, where a client of ours puts them and where others do."""
        found = [head.headers[name].split()[-1] for name in _KEY_HEADERS if head.headers.get(name, "").strip()]
        found += [value for name, values in head.query.items() if name.lower() in _KEY_QUERIES for value in values]
        with self._lock:
            new = [key for key in dict.fromkeys(found) if key not in self._keys]
            if new:
                self._keys.extend(new)
                self._redactor = Redactor(self._keys)
            return self._redactor

    def body(self, row: dict[str, Any], body: bytes) -> None:
        """The body has come, whole."""
        row |= {"complete": True, "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        if body and len(body) <= SMALL_BODY and "json" in row["headers"].get("content-type", ""):
            row["body"] = self._redactor.cut_all(_parsed(body), _PROMPT)

    def create_received(self, protocol: str, key_fingerprint: str) -> None:
        self._add(self._creates, protocol, key_fingerprint)

    def job_made(self, protocol: str, key_fingerprint: str) -> None:
        self._add(self._jobs, protocol, key_fingerprint)

    def broke(self, trace: str) -> None:
        """An exception in a handler: never meant, so tests look here."""
        with self._lock:
            self._errors.append(self._redactor.cut(trace)[-4000:])

    def as_json(self, since: int = 0) -> dict[str, Any]:
        """``creates``: create requests received whole; ``jobs``: jobs made since the start; both by protocol."""
        with self._lock:
            return {
                "count": self._count,
                "creates": {name: sum(keys.values()) for name, keys in self._creates.items()},
                "creates_by_key": {name: dict(keys) for name, keys in self._creates.items()},
                "jobs": {name: sum(keys.values()) for name, keys in self._jobs.items()},
                "jobs_by_key": {name: dict(keys) for name, keys in self._jobs.items()},
                "errors": list(self._errors),
                "requests": [dict(row) for row in self._rows if row["number"] > since],
            }

    def _add(self, counters: dict[str, dict[str, int]], protocol: str, key: str) -> None:
        with self._lock:
            of_protocol = counters.setdefault(protocol, {})
            of_protocol[key] = of_protocol.get(key, 0) + 1


def _parsed(body: bytes) -> Json:
    try:
        parsed: Json = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return parsed
