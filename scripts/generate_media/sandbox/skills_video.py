"""skills.video on loopback: create and stream, create, query, credits (references/open-platform-api.md)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..core import Json
from ..providers import PROTOCOLS
from .common_faults import HOSTILE_TEXT
from .files import clip_size
from .forms import fields_of_form
from .jobs import Job, NewJob, Output
from .protocol import Reply, Request, Route, SandboxProtocol, Stream
from .sizes import pixels
from .skills_video_faults import BUSY, FAULTS, LIMITED
from .world import World

NAME = "skills_video"
BASE = PROTOCOLS[NAME].base_path
LIFE_SECONDS = {"image": 10.0, "video": 100.0, "audio": 10.0}
COST = {"image": 20, "video": 100, "audio": 10}
HEARTBEAT_SECONDS = 5.0
NOBODY = "no/"
"""The vendor whose models do not exist. Any other model that the contract has not heard of is taken for a new one."""
MAX_OUTPUTS = 10
_TYPES = {"png": "image/png", "jpeg": "image/jpeg", "jpg": "image/jpeg", "webp": "image/webp"}
_LEGACY = {"IN_QUEUE": "starting", "IN_PROGRESS": "processing", "COMPLETED": "succeeded", "FAILED": "failed"}
_ENDS = frozenset(("COMPLETED", "FAILED", "CANCELED", _LEGACY["COMPLETED"], _LEGACY["FAILED"]))


def create(request: Request, world: World) -> Reply:
    """``POST /generation/{model}``: the job at once, 202."""
    made = _make(request, world, "/generation/")
    if isinstance(made, Reply):
        return made
    return Reply.of_json(202, created(made, world), job_id=made.id, ascii_only=True)


def create_and_stream(request: Request, world: World) -> Reply | Stream:
    """``POST /generation/sse/{model}``: unnamed events, each the whole query object, up to a terminal status."""
    made = _make(request, world, "/generation/sse/")
    return made if isinstance(made, Reply) else Stream(_events(made, world), job_id=made.id)


def query(request: Request, world: World) -> Reply:
    """``GET /generation/{id}``."""
    job = world.job(request.params["id"], NAME)
    if job is None:
        return error(404, "NOT_FOUND", "GENERATION_NOT_FOUND", "Generation not found")
    return Reply.of_json(200, view(job, world), job_id=job.id, ascii_only=True)


def credits(request: Request, world: World) -> Reply:
    """``GET /credits``; the real shape is unknown, this one is a guess by analogy with ``usage`` [I]."""
    left = world.credits()
    return Reply.of_json(200, {"total": left, "subscription": left, "permanent": 0})


def view(job: Job, world: World) -> dict[str, Any]:
    """The query object: what is known of the job now."""
    status = _status(job, world)
    answer: dict[str, Any] = {
        "id": int(job.id) if job.trait("numeric-id") is not None else job.id,
        "status": _LEGACY.get(status, status) if job.trait("sv-legacy") is not None else status,
        "input": job.body,
        "data": None,
        "usage": _usage(job, ended=status in _ENDS),
    }
    if status == "COMPLETED" and job.trait("sv-completed-null") is None:
        answer["data"] = _data(job, world)
    if status == "FAILED":
        code = f"{_prefix(job.kind)}_{job.trait('sv-failed') or 'FAILED'}"
        answer |= {"error": "GENERATION_FAILED", "code": code, "message": _failure_text(job)}
    if job.trait("sv-nested-state") is not None and status != "COMPLETED":
        nested = {"status": "COMPLETED", "state": "completed", "url": "http://127.0.0.1:9/never.png"}
        answer |= {"input": {**nested, "prompt": job.prompt}, "meta": nested}
    return answer


def error(status: int, legacy: str, code: str, message: str) -> Reply:
    """An error body of the newer form."""
    return Reply.of_json(status, {"error": legacy, "code": code, "message": message}, ascii_only=True)


def created(job: Job, world: World) -> dict[str, Any]:
    """The answer to a create: no ``data`` key, and queued whatever the clock says by now."""
    known = view(job, world)
    word = "IN_QUEUE" if job.trait("sv-legacy") is None else _LEGACY["IN_QUEUE"]
    return {"id": known["id"], "status": word, "input": known["input"], "usage": _usage(job, ended=False)}


def _make(request: Request, world: World, prefix: str) -> Job | Reply:
    """Check, charge, store; or the refusal."""
    model, path = request.params["model"], BASE + prefix + request.params["model"]
    kind = None if model.startswith(NOBODY) else world.kind_of(NAME, "POST", path.removeprefix(BASE))
    if kind is None:
        return error(400, "UNSUPPORTED_MODEL", "IMAGE_GENERATION_UNSUPPORTED_MODEL", f"Unsupported model: {model}")
    kind = kind or "image"
    body = _body(request, world, path.removeprefix(BASE))
    if isinstance(body, str):
        return error(400, "INVALID_INPUT", f"{_prefix(kind)}_INVALID_INPUT", body)
    if world.credits() < COST[kind]:
        code = f"{_prefix(kind)}_INSUFFICIENT_CREDITS"
        return error(402, "INSUFFICIENT_CREDITS", code, "Insufficient credits. Please recharge.")
    outputs = _outputs(kind, body)
    life = LIFE_SECONDS[kind]
    new = NewJob(
        NAME,
        "gen_",
        kind,
        model,
        str(body.get("prompt") or ""),
        outputs,
        life,
        life / 5,
        COST[kind] * len(outputs),
        dict(body),
    )
    return world.create(new, request)


def _body(request: Request, world: World, path: str) -> Mapping[str, Json] | str:
    """The body as JSON, or in words what is wrong with it."""
    multipart = request.headers.get("content-type", "").startswith("multipart/form-data")
    try:
        body = fields_of_form(request) if multipart else request.json()
    except ValueError as problem:
        return f"Invalid request body: {str(problem)[:200]}"
    if not isinstance(body, dict):
        return "Request body must be a JSON object"
    if multipart:
        body = _typed(body, lambda candidate: len(world.problems(NAME, "POST", path, candidate)))
    problems = world.problems(NAME, "POST", path, body)
    return str(problems[0].message) if problems else body


def _typed(form: dict[str, Json], count_problems: Any) -> dict[str, Json]:
    """A form's strings as the contract wants them: a list of one, a number or a boolean where that objects less."""
    body = dict(form)
    for name, value in form.items():
        if not isinstance(value, str):
            continue
        readings: list[Json] = [value, [value]]
        if re.fullmatch(r"-?\d+(\.\d+)?|true|false", value):
            readings.append(json.loads(value) if not re.match(r"-?0\d", value) else float(value))
        body[name] = min(readings, key=lambda reading: count_problems({**body, name: reading}))
    return body


