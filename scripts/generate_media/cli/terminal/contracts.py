"""What inspect_openapi.py answers: models, fields, whether a request is valid."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .jobs import cost_words
from .known import Known
from .look import Line, Look
from .tables import Entry, table, without_heading

Document = Mapping[str, Any]


def models(document: Document, look: Look, known: Known) -> Iterator[Line]:
    """All models by kind, those marked that are taken where none is named."""
    common = document.get("unless_said") or {}
    defaults = known.default_models()
    entries, by_kind = [], document["models"]
    for kind, items in by_kind.items() if isinstance(by_kind, Mapping) else [("", by_kind)]:
        for item in items:
            info = {**common, **(item if isinstance(item, Mapping) else {"id": item})}
            entries.append(_model(info, str(info.get("kind") or kind), defaults, look, known))
    heads = [look.word(name) for name in ("kind", "modes", "needs", "last_cost", "model_id")]
    yield from _filled_columns(heads, entries, look)
    if any(entry.mark for entry in entries):
        yield Line(look.word("default"))
    for name in ("gone", "live_only"):
        yield from (Line(look.word(name, id=one)) for one in document.get(name) or ())
    if document.get("contract_age"):
        yield Line(str(document["contract_age"]), "warn")
    if document.get("snapshot"):
        yield Line(look.word("snapshot", date=document["snapshot"]))
    if document.get("pricing_url"):
        yield Line(look.word("prices", url=document["pricing_url"]))


def _model(info: Document, kind: str, defaults: frozenset[str], look: Look, known: Known) -> Entry:
    name = str(info.get("id"))
    cost = cost_words(known.cost(known.asked.provider, info.get("last_usage")), look)
    notes = [look.word("ends", date=info["ends"])] if info.get("ends") else []
    notes += [look.word("replaced", id=info["replacement"])] if info.get("replacement") else []
    cells = (look.kept(kind), str(info.get("modes") or ""), ", ".join(info.get("required") or ()), cost)
    mark = "default" if name in defaults else ""
    return Entry(cells, mark, ("  ".join([name, *notes]),))


def _filled_columns(heads: Sequence[str], entries: Sequence[Entry], look: Look) -> Iterator[Line]:
    """A table without the columns in which nothing stands; the last of ``heads`` is of what is never cut."""
    *cells, whole = heads
    kept = [at for at in range(len(cells)) if any(entry.cells[at] for entry in entries)]
    rows = [entry._replace(cells=[entry.cells[at] for at in kept]) for entry in entries]
    return table([*(cells[at] for at in kept), whole], rows, look)


def able(document: Document, look: Look, known: Known) -> Iterator[Line]:
    """Who can make what was wished for: by provider, then those of which nobody knows."""
    entries, perhaps = [], []
    for row in document["providers"]:
        name, unit = str(row["provider"]), str(row.get("unit") or "")
        for info in row.get("models") or ():
            cost = None if info.get("last_cost") is None else (info["last_cost"], unit)
            told = look.word("free") if info.get("free") else cost_words(cost, look)
            cells = (name, look.kept(str(info.get("kind") or "")), ", ".join(info.get("needs") or ()), told)
            ends = [look.word("ends", date=info["ends"])] if info.get("ends") else []
            entries.append(Entry(cells, "ok", ("  ".join([str(info["id"]), *ends]),)))
        perhaps += [Entry((name,), "", (str(one),)) for one in row.get("perhaps") or ()]
    if not entries:
        yield Line(look.word("nobody_can"), "bad")
    else:
        heads = [look.word(name) for name in ("provider", "kind", "needs", "last_cost", "model_id")]
        yield from _filled_columns(heads, entries, look)
    yield from (Line(look.advice(str(note))) for note in document.get("notes") or ())
    if perhaps:
        yield from without_heading(perhaps, look)
    prices = dict.fromkeys(row["pricing_url"] for row in document["providers"] if row.get("pricing_url"))
    yield from (Line(look.word("prices", url=url)) for url in prices)


def endpoints(document: Document, look: Look, known: Known) -> Iterator[Line]:
    """Every path that makes something, by how its result comes; of a document that makes nothing, every call."""
    modes = {"sse": "sse_endpoints", "poll": "polling_endpoints", "sync": "synchronous_endpoints"}
    inferred = frozenset(document.get("inferred_endpoints") or ())
    rows = [(mode, path) for mode, name in modes.items() for path in document.get(name) or ()]
    rows = rows or [("", path) for path in document["default_endpoints"]]
    notes = {path: f"{path}  {look.word('inferred')}" for path in inferred}
    entries = [Entry((mode,), "", (notes.get(path, str(path)),)) for mode, path in rows]
    yield from _filled_columns([look.word("modes"), look.word("endpoint")], entries, look)
    if document.get("poll_endpoint"):
        yield Line(look.word("asked_at", path=document["poll_endpoint"]))
    if document.get("hint"):
        yield Line(look.advice(str(document["hint"])))
    yield from (Line(str(text), "warn") for text in document.get("not_shown") or ())


def fields(document: Document, look: Look) -> Iterator[Line]:
    """One endpoint: what it takes, and the template where it was asked for."""
    yield Line(
        f"{document.get('method') or ''} {document['endpoint']}".strip(), beside=str(document.get("summary") or "")
    )
    entries = [
        Entry(
            (str(it.get("name")), _type(it)),
            "default" if it.get("required") else "",
            _allowed(it, look),
        )
        for it in document["fields"]
    ]
    yield from table([look.word(name) for name in ("field", "type", "allowed")], entries, look, cut_first=(0, 1))
    if any(entry.mark for entry in entries):
        yield Line(look.word("required"))
    if document.get("request_template") is not None:
        yield from as_json(document["request_template"])


def _type(field: Document) -> str:
    """With the branch of the union that alone has it."""
    branch = f" ({field['variant']})" if field.get("variant") else ""
    return f"{field.get('type') or ''}{branch}"


def _allowed(field: Document, look: Look) -> Sequence[str]:
    """Values or range, and what is taken where nothing is said; in one text, empty where nothing is known."""
    allowed, least, most = field.get("allowed_values"), field.get("minimum"), field.get("maximum")
    told = [", ".join(map(str, allowed))] if allowed else []
    if not allowed and (least is not None or most is not None):
        told = [f"{'' if least is None else least}..{'' if most is None else most}"]
    if field.get("default") is not None:
        told.append(look.word("else", value=field["default"]))
    return ("  ".join(told),) if told else ()


def validated(document: Document, look: Look) -> Iterator[Line]:
    """Whether a request is valid, and what is wrong with it."""
    good = bool(document["ok"])
    yield Line(look.word("valid" if good else "invalid", endpoint=document.get("endpoint")), "ok" if good else "bad")
    for problem in document["problems"]:
        yield Line(str(problem.get("message")), "bad" if problem.get("severity") == "error" else "warn")
    for text in document.get("unchecked") or ():
        yield Line(look.word("unchecked", text=text), "warn")


def as_json(value: Any) -> Iterator[Line]:
    """What has no words of its own: spread out."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return (Line(line) for line in text.splitlines())
