"""What a protocol brings to the sandbox, and what the sandbox gives to it.

A protocol is one module, named in providers/registry (skills_video.py, agnes.py, agcloud.py here), that ends in::

    PROTOCOL = SandboxProtocol(
        name="agnes",                                   # as in providers/registry, which has its document and paths
        routes=(
            Route("POST", "/v1/videos", create_video, operation="create"),
            Route("GET", "/v1/videos/{id}", query, operation="poll"),
            Route("GET", "/v1/anything/{rest*}", other, operation="models"),   # {rest*} spans slashes
        ),
        refuse_key=lambda request: Reply.of_json(401, {...}),   # body for a missing or bad… key
        busy=Reply.of_json(503, {...}), limited=Reply.of_json(429, {...}),
        faults=(Fault(...), …),
    )

The server reads the request, finds the first route that fits, checks the key, applies the faults that are
switched on and calls ``handler(request, world)``. A handler returns a :class:`Reply` (whole) or a
:class:`Stream` (server-sent events, each yielded block is sent at once). It never touches a socket.

Jobs. A handler makes one with ``world.create(NewJob(...), request)``; it is on disk before the call returns, so
it survives a restart and another process with the same store finds it. How far a job is, is a pure function of
``created_at``, now and the speed: ``world.phase(job)``. Nothing has to be run in the background. ``job.extra`` is
free JSON for a protocol (a video_id, say); ``world.job(id)`` finds by id or by one of ``job.aliases``.

Time. All durations in this package are *simulated seconds*, as the provider's users would see them; ``world.sleep``
and ``world.phase`` divide by the speed. Wall-clock values (``created_at``, ``world.now()``) are real Unix seconds.

Files. ``world.file_url(job, 0)`` is where output 0 is served (second port, no key, GET only). Pictures are drawn,
clips copied from assets/, when fetched. Nothing is copied from the request but the words on the picture.

Faults. ``Fault(name, stage, text, wrap=…)``. ``wrap(request, world, handler) -> Reply | Stream`` stands around the
handler of every request whose route's operation equals ``stage`` ("create", "poll", "download", "list", "cancel",
"models", "credits", or "any"); it may answer in its place (then nothing is made) or change what it answered. With
stage "job" (and no wrap) the name is noted in ``job.traits`` when a job is made, for the handlers to look at:
``if "queued-forever" in job.traits``. With stage "flag" a handler asks ``world.fires("one-route-down", request)``.
A protocol's own faults meet its own requests only.
Names are unique over all protocols; prefix yours ("agnes-queue-full"). A user writes NAME, NAME=ARG, NAME*3 (three
times in all), NAME+2 (not the first two), NAME*1/job (once for each job) on --fault, in POST /_faults, or in the
header X-Sandbox-Fault; ``world.argument(name, request)`` is the ARG. Transport faults (resets, cuts, silence …)
exist for every operation without your doing, see transport.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Union

from ..core import Json

if TYPE_CHECKING:
    from .world import World

OPERATIONS = ("create", "poll", "download", "list", "cancel", "models", "credits")


@dataclass(frozen=True)
class Request:
    """One request as received. Header names in lower case; ``path`` without query and already unquoted."""

    method: str
    path: str
    query: Mapping[str, tuple[str, ...]]
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    params: Mapping[str, str]
    """What the route's ``{placeholders}`` matched."""
    operation: str
    key_fingerprint: str
    """12 hex of the Bearer key's sha256, empty without key. The key itself does not come this far."""
    fault_names: tuple[str, ...] = ()
    """What the header X-Sandbox-Fault asked for, for this request alone."""
    protocol: SandboxProtocol | None = None
    """Whose route it is; None: one of the sandbox's own."""

    def one(self, name: str, default: str = "") -> str:
        """The first value of a query parameter."""
        return self.query.get(name, (default,))[0]

    def json(self) -> Json:
        """The body as JSON; ValueError where it is none (bad UTF-8 and too deep nesting included)."""
        try:
            parsed: Json = json.loads(self.body)
        except RecursionError as error:
            raise ValueError("nested too deep") from error
        return parsed


@dataclass(frozen=True)
class Reply:
    """A whole answer. Content-Length is added by the server."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    job_id: str = ""
    """The id of the job in the body: where faults "after the id" cut."""

    @classmethod
    def of_json(
        cls,
        status: int,
        value: Any,
        *,
        job_id: str = "",
        ascii_only: bool = False,
    ) -> Reply:
        """JSON in UTF-8, or with ASCII escapes, which is the only way for lone surrogates."""
        text = json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":"))
        return cls(status, text.encode("utf-8", "replace"), job_id=job_id)


@dataclass(frozen=True)
class Stream:
    """Server-sent events: each block of ``blocks`` is written at once. Ends when the iterable does."""

    blocks: Iterable[bytes]
    status: int = 200
    content_type: str = "text/event-stream; charset=utf-8"
    headers: tuple[tuple[str, str], ...] = (("Cache-Control", "no-cache"),)
    job_id: str = ""
    chunked: bool = True


Handler = Callable[[Request, "World"], Union[Reply, Stream]]
Wrap = Callable[[Request, "World", Handler], Union[Reply, Stream]]


@dataclass(frozen=True)
class Route:
    """``pattern`` is a path with ``{name}`` (one segment) or ``{name*}`` (one or more)."""

    method: str
    pattern: str
    handler: Handler
    operation: str
    needs_key: bool = True


@dataclass(frozen=True)
class Fault:
    """A fault that can be switched on by name; see the module's docstring. Stage also "job" and "flag"."""

    name: str
    stage: str
    text: str
    wrap: Wrap | None = None
    protocol: str = ""
    """Whose requests it is for, set when a protocol brings it; empty: everybody's."""


@dataclass(frozen=True)
class SandboxProtocol:
    """Everything the server needs to know of a protocol."""

    name: str
    routes: tuple[Route, ...]
    refuse_key: Callable[[Request], Reply]
    busy: Reply
    """Its refusal of a create while it is busy, for the fault create-refused-503: nothing was made."""
    limited: Reply
    """Its refusal of a create that came too soon, for create-refused-429."""
    faults: tuple[Fault, ...] = ()
    not_found: Callable[[Request], Reply] | None = None
    """The answer under this protocol's base path where no route fits; None: a plain JSON 404."""
