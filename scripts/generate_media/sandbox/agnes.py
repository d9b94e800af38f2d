"""Agnes's protocol on loopback: pictures answered at once, clips with two ids and two routes (references/agnes.md).

Requests are held against the bundled contract and refused in Agnes's own words. Its quirks are faults of their
own (agnes_faults.py); the ones that a job keeps for life are read here from its traits.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ..core import Json
from ..providers import PROTOCOLS
from .agnes_faults import BUSY, FAULTS, LIMITED, NO_TASK, error, no_channel
from .files import content
from .jobs import Job, NewJob, Output
from .protocol import Reply, Request, Route, SandboxProtocol
from .world import World

BASE = PROTOCOLS["agnes"].base_path
IMAGES, VIDEOS = "/images/generations", "/videos"
OLD_SIZES = ("1024x768", "1024x1024", "768x1024")
PICTURE_SECONDS: Mapping[str, float] = {"1K": 12.0, "2K": 20.0, "3K": 30.0, "4K": 40.0}
BASE64_SECONDS = 180.0
CLIP_SECONDS, CLIP_QUEUED_SECONDS, STUCK_SECONDS = 110.0, 20.0, 900.0
SHARED_PREFIX = "video_YWduZXMtdmlkZW8tc2FuZGJveC1zaGFyZWQtcHJlZml4LW9mLWFsbC1pZHM_"
"""All video_ids begin alike [M]: whoever shortens one for a file name overwrites the other files."""
PIXELS_720P = {
    "21:9": "1680x720",
    "16:9": "1280x720",
    "4:3": "960x720",
    "1:1": "720x720",
    "3:4": "720x960",
    "9:16": "720x1280",
}


def create_image(request: Request, world: World) -> Reply:
    """Draws, waits as long as the service takes, then answers with the picture."""
    body = _body(request, world, IMAGES)
    if isinstance(body, Reply):
        return body
    tier, size = picture_size(str(body.get("size") or ""), str(body.get("ratio") or "1:1"))
    width, height = (int(side) for side in size.split("x"))
    nested = body.get("extra_body")
    nested = nested if isinstance(nested, dict) else {}
    sources = nested.get("image")
    text = str(body["prompt"]) + (f" · edited from {len(sources)}" if isinstance(sources, list) else "")
    as_base64 = nested.get("response_format") == "b64_json"
    life = BASE64_SECONDS if as_base64 else PICTURE_SECONDS[tier]
    new = NewJob("agnes", "img_", "image", str(body["model"]), str(body["prompt"]),
                 (Output("image", width=width, height=height, text=text),), life, body=body)  # fmt: skip
    job = world.create(new, request)
    world.sleep_until(world.phase(job).done_at)
    row: dict[str, Json] = {"url": world.file_url(job, 0), "b64_json": None, "revised_prompt": None}
    if as_base64 or body.get("return_base64"):
        row |= {"url": "", "b64_json": base64.b64encode(content(job, 0)).decode("ascii")}
    answer = {"created": int(job.created_at), "data": [row], "usage": {"generated_images": 1}}
    return Reply.of_json(200, answer, job_id=job.id)


def create_video(request: Request, world: World) -> Reply:
    """Makes a task; the answer holds both ids, or the task_id alone as in the oldest form."""
    body = _body(request, world, VIDEOS)
    if isinstance(body, Reply):
        return body
    seconds, size = clip_measures(body)
    width, height = (int(side) for side in size.split("x"))
    video_id = SHARED_PREFIX + secrets.token_hex(12)
    new = NewJob(
        "agnes", "task_", "video", str(body["model"]), str(body["prompt"]),
        (Output("video", "video/mp4", width, height, text=str(body["prompt"]), seconds=seconds),),
        CLIP_SECONDS, CLIP_QUEUED_SECONDS, body=body, aliases=(video_id,),
        extra={"video_id": video_id, "seconds": f"{seconds:.1f}", "size": size},
    )  # fmt: skip
    job = world.create(new, request)
    if world.fires("agnes-old-create", request, job.id):
        return Reply.of_json(200, {"task_id": job.id}, job_id=job.id)
    return Reply.of_json(200, _task(job) | {"status": "queued", "progress": 0}, job_id=job.id)


def query_by_task(request: Request, world: World) -> Reply:
    """``GET /v1/videos/{task_id}``: a video_id is 400 here [M]."""
    identity = request.params["id"]
    job = world.job(identity, "agnes")
    if job is not None and job.id != identity:
        return error(400, "task_not_exist", "task_not_exist")
    return _query(request, world, job, "task")


def query_by_video(request: Request, world: World) -> Reply:
    """``GET /agnesapi?video_id=&model_name=``: a task_id is 404 here [M]."""
    identity, model = request.one("video_id"), request.one("model_name")
    if not identity:
        return Reply.of_json(400, {"detail": [{"loc": ["query", "video_id"], "msg": "field required"}]})
    job = world.job(identity, "agnes")
    if job is not None and (job.id == identity or model not in ("", job.model)):
        job = None
    return _query(request, world, job, "video")


def list_models(request: Request, world: World) -> Reply:
    """What the key may use: without a retired model."""
    gone = _retired(request, world)
    rows = [{"id": model, "object": "model", "owned_by": "agnes"} for model in _document()["models"] if model != gone]
    return Reply.of_json(200, {"object": "list", "data": rows})


def refuse_key(request: Request) -> Reply:
    """A missing or wrong key, in the gateway's words [M]."""
    words = "无效的令牌 (Invalid token)" if "authorization" in request.headers else "未提供令牌"
    return Reply.of_json(401, {"error": {"code": "", "message": words, "type": "AgnesAI_error"}})


