"""AGCloud's and Ark's content-generation tasks on loopback (references/agcloud.md).

Made tasks run for a minute of simulated time, ten at once for a key and the others queued; results live 24 h,
records 7 days; DELETE cancels what is queued, refuses what runs and destroys what has ended. ``kkcc`` tasks are
known at ``POST /v1/video-tasks/query`` alone. Pictures are answered at once (agcloud_pictures.py). Nulls count as
absent.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from ..core import without_nulls
from ..providers import PROTOCOLS
from .agcloud_pictures import draw
from .agcloud_tasks import CONCURRENT_TASKS, RECORD_SECONDS, Lanes, call_back, is_kkcc, kkcc_view, plan, status, view
from .jobs import Job
from .protocol import Fault, Handler, Reply, Request, Route, SandboxProtocol, Stream
from .world import World

TASKS, PICTURES = "/contents/generations/tasks", "/images/generations"
BASE = PROTOCOLS["agcloud"].base_path
MAX_PAGE = 500

# Error code (a colon and a word after it choose the message) → HTTP status, message: their tables of errors.
CODES: Mapping[str, tuple[int, str]] = {
    "MissingParameter": (400, "The request is missing a required parameter."),
    "InvalidParameter": (400, "A parameter of the request is not valid."),
    "InvalidParameter.TaskTypeConstraint": (400, "The parameters do not fit this type of task."),
    "InputTextSensitiveContentDetected": (400, "The input text may contain sensitive information."),
    "InputImageSensitiveContentDetected": (400, "The input image may contain sensitive information."),
    "InputImageSensitiveContentDetected.PolicyViolation": (400, "The input image violates the policy."),
    "InputVideoSensitiveContentDetected": (400, "The input video may contain sensitive information."),
    "OutputImageSensitiveContentDetected": (400, "The output image may contain sensitive information."),
    "OutputVideoSensitiveContentDetected": (400, "The output video may contain sensitive information."),
    "InvalidEndpoint.ClosedEndpoint": (400, "The endpoint is closed."),
    "AuthenticationError": (401, "The API key in the request is missing or invalid."),
    "InvalidAccountStatus": (401, "The account's status is abnormal."),
    "AccessDenied": (403, "The request has no permission for this resource."),
    "OperationDenied.ServiceNotOpen": (403, "The model service is not open."),
    "AccountOverdueError": (403, "Your account balance is not enough."),
    "InvalidEndpointOrModel.NotFound": (404, "The model or endpoint does not exist or you do not have access to it."),
    "ModelNotOpen": (404, "Your account has not activated the model."),
    "ResourceNotFound": (404, "The task does not exist."),
    "InvalidAction.RunningTaskDeletion": (409, "A running task cannot be deleted."),
    "RateLimitExceeded.EndpointRPMExceeded": (429, "The requests per minute limit of the endpoint is exceeded."),
    "ModelAccountRpmRateLimitExceeded": (429, "The requests per minute limit of the account is exceeded."),
    "ServerOverloaded": (429, "The service is overloaded, please try again later."),
    "RequestBurstTooFast": (429, "The requests came in too fast a burst."),
    "InflightBatchsizeExceeded": (429, "Too many requests are in flight."),
    "QuotaExceeded": (429, "Your free quota is used up."),
    "QuotaExceeded:queued": (429, "Too many tasks are queued."),
    "SetLimitExceeded": (429, "The limit that you set for the model is reached."),
    "SetLimitExceeded:queued": (429, "Too many tasks are queued under the limit that you set."),
    "InternalServiceError": (500, "The service met an unexpected internal error."),
}


def told(code: str, message: str = "", param: str = "") -> Reply:
    """An error answer in Ark's body."""
    http, text = CODES.get(code, (400, "The request was refused."))
    kind = {401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 429: "TooManyRequests"}.get(http, "BadRequest")
    error = {"code": code.split(":")[0], "message": message or text, "param": param, "type": kind}
    return Reply.of_json(http, {"error": error})


