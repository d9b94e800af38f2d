"""What changed between two documents, and what of it breaks a request that was valid before."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from .catalog import Contract
from .fields import fields_of
from .merging import same
from .operations import Endpoint

Key = tuple[str, str]
_LIMIT = 400
_AT_LEAST = ("minimum", "exclusive_minimum", "min_length", "min_items")
_AT_MOST = ("maximum", "exclusive_maximum", "max_length", "max_items")
_OTHER = ("default", "format", "pattern", "multiple_of", "deprecated", "items")


def diff(old: Contract, new: Contract) -> dict[str, Any]:
    """``{breaking, added, removed, moved, changed}``; twins of one job are one entry, under the polling path."""
    before, after = _endpoints(old), _endpoints(new)
    gone = [key for key in before if key not in after]
    come = [key for key in after if key not in before]
    moves = dict(_moves({key: before[key] for key in gone}, {key: after[key] for key in come}))
    changed = []
    for key, other in [(key, key) for key in before if key in after] + list(moves.items()):
        changes = list(_changes(before[key], after[other]))
        if changes:
            breaking = any(change["breaking"] for change in changes)
            changed.append({"endpoint": _name(other), "breaking": breaking, "changes": changes})
    removed = [_name(key) for key in gone if key not in moves]
    return {
        "breaking": bool(removed or moves or any(row["breaking"] for row in changed)),
        "added": [_name(key) for key in come if key not in moves.values()],
        "removed": removed,
        "moved": [{"from": _name(key), "to": _name(other)} for key, other in moves.items()],
        "changed": changed,
    }


def _endpoints(contract: Contract) -> dict[Key, Endpoint]:
    found: dict[Key, Endpoint] = {}
    for endpoint in contract.endpoints:
        found.setdefault((endpoint.method, endpoint.poll_path or endpoint.path), endpoint)
    return found


def _name(key: Key) -> str:
    return f"{key[0]} {key[1]}"


def _moves(gone: Mapping[Key, Endpoint], come: Mapping[Key, Endpoint]) -> Iterator[tuple[Key, Key]]:
    """Pairs that are one endpoint under two paths: the same operation id, or one path within the other; only where
    a single pair fits."""
    for key, endpoint in gone.items():
        fits = [other for other in come if key[0] == other[0] and _alike(endpoint, come[other])]
        if len(fits) != 1:
            continue
        rivals = [rival for rival in gone if rival[0] == key[0] and _alike(gone[rival], come[fits[0]])]
        if rivals == [key] or (len(rivals) > 1 and _nearer(key, fits[0], rivals)):
            yield key, fits[0]


def _alike(left: Endpoint, right: Endpoint) -> bool:
    ids = [e.operation.text("operationId") for e in (left, right) if e.operation is not None]
    if len(ids) == 2 and ids[0] and ids[0] == ids[1]:
        return True
    if (left.kind and right.kind and left.kind != right.kind) or not (left.model and right.model):
        return False
    ours, theirs = left.model.split("/"), right.model.split("/")
    short, long = sorted((ours, theirs), key=len)
    return short != long and (long[: len(short)] == short or long[len(long) - len(short) :] == short)


def _nearer(key: Key, target: Key, rivals: list[Key]) -> bool:
    """Of several old paths that could have become ``target``, the one whose length is nearest."""
    return min(rivals, key=lambda rival: abs(rival[1].count("/") - target[1].count("/"))) == key


def _changes(old: Endpoint, new: Endpoint) -> Iterator[dict[str, Any]]:
    if old.query_path != new.query_path and old.query_path:
        yield _change("", "query_path", old.query_path, new.query_path, breaking=True)
    if bool(old.sse_path) != bool(new.sse_path):
        yield _change("", "streaming", old.sse_path, new.sse_path, breaking=not new.sse_path)
    before, after = _rows(old), _rows(new)
    for path in before:
        if path not in after:
            yield _change(path, "removed", before[path]["type"], None, breaking=True)
        else:
            yield from _field_changes(path, before[path], after[path])
    for path in after:
        if path not in before:
            needed = after[path]["required"] and ("." not in path)
            word = "added, required" if after[path]["required"] else "added"
            yield _change(path, word, None, after[path]["type"], breaking=needed)


def _rows(endpoint: Endpoint) -> dict[str, dict[str, Any]]:
    """Field path (with its variant) → row."""
    operation = endpoint.operation
    if operation is None:
        return {}
    rows: dict[str, dict[str, Any]] = {}
    for field in fields_of(operation.schema, operation.definitions, limit=_LIMIT):
        variant = f" ({'|'.join(field.variants)})" if field.variants else ""
        rows[field.path + variant] = field.as_json(0)
    return rows


def _field_changes(path: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if old["required"] != new["required"]:
        yield _change(path, "required", old["required"], new["required"], breaking=new["required"])
    if old["type"] != new["type"]:
        wider = set(_listed(old["type"])) <= set(_listed(new["type"])) or new["type"] == "any"
        yield _change(path, "type", old["type"], new["type"], breaking=not wider)
    before, after = bool(old.get("nullable")), bool(new.get("nullable"))
    if before != after:
        yield _change(path, "nullable", before, after, breaking=before)
    yield from _values(path, old.get("allowed_values"), new.get("allowed_values"))
    for name in (*_AT_LEAST, *_AT_MOST):
        a, b = old.get(name), new.get(name)
        if a != b:
            tighter = b is not None and (a is None or (b > a if name in _AT_LEAST else b < a))
            yield _change(path, name, a, b, breaking=tighter)
    for name in _OTHER:
        if json.dumps(old.get(name), sort_keys=True) != json.dumps(new.get(name), sort_keys=True):
            breaking = name in ("pattern", "multiple_of") and new.get(name) is not None
            yield _change(path, name, old.get(name), new.get(name), breaking=breaking)


def _values(path: str, old: list[Any] | None, new: list[Any] | None) -> Iterator[dict[str, Any]]:
    if old == new:
        return
    if old is None or new is None:
        yield _change(path, "allowed_values", old, new, breaking=new is not None)
        return
    lost = [value for value in old if not any(same(value, other) for other in new)]
    won = [value for value in new if not any(same(value, other) for other in old)]
    if lost:
        yield _change(path, "values removed", lost, None, breaking=True)
    if won:
        yield _change(path, "values added", None, won, breaking=False)


def _listed(kind: Any) -> list[str]:
    return [kind] if isinstance(kind, str) else list(kind)


def _change(field: str, what: str, old: Any, new: Any, *, breaking: bool) -> dict[str, Any]:
    row = {"field": field, "change": what, "old": old, "new": new, "breaking": bool(breaking)}
    return {key: value for key, value in row.items() if value is not None and (key != "field" or value)}
