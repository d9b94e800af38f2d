"""Many jobs in one run: lines of a file, copies of one request, or open jobs of the journal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core import ExitCode, GenerateMediaError, UsageError, without_none
from ..events import Outcome, error_outcome
from ..files import check_many
from ..job import Caller, JobContext, Session, Throttle, known_cost, retired, run_job, sum_usage
from ..request import Prepared, outputs_expected
from .summary import told
from .workers import Work, run_all

if TYPE_CHECKING:
    from pathlib import Path

    from ..journal import Row
    from .file import BadLines, Line, Shard

DEFAULT_CONCURRENCY = 8
FOLLOWED_AT_ONCE = 64
"""Jobs of the journal: a few that linger must not keep the others from being looked at."""
SPEND_GUARD = 50
"""Jobs that one command may make without --yes or --max-jobs."""
SHOWN_UNCHECKED = 20


class ManyJobs(NamedTuple):
    """How many jobs are run: what a command line says of them beside what each one makes."""

    max_jobs: int | None = None
    yes: bool = False
    concurrency: int | None = None
    detach: bool = False
    new: bool = False

    @classmethod
    def of(cls, flags: Mapping[str, Any]) -> ManyJobs:
        """Those of a script's flags (names with underscores) that are meant here."""
        return cls(**{name: flags[name] for name in cls._fields})

    def check_spending(self, count: int) -> None:
        """Raises UsageError ``too_many_jobs``: more than --max-jobs, or than the guard without --yes."""
        limit = self.max_jobs if self.max_jobs is not None else None if self.yes else SPEND_GUARD
        if limit is not None and count > limit:
            raise UsageError(
                "too_many_jobs",
                f"this would be {count} jobs, and the limit is {limit}",
                details={"received": count, "allowed": limit},
                guidance=(f"nothing was sent; if all are meant, add --yes or --max-jobs {count}",),
            )


@dataclass(frozen=True)
class _Job:
    """One prepared line, and which of the equal lines of the whole file it is."""

    line: int
    prepared: Prepared
    copy: int
    first: int
    """The number of its first output, counted over the whole file."""


def run_batch(
    session: Session, lines: Iterable[Line], shard: Shard, how: ManyJobs, *, dry_run: bool, file: Path | None = None
) -> Outcome:
    """``--batch``: every line prepared and counted first, then the lines of this shard run; ``file`` names the batch
    in the gallery.

    Raises:
        UsageError: more jobs than the spend guard lets through, a host that config.json does not allow.
    """
    jobs, bad = _prepare_all(session, lines, shard, dry_run)
    if dry_run:
        if not session.sandbox:
            for name in {job.prepared.request.provider for job in jobs}:
                session.base_url(session.settings.provider(name))
        return _dry_run(session, [job for job in jobs if not _is_retired(session, job, bad)], bad)
    how.check_spending(len(jobs))
    contexts = _Contexts(session, how, len(jobs))
    works = [Work({"line": line}, _failing(error)) for line, error in bad.shown.items()]
    works += [Work({"line": job.line}, contexts.runner(job.prepared, copy=job.copy, first=job.first)) for job in jobs]
    works.sort(key=lambda work: int(work.label["line"]))
    if file is not None:
        _tell_gallery(session, jobs, file, shard)
    return _run(session, works, how.concurrency, unshown=bad.more)


def _tell_gallery(session: Session, jobs: Sequence[_Job], file: Path, shard: Shard) -> None:
    """Keep the order of the lines beside the results."""
    from ..gallery import place_of, record_batch

    folder = session.options.output_folder()
    spaces = {job.prepared.provider.name: job.prepared.provider for job in jobs}
    space_of = {name: session.key_space(it, session.base_url(it)) for name, it in spaces.items()}
    fingerprints = ((job, job.prepared.spec(space_of[job.prepared.provider.name]).fingerprint) for job in jobs)
    places = {place_of(fingerprint, job.copy): job.line for job, fingerprint in fingerprints}
    if folder is not None and places:
        record_batch(folder, file, f"{shard}", places)


def _failing(error: GenerateMediaError) -> Callable[[Mapping[str, Any]], Outcome]:
    return lambda _: error_outcome(error)


def run_copies(session: Session, prepared: Prepared, count: int, how: ManyJobs) -> Outcome:
    """``--count N``: N jobs of one request, each with a place of its own in the journal."""
    how.check_spending(count)
    contexts, each = _Contexts(session, how, count), outputs_expected(prepared.request.body)
    runners = [contexts.runner(prepared, copy=copy, first=1 + copy * each) for copy in range(count)]
    works = [Work({"line": index}, run) for index, run in enumerate(runners, start=1)]
    space = session.key_space(prepared.provider, session.base_url(prepared.provider))
    return _run(session, works, how.concurrency, prepared.start_fields(prepared.spec(space).fingerprint))


def follow_rows(session: Session, rows: Sequence[Row], follow: Callable[[Row], Outcome]) -> Outcome:
    """Several jobs of the journal at once."""
    works = [Work({}, lambda _, row=row: follow(row)) for row in rows]  # type: ignore[misc]
    return _run(session, works, FOLLOWED_AT_ONCE)


