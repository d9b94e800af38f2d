"""What inspect_openapi.py prints, as plain data: lists of endpoints and models, one endpoint's contract."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..core import EndOfService, Json, NotFound, capped, clean_text, without_none
from . import operations as ops
from .age import gone_since, models_by_date
from .budget import TooLarge
from .catalog import Contract
from .fields import Field, fields_of, narrowed
from .merging import merge
from .modelinfo import ModelInfo, model_rows
from .navigation import Page, endpoints_of, in_category
from .operations import Endpoint
from .refs import closure
from .responses import error_status_codes, required_parameters, status_values
from .template import Unsatisfiable, make_template
from .variants import variants_of

_BUDGET = 2700
"""Characters of ``fields`` without --full: with the rest, under 1,200 tokens."""
_LEAST_ROW = 30
"""Characters that a row takes at least."""
_LADDER = [("all", 160, False), ("all", 80, False)]
_LADDER += [(which, cap, True) for which in ("all", "outer") for cap in (160, 80, 40)]
_LIVE_ONLY_BYTES = 80_000
_KINDS = {"images": "image", "videos": "video"}


def list_endpoints(contract: Contract, category: str | None, pages: Sequence[Page] | None) -> dict[str, Any]:
    """``--list-endpoints``: the earlier script's keys; inferred twins are listed apart too."""
    creates = _in_category(contract, category, pages)
    streaming = list(dict.fromkeys(e.sse_path for e in creates if e.sse_path))
    polling = list(dict.fromkeys(e.poll_path for e in creates if e.poll_path))
    synchronous = [e.path for e in creates if e.synchronous]
    if creates or any(e.creates for e in contract.endpoints):
        default = streaming or polling + synchronous
    else:
        default = [f"{e.method} {e.path}" for e in contract.endpoints]
    rows: dict[str, Any] = {
        "category": category,
        "source": " + ".join(source.document.name.rsplit("/", 1)[-1] for source in contract.sources),
        "default_result_mode": _mode(streaming, polling, synchronous),
        "default_endpoints": default,
        "sse_endpoints": streaming,
        "polling_endpoints": polling,
        "poll_endpoint": next((e.query_path for e in creates if e.query_path), None),
    }
    left_out = [name for source in contract.sources for name in ops.not_shown(source.document)]
    if left_out:
        rows["not_shown"] = left_out
    if synchronous:
        rows["synchronous_endpoints"] = synchronous
    if pages is not None and category is None:
        rows["hint"] = "pictures come first; --category images or --category videos lists these alone"
    inferred = [_twin(e) for e in creates if e.twin_inferred]
    if inferred:
        rows |= {"inferred": True, "inferred_endpoints": inferred}
    return rows


def _twin(endpoint: Endpoint) -> str | None:
    """The undocumented one of the two paths."""
    return endpoint.poll_path if endpoint.streams else endpoint.sse_path


def _mode(streaming: Sequence[str], polling: Sequence[str], synchronous: Sequence[str]) -> str | None:
    if streaming:
        return "sse"
    return "polling" if polling else "synchronous" if synchronous else None


def _in_category(contract: Contract, category: str | None, pages: Sequence[Page] | None) -> list[Endpoint]:
    if pages is None:
        kind = _KINDS.get(category or "")
        return [e for e in contract.creates if kind is None or e.kind == kind]
    found = endpoints_of(pages, contract)
    if category is None:
        found = tuple(sorted(found, key=lambda pair: not in_category(pair[1], "images")))
    return [endpoint for endpoint, page in found if endpoint.creates and _page_fits(page, category)]


def _page_fits(page: Page, category: str | None) -> bool:
    return category is None or in_category(page, category)


def list_models(
    contract: Contract,
    category: str | None,
    live: Sequence[str] | None,
    offers: Callable[[ModelInfo], bool] = lambda info: True,
    last_usage: Callable[[str], Json] = lambda model: None,
) -> dict[str, Any]:
    """``--models``: one row a model that is on offer, short; what most models share is said once."""
    kind = _KINDS.get(category or "")
    infos = [info for info in contract.models() if kind in (None, info.kind) and offers(info)]
    common = _most_common([(info.modes, info.required) for info in infos])
    rows: dict[str, list[Any]] = {}
    listed = frozenset(live or ())
    for info in infos:
        row: dict[str, Any] = {"id": info.id}
        if (info.modes, info.required) != common:
            row |= {"modes": "+".join(info.modes)} if not common or info.modes != common[0] else {}
            row |= {"required": list(info.required)} if not common or info.required != common[1] else {}
        row |= {"variants": list(info.variants)} if info.variants else {}
        row |= _end(info.end) if info.end else {}
        if live is not None:
            row["live"] = info.id in listed
        used = last_usage(info.id)
        row |= {} if used is None else {"last_usage": used}
        rows.setdefault(info.kind or "unknown kind", []).append(info.id if len(row) == 1 else row)
    gone = [row.id for row in model_rows(contract.creates) if gone_since(contract, row.endpoint)]
    undocumented = [info.id for info in infos if not info.documented]
    document: dict[str, Any] = {"snapshot": contract.snapshot.get("date")}
    dates = models_by_date(contract)
    if len(dates) > 1:
        document["snapshots"] = dates
    if common:
        document["unless_said"] = {"modes": "+".join(common[0]), "required": list(common[1])}
    document["models"] = rows
    if gone:
        document["gone"] = gone
    if undocumented:
        document["fields_undocumented"] = len(undocumented)
    if live is not None:
        known = {info.id for info in infos}
        others: Json = [name for name in live if name not in known]
        document |= {"live": len(live), "live_only": capped(others, _LIVE_ONLY_BYTES)}
    return document


