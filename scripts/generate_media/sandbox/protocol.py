"""What a protocol brings to the sandbox, and what the sandbox gives to it.

A protocol is one module beside this one (skills_video.py, agnes.py, agcloud.py) that ends in::

    PROTOCOL = SandboxProtocol(
        name="agnes",                                   # the word in config.json's "protocol"
        base_paths={"agnes": "/v1"},                    # provider name → path of its base URL on our one port
        contract="agnes",                               # what contract.open_contract() is asked for
        routes=(
            Route("POST", "/v1/videos", create_video, operation="create"),
            Route("GET", "/v1/videos/{id}", query, operation="poll"),
            Route("GET", "/v1/anything/{rest*}", other, operation="models"),   # {rest*} spans slashes
        ),
        refuse_key=lambda request: Reply.of_json(401, {...}),   # body for a missing or bad… key
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
Names are unique over all protocols; prefix yours ("agnes-queue-full"). A user writes NAME, NAME=ARG, NAME*3 (three
times in all), NAME+2 (not the first two), NAME*1/job (once for each job) on --fault, in POST /_faults, or in the
header X-Sandbox-Fault; ``world.argument(name, request)`` is the ARG. Transport faults (resets, cuts, silence …)
exist for every operation without your doing, see transport.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Union

from ..core import Json
from .jobs import Job, NewJob, Phase

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
        headers: Sequence[tuple[str, str]] = (),
        job_id: str = "",
        ascii_only: bool = False,
    ) -> Reply:
        """JSON in UTF-8, or with ASCII escapes, which is the only way for lone surrogates."""
        text = json.dumps(value, ensure_ascii=ascii_only, separators=(",", ":"))
        return cls(status, text.encode("utf-8", "replace"), headers=tuple(headers), job_id=job_id)


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


class World(Protocol):
    """What handlers may use; implemented in world.py. Safe to call from many threads."""

    speed: float
    seed: int

    def now(self) -> float:
        """Real Unix seconds."""

    def sleep(self, seconds: float) -> bool:
        """Wait that many simulated seconds; False when the server is being closed: stop then."""

    def sleep_until(self, moment: float) -> bool:
        """Wait until a real Unix time; False when the server is being closed."""

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something after that many simulated seconds, in the background (callbacks)."""

    def create(self, new: NewJob, request: Request) -> Job:
        """Store a new job and count it. Faults of stage "job" that are on become its traits."""

    def job(self, id_or_alias: str, protocol: str = "") -> Job | None:
        """A job by its id or an alias."""

    def jobs(self, protocol: str) -> tuple[Job, ...]:
        """All jobs of a protocol, newest first."""

    def end(self, job: Job, ended_as: str) -> Job:
        """Mark a job as ended by hand (cancelled)."""

    def change(self, job: Job, **extra: Json) -> Job:
        """Add to ``job.extra`` for good; None as a value takes the name out."""

    def delete(self, job: Job) -> None:
        """Forget a job (its files too)."""

    def phase(self, job: Job) -> Phase:
        """How far the job is now."""

    def file_url(self, job: Job, index: int, *, signed: bool = True, expires_at: float | None = None) -> str:
        """Where output ``index`` is served; after ``expires_at`` (real Unix seconds) it is 403."""

    def fires(self, name: str, request: Request, job_id: str = "") -> bool:
        """Whether a fault of stage "flag" is on now; counts as one firing."""

    def argument(self, name: str, request: Request, default: str = "") -> str:
        """The ARG of ``NAME=ARG``."""

    def credits(self) -> int:
        """What is left of the fake credits."""

    def kind_of(self, contract: str, method: str, path: str) -> str | None:
        """image, video, audio or "" as the contract says; None where it has no such endpoint."""

    def problems(self, contract: str, method: str, path: str, body: Json) -> tuple[Any, ...]:
        """What the bundled contract objects to: ``Problem`` values of severity "error" (message, field, received,
        allowed, corrected), nulls dropped from the body first; empty when all is well or no contract is there.
        ``path`` is relative to the contract's base, e.g. ``/videos``."""


@dataclass(frozen=True)
class SandboxProtocol:
    """Everything the server needs to know of a protocol."""

    name: str
    base_paths: Mapping[str, str]
    contract: str
    routes: tuple[Route, ...]
    refuse_key: Callable[[Request], Reply]
    faults: tuple[Fault, ...] = ()
    not_found: Callable[[Request], Reply] | None = None
    """The answer under this protocol's base paths where no route fits; None: a plain JSON 404."""