def failed(code: str, request: Request, world: World, *, message: str = "", param: str = "") -> Reply:
    """An error answer in Ark's body, or in AGCloud's where that fault is on."""
    reply = told(code, message, param)
    if not world.fires("agcloud-error-body", request):
        return reply
    error = json.loads(reply.body)["error"]
    return Reply.of_json(reply.status, {"type": "error", "error": {"type": error["code"], "message": error["message"]}})


def create(request: Request, world: World) -> Reply:
    body = _body(request, world, TASKS)
    if isinstance(body, Reply):
        return body
    limit = world.argument("agcloud-concurrency", request, str(CONCURRENT_TASKS))
    queued = Lanes.of(world).queue_seconds(world, request.key_fingerprint, max(1, int(limit)))
    moment = time.strftime("%Y%m%d%H%M%S", time.gmtime(world.now()))
    job = world.create(plan(body, queued, moment), request)
    call_back(job, request, world)
    if world.fires("agcloud-task-id", request):
        return Reply.of_json(200, {"result": {"task_id": job.id}}, job_id=job.id)
    return Reply.of_json(200, {"id": job.id}, job_id=job.id)


def create_pictures(request: Request, world: World) -> Reply:
    """Draws, waits as long as the service takes, then answers with the pictures; one that fails alone is an error
    in its place."""
    body = _body(request, world, PICTURES)
    if isinstance(body, Reply):
        return body
    job, answer = draw(body, request, world)
    return Reply.of_json(200, answer, job_id=job.id)


def _body(request: Request, world: World, path: str) -> dict[str, Any] | Reply:
    """The request's body without its nulls, or the refusal of one that the contract objects to."""
    try:
        body = without_nulls(request.json())
    except ValueError:
        return failed("InvalidParameter", request, world, message="The request body is not valid JSON.")
    problems = world.problems("agcloud", "POST", path, body)
    return body if isinstance(body, dict) and not problems else _objection(problems, request, world)


def _objection(problems: tuple[Any, ...], request: Request, world: World) -> Reply:
    if not problems:
        return failed("InvalidParameter", request, world, message="The request body must be an object.")
    first = problems[0]
    missing = first.received is None and "required" in first.message
    code = "MissingParameter" if missing else "InvalidParameter"
    return failed(code, request, world, message=first.message, param=first.field)


def get_one(request: Request, world: World) -> Reply:
    job = _known(request.params["id"], world)
    if job is None or (is_kkcc(job) and not world.fires("agcloud-kkcc-get", request)):
        return failed("ResourceNotFound", request, world)
    return Reply.of_json(200, view(job, world), job_id=job.id)


def query_kkcc(request: Request, world: World) -> Reply:
    try:
        body = request.json()
    except ValueError:
        return failed("InvalidParameter", request, world, message="The request body is not valid JSON.")
    identity = body.get("task_id") if isinstance(body, dict) else None
    if not isinstance(identity, str) or not identity:
        return failed("MissingParameter", request, world, param="task_id")
    job = _known(identity, world)
    if job is None or not is_kkcc(job):
        return failed("ResourceNotFound", request, world)
    return Reply.of_json(200, kkcc_view(job, world), job_id=job.id)


def get_list(request: Request, world: World) -> Reply:
    """One page of the key's own tasks, newest first."""
    try:
        number, size = _whole(request.one("page_num", "1")), _whole(request.one("page_size", "10"))
    except ValueError:
        return failed("InvalidParameter", request, world, param="page_num")
    found = [view(job, world) for job in world.jobs("agcloud") if _listed(job, request, world)]
    page = found[(number - 1) * size : number * size]
    return Reply.of_json(200, {"total": len(found), "items": page})


def _listed(job: Job, request: Request, world: World) -> bool:
    own = job.kind == "video" and job.key_fingerprint == request.key_fingerprint
    if not own or world.phase(job).age_seconds > RECORD_SECONDS:
        return False
    wanted = {
        "filter.status": status(job, world.phase(job)),
        "filter.task_ids": job.id,
        "filter.model": job.model,
        "filter.service_tier": (job.body.get("service_tier") if isinstance(job.body, dict) else None) or "default",
    }
    return all(value in request.query[name] for name, value in wanted.items() if any(request.query.get(name, ())))


