"""Ark's pictures on loopback: answered at once, alone or as a set, each element by itself (references/ark-pictures.md).

A set holds as many as ``max_images`` says, else four. Result URLs live 24 h, as those of clips.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from ..core import Json
from .agcloud_tasks import RESULT_SECONDS
from .files import content
from .jobs import Job, NewJob, Output
from .protocol import Request
from .sizes import pixels
from .world import World

PICTURE_SECONDS = 12.0
"""Simulated; each further picture of a set takes as long."""
SET_OF, MOST_TOGETHER = 4, 15
SENSITIVE = "OutputImageSensitiveContentDetected"
TOKEN_PIXELS = 256


def draw(body: Mapping[str, Any], request: Request, world: World) -> tuple[Job, dict[str, Json]]:
    """The job of a valid body, once the time that it takes is over, and its answer."""
    job = world.create(_plan(body), request)
    world.sleep_until(world.phase(job).done_at)
    return job, _answer(job, body.get("response_format") == "b64_json", world)


def _plan(body: Mapping[str, Any]) -> NewJob:
    sources = body.get("image") or []
    sources = [sources] if isinstance(sources, str) else sources
    text = str(body["prompt"]) + (f" · edited from {len(sources)}" if sources else "")
    width, height = pixels({"size": body.get("size", "2K")})
    media_type = f"image/{body.get('output_format', 'jpeg')}"
    count = _count(body, len(sources))
    pictures = (Output("image", media_type, width, height, text, seed=number) for number in range(count))
    return NewJob(
        protocol="agcloud",
        id_prefix="img-",
        kind="image",
        model=str(body["model"]),
        prompt=str(body["prompt"]),
        outputs=tuple(pictures),
        life_seconds=PICTURE_SECONDS * count,
        body=dict(body),
    )


def _count(body: Mapping[str, Any], sources: int) -> int:
    if body.get("sequential_image_generation") != "auto":
        return 1
    most = (body.get("sequential_image_generation_options") or {}).get("max_images", SET_OF)
    return max(1, min(int(most), MOST_TOGETHER - sources))


def _answer(job: Job, inline: bool, world: World) -> dict[str, Json]:
    failed = _failed(job)
    none = job.trait("agcloud-no-output") is not None
    rows = [] if none else [failed.get(place) or _row(job, place, inline, world) for place in range(len(job.outputs))]
    good = [out for place, out in enumerate(job.outputs) if place not in failed and not none]
    tokens = sum(out.width * out.height for out in good) // TOKEN_PIXELS
    usage: Json = {"generated_images": len(good), "output_tokens": tokens, "total_tokens": tokens}
    return {"model": job.model, "created": int(job.created_at), "data": list(rows), "usage": usage}


def _row(job: Job, place: int, inline: bool, world: World) -> dict[str, Json]:
    out = job.outputs[place]
    gone = job.trait("agcloud-result-gone") is not None
    expires_at = world.phase(job).done_at + (-1.0 if gone else RESULT_SECONDS / world.speed)
    row: dict[str, Json] = {"size": f"{out.width}x{out.height}"}
    if inline:
        return {"b64_json": base64.b64encode(content(job, place)).decode("ascii"), **row}
    return {"url": world.file_url(job, place, expires_at=expires_at), **row}


def _failed(job: Job) -> dict[int, dict[str, Json]]:
    """The elements that fail alone: the second by "2", each by "all", with the code behind a colon."""
    asked = job.trait("agcloud-picture-failed")
    if asked is None:
        return {}
    which, _, code = asked.partition(":")
    every = range(1, len(job.outputs) + 1)
    places = [place for place in every if which in ("", "all", str(place))]
    error: Json = {"code": code or SENSITIVE, "message": f"This picture was not made: {code or SENSITIVE}."}
    return {place - 1: {"error": error} for place in places}