def _outputs(kind: str, body: Mapping[str, Json]) -> tuple[Output, ...]:
    wanted = next((body[name] for name in ("n", "num_images") if isinstance(body.get(name), int)), 1)
    count = max(1, min(MAX_OUTPUTS, int(str(wanted)))) if kind == "image" else 1
    width, height = pixels(body, (16, 9) if kind == "video" else (1, 1))
    seed = body.get("seed")
    media_type = _TYPES.get(str(body.get("output_format", "png")).lower(), "image/png")
    if kind != "image":
        media_type = "video/mp4" if kind == "video" else "audio/mpeg"
    sound = body.get("generate_audio") is not False and body.get("sound") is not False
    number = seed if isinstance(seed, int) else 0
    text = str(body.get("prompt") or "")
    made = Output(kind, media_type, width, height, text, number, sound=sound, seconds=_seconds(body))
    return (made,) * count


def _seconds(body: Mapping[str, Json]) -> float:
    """How long a clip is asked for, whatever the field is called; 5 where nothing, or no number, is said."""
    told = next((str(body[name]) for name in ("duration", "seconds") if name in body), "")
    return float(told) if re.fullmatch(r"\d{1,3}(\.\d{1,3})?", told) else 5.0


def _events(job: Job, world: World) -> Iterator[bytes]:
    """At once, at each change of status, and every five seconds while it runs."""
    while True:
        answer = view(job, world)
        yield event(answer)
        if answer["status"] in _ENDS:  # by what was told: the clock may have gone on since
            return
        phase = world.phase(job)
        until_running = job.queued_seconds - phase.age_seconds
        wait = until_running if until_running > 0 else HEARTBEAT_SECONDS
        # A millisecond later, so that the change has happened when the clock is read.
        wake = min(world.now() + wait / world.speed, phase.done_at) + 0.001
        if not world.sleep_until(wake):
            return


