"""What a batch would do, before it does: how many jobs in which order, what is there, what is known of the cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from graphlib import TopologicalSorter

from ..core import ExitCode, without_none
from ..events import Outcome
from ..job import Session, known_cost
from ..journal import ClaimKind, Journal
from ..request import JobSpec, Prepared, Reference, awaited_in, identified
from .file import BadLines
from .followers import Delivered, delivered, identity
from .jobs import Job
from .ties import Ties

SHOWN_UNCHECKED = 20
SHOWN_STEPS = 20


def foretell(session: Session, jobs: Sequence[Job], bad: BadLines, ties: Ties) -> Outcome:
    """The ``dry_run`` line of a batch."""
    fresh = _not_made(session, jobs, ties)
    line = {
        "event": "dry_run",
        "ok": not bad,
        "jobs": len(jobs),
        "models": dict(Counter(f"{job.prepared.request.provider}: {job.prepared.request.model}" for job in jobs)),
        "invalid": [
            {"line": number, **without_none(error.as_json())} for number, error in list(bad.shown.items())[:50]
        ],
        "invalid_lines": len(bad),
        "order": _steps(jobs, ties) or None,
        "made_before": len(jobs) - len(fresh) or None,
        "cost": known_cost(session, fresh) if fresh else None,
        "unchecked": list(dict.fromkeys(_unchecked(jobs)))[:SHOWN_UNCHECKED],
        "sandbox": True if session.sandbox else None,
    }
    code = next(iter(bad.shown.values())).exit_code if bad else ExitCode.OK
    return Outcome(code, without_none(line))


def _steps(jobs: Sequence[Job], ties: Ties) -> list[list[int]]:
    """The lines that are sent at once, then those that wait for them, and so on; nothing where none waits."""
    ours = {job.line for job in jobs}
    needs = {line: [need for need in ties.needs.get(line, ()) if need in ours] for line in ours}
    if not any(needs.values()):
        return []
    order = TopologicalSorter(needs)
    order.prepare()
    steps = []
    while order.is_active():
        steps.append(sorted(order.get_ready()))
        order.done(*steps[-1])
    return steps[:SHOWN_STEPS]


def _not_made(session: Session, jobs: Sequence[Job], ties: Ties) -> list[Prepared]:
    """The jobs that a run would make now: what an earlier run has costs nothing again."""
    journal = session.past_if_readable()
    if journal is None:
        return [job.prepared for job in jobs]
    return [
        job.prepared
        for job, spec in _known_specs(session, journal, jobs, ties)
        if spec is None or journal.outlook(spec.fingerprint, spec.copy) is ClaimKind.CREATED
    ]


def count_followers(session: Session, jobs: Sequence[Job], ties: Ties) -> None:
    """Lines that wait for others count towards ``--max-cost`` before they are ready, as far as they are known."""
    if session.options.max_cost is not None:
        for _, spec in _known_specs(session, session.journal, jobs, ties):
            if spec is not None:
                session.spending.count(spec)


def _known_specs(
    session: Session, journal: Journal, jobs: Sequence[Job], ties: Ties
) -> Iterator[tuple[Job, JobSpec | None]]:
    """Each job, after those that it uses, as a run will know it; None where what it uses is still to be made."""
    place = {line: number for number, line in enumerate(ties.order)}
    names = {line: name for name, line in ties.ids.items()}
    made: dict[str, Delivered] = {}
    for job in sorted(jobs, key=lambda job: place.get(job.line, -1)):
        spec = _known_spec(session, job, made)
        yield job, spec
        if spec is not None and job.line in names:
            found = _made(journal, spec)
            made |= {names[job.line]: found} if found else {}


def _known_spec(session: Session, job: Job, made: Mapping[str, Delivered]) -> JobSpec | None:
    references = {leaf.reference for leaf in awaited_in(job.prepared.request.body)}
    if any(one.id not in made for one in references):
        return None
    prepared = identified(job.prepared, {one: _identity(one, made) for one in references})
    provider = prepared.provider
    space = session.key_space(provider, "" if session.sandbox else session.base_url(provider))
    return prepared.spec(space, copy=job.copy)


def _made(journal: Journal, spec: JobSpec) -> Delivered | None:
    """What a job delivered that a run would not make again."""
    row = journal.latest(spec.fingerprint, spec.copy)
    if row is None or journal.outlook(spec.fingerprint, spec.copy) is ClaimKind.CREATED:
        return None
    return delivered(row.saved)


def _identity(reference: Reference, made: Mapping[str, Delivered]) -> str:
    return identity(made[reference.id], last_frame=reference.last_frame)


def _unchecked(jobs: Sequence[Job]) -> Iterable[str]:
    return (text for job in jobs for text in (*job.prepared.request.unchecked, *job.prepared.undocumented))
