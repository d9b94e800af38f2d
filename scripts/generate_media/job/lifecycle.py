"""One job from its claim in the journal to its last line: create or attach, follow, collect.

What is needed only once the create is out is imported then: the provider works meanwhile, and nobody waits.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import ExitStack, nullcontext, suppress

from ..core import (
    Category,
    Deadline,
    ExitCode,
    GenerateMediaError,
    InternalError,
    Interrupted,
    Json,
    NotCreated,
    OutcomeUnknown,
    ProviderRefused,
    ReportedError,
    Stopped,
    utc,
)
from ..events import Outcome, error_outcome
from ..journal import Claim, ClaimKind, NewJob, Row, State
from ..media import redact
from ..request import JobSpec
from .accept import Created, end_in_journal
from .context import JobContext
from .create import create
from .create_errors import outcome_unknown

BUSY_LOOK_SECONDS = 0.2
"""Real seconds between looks at a row that another process is sending."""


class _Run:
    """What is known of the job so far, for the last line of a run that is cut short."""

    def __init__(self, ctx: JobContext, row: Row | None = None) -> None:
        self.ctx, self.row = ctx, row
        self.started = ctx.clock.now()

    @property
    def elapsed(self) -> float:
        return self.ctx.clock.now() - self.started

    def ended(self, action: Callable[[], Outcome]) -> Outcome:
        """What the action gives; whatever it raises, the outcome that says so."""
        self.ctx.signals.install()
        try:
            return action()
        except Stopped:
            return self._cut_short(Interrupted(signal.SIGINT))
        except Interrupted as error:
            self.ctx.signals.heard()
            return self._cut_short(error)
        except GenerateMediaError as error:
            return self._cut_short(error)
        except Exception as error:
            return self._cut_short(InternalError(error))

    def _cut_short(self, error: ReportedError) -> Outcome:
        """The outcome of an error, with what the journal knows; a journal that fails now adds nothing."""
        fields: dict[str, object] = {"sandbox": True} if self.ctx.sandbox else {}
        if error.category is Category.CREDITS:
            fields["recharge"] = self.ctx.provider.recharge
        with suppress(Exception):  # another run has disowned the row, or the disk is gone
            self._record(error, fields)
        return error_outcome(error, **fields)

    def _record(self, error: ReportedError, fields: dict[str, object]) -> None:
        row = self.row and self.ctx.journal.get(self.row.row_id)
        lost = isinstance(error, (Interrupted, OutcomeUnknown, InternalError))
        if row is not None and row.state is State.SENDING and lost:
            fields["may_have_been_created"] = True
            self.ctx.journal.unknown(row.row_id, {"code": error.code, "message": error.message})
        elif row is not None and row.state is State.INTENT:
            fields["may_have_been_created"] = False
            why: Json = {"code": error.code, "message": error.message}
            self.ctx.journal.rejected(row.row_id, None if isinstance(error, Interrupted) else why)
        if row is not None and row.generation_id is not None and "generation_id" not in error.details:
            from .collect import told_if_lost

            told_if_lost(row, error)
            fields |= {"generation_id": row.generation_id, "resume": self.ctx.resume(row.generation_id)}


def run_job(
    ctx: JobContext,
    spec: JobSpec,
    *,
    detach: bool = False,
    before_create: Callable[[], None] | None = None,
    stack: ExitStack | None = None,
) -> Outcome:
    """Make the job, or attach to it, or give again what is there already: never pay twice.

    ``before_create`` is called when a create is about to be sent: a rate limit waits there. A stream is closed with
    ``stack`` where one is given, so that the last line need not wait for it.
    Never raises: whatever goes wrong becomes the outcome, with its exit code and its last line.
    """
    run = _Run(ctx)

    def made() -> Outcome:
        for sentence in dict.fromkeys((*spec.request.warnings, *spec.request.unchecked)):
            ctx.printer.warn(sentence)
        with nullcontext(stack) if stack is not None else ExitStack() as open_until:
            return _run(run, spec, open_until, detach, before_create)

    return run.ended(made)


def resume_job(ctx: JobContext, row: Row) -> Outcome:
    """Go on with a job of the journal: follow it if it is open, fetch its files if they are missing."""
    run = _Run(ctx, row)
    return run.ended(lambda: _resume(run, row))


def _resume(run: _Run, row: Row) -> Outcome:
    ctx = run.ctx
    _warn_if_soon(ctx, row)
    if row.state in (State.ENDED, State.COLLECTED):
        return _collect(run, row, reused=row.state is State.COLLECTED)
    if row.generation_id is None:
        raise _with_candidates(ctx, row, outcome_unknown("its answer was lost", row))
    return _to_the_end(run, row, None)


def _run(run: _Run, spec: JobSpec, stack: ExitStack, detach: bool, before_create: Callable[[], None] | None) -> Outcome:
    ctx = run.ctx
    claim = _claim(ctx, spec, force_new=spec.force_new)
    run.row = row = claim.row
    if claim.kind is not ClaimKind.CREATED:
        ctx.gateway.prefer_key(row.key_fingerprint)
    if claim.kind is ClaimKind.UNKNOWN:
        claim = _resolve_unknown(ctx, spec, row)
        run.row = row = claim.row
    if claim.kind is not ClaimKind.CREATED:
        _warn_if_soon(ctx, row)
    if claim.kind is ClaimKind.FINISHED:
        return _collect(run, row, reused=True)
    created: Created | None = None
    if claim.kind is ClaimKind.CREATED:
        if spec.request.ended is not None:
            from .successor import Caller, retired

            raise retired(Caller(ctx.provider, ctx.sandbox, ctx.config), spec.request)
        if before_create is not None:
            before_create()
        created = _create(ctx, spec, row, stack)
        run.row = row = created.row
    else:
        _tell_attached(ctx, row)
    if detach and (created is None or created.reading.result is None):
        return Outcome(ExitCode.OK, {})  # the id stands in the journal and in the line before
    return _to_the_end(run, row, created)


def _warn_if_soon(ctx: JobContext, row: Row) -> None:
    from .expiry import warn_if_soon

    warn_if_soon(ctx, row)


def _collect(run: _Run, row: Row, *, reused: bool) -> Outcome:
    from .collect import collect_files

    return collect_files(run.ctx, row, source="poll", elapsed=run.elapsed, reused=reused)


def _to_the_end(run: _Run, row: Row, created: Created | None) -> Outcome:
    from .collect import record_end
    from .follow import follow
    from .followed import lasting

    ctx = run.ctx
    if created is not None and created.reading.result is not None and row.state is State.ENDED:
        source, reading = "create", created.reading
    else:
        followed = follow(ctx, row, created)
        source, reading = followed.source, followed.reading
        lasted = lasting(ctx, row, followed)
        end_in_journal(ctx, row.row_id, reading, lasted=lasted, durable=False)
    run.row = row = ctx.journal.get(row.row_id)
    return record_end(ctx, row, reading, source=source, elapsed=run.elapsed)


def _create(ctx: JobContext, spec: JobSpec, row: Row, stack: ExitStack) -> Created:
    """Create; where the answer was lost, the error tells which jobs of the provider's list may be the lost one."""
    try:
        return create(ctx, spec, row, stack)
    except ProviderRefused as error:
        from .create_errors import with_advice

        raise with_advice(ctx, spec.request, error) from None
    except OutcomeUnknown as error:
        raise _with_candidates(ctx, row, error) from None