class _Contexts:
    """Surroundings for each job; a provider's rate limit is shared by all of them."""

    def __init__(self, session: Session, how: ManyJobs, jobs: int) -> None:
        self._session = session
        self._output = session.options.output_name()
        if self._output is not None:
            check_many(self._output, jobs)
        self._how = how
        self._throttles: dict[tuple[str, str], Throttle] = {}

    def runner(self, prepared: Prepared, *, copy: int, first: int) -> Callable[[Mapping[str, Any]], Outcome]:
        """What runs one job; ``first`` is the number of its first output. Raises UsageError ``output_exists``."""
        session, how, request = self._session, self._how, prepared.request
        output = self._output and self._output._replace(number=first, most=outputs_expected(request.body))
        ctx = session.context(
            prepared.provider,
            session.options.output_folder(),
            output=output,
            synchronous=request.synchronous,
            quiet=not session.printer.verbose,
        )
        spec = prepared.spec(ctx.key_space, copy=copy, force_new=how.new)
        if output is not None:
            from ..job import check_output

            check_output(ctx.journal, spec, output)
        throttle = self._throttle(ctx, request.kind)

        def run(extra: Mapping[str, Any]) -> Outcome:
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


def _prepare_all(session: Session, lines: Iterable[Line], shard: Shard, dry_run: bool) -> tuple[list[_Job], BadLines]:
    """The shard's lines as jobs, and those that are none; equal lines are counted over the whole file."""
    from ..request import prepare_request
    from .file import BadLines

    chooser = session.chooser()  # its contracts go with it: they weigh more than all the jobs
    seen: Counter[str] = Counter()
    jobs: list[_Job] = []
    bad = BadLines()
    first = 1
    for line in lines:
        try:
            if line.error is not None:
                raise line.error
            assert line.wanted is not None
            prepared = prepare_request(line.wanted, chooser, session.known_url, thorough=dry_run)
        except GenerateMediaError as error:
            if shard.holds(line.number):
                bad.add(line.number, error)
            first += 1  # what it would make: the numbers of the others stay as they are once it is mended
            continue
        same = prepared.spec("").fingerprint
        if shard.holds(line.number):
            jobs.append(_Job(line.number, prepared, seen[same], first))
        seen[same] += 1
        first += outputs_expected(prepared.request.body)
    return jobs, bad


def _is_retired(session: Session, job: _Job, bad: BadLines) -> bool:
    """Whether a line's model is no longer served; such a line is a bad one."""
    if job.prepared.request.ended is None:
        return False
    caller = Caller(job.prepared.provider, session.sandbox, session.config)
    bad.add(job.line, retired(caller, job.prepared.request))
    return True


def _run(
    session: Session,
    works: Sequence[Work],
    concurrency: int | None,
    start: Mapping[str, str] | None = None,
    unshown: Mapping[str, int] = MappingProxyType({}),
) -> Outcome:
    """Run, print each job's last line as it ends, and sum up; the code is the first failing line's.

    ``start`` is what all the jobs have in common; ``unshown`` counts bad lines by error code that are only counted.
    """
    more = sum(unshown.values())
    session.printer.event("start", **(start or {}), jobs=len(works) + more, sandbox=True if session.sandbox else None)
    outcomes = run_all(session, works, concurrency or DEFAULT_CONCURRENCY)
    failing = next((outcome.exit_code for outcome in outcomes if outcome.exit_code != ExitCode.OK), ExitCode.OK)
    line = {
        "event": "summary",
        "ok": failing == ExitCode.OK,
        "counts": dict(Counter(_word(outcome) for outcome in outcomes) + Counter(unshown))
        | {"jobs": len(outcomes) + more},
        "bad_lines_not_shown": more or None,
        "usage": sum_usage([outcome.usage for outcome in outcomes if not outcome.line.get("reused")]) or None,
        **told([work.label for work in works], outcomes),
        "sandbox": True if session.sandbox else None,
    }
    return Outcome(failing, without_none(line))


def _word(outcome: Outcome) -> str:
    line = outcome.line
    if line.get("event") == "cancelled":
        return "cancelled" if line["ok"] else "ended_before"
    if line.get("reused"):
        return "reused"
    if outcome.exit_code == ExitCode.OK:
        return "succeeded" if line.get("event") == "terminal" else "detached"
    return str(line.get("result") if line.get("result") not in (None, "succeeded") else line.get("error"))


def _not_made(session: Session, jobs: Sequence[_Job]) -> list[Prepared]:
    """The jobs that a run would make now: what an earlier run has costs nothing again."""
    journal = session.past_if_readable()
    if journal is None:
        return [job.prepared for job in jobs]
    fresh = []
    for job in jobs:
        provider = job.prepared.provider
        space = session.key_space(provider, "" if session.sandbox else session.base_url(provider))
        if journal.would_create(job.prepared.spec(space).fingerprint, job.copy):
            fresh.append(job.prepared)
    return fresh


def _unchecked(jobs: Sequence[_Job]) -> Iterable[str]:
    return (text for job in jobs for text in (*job.prepared.request.unchecked, *job.prepared.undocumented))


def _dry_run(session: Session, jobs: Sequence[_Job], bad: BadLines) -> Outcome:
    fresh = _not_made(session, jobs)
    line = {
        "event": "dry_run",
        "ok": not bad,
        "jobs": len(jobs),
        "models": dict(Counter(f"{job.prepared.request.provider}: {job.prepared.request.model}" for job in jobs)),
        "invalid": [
            {"line": number, **without_none(error.as_json())} for number, error in list(bad.shown.items())[:50]
        ],
        "invalid_lines": len(bad),
        "made_before": len(jobs) - len(fresh) or None,
        "cost": known_cost(session, fresh) if fresh else None,
        "unchecked": list(dict.fromkeys(_unchecked(jobs)))[:SHOWN_UNCHECKED],
    }
    code = next(iter(bad.shown.values())).exit_code if bad else ExitCode.OK
    return Outcome(code, without_none(line))
