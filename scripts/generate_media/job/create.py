"""The create: sent once, its answer on disk before anything else happens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, NamedTuple, Union

from ..core import (
    Answer,
    Call,
    Category,
    Deadline,
    Failure,
    JobFailure,
    Json,
    NotCreated,
    OutcomeUnknown,
    ProviderRefused,
    Reading,
    Request,
    Result,
    parse_json,
    without_bytes,
)
from ..http import BLOCKED, NETWORK_BLOCKED, OutOfTime, Retries, TransportError
from ..journal import JournalWriteError, Row
from ..providers import refused
from ..request import JobSpec
from .accept import Created, record_created
from .context import JobContext
from .create_errors import outcome_unknown

if TYPE_CHECKING:
    from ..http import EventStream

CONNECT_ATTEMPTS = 6
"""Five waits of 1, 2, 4, 8 and 16 s."""
_NOT_THERE = (404, 405)
"""No such path, or not by POST: the create was not taken."""


class _NothingCreated(NamedTuple):
    """Proof that nothing was created: the failure, and whether the connection itself failed."""

    failure: Failure
    connected: bool = True


class _AnswerLost(NamedTuple):
    """The create was sent and its answer is lost."""

    detail: str
    failure: Failure | None = None


_Attempt = Union[Created, _NothingCreated, _AnswerLost]


def create(ctx: JobContext, spec: JobSpec, row: Row, stack: ExitStack) -> Created:
    """Send the create until it is accepted, refused, unknown, or the time is up.

    A stream that it opens lives as long as ``stack``.

    Raises:
        NotCreated: the deadline or the tries ran out; nothing was created.
        ProviderRefused: refused by the provider's table.
        OutcomeUnknown: sent, and perhaps created.
    """
    call = ctx.adapter.create(spec.request)
    budget = ctx.deadline.sooner(Deadline.after(ctx.clock, ctx.limits.poll_timeout))
    tries = ctx.retries("create", budget)
    while True:
        if budget.passed:
            raise _give_up(ctx, row, "the deadline was reached before anything was sent", None)
        with ctx.signals.shield():
            sent = _send_once(ctx, spec.request, row, call, stack)
            if isinstance(sent, _NothingCreated):
                ctx.journal.retreat(row.row_id)  # before a signal that waited may end the run
        if isinstance(sent, Created):
            return sent
        if isinstance(sent, _AnswerLost):
            raise _outcome_unknown(ctx, row, sent)
        if call.stream and spec.request.made_up_stream and sent.failure.http_status in _NOT_THERE:
            ctx.printer.warn(
                f"{call.path} is in no document, and not there; going on with {spec.request.canonical_path}"
            )
            polled = spec.request._replace(path=spec.request.canonical_path, stream=False)
            spec = spec._replace(request=polled)
            call = ctx.adapter.create(polled)
            continue
        _wait_or_end(ctx, tries, row, sent)


def _send_once(ctx: JobContext, request: Request, row: Row, call: Call, stack: ExitStack) -> _Attempt:
    seconds = ctx.clock.real(ctx.limits.create_timeout)

    def before_bytes() -> None:
        ctx.clock.check()
        ctx.signals.check()
        gateway = ctx.gateway
        ctx.journal.sending(row.row_id, key_fingerprint=gateway.key.fingerprint, base_url=gateway.base_url)

    try:
        if call.stream:
            silence = ctx.clock.real(ctx.limits.stream_silence)
            opened = stack.enter_context(
                ctx.gateway.open_stream(
                    call, answer_seconds=seconds, silence_seconds=silence, before_bytes=before_bytes
                )
            )
            if not isinstance(opened, Answer):
                made = _from_stream(ctx, request, row, opened, seconds)
                # Only now may a signal end it: until the id is on disk, the create is out.
                stack.enter_context(ctx.streams.reading(opened))
                if ctx.clock.stop.is_set():
                    opened.shutdown()
                return made
        else:
            opened = ctx.gateway.send(call, timeout_seconds=seconds, before_bytes=before_bytes)
    except TransportError as error:
        if not error.reached:
            code = NETWORK_BLOCKED if error.detail == BLOCKED else "no_connection"
            failure = Failure(Category.TRANSIENT, f"no connection: {error.detail}", code=code)
            return _NothingCreated(failure, connected=False)
        return _AnswerLost(error.detail)
    sent = _from_answer(ctx, request, row, opened)
    if call.stream and isinstance(sent, Created) and sent.reading.result is None:
        ctx.printer.event("fallback_polling_start", generation_id=sent.row.generation_id, reason="answer_is_no_stream")
    return sent


def _from_answer(ctx: JobContext, request: Request, row: Row, answer: Answer) -> _Attempt:
    failure = refused(answer, ctx.adapter, operation="create", wall=ctx.clock.wall())
    if failure is not None:
        if failure.ended_generation:
            return record_created(ctx, row, _ended_badly(ctx, request, answer, failure))
        if failure.may_have_been_created:
            return _AnswerLost(f"HTTP {answer.status}", failure)
        return _NothingCreated(failure)
    body = parse_json(answer.body)
    reading = ctx.adapter.local_result(request, body) or ctx.adapter.read(body, model=request.model)
    if reading.generation_id is None and reading.result is None:
        return _AnswerLost(f"HTTP {answer.status} ({answer.media_type or 'no content type'}) without an id")
    return record_created(ctx, row, reading)


def _ended_badly(ctx: JobContext, request: Request, answer: Answer, failure: Failure) -> Reading:
    """A generation that the provider made and that failed at once, told in place of its id."""
    reading = ctx.adapter.read(parse_json(answer.body), model=request.model)
    return reading._replace(result=Result.FAILED, failure=JobFailure(failure.code, failure.message), outputs=())


def _from_stream(ctx: JobContext, request: Request, row: Row, stream: EventStream, seconds: float) -> _Attempt:
    """Read events until one holds the id; the create's own time-out cuts a stream that never says it."""
    timer = stream.limit(seconds)
    detail = "the stream ended before it gave an id"
    try:
        for reading in readings(ctx, request.model, stream):
            if reading.generation_id is not None:
                return record_created(ctx, row, reading, stream)
    except TransportError as error:
        detail = error.detail
    finally:
        timer.cancel()
    return _AnswerLost(detail)


