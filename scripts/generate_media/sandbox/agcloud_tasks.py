"""A content-generation task as AGCloud and Ark tell it (references/agcloud.md): its status, its two shapes,
when it may begin, and the callback. Durations are simulated seconds, as everywhere in the sandbox.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import threading
from collections.abc import Mapping
from contextlib import closing, suppress
from typing import Any, ClassVar
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from ..config import is_loopback
from ..core import Json
from .jobs import Job, NewJob, Output, Phase
from .protocol import Request
from .world import World

QUEUE_SECONDS, WORK_SECONDS = 4.0, 56.0
CONCURRENT_TASKS = 10
"""Running at once for one key: Ark 2.0 for companies (individuals: 3); further ones stay queued [ARK]."""
RESULT_SECONDS = 24 * 3600.0
RECORD_SECONDS = 7 * 24 * 3600.0
EXPIRES_AFTER_SECONDS = 172_800
CALLBACK_DELAY = 0.02
"""Real seconds after a change of status, so that the clock has surely passed it."""
FPS = 24
_SHORT_SIDE = {"480p": 480, "720p": 720, "1080p": 1080, "4k": 2160}
_SHAPES = {"16:9": (16, 9), "4:3": (4, 3), "1:1": (1, 1), "3:4": (3, 4), "9:16": (9, 16), "21:9": (21, 9)}
_AGCLOUD_WORDS = {"queued": "pending", "running": "processing", "succeeded": "success"}


def plan(body: Mapping[str, Any], queued_seconds: float, now: str) -> NewJob:
    """The job that a valid body asks for; ``now`` is YYYYMMDDHHMMSS, which Ark puts into its ids."""
    resolution, ratio = body.get("resolution", "720p"), body.get("ratio", "adaptive")
    duration = _duration(body)
    width, height = _pixels(resolution, ratio)
    text = next((part["text"] for part in body["content"] if part.get("type") == "text"), "")
    kind = "video/quicktime" if body.get("output_format") == "mov" else "video/mp4"
    clip = Output("video", kind, width, height, text, sound=bool(body.get("generate_audio", True)),
                  seconds=min(duration, 3600))  # fmt: skip
    frame = Output("image", "image/png", width, height, text, role="last_frame")
    return NewJob(
        protocol="agcloud",
        id_prefix=f"cgt-{now}-",
        kind="video",
        model=str(body["model"]),
        prompt=text,
        outputs=(clip, frame) if body.get("return_last_frame") else (clip,),
        life_seconds=queued_seconds + WORK_SECONDS,
        queued_seconds=queued_seconds,
        body=dict(body),
        extra={"tokens": width * height * FPS * duration // 1024, "duration": duration, "ratio": _ratio(ratio)},
    )


def status(job: Job, phase: Phase) -> str:
    """Ark's word for how far a task is."""
    if job.ended_as:
        return job.ended_as
    body = job.body if isinstance(job.body, dict) else {}
    limit = body.get("execution_expires_after", EXPIRES_AFTER_SECONDS)
    forever = next((w for w in ("queued", "running") if job.trait(f"agcloud-{w}-forever") is not None), "")
    if phase.age_seconds >= float(str(limit)) and (forever or job.life_seconds > float(str(limit))):
        return "expired"
    if forever == "queued" or (forever and phase.name == "done"):
        return forever
    if phase.name != "done":
        return phase.name
    for word in ("cancelled", "expired", "failed"):
        if job.trait(f"agcloud-{word}") is not None:
            return word
    return "succeeded"


def word(job: Job, plain: str) -> str:
    """The status as written: kkcc and the fault use AGCloud's words of the union."""
    if plain == "running" and job.trait("agcloud-unknown-status") is not None:
        return "polishing"
    if is_kkcc(job) or job.trait("agcloud-other-words") is not None:
        return _AGCLOUD_WORDS.get(plain, plain)
    return plain


def is_kkcc(job: Job) -> bool:
    return job.model.startswith("kkcc")


def view(job: Job, world: World) -> dict[str, Json]:
    """The answer to a query as Ark gives it; queued and running carry neither content nor usage."""
    phase = world.phase(job)
    plain = status(job, phase)
    body: Mapping[str, Any] = job.body if isinstance(job.body, dict) else {}
    answer: dict[str, Json] = {
        "id": job.id,
        "model": job.model,
        "status": word(job, plain),
        "error": _error(job, plain),
        "created_at": int(job.created_at),
        "updated_at": int(min(world.now(), phase.done_at)),
        "seed": body.get("seed", -1) if body.get("seed", -1) >= 0 else _seed(job),
        "resolution": body.get("resolution", "720p"),
        "ratio": job.extra["ratio"],
        "duration": job.extra["duration"],
        "framespersecond": FPS,
        "service_tier": body.get("service_tier", "default"),
        "execution_expires_after": body.get("execution_expires_after", EXPIRES_AFTER_SECONDS),
        "generate_audio": body.get("generate_audio", True),
        "draft": body.get("draft", False),
    }
    if plain == "succeeded":
        answer |= {"content": _content(job, world, phase), "usage": _usage(job)}
    return answer