def picture_size(size: str, ratio: str) -> tuple[str, str]:
    """(tier, pixels) that the service draws for a request's size: unknown pixels snap to the nearest known."""
    sizes = _document()["sizes"]
    if size in sizes:
        return size, str(sizes[size][ratio])
    if not size or size in OLD_SIZES:
        return "1K", size or OLD_SIZES[1]
    width, height = (int(side) for side in size.split("x"))
    known = [(tier, pixels) for tier, row in sizes.items() for pixels in row.values()]
    return min(known, key=lambda pair: _distance(pair[1], width, height))


def clip_measures(body: Mapping[str, Any]) -> tuple[float, str]:
    """(seconds, pixels) as the task's own fields tell them; the file is a small stand-in."""
    if body["model"] == "agnes-video-v2.0":
        rate = float(body.get("frame_rate") or 24)
        return (body.get("num_frames") or 121) / rate, f"{body.get('width') or 1152}x{body.get('height') or 768}"
    return float(body.get("seconds") or 5), PIXELS_720P[str(body.get("aspect_ratio") or "16:9")]


def _body(request: Request, world: World, path: str) -> dict[str, Json] | Reply:
    """The request's body, or the refusal of one that the contract objects to."""
    try:
        body = request.json()
    except ValueError:
        return error(400, "invalid_request", "invalid character looking for beginning of value")
    if not isinstance(body, dict):
        return error(400, "invalid_request", "the body must be an object")
    model = body.get("model")
    if isinstance(model, str) and model and model == _retired(request, world):
        return no_channel(model)
    if "data:" in json.dumps(body)[:1_000_000] and world.fires("agnes-data-uri-refused", request):
        return error(400, "invalid_request", "data URI is not accepted, give a URL")
    problems = world.problems("agnes", "POST", path, body)
    if world.new_models and model and any(problem.field == "model" for problem in problems):
        return _as_the_usual(body, world, path)
    return _refusal(problems[0], path, model) if problems else body


def _as_the_usual(body: dict[str, Json], world: World, path: str) -> dict[str, Json]:
    """The body of a model newer than the contract, without what the usual one would not take."""
    like = {**body, "model": _document()["usual"][path]}
    odd = {re.split(r"[.\[]", problem.field)[0] for problem in world.problems("agnes", "POST", path, like)}
    return {"prompt": "", **{name: value for name, value in body.items() if name not in odd}}


def _refusal(problem: Any, path: str, model: Json) -> Reply:
    """The contract's first objection in one of the service's three shapes."""
    field = str(problem.field)
    if field == "model" and isinstance(model, str) and model:
        return no_channel(model)
    if field == "num_frames":
        return Reply.of_json(400, {"detail": "num_frames must equal 8 * n + 1"})
    if path == IMAGES and "is not a field" in problem.message:
        return error(400, "invalid_request", f"{field} is not supported by text image queue")
    return error(400, "invalid_request", str(problem.message))