def readings(ctx: JobContext, model: str, stream: EventStream) -> Iterator[Reading]:
    """What each event says; an event that is no JSON object (``[DONE]``, words) says nothing."""
    for event in stream:
        value = parse_json(event.data)
        if ctx.printer.verbose:
            ctx.printer.event(
                "sse_event",
                server_event=event.name or None,
                data=without_bytes(value if value is not None else event.data),
            )
        if isinstance(value, Mapping):
            yield ctx.adapter.read(dict(value), model=model)


def _wait_or_end(ctx: JobContext, tries: Retries, row: Row, sent: _NothingCreated) -> None:
    """Nothing was created: use the next key or host, wait for another try, or end.

    Raises:
        ProviderRefused, NotCreated: there is no other try.
    """
    failure = sent.failure
    if failure.code == NETWORK_BLOCKED:
        raise _no_network(ctx, row, failure)
    if failure.category in (Category.AUTH, Category.CREDITS) and ctx.gateway.next_key():
        ctx.printer.warn(f"the provider refused one key ({failure.category.value}); going on with the next")
        return
    # Where no connection was made nothing was refused, so the table of codes has no say: only the tries are counted.
    if sent.connected and not failure.should_retry:
        ctx.journal.rejected(row.row_id, failure_json(failure))
        raise ProviderRefused(failure)
    if not sent.connected and tries.failed + 1 >= CONNECT_ATTEMPTS:
        raise _give_up(ctx, row, "the provider could not be reached", failure)
    if not sent.connected and ctx.gateway.rotate_host():
        ctx.printer.warn(f"{failure.message}; going on with {ctx.gateway.base_url}")
    try:
        tries.wait(failure, crowd=True)
    except OutOfTime:
        raise _give_up(ctx, row, "the deadline leaves no time for another try", failure) from None


def failure_json(failure: Failure) -> Json:
    return {
        "category": failure.category.value,
        "code": failure.code,
        "message": failure.message,
        "http_status": failure.http_status,
    }


def _give_up(ctx: JobContext, row: Row, reason: str, failure: Failure | None) -> NotCreated:
    last = f"; last answer: {failure.message}" if failure else ""
    ctx.journal.rejected(row.row_id, failure_json(failure) if failure else None)
    return NotCreated(
        "not_created",
        f"nothing was created: {reason}{last}",
        should_retry=True,
        guidance=("run the same command again; nothing was created, so nothing is paid twice",),
        details={
            "may_have_been_created": False,
            "http_status": failure.http_status if failure else None,
            "retry_after_seconds": failure.retry_after_seconds if failure else None,
        },
    )


def _no_network(ctx: JobContext, row: Row, failure: Failure) -> NotCreated:
    ctx.journal.rejected(row.row_id, failure_json(failure))
    return NotCreated(NETWORK_BLOCKED, f"nothing was created: {BLOCKED}", details={"may_have_been_created": False})


def _outcome_unknown(ctx: JobContext, row: Row, lost: _AnswerLost) -> OutcomeUnknown:
    error: Json = {"code": "outcome_unknown", "message": lost.detail}
    with suppress(JournalWriteError):  # a row left in sending by a dead writer says the same
        ctx.journal.unknown(row.row_id, failure_json(lost.failure) if lost.failure else error)
    return outcome_unknown(lost.failure.message if lost.failure else lost.detail, row, lost.failure)
