"""How one job ends, in words: its files, or what went wrong and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .look import Line, Look, path_words
from .words import WORDS

if TYPE_CHECKING:
    from .known import Known

    Row = Mapping[str, Any]  # which 3.8 cannot say

SHOWN_CANDIDATES = 5
GOES_ON = frozenset({"deadline", "poll_timeout"})
"""Errors after which nothing is wrong: the job takes longer than somebody waits."""


def made(row: Row, look: Look, known: Known) -> Iterator[Line]:
    """``terminal`` with ``ok``: a line a file."""
    outputs = row.get("outputs") or ()
    job = _of_the_job(row, look, known)
    for index, item in enumerate(outputs):
        facts = [*_of_the_file(item, look), *(job if index == 0 else ())]
        where = path_words(item["path"]) if item.get("path") else str(item.get("url") or "")
        yield Line(where, "ok", "  ".join(facts))
    if not outputs:
        yield Line(look.word("no_outputs"), "ok", "  ".join(job))
    if row.get("more_outputs"):
        yield Line(look.word("more_outputs", n=row["more_outputs"]), "warn")
    for flag, value in (row.get("requested") or {}).items() if row.get("reused") else ():  # else a warning says it
        yield Line(look.word("delivered_otherwise", asked=f"--{flag} {value}"), "warn")


def _of_the_file(item: Row, look: Look) -> Iterator[str]:
    if item.get("width") and item.get("height"):
        yield f"{item['width']}{look.times}{item['height']}"
    if item.get("duration_seconds"):
        yield look.word("seconds", n=f"{item['duration_seconds']:g}")
    if item.get("converted_from"):
        yield look.word("converted", type=item["converted_from"])


def _of_the_job(row: Row, look: Look, known: Known) -> list[str]:
    if row.get("reused"):
        return [look.word("reused")]
    cost = cost_words(known.cost(row.get("provider"), row.get("usage")), look)
    took = look.word("seconds", n=f"{row['elapsed_seconds']:.1f}") if row.get("elapsed_seconds") is not None else ""
    is_clip = any(str(item.get("media_type")).startswith("video/") for item in row.get("outputs") or ())
    told = look.word("sandbox_clip" if is_clip else "sandbox") if row.get("sandbox") else ""
    return [fact for fact in (cost, took, told) if fact]


def cost_words(cost: tuple[float, str] | None, look: Look) -> str:
    """``20 credits``; empty where nothing is known."""
    return f"{number(cost[0])} {look.kept(cost[1])}".rstrip() if cost else ""


def number(value: float) -> str:
    """With its thousands apart, no more digits than it has."""
    return f"{value:,.6g}" if value < 1e6 and value != int(value) else f"{value:,.0f}"


def headline(row: Row, look: Look) -> str:
    """What went wrong, in a word of ours; empty where only the message says it."""
    names = (f"error.{str(row.get('error')).lower()}", f"error.{row.get('category')}")
    return next((look.word(name) for name in names if name in WORDS), "")


def what_happened(row: Row, look: Look) -> str:
    said = look.advice(str(row.get("message") or row.get("error") or ""))
    head = headline(row, look)
    return (
        said if not head else head if not said or said.startswith(head) else look.word("because", what=head, why=said)
    )


def failed(row: Row, look: Look) -> Iterator[Line]:
    """An ``error``, or ``terminal`` without ``ok``: what happened, each thing to do, the command that goes on."""
    goes_on = row.get("error") in GOES_ON
    yield Line(what_happened(row, look), "open" if goes_on else "bad", row.get("generation_id") or "")
    for item in row.get("outputs") or ():
        if item.get("path"):
            yield Line(path_words(item["path"]))
    yield from _what_else(row, look)
    told = [look.advice(str(sentence)) for sentence in row.get("guidance") or ()]
    commands = [row.get("install"), *told, row.get("resume")]
    yield from (Line(str(text), "do") for text in commands if text)
    yield from _where_to(row, look)
    yield from _candidates(row.get("candidates") or (), look)


def _what_else(row: Row, look: Look) -> Iterator[Line]:
    """Other mistakes beside the first, and what is allowed, where the message does not say it."""
    said = str(row.get("message") or "")
    for problem in row.get("problems") or ():
        text = str(problem.get("message") if isinstance(problem, Mapping) else problem)
        if not said.startswith(text):
            yield Line(text, "bad")
    allowed = row.get("allowed")
    names = [str(name) for name in (allowed if isinstance(allowed, (list, tuple)) else ())]
    if any(name not in said for name in names):
        yield Line(look.word("because", what=look.word("allowed"), why=", ".join(names)))


def _where_to(row: Row, look: Look) -> Iterator[Line]:
    recharge = (row.get("recharge") or {}) if row.get("category") == "insufficient_credits" else {}
    if recharge.get("dashboard_url"):
        yield Line(look.word("top_up", url=recharge["dashboard_url"]), "do")
    if row.get("try") and not any(row["try"] in sentence for sentence in row.get("guidance") or ()):
        yield Line(str(row["try"]), "do")


def _candidates(candidates: Sequence[Row], look: Look) -> Iterator[Line]:
    for item in candidates[:SHOWN_CANDIDATES]:
        told = {"id": item.get("generation_id"), "model": item.get("model"), "at": item.get("created_at")}
        yield Line(look.word("candidate", **told), "open")
        if item.get("attach"):
            yield Line(str(item["attach"]), "do")


def in_one_line(row: Row, look: Look) -> Line:
    """A failure among many: ``line 3: refused by moderation → rephrase it``."""
    which = look.word("line", n=row["line"]) if row.get("line") else str(row.get("generation_id") or "")
    short = look.word(f"do.{row['category']}") if f"do.{row.get('category')}" in WORDS else ""
    what = (headline(row, look) or what_happened(row, look)) if short and not look.place else what_happened(row, look)
    end = f" {look.arrow} {short}" if short else ""
    told = look.word("because", what=which, why=what) if which else what
    return Line(told + end, "bad")
