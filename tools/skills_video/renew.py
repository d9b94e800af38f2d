"""A user's fresh documents folded into the bundled skills.video description.

Two pure steps: :func:`overlay_of` takes out of the fresh documents what the bundle keeps (one plain schema a
model), and :func:`renew` lays that over the bundled document. Fields that did not change keep their ``x-``
marks (source, hints); flag forms are those that --renew gives.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from typing import Any

from generate_media.contract import (
    PREFIX,
    Contract,
    FlagForm,
    Operation,
    closure,
    merge,
)

_FRESH = "[D]"
_POLL, _SSE = "/generation/{}", "/generation/sse/{}"


def overlay_of(fresh: Contract, known: Contract, date: str) -> dict[str, Any]:
    """``{date, source, models: [{id, kind, content_types, flags, schema}]}`` of the fresh documents' models.

    ``known``: the same documents over the bundle's, for what flags fill.
    """
    rows: dict[str, dict[str, Any]] = {}
    for endpoint in fresh.creates:
        operation = endpoint.operation
        if endpoint.model and operation is not None and endpoint.model not in rows:
            rows[endpoint.model] = {
                "id": endpoint.model,
                "kind": endpoint.kind,
                "content_types": list(endpoint.content_types),
                "flags": [written(form) for form in known.forms(known.find_model(endpoint.model))],
                "schema": _plain(operation),
            }
    names = [source.document.name.rsplit("/", 1)[-1] for source in fresh.sources]
    return {"date": date, "source": ", ".join(names), "models": list(rows.values())}


def written(form: FlagForm) -> dict[str, Any]:
    """A form as ``x-flags`` writes it, without what is empty."""
    row = {"name": form.name, "set": dict(form.set), "needs": list(form.needs)}
    return {key: value for key, value in row.items() if value} | {"flags": {k: dict(v) for k, v in form.flags.items()}}


def _plain(operation: Operation) -> dict[str, Any]:
    """The body's schema, its own fields and its variants' written out: what the tables of models are made from."""
    flat = merge(operation.schema, operation.definitions)
    for keyword in ("oneOf", "anyOf"):
        if keyword in flat:
            flat[keyword] = [_open(merge(branch, operation.definitions)) for branch in flat[keyword]]
    return closure({**_open(flat), "$defs": operation.definitions})


def _open(flat: dict[str, Any]) -> dict[str, Any]:
    """What JSON Schema takes for granted, said: an object with properties is open."""
    return {"additionalProperties": True, **flat} if "properties" in flat else flat


def renew(document: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    """The bundled document with the overlay's models in place of its own; others stay as they are."""
    result: dict[str, Any] = copy.deepcopy(dict(document))
    schemas = result["components"]["schemas"]
    for row in overlay["models"]:
        name = row["id"].replace("/", ".")
        _put_schema(schemas, name, row["schema"])
        result["components"]["requestBodies"][name] = _body(name, row["content_types"])
        for path, mode in ((_SSE.format(row["id"]), "sse"), (_POLL.format(row["id"]), "poll")):
            item = result["paths"].setdefault(path, {})
            item["post"] = _operation(item.get("post") or _pattern(result, mode), row, mode)
    result["x-snapshot"] = {**result.get("x-snapshot", {}), "renewed": overlay["date"], "from": overlay["source"]}
    return result


def _put_schema(schemas: dict[str, Any], name: str, fresh: Mapping[str, Any]) -> None:
    """The fresh schema under components, its definitions beside it under names of their own."""
    definitions = fresh.get("$defs", {})
    names = {PREFIX + key: f"#/components/schemas/{name}.{key}" for key in definitions}
    old = schemas.get(name, {})
    for key, schema in definitions.items():
        schemas[f"{name}.{key}"] = _renamed(schema, names)
    body = _renamed({key: value for key, value in fresh.items() if key != "$defs"}, names)
    schemas[name] = _marked(old, body)


def _renamed(node: Any, names: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {
            key: names.get(value, value) if key == "$ref" and isinstance(value, str) else _renamed(value, names)
            for key, value in node.items()
        }
    return [_renamed(item, names) for item in node] if isinstance(node, list) else node


def _marked(old: Mapping[str, Any], fresh: dict[str, Any]) -> dict[str, Any]:
    """The fresh schema with the old one's marks on the fields that say the same as before, and on new ones ours."""
    fresh = {**{key: value for key, value in old.items() if key.startswith("x-") and key != "x-fields"}, **fresh}
    for keyword in ("oneOf", "anyOf", "allOf"):
        if keyword in fresh:
            branches = {json.dumps(_shape(branch), sort_keys=True): branch for branch in old.get(keyword, ())}
            same = [branches.get(json.dumps(_shape(branch), sort_keys=True), branch) for branch in fresh[keyword]]
            fresh[keyword] = same
    before = old.get("properties", {})
    properties = fresh.get("properties")
    if isinstance(properties, dict):
        fresh["properties"] = {name: _field(before.get(name), schema) for name, schema in properties.items()}
    return fresh


def _field(old: Any, fresh: Any) -> Any:
    if not isinstance(fresh, dict):
        return fresh
    if isinstance(old, dict) and _shape(old) == _shape(fresh):
        return old
    hints = {key: value for key, value in (old or {}).items() if key == "x-hint"} if isinstance(old, dict) else {}
    return {**fresh, **hints, "x-source": _FRESH}


def _shape(schema: Any) -> Any:
    """What a schema demands, without titles, descriptions, examples and marks."""
    if isinstance(schema, dict):
        said = ("title", "description", "examples", "example")
        return {key: _shape(value) for key, value in schema.items() if not key.startswith("x-") and key not in said}
    return [_shape(item) for item in schema] if isinstance(schema, list) else schema


def _body(name: str, content_types: Sequence[str]) -> dict[str, Any]:
    media = {"schema": {"$ref": f"#/components/schemas/{name}"}}
    kinds = dict.fromkeys([*content_types, "application/json", "multipart/form-data"])
    return {"required": True, "content": dict.fromkeys(kinds, media)}


def _pattern(document: Mapping[str, Any], mode: str) -> dict[str, Any]:
    """Another operation of the same mode, for the answers of a model that is new."""
    for item in document["paths"].values():
        operation = item.get("post", {})
        if operation.get("x-mode") == mode:
            return {"responses": operation["responses"], "x-query": operation.get("x-query")}
    return {"responses": {}}


def _operation(old: Mapping[str, Any], row: Mapping[str, Any], mode: str) -> dict[str, Any]:
    model, kind = row["id"], row["kind"] or old.get("x-kind", "")
    name = model.replace("/", ".")
    how = "streamed" if mode == "sse" else "polled"
    new = {
        **old,
        "operationId": f"{mode}.{name}",
        "summary": old.get("summary") or f"{model}: {how}",
        "tags": [kind] if kind else [],
        "x-model": model,
        "x-kind": kind,
        "x-mode": mode,
        "x-twin": (_POLL if mode == "sse" else _SSE).format(model),
        "x-source": _FRESH,
        "requestBody": {"$ref": f"#/components/requestBodies/{name}"},
        "x-flags": row["flags"] or old.get("x-flags") or [],
    }
    new.pop("x-fields", None)
    return new
