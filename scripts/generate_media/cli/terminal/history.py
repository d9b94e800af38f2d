"""``--list`` and ``--spent``: what the journal tells, as tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...events import command
from .jobs import cost_words, number, what_happened
from .known import Known
from .look import Line, Look, clock_words, cut, local_time, path_words
from .tables import Entry, table

Row = Mapping[str, Any]
PROMPT_COLUMNS = 24
_MARKS = {"collected": "ok", "ended": "ok", "accepted": "open", "sending": "open", "intent": "open", "unknown": "warn"}


def listed(row: Row, look: Look, known: Known) -> Iterator[Line]:
    """The journal's jobs; of those that failed why, and with --failed what makes them again."""
    jobs = list(row.get("jobs") or ())
    if not jobs:
        yield Line(look.word("no_failures" if known.asked.failed else "no_jobs"))
        return
    heads = [look.word(name) for name in ("when", "model", "prompt", "cost", "result")]
    yield from table(heads, [_entry(job, look, known) for job in jobs], look, cut_first=(1, 2), optional=3)
    if row.get("result_lost"):
        yield Line(look.word("lost", n=row["result_lost"]), "warn")
    if any(job.get("state") == "accepted" for job in jobs):
        words = ["--all", *(["--sandbox"] if row.get("sandbox") else [])]
        yield Line(look.word("go_on_all", command=command("wait_generation.py", words)), "do")


def _entry(job: Row, look: Look, known: Known) -> Entry:
    cells = (
        local_time(job.get("created_at"), "%m-%d %H:%M"),
        _short(job.get("model")),
        cut(str(job.get("prompt") or ""), PROMPT_COLUMNS),
        cost_words(known.cost(job.get("provider"), job.get("usage")), look),
    )
    mark = "bad" if job.get("error") else _MARKS.get(str(job.get("state")), "")
    return Entry(cells, mark, tuple(_whole(job, look, known)))


def _whole(job: Row, look: Look, known: Known) -> Iterator[str]:
    if job.get("error"):
        is_lost = job.get("state") == "unknown"
        yield what_happened({**job, "category": "outcome_unknown"} if is_lost else job, look)
    elif job.get("files"):
        yield from map(path_words, job["files"])
    else:
        yield f"{_time_of(job, look)}  {job.get('generation_id') or ''}".strip()
    if known.asked.failed and job.get("command"):
        yield str(job["command"])


def _time_of(job: Row, look: Look) -> str:
    if job.get("running_seconds") is None:
        return str(job.get("status") or job.get("state") or "")
    passed, usual = clock_words(job["running_seconds"]), job.get("usual_seconds")
    if not usual:
        return passed
    longer = job["running_seconds"] > usual
    return look.word("longer" if longer else "of_about", passed=passed, expected=clock_words(usual))


def spent(row: Row, look: Look, known: Known) -> Iterator[Line]:
    """Sums by provider, model and day, and by provider."""
    rows: Sequence[Row] = row.get("rows") or ()
    if not rows:
        yield Line(look.word("nothing_spent"))
        return
    heads = [look.word(name) for name in ("day", "provider", "model", "jobs", "cost")]
    entries = [
        Entry((str(it["day"]), str(it["provider"]), _short(it["model"]), f"{it['jobs']}", _sum(it, look)))
        for it in rows
    ]
    totals = [
        Entry((look.word("total"), str(it["provider"]), "", f"{it['jobs']}", _sum(it, look)))
        for it in row.get("totals") or ()
    ]
    yield from table(heads, [*entries, *totals], look, cut_first=(2, 1))


def _sum(row: Row, look: Look) -> str:
    told = f"{number(row.get('cost') or 0)} {look.kept(str(row.get('unit') or ''))}".strip()
    untold = row.get("untold")
    return f"{told}, {look.word('untold', n=untold)}" if untold else told


def _short(model: Any) -> str:
    """A model's own name, without its maker's."""
    return str(model or "").rsplit("/", 1)[-1]
