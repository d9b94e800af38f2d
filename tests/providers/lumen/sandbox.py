"""Lumen on loopback."""

from __future__ import annotations

import secrets

from generate_media.core import Json
from generate_media.sandbox.common_faults import in_place
from generate_media.sandbox.jobs import Job, NewJob, Output
from generate_media.sandbox.protocol import Fault, Handler, Reply, Request, Route, SandboxProtocol, Stream
from generate_media.sandbox.world import World

BASE = "/render/v2"
LINK_SECONDS = 3600.0


def verdict(number: int, text: str = "") -> Reply:
    """A refusal, which is an HTTP 200 here."""
    return Reply.of_json(200, {"verdict": {"no": number, "text": text or f"refused with {number}"}})


def _said(job: Job, **fields: Json) -> Reply:
    return Reply.of_json(200, {"verdict": {"no": 0, "text": "ok"}, **fields}, job_id=job.id)


def create(request: Request, world: World) -> Reply:
    body = request.json()
    problems = world.problems("lumen", "POST", "/clips", body)
    if problems or not isinstance(body, dict):
        return verdict(4000, problems[0].message if problems else "an object is wanted")
    file = "fl_" + secrets.token_hex(8)
    clip = Output("video", "video/mp4", text=str(body["prompt"]))
    new = NewJob("lumen", "cl_", "video", str(body["model"]), str(body["prompt"]), (clip,), 20.0, 4.0,
                 body=body, aliases=(file,), extra={"file": file})  # fmt: skip
    job = world.create(new, request)
    at_once = job.trait("lumen-at-once") is not None
    return _said(job, clip=job.id, **({"state": "ready", "file": file} if at_once else {}))


def state(request: Request, world: World) -> Reply:
    job = world.job(request.one("clip"), "lumen")
    if job is None:
        return verdict(4040)
    broken = job.trait("lumen-broken")
    phase = world.phase(job).name
    if phase != "done":
        return _said(job, clip=job.id, state={"queued": "waiting", "running": "drawing"}[phase])
    if broken is not None:
        return _said(job, clip=job.id, state="broken", why={"no": int(broken), "text": "it broke"})
    return _said(job, clip=job.id, state="ready", file=job.extra["file"])


def link(request: Request, world: World) -> Reply:
    job = world.job(request.one("file"), "lumen")
    if job is None or world.phase(job).name != "done":
        return verdict(4040)
    return _said(job, link=world.file_url(job, 0, expires_at=world.now() + LINK_SECONDS / world.speed))


def _refusing(name: str, operation: str) -> Fault:
    def wrap(request: Request, world: World, handler: Handler) -> Reply | Stream:
        return verdict(int(world.argument(name, request)))

    return Fault(name, operation, "=NUMBER, in HTTP 200", wrap)


PROTOCOL = SandboxProtocol(
    name="lumen",
    routes=(
        Route("POST", BASE + "/clips", create, "create"),
        Route("GET", BASE + "/clips/state", state, "poll"),
        Route("GET", BASE + "/files/link", link, "list"),
    ),
    refuse_key=lambda request: verdict(4010),
    busy=verdict(4290),
    limited=verdict(4290),
    faults=(
        _refusing("lumen-create", "create"),
        _refusing("lumen-state", "poll"),
        _refusing("lumen-link", "list"),
        Fault("lumen-html", "poll", "200 with HTML", in_place("lumen-html", Reply(200, b"<html>", "text/html"))),
        Fault("lumen-at-once", "job", "the create's answer is the end"),
        Fault("lumen-broken", "job", "=NUMBER, the job fails"),
    ),
)