def _end(end: EndOfService) -> dict[str, Any]:
    return without_none({"ends": end.date or None, "replacement": end.replacement or None})


def _most_common(pairs: Sequence[tuple[tuple[str, ...], tuple[str, ...]]]) -> Any:
    return max(set(pairs), key=lambda pair: (pairs.count(pair), pair)) if pairs else None


def describe(
    contract: Contract, endpoint: Endpoint, variants: Sequence[str], *, template: bool, full: bool
) -> dict[str, Any]:
    """One endpoint's contract: the earlier script's keys, sized for an agent unless ``full``."""
    operation = endpoint.operation
    assert operation is not None
    schema, definitions = operation.schema, operation.definitions
    chosen = narrowed(merge(schema, definitions), definitions, variants)
    names = variants_of(chosen, definitions)
    row: dict[str, Any] = {
        "endpoint": endpoint.path,
        "method": endpoint.method,
        "default_result_mode": _mode(
            [endpoint.sse_path or ""] if endpoint.sse_path else [],
            [endpoint.poll_path or ""] if endpoint.poll_path else [],
            [endpoint.path] if endpoint.synchronous else [],
        ),
        "default_create_endpoint": endpoint.sse_path or endpoint.poll_path or endpoint.path,
        "sse_create_endpoint": endpoint.sse_path,
        "polling_create_endpoint": endpoint.poll_path,
        "summary": clean_text(endpoint.summary, 200),
        "server_url": ops.server_url(operation.document),
        "request_schema": closure(schema) if full else _outline(chosen),
    }
    if endpoint.twin_inferred:
        row["inferred"] = True
    if names:
        row["variants"] = list(names)
    row |= _fields(schema, definitions, variants, full=full)
    row |= _answers(contract, endpoint)
    if endpoint.content_types != ("application/json",):
        row["content_types"] = list(endpoint.content_types)
    parameters = required_parameters(operation)
    if parameters:
        row["parameters"] = parameters
    if operation.content_types and not operation.content_type:
        row["body_unchecked"] = "neither JSON nor a form: it has no fields to show, and nothing of it is checked"
    if operation.fields_unknown:
        row["fields_undocumented"] = True
    if operation.node.get("deprecated") is True:
        row["deprecated"] = True
    if template:
        row |= _template(operation, variants)
    return row


def _outline(flat: Mapping[str, Any]) -> dict[str, Any]:
    """The schema in a line; whole with --full."""
    keys = ("type", "required", "additionalProperties")
    outline = {key: flat[key] for key in keys if key in flat}
    if outline.get("additionalProperties") is not False:
        outline.pop("additionalProperties", None)
    return outline


def _fields(schema: Mapping[str, Any], definitions: Any, variants: Sequence[str], *, full: bool) -> dict[str, Any]:
    try:
        found = fields_of(schema, definitions, variants)
    except TooLarge as error:
        return {"fields": [], "fields_problem": error.message}
    if full:
        return {"fields": [field.as_json(2000) for field in found]}
    outer = [field for field in found if "." not in field.path]
    for which, cap, terse in _LADDER:
        fields = outer if which == "outer" else found
        if len(fields) > _BUDGET // _LEAST_ROW:
            continue
        rows = [field.as_json(cap, terse=terse) for field in fields]
        if len(json.dumps(rows)) <= _BUDGET:
            inner = len(found) - len(fields)
            return {"fields": rows} | ({"fields_left_out": {"count": inner, "see": "--full"}} if inner else {})
    return _cut(outer, len(found) - len(outer))


def _cut(outer: Sequence[Field], inner: int) -> dict[str, Any]:
    """The rows that fit, required ones first, in their order; the rest are named or counted."""
    order = sorted(range(len(outer)), key=lambda i: (not outer[i].required, i))
    size, kept = 0, {}
    for index in order:
        row = outer[index].as_json(60, terse=True)
        size += len(json.dumps(row)) + 1
        if size > _BUDGET - 300:
            break
        kept[index] = row
    left = [outer[i].name for i in order if i not in kept]
    names = list(dict.fromkeys(left))
    return {
        "fields": [kept[i] for i in sorted(kept)],
        "fields_left_out": {"count": len(left) + inner, "names": names[:20], "see": "--full, or --variant NAME"},
    }


def _answers(contract: Contract, endpoint: Endpoint) -> dict[str, Any]:
    operation = endpoint.operation
    assert operation is not None
    query = None
    if endpoint.query_path:
        try:
            query = contract.find_endpoint(f"GET {endpoint.query_path}").operation
        except NotFound:
            query = None
    return {
        "prediction_status_values": status_values(query) if query else [],
        "queue_status_values": status_values(operation),
        "sse_subscribe_endpoint": _subscription(contract),
        "poll_endpoint": endpoint.query_path,
        "error_status_codes": error_status_codes(operation),
    }


def _subscription(contract: Contract) -> str | None:
    """A documented GET of a job's stream by its id; none is known at skills.video."""
    for source in contract.sources:
        for path in source.paths:
            stream = source.model_paths.stream if source.model_paths else None
            if stream and path.startswith(stream + "{") and any(o.method == "GET" for o in source.at(path)):
                return path
    return None


def _template(operation: ops.Operation, variants: Sequence[str]) -> dict[str, Any]:
    if not operation.content_type:
        return {"request_template": None, "fill_in": []}
    try:
        made = make_template(operation.schema, operation.definitions, variants)
    except (Unsatisfiable, TooLarge) as error:
        return {"request_template": None, "fill_in": [], "template_problem": error.message}
    row: dict[str, Any] = {"request_template": made.body, "fill_in": [gap.as_json() for gap in made.fill_in]}
    row |= {"template_problem": made.problem} if made.problem else {}
    return {**row, "template_variant": list(made.variants)} if made.variants else row
