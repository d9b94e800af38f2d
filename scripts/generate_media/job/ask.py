"""One look at a job: what its provider says of it now, over whichever route answers."""

from __future__ import annotations

import time
from collections.abc import Mapping

from ..core import Answer, Call, Category, Deadline, Failure, JobRef, Reading, Result, parse_json
from ..http import BLOCKED, NETWORK_BLOCKED, Gateway, TransportError
from ..providers import Adapter, refused
from .context import JobContext

NO_ANSWER = "no_answer"


def ask(ctx: JobContext, job: JobRef, until: Deadline) -> Reading | Failure:
    """One look at a job, over every route that its provider offers: the first that knows it answers.

    Never raises for what the provider or the network does.
    """
    failures: list[Failure] = []
    partial: list[Reading] = []
    for call in ctx.adapter.queries(job):
        answer = answer_within(ctx, call, until)
        asked = answer if isinstance(answer, Failure) else _read_answer(ctx, answer, job, until)
        if isinstance(asked, Failure):
            failures.append(asked)
        elif _tells_all(asked):
            return asked
        else:
            partial.append(asked)
    if partial:
        return partial[0]
    # A route that does not know a job says less than one that is merely busy: the busy one may know it yet.
    transient = [failure for failure in failures if failure.category is Category.TRANSIENT]
    return (transient or failures)[0]


def _tells_all(reading: Reading) -> bool:
    """Whether no other route could say more: Agnes's have at times told of an end without its URL [M]."""
    return bool(reading.status) and not (reading.result is Result.SUCCEEDED and not reading.outputs)


def answer_to(gateway: Gateway, adapter: Adapter, call: Call, timeout_seconds: float) -> Answer | Failure:
    """The answer to any call but a create, or why there is none: without an HTTP status where nothing came at all."""
    try:
        answer = gateway.send(call, timeout_seconds=timeout_seconds)
    except TransportError as error:
        code = NETWORK_BLOCKED if error.detail == BLOCKED else NO_ANSWER
        return Failure(Category.TRANSIENT, error.detail, code=code, should_retry=True)
    return refused(answer, adapter, operation=call.operation, wall=time.time()) or answer


def answer_within(ctx: JobContext, call: Call, until: Deadline) -> Answer | Failure:
    """The same for a job, after --poll-request-timeout or at the deadline at the latest, when its turn has come."""
    ctx.crowd.throttle.wait(until)
    if until.passed:
        return Failure(Category.TRANSIENT, "the time is up", code=NO_ANSWER, should_retry=True)
    seconds = ctx.clock.real(until.cut(ctx.limits.poll_request_timeout))
    return answer_to(ctx.gateway, ctx.adapter, call, seconds)


def _read_answer(ctx: JobContext, answer: Answer, job: JobRef, until: Deadline) -> Reading | Failure:
    body = parse_json(answer.body)
    reading = ctx.adapter.read(body, model=job.model)
    if not tells_of(job, reading):
        return Failure(Category.TRANSIENT, "the answer is about another job", answer.status, "another_job")
    if reading.result is Result.SUCCEEDED:
        return _with_files(ctx, reading, until)
    if reading.status or isinstance(body, Mapping):
        return reading
    kind = answer.media_type or "no content type"
    return Failure(Category.TRANSIENT, f"HTTP {answer.status} with {kind} in place of a job", answer.status, "not_json")


def tells_of(job: JobRef, reading: Reading) -> bool:
    """Whether what was read can be this job's: it names no id, or one by which the job is known."""
    named = {reading.generation_id, *(value for _, value in reading.aliases)} - {None}
    return not named or bool(named & {job.generation_id, *(value for _, value in job.aliases)})


def _with_files(ctx: JobContext, ended: Reading, until: Deadline) -> Reading | Failure:
    """A job that succeeded, with what its protocol keeps another call away; that call fails as any read may."""
    outputs = list(ended.outputs)
    for call in ctx.adapter.files(ended):
        answer = answer_within(ctx, call, until)
        if isinstance(answer, Failure):
            return answer
        outputs += ctx.adapter.read_files(parse_json(answer.body))
    return ended._replace(outputs=tuple(outputs))
