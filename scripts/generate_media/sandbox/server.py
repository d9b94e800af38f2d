"""The sockets: two loopback ports, a thread a connection, and the way of a request through faults to a handler."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import socket
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

from ..providers import PROTOCOLS
from .faults import UnknownFault
from .hosts import HOST, refuse_stranger
from .protocol import Handler, Reply, Request, Route, Stream, Wrap
from .routes import Mounted, RoutesFor, in_other_versions, mount, under
from .store import StoreFull
from .transport import Sender
from .wire import BadRequest, Connection, Gone, Head
from .world import World

MAX_CONNECTIONS = 4096
IDLE_SECONDS = 120.0
STACK_BYTES = 1024 * 1024
"""A thousand streams take 1 GiB of address space, of which only the pages in use cost memory."""


class Port:
    """One listening port; ``side`` is what the log calls it."""

    def __init__(self, world: World, side: str, routes_for: RoutesFor, port: int) -> None:
        self._world = world
        self._side = side
        self._routes_for = routes_for
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = _listen(port)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://{HOST}:{self.port}"

    def start(self) -> None:
        _thread(self._accept)

    def close(self) -> None:
        """Stop listening and drop every connection."""
        # A bare close does not wake a thread that sits in accept(2).
        _quietly(lambda: self._listener.shutdown(socket.SHUT_RDWR))
        self._listener.close()
        with self._lock:
            for sock in self._open:
                _quietly(lambda sock=sock: sock.shutdown(socket.SHUT_RDWR))  # type: ignore[misc]

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                full = len(self._open) >= MAX_CONNECTIONS
                if not full:
                    self._open.add(sock)
            if full:
                sock.close()
            else:
                _thread(lambda sock=sock: self._serve(sock))  # type: ignore[misc]

    def _serve(self, sock: socket.socket) -> None:
        connection = Connection(sock)
        try:
            sock.settimeout(IDLE_SECONDS)
            while self._one(connection):
                continue
        except (OSError, Gone):
            pass
        except Exception:  # the server must live; the log tells
            self._world.log.broke(_trace())
        finally:
            connection.close()
            with self._lock:
                self._open.discard(sock)

    def _one(self, connection: Connection) -> bool:
        """One request; True when another may follow on this connection."""
        try:
            head = connection.read_head()
            return head is not None and self._answer(connection, head)
        except BadRequest as error:
            plain = Sender(connection, http11=True, seed=0, nap=self._world.sleep)
            return plain.send(_error(error.status, error.words), keep_alive=False)

    def _answer(self, connection: Connection, head: Head) -> bool:
        self._check_host(head)
        sender = Sender(connection, http11=head.version == "HTTP/1.1", seed=self._world.seed, nap=self._world.sleep)
        mounted, params = self._find(head)
        operation = mounted.route.operation if mounted else ""
        if operation == "control":
            return sender.send(_control(self._world, head, connection.read_body(head)), keep_alive=head.keep_alive)
        extra = self._faults_of(head, operation)
        broken = self._world.faults.transport(operation, extra, head.target) if operation else None
        row = self._world.log.received(self._side, head, _fingerprint(head), operation)
        row["faults"] = list(dict.fromkeys([*extra, broken.name] if broken else extra))
        if broken and broken.point in ("accept", "request-half"):
            if broken.point == "request-half":
                connection.read_some((head.length or 0) // 2)
            return sender.send_broken(_error(502, "sandbox"), broken)
        body = connection.read_body(head)
        self._world.log.body(row, body)
        if mounted and mounted.protocol and operation == "create":
            self._world.log.create_received(mounted.protocol.name, _fingerprint(head))
        if broken and broken.point == "before":
            return sender.send_broken(_error(502, "sandbox"), broken)
        request = _request(head, body, params, mounted, extra)
        answer = self._handled(mounted, request, head)
        row["status"] = answer.status
        row["job"] = answer.job_id
        if broken:
            return sender.send_broken(answer, broken)
        return sender.send(answer, keep_alive=head.keep_alive, body=head.method != "HEAD")

    def _handled(self, mounted: Mounted | None, request: Request, head: Head) -> Reply | Stream:
        if mounted is None:
            return self._unknown(request)
        if mounted.route.needs_key and mounted.protocol and not _key_is_good(head):
            return mounted.protocol.refuse_key(request)
        handler = mounted.route.handler
        subject = request.params.get("id", head.target)
        owner = mounted.protocol.name if mounted.protocol else ""
        for fault, _ in self._world.faults.staged(request.operation, request.fault_names, subject, owner):
            if fault.wrap is not None:
                handler = _wrapped(fault.wrap, handler)
        try:
            return handler(request, self._world)
        except StoreFull as error:
            return _error(507, str(error))
        except Exception:
            self._world.log.broke(_trace())
            return _error(500, "the sandbox itself failed; see errors in /_log")

    def _find(self, head: Head) -> tuple[Mounted | None, dict[str, str]]:
        """The first route that fits, under another version of a protocol's base where none fits as it stands."""
        asked = urlsplit(head.target).path  # still quoted: an id may hold a slash
        for path in (asked, *in_other_versions(asked)):
            for mounted in self._routes_for(path):
                found = mounted.pattern.fullmatch(path) if mounted.route.method == head.method else None
                if found:
                    return mounted, {name: unquote(value) for name, value in found.groupdict().items()}
        return None, {}

    def _unknown(self, request: Request) -> Reply:
        for mounted in self._routes_for(request.path):
            owner = mounted.protocol
            if owner and owner.not_found and under(request.path, PROTOCOLS[owner.name].base_path):
                return owner.not_found(request)
        return _error(404, f"no {request.method} {request.path} here")

    def _faults_of(self, head: Head, operation: str) -> tuple[str, ...]:
        try:
            asked = self._world.faults.for_request(head.headers.get("x-sandbox-fault", ""))
        except UnknownFault as error:
            raise BadRequest(400, str(error)) from error
        return asked + self._world.faults.roll(operation)

    def _check_host(self, head: Head) -> None:
        refused = refuse_stranger(head.headers.get("host", ""), head.headers.get("origin", ""), self.port)
        if refused is not None:
            raise BadRequest(*refused)


