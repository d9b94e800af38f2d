"""``--dry-run`` and the end of many jobs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from .contracts import as_json
from .jobs import cost_words, number
from .known import Known
from .look import Line, Look, clock_words, path_words

Row = Mapping[str, Any]
SHOWN_FILES = 12


def dry_run(row: Row, look: Look, known: Known) -> Iterator[Line]:
    """What would be sent, what it would cost, what could not be checked."""
    if row.get("url"):
        yield Line(look.word("nothing_sent"))
        yield Line(f"{row.get('method')} {row['url']}")
        yield from as_json(row.get("body"))
    else:
        yield Line(look.word("would_make", n=row.get("jobs") or 0))
        yield from (Line(f"{count} {look.times} {name}") for name, count in (row.get("models") or {}).items())
    if row.get("made_before"):
        yield Line(look.word("made_before", n=row["made_before"]))
    yield from _invalid(row, look)
    yield from (Line(str(text), "warn") for text in row.get("warnings") or ())
    yield from (Line(look.word("unchecked", text=text), "warn") for text in row.get("unchecked") or ())
    yield from _cost(row.get("cost") or {}, look)


def _invalid(row: Row, look: Look) -> Iterator[Line]:
    if row.get("invalid_lines"):
        yield Line(look.word("bad_lines", n=row["invalid_lines"]), "bad")
    for item in row.get("invalid") or ():
        yield Line(f"{look.word('line', n=item.get('line'))}: {look.advice(str(item.get('message')))}", "bad")


def _cost(cost: Row, look: Look) -> Iterator[Line]:
    if not cost:
        return
    known = cost.get("known_cost")
    words = look.word("would_cost", cost=cost_words((known, str(cost.get("unit") or "")), look)) if known else ""
    yield Line(words or look.word("cost_unknown"))
    if cost.get("pricing_url"):
        yield Line(look.word("prices", url=cost["pricing_url"]), "do")


def summary(row: Row, look: Look, seconds: float | None) -> Iterator[Line]:
    """Many jobs: how many were made, where, what they used, what is left."""
    counts = row.get("counts") or {}
    if "jobs" not in counts:
        yield Line(look.word("nothing_open"), "ok")
        return
    good = sum(counts.get(word, 0) for word in ("succeeded", "reused", "detached", "cancelled", "ended_before"))
    facts = list(_sums(row.get("usage"), look))
    facts += [clock_words(seconds)] if seconds is not None else []
    facts += [look.word("reused") + f": {counts['reused']}"] if counts.get("reused") else []
    facts += [look.word("cost_then", cost=cost) for cost in _sums(row.get("usage_before"), look)]
    facts += [look.word("sandbox")] if row.get("sandbox") else []
    told = look.word("made", n=good, total=counts["jobs"])
    yield Line(told, "ok" if row.get("ok") else "bad", "  ".join(facts))
    yield from _files(row, look)
    if row.get("joined"):
        yield Line(path_words(str(row["joined"])), "ok")
    if row.get("gallery"):
        yield Line(look.word("gallery", path=path_words(row["gallery"])), "do")
    if row.get("left"):
        yield Line(look.word("left", n=row["left"]), "do")
        yield Line(str(row.get("resume") or look.advice(" ".join(row.get("guidance") or ()))))


def _files(row: Row, look: Look) -> Iterator[Line]:
    files = row.get("files") or []
    yield from (Line(path_words(path)) for path in files[:SHOWN_FILES])
    more = len(files[SHOWN_FILES:]) + (row.get("more") or 0)
    if more:
        yield Line(look.word("more_files", n=more, folder=path_words(os.path.dirname(files[0])) + os.sep))


def _sums(usage: Any, look: Look) -> Iterator[str]:
    """The sum that a provider calls total, in words; the others are its parts."""
    told = usage if isinstance(usage, Mapping) else {}
    names = {"total": "credits", "total_tokens": "tokens"}
    for name, value in told.items():
        if name in names and isinstance(value, (int, float)):
            yield f"{number(value)} {look.kept(names[name])}"