def event(answer: Any) -> bytes:
    """One unnamed server-sent event."""
    return b"data: " + json.dumps(answer, ensure_ascii=_has_surrogates(answer)).encode() + b"\n\n"


def _has_surrogates(answer: Any) -> bool:
    try:
        json.dumps(answer, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def _status(job: Job, world: World) -> str:
    phase = world.phase(job)
    if phase.name == "queued":
        return "IN_QUEUE"
    if phase.name == "running":
        return "ARCHIVING" if job.trait("sv-unknown-status") is not None else "IN_PROGRESS"
    if job.trait("sv-failed") is not None:
        return "FAILED"
    return "CANCELED" if job.trait("sv-canceled") is not None else "COMPLETED"


def _data(job: Job, world: World) -> dict[str, Any]:
    """``data`` of a completed job: images as documented, clips by analogy [I]."""
    files = [_file(job, world, index) for index in range(len(job.outputs))]
    if job.trait("sv-bare-urls") is not None:
        return {f"{job.kind}_url": files[0]["url"], "urls": [file["url"] for file in files]}
    return {
        "type": job.kind,
        "n": len(files),
        "actual_prompt": job.prompt,
        f"{job.kind}s": files,
        job.kind: files[0],
    }


def _file(job: Job, world: World, index: int) -> dict[str, Any]:
    output = job.outputs[index]
    url = world.file_url(job, index)
    width, height = (output.width, output.height) if job.kind == "image" else clip_size(output)
    name = url.split("?")[0].rsplit("/", 1)[-1]
    return {"url": url, "file_name": name, "content_type": output.media_type, "width": width, "height": height}


def _failure_text(job: Job) -> str:
    if job.trait("sv-hostile-text") is not None:
        return HOSTILE_TEXT
    return "a lone surrogate \ud83d here" if job.trait("sv-surrogate") is not None else "The provider failed."


def _usage(job: Job, *, ended: bool) -> dict[str, int]:
    cost = job.cost if ended or job.trait("sv-late-usage") is None else 0
    return {"total": cost, "subscription": cost, "permanent": 0}


def _prefix(kind: str) -> str:
    return {"image": "IMAGE", "video": "VIDEO", "audio": "TTS"}.get(kind, "IMAGE") + "_GENERATION"


PROTOCOL = SandboxProtocol(
    name=NAME,
    routes=(
        Route("POST", BASE + "/generation/sse/{model*}", create_and_stream, "create"),
        Route("POST", BASE + "/generation/{model*}", create, "create"),
        Route("GET", BASE + "/generation/{id}", query, "poll"),
        Route("GET", BASE + "/credits", credits, "credits"),
    ),
    refuse_key=lambda request: error(401, "UNAUTHORIZED", "UNAUTHORIZED", "Invalid or missing API key"),
    busy=BUSY,
    limited=LIMITED,
    faults=FAULTS,
    not_found=lambda request: error(404, "NOT_FOUND", "NOT_FOUND", f"Cannot {request.method} the requested path"),
)
