"""Many jobs in one run: lines of a file, copies of one request, or open jobs of the journal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core import ExitCode, GenerateMediaError, UsageError, without_none
from ..events import Outcome, error_outcome
from ..files import check_folder
from ..job import Session, sum_usage
from ..request import Prepared, outputs_expected
from .contexts import Contexts, Run
from .film import Clip, Film, film_failed, film_label
from .followers import SKIPPED, Followers, delivered
from .foretold import count_followers, foretell
from .jobs import Job, needs_cut_frame, prepare_all, refuse_retired
from .places import Places
from .summary import told
from .tools import Tool, need_tool
from .workers import Work, run_all

if TYPE_CHECKING:
    from ..journal import Row
    from .file import Lines, Shard
    from .ties import Ties

DEFAULT_CONCURRENCY = 8
FOLLOWED_AT_ONCE = 64
"""Jobs of the journal: a few that linger must not keep the others from being looked at."""
SPEND_GUARD = 50
"""Jobs that one command may make without --yes or --max-jobs."""


class ManyJobs(NamedTuple):
    """How many jobs are run: what a command line says of them beside what each one makes."""

    max_jobs: int | None = None
    yes: bool = False
    concurrency: int | None = None
    detach: bool = False
    new: bool = False
    brief: bool = False
    """The jobs are parts of one thing, which alone is told of when all went well."""

    @classmethod
    def of(cls, flags: Mapping[str, Any]) -> ManyJobs:
        """Those of a script's flags (names with underscores) that are meant here."""
        return cls(**{name: flags[name] for name in cls._fields if name in flags})

    def check_spending(self, count: int) -> None:
        """Raises UsageError ``too_many_jobs``: more than --max-jobs, or than the guard without --yes."""
        limit = self.max_jobs if self.max_jobs is not None else None if self.yes else SPEND_GUARD
        if limit is not None and count > limit:
            more = f"--max-jobs {count}" if self.max_jobs is not None else f"--yes or --max-jobs {count}"
            raise UsageError(
                "too_many_jobs",
                f"this would be {count} jobs, and the limit is {limit}",
                details={"received": count, "allowed": limit},
                guidance=(f"nothing was sent; if all are meant, add {more}",),
            )


def run_batch(
    session: Session,
    lines: Lines,
    shard: Shard,
    how: ManyJobs,
    *,
    dry_run: bool,
    file: Path | None = None,
    join: Path | None = None,
) -> Outcome:
    """``--batch``: every line prepared and counted first, then the lines of this shard run, each after those that it
    uses; ``file`` names the batch in the gallery, ``join`` the film of its clips.

    Raises:
        UsageError: more jobs than the spend guard lets through, a host that config.json does not allow, lines that
        cannot use one another, a film that cannot be made.
    """
    jobs, bad = prepare_all(session, lines, shard, dry_run)
    needs_tool = join is not None or needs_cut_frame(jobs, lines.ties.ids)
    tool = need_tool() if needs_tool else None
    film = _film(session, join, tool, jobs)
    if dry_run:
        if not session.sandbox:
            for name in {job.prepared.request.provider for job in jobs}:
                session.base_url(session.settings.provider(name))
        return foretell(session, [job for job in jobs if not refuse_retired(session, job, bad)], bad, lines.ties)
    how.check_spending(len(jobs))
    if how.brief:
        session.spending.is_one_wish([job.prepared for job in jobs])
    if film is not None:
        check_folder(film.path.parent)
    places = Places(session, file, str(shard), film)
    followers = Followers(session, lines.ties, tool, places.add) if lines.ties.needs else None
    contexts = Contexts(session, how, len(jobs), followers)
    runs = {line: _failing(error) for line, error in bad.shown.items()}
    runs |= {job.line: contexts.runner(job.prepared, copy=job.copy, first=job.first, line=job.line) for job in jobs}
    places.begin(jobs)
    if followers is not None and not how.new:
        count_followers(session, jobs, lines.ties)
    works = _works(runs, lines.ties, followers, brief=how.brief and not session.printer.verbose)
    finish = partial(_joined, session, film, jobs, whole=not bad) if film is not None else None
    return _run(session, works, how.concurrency, unshown=bad.more, finish=finish)


def _works(runs: Mapping[int, Run], ties: Ties, followers: Followers | None, *, brief: bool) -> list[Work]:
    """The lines in their order, each after those that it uses."""
    numbers = sorted(runs)
    place = {line: index for index, line in enumerate(numbers)}
    if followers is None:
        return [Work({"line": line}, runs[line]) for line in numbers]
    names = {line: {"id": name} for name, line in ties.ids.items()}
    return [
        Work(
            {"line": line, **names.get(line, {})},
            followers.watched(line, runs[line]),
            tuple(place[need] for need in ties.needs.get(line, ()) if need in place),
            brief,
        )
        for line in numbers
    ]


