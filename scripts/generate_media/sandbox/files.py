"""The second port: finished files, as a CDN behind presigned URLs serves them. GET only, no key wanted."""

from __future__ import annotations

import math
from collections import OrderedDict
from pathlib import Path
from threading import Lock

from .jobs import Job, Output
from .protocol import Reply, Request, Route
from .world import World, file_path, signature

ASSETS = Path(__file__).parent / "assets"
"""Media end in .dat: ClawHub publishes no .mp4 and no .mp3, and without them a sandbox makes no clips."""
SHAPES = {"landscape": (1280, 720), "portrait": (720, 1280), "square": (960, 960)}
LENGTHS_SECONDS = {"": 5.0, "-10s": 10.0}
CACHED_FILES = 32
_cache: OrderedDict[tuple[str, int], bytes] = OrderedDict()
_lock = Lock()


def routes() -> tuple[Route, ...]:
    """What the files' port answers."""
    return tuple(Route(method, "/files/{id}/{name}", _serve, "download", needs_key=False) for method in ("GET", "HEAD"))


def _serve(request: Request, world: World) -> Reply:
    job, index = world.job(request.params["id"]), _index(request.params["name"])
    if "authorization" in request.headers:
        return _xml(400, "InvalidArgument", "Only one auth mechanism allowed")
    if request.method != "GET" or "range" in request.headers:
        return _xml(403, "SignatureDoesNotMatch", "This URL was signed for a plain GET")
    if job is None or index is None or index >= len(job.outputs) or world.phase(job).name != "done":
        return _xml(404, "NoSuchKey", "The specified key does not exist.")
    if request.query:
        expires = request.one("X-Expires")
        if request.one("X-Signature") != signature(file_path(job, index), expires):
            return _xml(403, "SignatureDoesNotMatch", "The signature does not match.")
        if expires and world.now() > float(expires):
            return _xml(403, "AccessDenied", "Request has expired")
    return Reply(200, content(job, index), job.outputs[index].media_type)


def content(job: Job, index: int) -> bytes:
    """The bytes of one output; drawn once and kept for a while."""
    key = (job.id, index)
    with _lock:
        if key in _cache:
            return _cache[key]
    made = _make(job.outputs[index], job.id, index)
    with _lock:
        _cache[key] = made
        while len(_cache) > CACHED_FILES:
            _cache.popitem(last=False)
    return made


def _make(output: Output, job_id: str, index: int) -> bytes:
    if output.kind == "image":
        from .render import picture

        return picture(output, job_id, index)
    if output.kind == "audio":
        return (ASSETS / "tone.mp3.dat").read_bytes()
    # A free box at the end makes every clip's bytes its own; players skip it (ISO 14496-12, 8.1.2).
    mark = f"{job_id}/{index}/{output.seed}".encode("utf-8", "replace")
    clip = (ASSETS / f"{clip_name(output)}.dat").read_bytes() + (len(mark) + 8).to_bytes(4, "big") + b"free" + mark
    # What a reader of the format goes by: the major brand of the first box (ISO 14496-12, 4.3).
    return clip[:8] + b"qt  " + clip[12:] if output.media_type == "video/quicktime" else clip


def clip_name(output: Output) -> str:
    """Which clip of assets/ stands for an output: 16:9, 9:16 or 1:1, 5 or 10 s at 24 frames, with or without sound."""
    length = min(LENGTHS_SECONDS, key=lambda name: abs(LENGTHS_SECONDS[name] - output.seconds))
    return f"{_shape(output)}{length}{'-sound' if output.sound else ''}.mp4"


def clip_size(output: Output) -> tuple[int, int]:
    """The clip's real pixels."""
    return SHAPES[_shape(output)]


def _shape(output: Output) -> str:
    """The shape whose ratio of sides is the nearest, by how many times as wide it is."""
    ratio = math.log(max(1, output.width) / max(1, output.height))
    return min(SHAPES, key=lambda name: abs(math.log(SHAPES[name][0] / SHAPES[name][1]) - ratio))


def _index(name: str) -> int | None:
    digits = name.split(".")[0]
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 4 else None


def _xml(status: int, code: str, message: str) -> Reply:
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return Reply(status, body.encode(), "application/xml")
