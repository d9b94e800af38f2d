"""Fields that a contract does not name: refused where it is closed, doubtful where it is open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..core import Json
from .merging import Schema, merge
from .refs import Definitions
from .variants import union_of

Path = tuple["str | int", ...]


def closed_extras(error: Any, definitions: Definitions) -> tuple[list[str], list[str]]:
    """(names that the closed object knows, names given that it does not) behind one of jsonschema's errors."""
    flat = merge(error.schema, definitions)
    known = known_names(flat, definitions, error.instance)
    direct = error.schema.get("properties", {}) if error.validator == "additionalProperties" else dict.fromkeys(known)
    patterns = error.schema.get("patternProperties", {})
    extras = [
        name
        for name in error.instance
        if name not in direct and all(definitions.patterns.search(pattern, name) is False for pattern in patterns)
    ]
    return known, extras


def known_names(flat: Schema, definitions: Definitions | None, value: Any) -> list[str]:
    """Names of the properties that may stand in ``value``, those of the union's branch that it means included."""
    names = [name for name, schema in flat.get("properties", {}).items() if schema is not False]
    union = union_of(flat, definitions)
    if union is not None and isinstance(value, dict):
        index = union.index_of(value.get(union.key)) if union.key else None
        chosen = union.branches if index is None else (union.branches[index],)
        for branch in chosen:
            names += known_names(branch, definitions, value)
    for part in [*flat.get("allOf", []), flat.get("then"), flat.get("else")]:
        if isinstance(part, dict):
            names += [name for name, schema in part.get("properties", {}).items() if schema is not False]
    return list(dict.fromkeys(names))


def unknown_fields(schema: Any, definitions: Definitions | None, value: Json) -> Iterator[tuple[Path, list[str], Json]]:
    """(path, names known there, value) of each field that an open object with declared properties does not name."""
    for path, flat, found in _objects(schema, definitions, value):
        known = known_names(flat, definitions, found)
        if known and flat.get("additionalProperties", True) in (True, {}) and not _patterned(flat, definitions):
            for name in found:
                if name not in known:
                    yield (*path, name), known, found[name]


def read_only_fields(schema: Any, definitions: Definitions | None, value: Json) -> Iterator[Path]:
    """The path of each field in ``value`` that only the provider sets."""
    for path, flat, found in _objects(schema, definitions, value):
        for name in found:
            if merge(field_schema(flat, name, definitions, found), definitions).get("readOnly") is True:
                yield (*path, name)


def _objects(
    schema: Any, definitions: Definitions | None, value: Json, path: Path = ()
) -> Iterator[tuple[Path, Schema, dict[str, Any]]]:
    """(path, flat schema, value) of each object in ``value`` whose schema is known, the outer before the inner."""
    flat = merge(schema, definitions)
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _objects(flat.get("items", True), definitions, item, (*path, index))
    if not isinstance(value, dict):
        return
    yield path, flat, value
    for name, item in value.items():
        below = field_schema(flat, name, definitions, value)
        if isinstance(item, dict | list) and below is not None:
            yield from _objects(below, definitions, item, (*path, name))


def _patterned(flat: Schema, definitions: Definitions | None) -> bool:
    union = union_of(flat, definitions)
    branches = union.branches if union else ()
    return "patternProperties" in flat or any(
        "patternProperties" in b or b.get("additionalProperties", True) not in (True, {}) for b in branches
    )


def field_schema(flat: Schema, name: str, definitions: Definitions | None, value: dict[str, Any]) -> Any:
    """The schema of one field of ``value``, in the branch that its discriminator names; None: it names none."""
    if name in flat.get("properties", {}):
        return flat["properties"][name]
    union = union_of(flat, definitions)
    if union is None or not union.key:
        return None
    index = union.index_of(value.get(union.key))
    return None if index is None else union.branches[index].get("properties", {}).get(name)
