"""What changed between two documents, and what of it breaks a request that was valid before."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from .catalog import Contract
from .fields import fields_of
from .load import Document
from .merging import merge, same
from .operations import Endpoint
from .spelling import nearest
from .variants import Union, union_of

Key = tuple[str, str]
_LIMIT = 400
_AT_LEAST = ("minimum", "exclusive_minimum", "min_length", "min_items")
_AT_MOST = ("maximum", "exclusive_maximum", "max_length", "max_items")
_OTHER = ("default", "format", "pattern", "multiple_of", "deprecated", "items")


def diff(old: Contract, new: Contract, *, only: Document | None = None) -> dict[str, Any]:
    """``{breaking, added, removed, moved, changed}``; twins of one job are one entry, under the polling path.

    ``only``: what one document of ``new`` says, which need not describe all; so nothing is removed then.
    """
    before, after = _endpoints(old), _endpoints(new, only)
    gone = [key for key in before if key not in after]
    come = [key for key in after if key not in before]
    moves = dict(_moves({key: before[key] for key in gone}, {key: after[key] for key in come}))
    changed = []
    for key, other in [(key, key) for key in before if key in after] + list(moves.items()):
        changes = list(_changes(before[key], after[other]))
        if changes:
            breaking = any(change["breaking"] for change in changes)
            changed.append({"endpoint": _name(other), "breaking": breaking, "changes": changes})
    prefixes = Counter(_prefixes(key[1], other[1]) for key, other in moves.items())
    most, count = prefixes.most_common(1)[0] if prefixes else (("", ""), 0)
    removed = [_name(key) for key in gone if key not in moves] if only is None else []
    return {
        "breaking": bool(removed or moves or any(row["breaking"] for row in changed)),
        "added": [_name(key) for key in come if key not in moves.values()],
        "removed": removed,
        "moved": [{"from": _name(key), "to": _name(other)} for key, other in moves.items()],
        **({"moved_prefix": {"from": most[0], "to": most[1], "calls": count}} if count > 1 else {}),
        "changed": changed,
    }


def _prefixes(old: str, new: str) -> tuple[str, str]:
    """What stands before the end that two paths have in common."""
    ours, theirs = old.split("/"), new.split("/")
    same_end = 0
    while same_end < min(len(ours), len(theirs)) and ours[-1 - same_end] == theirs[-1 - same_end]:
        same_end += 1
    return "/".join(ours[: len(ours) - same_end]) + "/", "/".join(theirs[: len(theirs) - same_end]) + "/"


def _endpoints(contract: Contract, only: Document | None = None) -> dict[Key, Endpoint]:
    found: dict[Key, Endpoint] = {}
    for endpoint in contract.endpoints:
        if only is not None and (endpoint.operation is None or endpoint.operation.document is not only):
            continue
        found.setdefault((endpoint.method, endpoint.poll_path or endpoint.path), endpoint)
    return found


def _name(key: Key) -> str:
    return f"{key[0]} {key[1]}"


def _moves(gone: Mapping[Key, Endpoint], come: Mapping[Key, Endpoint]) -> Iterator[tuple[Key, Key]]:
    """Pairs that are one endpoint under two paths: the same operation id or model, a model that another vendor's name
    stands before, or one path within the other; only where a single pair fits."""
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
    if ours == theirs or (len(ours) == len(theirs) > 1 and ours[1:] == theirs[1:]):
        return True
    return short != long and (long[: len(short)] == short or long[len(long) - len(short) :] == short)


def _nearer(key: Key, target: Key, rivals: list[Key]) -> bool:
    """Of several old paths that could have become ``target``, the one whose length is nearest."""
    return min(rivals, key=lambda rival: abs(rival[1].count("/") - target[1].count("/"))) == key


def _changes(old: Endpoint, new: Endpoint) -> Iterator[dict[str, Any]]:
    if old.query_path != new.query_path and old.query_path:
        yield _change("", "query_path", old.query_path, new.query_path, breaking=True)
    if bool(old.sse_path) != bool(new.sse_path):
        yield _change("", "streaming", old.sse_path, new.sse_path, breaking=not new.sse_path)
    before, after = _rows(old, _same_variants(old, new)), _rows(new)
    renamed = dict(likely_renames(before, after))
    for path, name in renamed.items():
        yield {**_change(path, "likely renamed", path, name, breaking=True), "required": after[name]["required"]}
        yield from _field_changes(name, {**before[path], "required": after[name]["required"]}, after[name])
    before = {path: row for path, row in before.items() if path not in renamed}
    after = {path: row for path, row in after.items() if path not in renamed.values()}
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


def likely_renames(
    before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]
) -> Iterator[tuple[str, str]]:
    """(old, new) names of fields that went and came with the same type, and are spelt alike or say the same thing."""
    gone = [path for path in before if path not in after]
    come = [path for path in after if path not in before]
    for path in gone:
        typed = [other for other in come if before[path]["type"] == after[other]["type"] and _beside(path, other)]
        near = [other for other in typed if _telling(before[path]) == _telling(after[other]) is not None]
        near = near or nearest(path, typed, cutoff=0.55)
        rivals = [other for other in gone if other != path and near and nearest(near[0], [path, other])[:1] == [other]]
        if near and not rivals:
            come.remove(near[0])
            yield path, near[0]


def _beside(path: str, other: str) -> bool:
    """Whether two fields stand in the same object (and variant)."""
    return path.rpartition(".")[0] == other.rpartition(".")[0] and path.partition(" (")[2] == other.partition(" (")[2]


def _telling(row: Mapping[str, Any]) -> Any:
    """The values that a field may have, where they tell it from others."""
    values = row.get("allowed_values")
    return json.dumps(values) if values and len(values) > 1 else None


def _same_variants(old: Endpoint, new: Endpoint) -> dict[str, str]:
    """Old name of a variant → its name now, where only what it is called changed (a title came or went)."""
    before, after = _union(old), _union(new)
    if before is None or after is None or before.values != after.values or len(before.names) != len(after.names):
        return {}
    return dict(zip(before.names, after.names, strict=True))


def _union(endpoint: Endpoint) -> Union | None:
    operation = endpoint.operation
    if operation is None:
        return None
    return union_of(merge(operation.schema, operation.definitions), operation.definitions)


def _rows(endpoint: Endpoint, names: Mapping[str, str] | None = None) -> dict[str, dict[str, Any]]:
    """Field path (with its variant, by the new ``names``) → row."""
    operation = endpoint.operation
    if operation is None:
        return {}
    rows: dict[str, dict[str, Any]] = {}
    for field in fields_of(operation.schema, operation.definitions, limit=_LIMIT):
        variants = [(names or {}).get(name, name) for name in field.variants]
        variant = f" ({'|'.join(variants)})" if variants else ""
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
