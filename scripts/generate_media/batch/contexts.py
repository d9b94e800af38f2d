"""What runs one line of a batch: its surroundings, and a provider's rate limit that all lines share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from ..events import Outcome
from ..files import OutputName, check_many
from ..job import JobContext, Session, Throttle, run_job
from ..request import JobSpec, Prepared, awaited_in, outputs_expected

if TYPE_CHECKING:
    from .followers import Followers

Run = Callable[[Mapping[str, Any]], Outcome]


class How(Protocol):
    """How each job is run."""

    @property
    def detach(self) -> bool: ...
    @property
    def new(self) -> bool: ...


class Contexts:
    """Surroundings for each job of a run."""

    def __init__(self, session: Session, how: How, jobs: int, followers: Followers | None = None) -> None:
        self._session = session
        self._output = session.options.output_name()
        if self._output is not None:
            check_many(self._output, jobs)
        self._how = how
        self._followers = followers
        self._throttles: dict[tuple[str, str], Throttle] = {}

    def runner(self, prepared: Prepared, *, copy: int, first: int, line: int = 0) -> Run:
        """What runs one job; ``first`` is the number of its first output. Raises UsageError ``output_exists``, at once
        but for a job that waits for another one's file."""
        session, request = self._session, prepared.request
        output = self._output and self._output._replace(number=first, most=outputs_expected(request.body))
        ctx = session.context(
            prepared.provider,
            session.options.output_folder(),
            output=output,
            synchronous=request.synchronous,
            quiet=not session.printer.verbose,
        )
        run = self._run(ctx, prepared)
        if self._followers is None or not any(awaited_in(request.body)):
            spec = self._spec(ctx, prepared, copy, output)
            return lambda extra: run(extra, spec)
        settle, told = self._followers.settled, self._followers.told

        def run_when_ready(extra: Mapping[str, Any]) -> Outcome:
            spec = self._spec(ctx, settle(prepared, ctx, copy), copy, output)
            told(line, spec)
            return run(extra, spec)

        return run_when_ready

    def _spec(self, ctx: JobContext, prepared: Prepared, copy: int, output: OutputName | None) -> JobSpec:
        spec = prepared.spec(ctx.key_space, copy=copy, force_new=self._how.new)
        if output is not None:
            from ..job import check_output

            check_output(ctx.journal, spec, output)
        ctx.spending.begin(spec)
        return spec

    def _run(self, ctx: JobContext, prepared: Prepared) -> Callable[[Mapping[str, Any], JobSpec], Outcome]:
        how, request = self._how, prepared.request
        throttle = self._throttle(ctx, request.kind)

        def run(extra: Mapping[str, Any], spec: JobSpec) -> Outcome:
            ctx.printer.extra.update(extra)
            return run_job(ctx, spec, detach=how.detach, before_create=wait_turn)

        def wait_turn() -> None:
            throttle.wait(ctx.deadline)
            if not request.synchronous:  # which is never looked at again
                ctx.crowd.throttle.wait(ctx.deadline)

        return run

    def _throttle(self, ctx: JobContext, kind: str) -> Throttle:
        per_minute = ctx.provider.rate_limits.get(f"{kind}_per_minute", 0.0) * self._session.pace
        place = (ctx.provider.name, kind)
        return self._throttles.setdefault(place, Throttle(ctx.clock, per_minute))