def kkcc_view(job: Job, world: World) -> dict[str, Json]:
    """The answer of /v1/video-tasks/query [AG]; it documents no place for the last frame."""
    phase = world.phase(job)
    plain = status(job, phase)
    answer: dict[str, Json] = {"task_id": job.id, "task_status": word(job, plain), "error": _error(job, plain)}
    if plain == "succeeded":
        url = _content(job, world, phase).get("video_url")
        parts: list[Json] = [{"type": "video_url", "video_url": {"url": url}}] if url else []
        answer |= {"usage": _usage(job), "content": parts}
    return answer


def _content(job: Job, world: World, phase: Phase) -> dict[str, Json]:
    if job.trait("agcloud-no-output") is not None:
        return {}
    gone = job.trait("agcloud-result-gone") is not None
    expires_at = phase.done_at + (-1.0 if gone else RESULT_SECONDS / world.speed)
    names = {"": "video_url", "last_frame": "last_frame_url"}
    return {
        names[output.role]: world.file_url(job, index, expires_at=expires_at)
        for index, output in enumerate(job.outputs)
    }


def _usage(job: Job) -> Json:
    return {"completion_tokens": job.extra["tokens"], "total_tokens": job.extra["tokens"]}


def _error(job: Job, plain: str) -> Json:
    if plain != "failed":
        return None
    code = job.trait("agcloud-failed") or "InternalServiceError"
    return {"code": code, "message": f"The task failed: {code}."}


def _seed(job: Job) -> int:
    return int(hashlib.sha256(job.id.encode()).hexdigest()[:8], 16)


def _duration(body: Mapping[str, Any]) -> int:
    """Whole seconds; ``frames`` wins over ``duration``, and -1 leaves it to the model."""
    if "frames" in body:
        return max(1, int(body["frames"]) // FPS)
    duration = int(body.get("duration", 5))
    return 5 if duration < 1 else duration


def _ratio(ratio: str) -> str:
    return ratio if ratio in _SHAPES else "16:9"


def _pixels(resolution: str, ratio: str) -> tuple[int, int]:
    wide, high = _SHAPES[_ratio(ratio)]
    short = _SHORT_SIDE.get(resolution, 720)
    return (short * wide // high, short) if wide >= high else (short, short * high // wide)


class Lanes:
    """When a key's next task may begin: a busy key's tasks wait for the earliest end. Thread-safe."""

    _of_world: ClassVar[WeakKeyDictionary[World, Lanes]] = WeakKeyDictionary()
    _class_lock = threading.Lock()

    def __init__(self, world: World) -> None:
        self._lock = threading.Lock()
        self._ends: dict[str, list[float]] = {}
        for job in world.jobs("agcloud"):
            if not job.ended_as and job.kind == "video":
                self._ends.setdefault(job.key_fingerprint, []).append(world.phase(job).done_at)

    @classmethod
    def of(cls, world: World) -> Lanes:
        with cls._class_lock:
            if world not in cls._of_world:
                cls._of_world[world] = cls(world)
            return cls._of_world[world]

    def queue_seconds(self, world: World, key: str, limit: int) -> float:
        """How long a task that is made now stays queued; its lane is taken from then on."""
        with self._lock:
            now = world.now()
            ends = sorted(end for end in self._ends.get(key, ()) if end > now)
            free_at = ends[len(ends) - limit] if len(ends) >= limit else now
            begin = free_at + QUEUE_SECONDS / world.speed
            self._ends[key] = [*ends, begin + WORK_SECONDS / world.speed]
            return (begin - now) * world.speed


def call_back(job: Job, request: Request, world: World) -> None:
    """POST the query's body to ``callback_url`` at each change of status; loopback only, unsigned as at Ark."""
    url = job.body.get("callback_url") if isinstance(job.body, dict) else None
    if not isinstance(url, str) or not is_loopback_url(url):
        return
    moments = (0.0, job.queued_seconds, job.life_seconds)
    told: set[str] = set()
    lock = threading.Lock()

    def tell() -> None:
        found = world.job(job.id)
        answer = view(found, world) if found else None
        if answer is None:
            return
        with lock:
            if str(answer["status"]) in told:
                return
            told.add(str(answer["status"]))
        post(url, answer)

    for moment in moments:
        world.later(moment + CALLBACK_DELAY * world.speed, tell)


def is_loopback_url(url: str) -> bool:
    """Whether a callback may go there: plain HTTP to this machine."""
    try:
        parts = urlsplit(url)
        return parts.scheme == "http" and parts.port != 0 and is_loopback(url)
    except ValueError:
        return False


def post(url: str, answer: Json) -> None:
    """One POST without proxies and redirects; what the receiver makes of it does not matter."""
    parts = urlsplit(url)
    with suppress(OSError, http.client.HTTPException, ValueError):
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
        with closing(connection):
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", target, json.dumps(answer), {"Content-Type": "application/json"})
            connection.getresponse().read(1024)