def _film(session: Session, join: Path | None, tool: Tool | None, jobs: Sequence[Job]) -> Film | None:
    """The film to be. Raises UsageError: its place is taken, or there is no clip for it."""
    folder = session.options.output_folder()
    if join is None or tool is None or folder is None:
        return None
    film = Film(join, tool, folder, session.sandbox)
    film.check()
    if not any(job.is_clip for job in jobs):
        raise UsageError("usage", "--join makes a film of clips, and no line makes one", guidance=('"kind": "video"',))
    return film


def _joined(
    session: Session,
    film: Film,
    jobs: Sequence[Job],
    works: Sequence[Work],
    outcomes: Sequence[Outcome],
    *,
    whole: bool,
) -> dict[str, Any]:
    """What the summary says of the film, which is made when all its clips are there."""
    ends = {work.label["line"]: outcome for work, outcome in zip(works, outcomes, strict=True)}
    clips = [(job, delivered(ends[job.line].line.get("outputs"))) for job in jobs if job.is_clip]
    if not whole or any(found is None or ends[job.line].exit_code != ExitCode.OK for job, found in clips):
        return {}
    parts = [
        Clip(Path(found.path), found.sha256, job.prepared.request.prompt, job.line) for job, found in clips if found
    ]
    made = [(str(ends[job.line].line["generation_id"]), job.prepared.provider.name) for job, _ in clips]
    try:
        return {"joined": str(film.make(parts, film_label(session, film, made)))}
    except GenerateMediaError as error:
        return film_failed(error)


def _failing(error: GenerateMediaError) -> Callable[[Mapping[str, Any]], Outcome]:
    return lambda _: error_outcome(error)


def run_copies(session: Session, prepared: Prepared, count: int, how: ManyJobs) -> Outcome:
    """``--count N``: N jobs of one request, each with a place of its own in the journal."""
    how.check_spending(count)
    contexts, each = Contexts(session, how, count), outputs_expected(prepared.request.body)
    runners = [contexts.runner(prepared, copy=copy, first=1 + copy * each) for copy in range(count)]
    works = [Work({"line": index}, run) for index, run in enumerate(runners, start=1)]
    space = session.key_space(prepared.provider, session.base_url(prepared.provider))
    return _run(session, works, how.concurrency, prepared.start_fields(prepared.spec(space).fingerprint))


def follow_rows(session: Session, rows: Sequence[Row], follow: Callable[[Row], Outcome]) -> Outcome:
    """Several jobs of the journal at once."""
    works = [Work({}, lambda _, row=row: follow(row)) for row in rows]  # type: ignore[misc]
    return _run(session, works, FOLLOWED_AT_ONCE)


def _run(
    session: Session,
    works: Sequence[Work],
    concurrency: int | None,
    start: Mapping[str, str] | None = None,
    unshown: Mapping[str, int] = MappingProxyType({}),
    finish: Callable[[Sequence[Work], Sequence[Outcome]], Mapping[str, Any]] | None = None,
) -> Outcome:
    """Run, print each job's last line as it ends, and sum up; the code is the first failing line's.

    ``start`` is what all the jobs have in common; ``unshown`` counts bad lines by error code that are only counted;
    ``finish`` does what follows the last job, and tells of it.
    """
    more = sum(unshown.values())
    session.printer.event("start", **(start or {}), jobs=len(works) + more, sandbox=True if session.sandbox else None)
    outcomes = run_all(session, works, concurrency or DEFAULT_CONCURRENCY)
    failing = next(filter(None, map(_code, outcomes)), ExitCode.OK)
    finished = finish(works, outcomes) if finish is not None else {}
    failing = failing or (ExitCode.NO_OUTPUT if "error" in finished else ExitCode.OK)
    line = {
        "event": "summary",
        "ok": failing == ExitCode.OK,
        "counts": dict(Counter(_word(outcome) for outcome in outcomes) + Counter(unshown))
        | {"jobs": len(outcomes) + more},
        "bad_lines_not_shown": more or None,
        "usage": sum_usage([outcome.usage for outcome in outcomes if not outcome.line.get("reused")]) or None,
        "usage_before": sum_usage([outcome.usage for outcome in outcomes if outcome.line.get("reused")]) or None,
        **told([work.label for work in works], outcomes),
        **finished,
        "sandbox": True if session.sandbox else None,
    }
    return Outcome(failing, without_none(line))


def _code(outcome: Outcome) -> ExitCode:
    """What a job adds to the exit code; one that was skipped adds nothing to that of the line that failed."""
    return ExitCode.OK if outcome.line.get("error") == SKIPPED else outcome.exit_code


def _word(outcome: Outcome) -> str:
    line = outcome.line
    if line.get("event") == "cancelled":
        return "cancelled" if line["ok"] else "ended_before"
    if line.get("reused"):
        return "reused"
    if outcome.exit_code == ExitCode.OK:
        return "succeeded" if line.get("event") == "terminal" else "detached"
    return str(line.get("result") if line.get("result") not in (None, "succeeded") else line.get("error"))