def control_routes() -> list[Mounted]:
    """The sandbox's own pages: GET /_log, GET and POST /_faults."""
    pairs = (("GET", "/_log"), ("GET", "/_faults"), ("POST", "/_faults"))
    return mount((Route(method, path, lambda r, w: Reply(404), "control", False) for method, path in pairs), None)


def _control(world: World, head: Head, body: bytes) -> Reply:
    if head.path == "/_log":
        since = head.query.get("since", ("0",))[0]
        return Reply.of_json(200, world.log.as_json(int(since) if since.isdecimal() else 0), ascii_only=True)
    if head.method == "POST":
        try:
            world.faults.replace(_fault_list(body))
        except ValueError as error:
            return _error(400, str(error))
    return Reply.of_json(200, {"faults": world.faults.specs()})


def _fault_list(body: bytes) -> list[str]:
    """The body of POST /_faults: a JSON list of names, or ``{"faults": [names]}``. Raises ValueError."""
    parsed: Any = json.loads(body)
    names = parsed.get("faults") if isinstance(parsed, dict) else parsed
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise ValueError('a JSON list of fault names, or {"faults": […]}')
    return names


def _request(
    head: Head, body: bytes, params: dict[str, str], mounted: Mounted | None, extra: tuple[str, ...]
) -> Request:
    headers = {name: value for name, value in head.headers.items() if name not in ("authorization", "cookie")}
    if "authorization" in head.headers:
        headers["authorization"] = "(present)"
    operation, protocol = (mounted.route.operation, mounted.protocol) if mounted else ("", None)
    return Request(
        head.method, head.path, head.query, headers, body, params, operation, _fingerprint(head), extra, protocol
    )


def _bearer(head: Head) -> str:
    scheme, _, key = head.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def _key_is_good(head: Head) -> bool:
    key = _bearer(head)
    return bool(key) and not key.startswith("bad")


def _fingerprint(head: Head) -> str:
    # Headers were read as latin-1; back to the bytes that were sent.
    key = _bearer(head).encode("latin-1")
    return hashlib.sha256(key).hexdigest()[:12] if key else ""


def _error(status: int, words: str) -> Reply:
    return Reply.of_json(status, {"error": "sandbox", "message": words}, ascii_only=True)


def _wrapped(wrap: Wrap, inner: Handler) -> Handler:
    return lambda request, world: wrap(request, world, inner)


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if os.name == "posix":  # on Windows this option would let two servers share the port
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError:
        listener.close()
        raise
    listener.listen(1024)
    return listener


_stack_lock = threading.Lock()


def _thread(target: Callable[[], None]) -> None:
    with _stack_lock:
        before = threading.stack_size(STACK_BYTES)
        try:
            threading.Thread(target=target, daemon=True, name="sandbox").start()
        finally:
            threading.stack_size(before)


def _trace() -> str:
    import traceback

    return traceback.format_exc()


def _quietly(action: Callable[[], None]) -> None:
    with contextlib.suppress(OSError):
        action()