def delete(request: Request, world: World) -> Reply:
    job = _known(request.params["id"], world)
    if job is None:
        return failed("ResourceNotFound", request, world)
    now = status(job, world.phase(job))
    if now == "running":
        return failed("InvalidAction.RunningTaskDeletion", request, world)
    if now == "queued":
        world.end(job, "cancelled")
    elif now != "cancelled":
        world.delete(job)
    if world.fires("agcloud-delete-204", request):
        return Reply(204, content_type="")
    return Reply.of_json(200, {})


def _known(identity: str, world: World) -> Job | None:
    job = world.job(identity, "agcloud")
    if job is None or job.kind != "video" or world.phase(job).age_seconds > RECORD_SECONDS:
        return None
    return job


def _whole(text: str) -> int:
    """A page number or size. Raises ValueError."""
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 6 else 0
    if not 1 <= number <= MAX_PAGE:
        raise ValueError(text)
    return number


def _error_fault(operation: str, default: str) -> Fault:
    name = f"agcloud-{operation}-error"

    def wrap(request: Request, world: World, handler: Handler) -> Reply | Stream:
        return failed(world.argument(name, request, default), request, world)

    return Fault(name, operation, f"the {operation} is refused with the code =ARG (default {default})", wrap)


def _absent_fault(operation: str) -> Fault:
    name = f"agcloud-{operation}-absent"

    def wrap(request: Request, world: World, handler: Handler) -> Reply | Stream:
        status_text = world.argument(name, request, "404")
        return Reply(405 if status_text == "405" else 404, b"404 page not found", "text/plain")

    return Fault(name, operation, f"the {operation} is not offered: 404, or =405, and no JSON", wrap)


FAULTS = (
    _error_fault("create", "ServerOverloaded"),
    _error_fault("poll", "InternalServiceError"),
    _error_fault("list", "InternalServiceError"),
    _error_fault("cancel", "InternalServiceError"),
    *map(_absent_fault, ("create", "poll", "list", "cancel")),
    Fault("agcloud-error-body", "flag", "error bodies of AGCloud's shape in place of Ark's"),
    Fault("agcloud-task-id", "flag", "the create answers result.task_id in place of id"),
    Fault("agcloud-concurrency", "flag", f"=N tasks run at once for a key (default {CONCURRENT_TASKS})"),
    Fault("agcloud-delete-204", "flag", "DELETE answers 204 without a body in place of 200 {}"),
    Fault("agcloud-kkcc-get", "flag", "kkcc tasks are known at GET too"),
    Fault("agcloud-other-words", "job", "pending, processing and success in place of queued, running and succeeded"),
    Fault("agcloud-unknown-status", "job", "polishing in place of running"),
    Fault("agcloud-queued-forever", "job", "the task stays queued until it expires"),
    Fault("agcloud-running-forever", "job", "the task runs until it expires"),
    Fault("agcloud-failed", "job", "the task fails with the code =ARG (default InternalServiceError)"),
    Fault("agcloud-cancelled", "job", "somebody else cancels the task"),
    Fault("agcloud-expired", "job", "the task expires in place of succeeding"),
    Fault("agcloud-no-output", "job", "the task succeeds without any output"),
    Fault(
        "agcloud-picture-failed", "job", "=all or =N: each picture, or the N-th, fails alone; =N:CODE with that code"
    ),
    Fault("agcloud-result-gone", "job", "the task's 24 hours are over when it succeeds: its URLs answer 403"),
)

PROTOCOL = SandboxProtocol(
    name="agcloud",
    routes=(
        Route("POST", BASE + TASKS, create, operation="create"),
        Route("POST", BASE + PICTURES, create_pictures, operation="create"),
        Route("GET", BASE + TASKS, get_list, operation="list"),
        Route("GET", BASE + TASKS + "/{id}", get_one, operation="poll"),
        Route("DELETE", BASE + TASKS + "/{id}", delete, operation="cancel"),
        Route("POST", "/v1/video-tasks/query", query_kkcc, operation="poll"),
    ),
    refuse_key=lambda request: told("AuthenticationError"),
    busy=told("ServerOverloaded"),
    limited=told("RateLimitExceeded.EndpointRPMExceeded"),
    faults=FAULTS,
)
