"""The sandbox's state as handlers see it: clock, jobs, credits, faults, the contract."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from ..core import Json, without_none, without_nulls
from .faults import Switchboard
from .jobs import Job, NewJob, Phase
from .log import Log
from .protocol import Request
from .store import Store, abbreviated

if TYPE_CHECKING:
    from ..contract import Contract, Endpoint

START_CREDITS = 1_000_000
HOSTILE_ID = "../../$(touch owned);'\"\\ \u202e\x1b[2J"
_ALPHABET = "23456789abcdefghijkmnpqrstuvwxyz"


class Clock:
    """The time of day, and waiting. A test hands in one that does not depend on how busy a machine is."""

    def now(self) -> float:
        """Unix seconds."""
        return time.time()

    def wait(self, seconds: float, stop: threading.Event) -> bool:
        """Wait so long, or until ``stop`` is set; whether it is."""
        return stop.wait(min(max(0.0, seconds), threading.TIMEOUT_MAX))


class World:
    """What handlers may use. Safe to call from many threads."""

    def __init__(
        self,
        *,
        speed: float,
        seed: int,
        store: Store,
        faults: Switchboard,
        log: Log,
        clock: Clock,
        new_models: bool = False,
    ) -> None:
        self.speed = speed
        self.new_models = new_models
        """Whether a model that the contract does not know is made all the same."""
        self.seed = seed
        self.faults = faults
        self.log = log
        self.files_url = ""
        """Set once the files' port is known."""
        self._clock = clock
        self._store = store
        self._closing = threading.Event()
        self._contracts: dict[str, Contract] = {}
        self._contracts_lock = threading.Lock()
        self._lock = threading.Lock()
        self._spent: int | None = None

    def now(self) -> float:
        """Real Unix seconds."""
        return self._clock.now()

    def sleep(self, seconds: float) -> bool:
        """Wait that many simulated seconds; False when the server is being closed: stop then."""
        return not self._clock.wait(seconds / self.speed, self._closing)

    def sleep_until(self, moment: float) -> bool:
        """Wait until a real Unix time; False when the server is being closed."""
        return not self._clock.wait(moment - self.now(), self._closing)

    def close(self) -> None:
        """Wake everybody who sleeps."""
        self._closing.set()

    def later(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something after that many simulated seconds, in the background (callbacks)."""

        def run() -> None:
            if self.sleep(seconds):
                action()

        threading.Thread(target=run, daemon=True, name="sandbox-later").start()

    def create(self, new: NewJob, request: Request) -> Job:
        """Store a new job and count it. Faults of stage "job" that are on become its traits."""
        traits = self.faults.staged("job", request.fault_names, "", new.protocol)
        job = Job(
            **{**vars(new), "body": abbreviated(new.body)},
            id=new.id_prefix + "".join(_ALPHABET[byte & 31] for byte in os.urandom(20)),
            created_at=self.now(),
            key_fingerprint=request.key_fingerprint,
            traits=tuple(f"{f.name}={a.argument}" if a.argument else f.name for f, a in traits if f.stage == "job"),
        )
        if "numeric-id" in job.traits:
            job = replace(job, id=str(10**15 + int.from_bytes(os.urandom(6), "big")))
        if "hostile-id" in job.traits:
            job = replace(job, id=HOSTILE_ID + job.id)
        self._store.add(job)
        self.log.job_made(job.protocol, job.key_fingerprint)
        with self._lock:
            self._spent = None if self._spent is None else self._spent + job.cost
        return job

    def job(self, id_or_alias: str, protocol: str = "") -> Job | None:
        """A job by its id or an alias."""
        found = self._store.get(id_or_alias)
        return found if found and protocol in ("", found.protocol) else None

    def jobs(self, protocol: str) -> tuple[Job, ...]:
        """All jobs of a protocol, newest first."""
        return tuple(job for job in self._store.all() if job.protocol == protocol)

    def end(self, job: Job, ended_as: str) -> Job:
        """Mark a job as ended by hand (cancelled)."""
        return self._rewrite(replace(job, ended_as=ended_as))

    def change(self, job: Job, **extra: Json) -> Job:
        """Add to ``job.extra`` for good; None as a value takes the name out."""
        with self._lock:
            merged = {**(self._store.get(job.id) or job).extra, **extra}
            return self._rewrite(replace(job, extra=without_none(merged)))

    def delete(self, job: Job) -> None:
        """Forget a job (its files too)."""
        self._store.remove(job)

    def phase(self, job: Job) -> Phase:
        """How far the job is now."""
        age = max(0.0, self.now() - job.created_at) * self.speed
        done_at = job.created_at + job.life_seconds / self.speed
        if job.trait("never-ends") is not None:
            return Phase("running", 50.0, age, float("inf"))
        if age >= job.life_seconds:
            return Phase("done", 100.0, age, done_at)
        if age < job.queued_seconds:
            return Phase("queued", 0.0, age, done_at)
        work = job.life_seconds - job.queued_seconds
        return Phase("running", min(99.0, 100.0 * (age - job.queued_seconds) / work), age, done_at)

    def file_url(self, job: Job, index: int, *, expires_at: float | None = None) -> str:
        """Where output ``index`` is served; after ``expires_at`` (real Unix seconds) it is 403."""
        elsewhere = job.trait("result-url")
        if elsewhere is not None:
            return elsewhere or "http://10.0.0.1/private.png"
        path = file_path(job, index)
        expires = "" if expires_at is None else f"{expires_at:.3f}"
        return f"{self.files_url}{path}?{urlencode({'X-Expires': expires, 'X-Signature': signature(path, expires)})}"

    def fires(self, name: str, request: Request, job_id: str = "") -> bool:
        """Whether a fault of stage "flag" is on now; counts as one firing."""
        return self.faults.fires(name, request.fault_names, job_id) is not None

    def argument(self, name: str, request: Request, default: str = "") -> str:
        """The ARG of ``NAME=ARG``."""
        return self.faults.argument(name, request.fault_names) or default

    def credits(self) -> int:
        """What is left of the fake credits."""
        with self._lock:
            if self._spent is None:
                self._spent = sum(job.cost for job in self._store.all())
            return START_CREDITS - self._spent

    def problems(self, protocol: str, method: str, path: str, body: Json) -> tuple[Any, ...]:
        """What the protocol's document objects to in a body, its nulls dropped: ``Problem`` values of severity error.
        Empty when all is well, or no endpoint is there. ``path`` is relative to the base URL, e.g. ``/videos``."""
        endpoint = self._endpoint(protocol, method, path)
        if endpoint is None:
            return ()
        with self._contracts_lock:
            found = self._contracts[protocol].validate(endpoint, without_nulls(body))
        return tuple(problem for problem in found if problem.severity == "error")

    def kind_of(self, protocol: str, method: str, path: str) -> str | None:
        """image, video, audio or "" as the document says; None where it has no such endpoint."""
        endpoint = self._endpoint(protocol, method, path)
        return None if endpoint is None else endpoint.kind

    def _endpoint(self, protocol: str, method: str, path: str) -> Endpoint | None:
        from ..contract import by_convention, open_contract

        with self._contracts_lock:  # each is opened once, when it is first asked for
            if protocol not in self._contracts:
                self._contracts[protocol] = open_contract(protocol)
            contract = self._contracts[protocol]
            return contract.endpoint_at(method, path) or (by_convention(contract, path) if method == "POST" else None)

    def _rewrite(self, job: Job) -> Job:
        self._store.write(job)
        return job


def file_path(job: Job, index: int) -> str:
    """Where an output stands on the files' port."""
    return f"/files/{quote(job.id, safe='')}/{index}{_extension(job.outputs[index].media_type)}"


def signature(path: str, expires: str) -> str:
    """What a presigned URL carries; it binds path and expiry, which is all that a sandbox needs."""
    return hashlib.sha256(f"sandbox\n{path}\n{expires}".encode("utf-8", "replace")).hexdigest()


def _extension(media_type: str) -> str:
    names: Iterable[tuple[str, str]] = (
        ("jpeg", ".jpg"),
        ("webp", ".webp"),
        ("png", ".png"),
        ("mpeg", ".mp3"),
        ("quicktime", ".mov"),
    )
    return next((ending for word, ending in names if word in media_type), ".mp4")