def _with_candidates(ctx: JobContext, row: Row, error: OutcomeUnknown) -> OutcomeUnknown:
    from .lost_creates import with_candidates

    return with_candidates(ctx, row.row_id, error)


def _claim(ctx: JobContext, spec: JobSpec, *, force_new: bool) -> Claim:
    """Claim the job; while another process is sending the same one, wait for its id."""
    new = _new_job(ctx, spec)

    def allow(row: Row) -> None:
        if spec.request.ended is None:  # a job that is not sent costs nothing
            ctx.spending.allow(ctx, spec, row)

    until = ctx.deadline.sooner(Deadline.after(ctx.clock, ctx.limits.poll_timeout))
    while True:
        claim = ctx.journal.claim(new, force_new=force_new, allow=allow)
        if claim.kind is not ClaimKind.BUSY:
            return claim
        if until.passed:
            raise NotCreated(
                "busy",
                "another run of the same command is still creating this job",
                should_retry=True,
                guidance=("run the same command again: it attaches to that job as soon as its id is known",),
                details={"may_have_been_created": False},
            )
        ctx.clock.sleep(BUSY_LOOK_SECONDS * ctx.clock.scale)  # the other process lives in real seconds


def _new_job(ctx: JobContext, spec: JobSpec) -> NewJob:
    request = spec.request
    return NewJob(
        fingerprint=spec.fingerprint,
        copy=spec.copy,
        provider=request.provider,
        key_space=ctx.key_space,
        base_url=ctx.gateway.base_url,
        key_fingerprint=ctx.gateway.key.fingerprint,
        path=request.path,
        query_path=request.query_path,
        model=request.model,
        kind=request.kind,
        prompt=request.prompt,
        request=redact(request.body),
        output_dir=str(ctx.folder or ""),
        asked=dict(request.asked),
        place=ctx.output.as_json() if ctx.output else None,
    )


def _resolve_unknown(ctx: JobContext, spec: JobSpec, row: Row) -> Claim:
    """An earlier run lost the answer to its create: ask again where that costs nothing.

    Raises:
        OutcomeUnknown: it may cost something; with the jobs that may be the lost one.
    """
    if spec.request.synchronous and spec.request.model in ctx.provider.free_models:
        ctx.printer.warn(
            "an earlier run was stopped while this request was out and its result is lost; "
            "the model is free, so it is asked again"
        )
        return _claim(ctx, spec, force_new=True)
    raise _with_candidates(ctx, row, outcome_unknown("an earlier run of the same command lost its answer", row))


def _tell_attached(ctx: JobContext, row: Row) -> None:
    ctx.printer.event("attached", generation_id=row.generation_id, since=utc(row.accepted_at or row.created_at))