def _query(request: Request, world: World, job: Job | None, route: str) -> Reply:
    if world.fires("agnes-route-down", request) and world.argument("agnes-route-down", request, "video") == route:
        return error(500, "fail_to_fetch_task", "fail to fetch task")
    # A task is seen only with the key that made it [O].
    if job is None or job.kind != "video" or job.key_fingerprint != request.key_fingerprint:
        return NO_TASK
    early = job.trait("agnes-early-404")
    seen = job.extra.get("polls")
    polls = seen if isinstance(seen, int) else 0
    if early is not None and polls < (int(early) if early.isdecimal() else 3):
        world.change(job, polls=polls + 1)
        return NO_TASK
    return Reply.of_json(200, _task(job) | _state(job, world, route), job_id=job.id)


def _task(job: Job) -> dict[str, Json]:
    """What every answer about a task holds."""
    fixed: dict[str, Json] = {"id": job.id, "task_id": job.id, "object": "video", "model": job.model}
    fixed.update({name: job.extra[name] for name in ("video_id", "seconds", "size")})
    fixed["created_at"] = int(job.created_at)
    return fixed


def _state(job: Job, world: World, route: str) -> dict[str, Json]:
    phase = world.phase(job)
    stuck = job.trait("agnes-stuck-inference") is not None
    if stuck and phase.age_seconds >= STUCK_SECONDS:
        return _failed({"code": "stuck_inference", "message": "the inference did not end within 15 minutes"})
    if phase.name == "queued":
        return {"status": "queued", "progress": 0}
    if phase.name == "running" or stuck:
        jumps = job.trait("agnes-progress-jumps") is not None
        return {"status": "in_progress", "progress": 30 if jumps or stuck else int(phase.progress)}
    code = job.trait("agnes-failed")
    if code is not None:
        return _failed({"code": code, "message": f"refused: {code}"} if code else "generation failed")
    done: dict[str, Json] = {"status": job.trait("agnes-done-word") or "completed", "progress": 100}
    return done | _url(job, world, route)


def _failed(told: Json) -> dict[str, Json]:
    return {"status": "failed", "progress": 100, "error": told}


def _url(job: Job, world: World, route: str) -> dict[str, Json]:
    """The clip's URL where the trait puts it; by default at ``url``, the other places null."""
    missing = job.trait("agnes-no-url")
    places: dict[str, Json] = {"url": None, "video_url": None, "remixed_from_video_id": None}
    if missing is not None and missing in ("", route):
        return places
    head, _, tail = (job.trait("agnes-url-at") or "url").partition(".")
    url = world.file_url(job, 0)
    place: dict[str, Json] = {head: {tail: url} if tail else url}
    return places | place


def _retired(request: Request, world: World) -> str:
    on = world.fires("agnes-retired", request)
    return world.argument("agnes-retired", request, "agnes-video-v2.0") if on else ""


def _distance(pixels: str, width: int, height: int) -> int:
    across, down = (int(side) for side in pixels.split("x"))
    return (across - width) ** 2 + (down - height) ** 2


@lru_cache(maxsize=1)
def _document() -> dict[str, Any]:
    """Sizes and models out of the contract, the one place where they are written."""
    document = json.loads(PROTOCOLS["agnes"].document.read_text(encoding="utf-8"))
    creates = [document["paths"][path]["post"] for path in (IMAGES, VIDEOS)]
    image = document["components"]["schemas"]["ImageRequest"]
    return {
        "sizes": image["properties"]["size"]["x-sizes"],
        "models": [row["id"] for create in creates for row in create["x-models"]],
        "usual": {path: create["x-models"][0]["id"] for path, create in zip((IMAGES, VIDEOS), creates, strict=True)},
    }


PROTOCOL = SandboxProtocol(
    name="agnes",
    routes=(
        Route("POST", BASE + IMAGES, create_image, "create"),
        Route("POST", BASE + VIDEOS, create_video, "create"),
        Route("GET", BASE + VIDEOS + "/{id}", query_by_task, "poll"),
        Route("GET", "/agnesapi", query_by_video, "poll"),
        Route("GET", BASE + "/models", list_models, "models"),
    ),
    refuse_key=refuse_key,
    busy=BUSY,
    limited=LIMITED,
    faults=FAULTS,
    not_found=lambda request: error(404, "", f"Invalid URL ({request.method} {request.path})"),
)
