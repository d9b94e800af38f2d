"""``fields[]``: what a request body may hold, flat enough for an agent to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..core import clean_text
from .merging import Schema, merge, same, type_list
from .modelrules import for_model
from .problems import join
from .refs import Definitions
from .variants import Union, union_of

DESCRIPTION_CAP = 160
DEPTH = 5
LIMIT = 1000
NONE: frozenset[str] = frozenset()
_BOUNDS = {
    "minimum": "minimum",
    "maximum": "maximum",
    "exclusiveMinimum": "exclusive_minimum",
    "exclusiveMaximum": "exclusive_maximum",
    "multipleOf": "multiple_of",
    "minLength": "min_length",
    "maxLength": "max_length",
    "pattern": "pattern",
    "format": "format",
    "minItems": "min_items",
    "maxItems": "max_items",
}


@dataclass(frozen=True)
class Field:
    """One property; ``path`` is dotted, ``[]`` stands for any item of a list. ``variants``: the branches of the
    body's union that have it, empty for all of them."""

    name: str
    path: str
    required: bool
    schema: Schema
    variants: tuple[str, ...] = ()

    def as_json(self, cap: int = DESCRIPTION_CAP, *, terse: bool = False) -> dict[str, Any]:
        """The keys of the earlier scripts always (``terse``: unless they say nothing), the others where they speak."""
        schema = self.schema
        kind, nullable = _type(schema)
        row: dict[str, Any] = {
            "name": self.name,
            "required": self.required,
            "type": kind,
            "description": clean_text(str(schema.get("description") or schema.get("title") or ""), cap) if cap else "",
            "default": schema.get("default"),
            "allowed_values": _allowed(schema),
        }
        if terse:
            row = {key: value for key, value in row.items() if value not in (None, "")}
        if self.path != self.name:
            row["path"] = self.path
        row |= {name: schema[key] for key, name in _BOUNDS.items() if key in schema}
        items = schema.get("x-items")
        if items:
            row["items"] = items
        marks = {"nullable": nullable, "deprecated": schema.get("deprecated") is True}
        row |= {key: True for key, value in marks.items() if value}
        row |= {"inferred": schema["x-inferred"]} if "x-inferred" in schema else {}
        if self.variants:
            row["variant"] = self.variants[0] if len(self.variants) == 1 else list(self.variants)
        return row


def fields_of(
    schema: Any, definitions: Definitions | None, chosen: Sequence[str] = (), *, limit: int = LIMIT
) -> tuple[Field, ...]:
    """The fields of a body, as deep as ``limit`` allows (the body's own fields always come whole).

    ``chosen`` names variants to keep to: their names, or values of the field that tells them apart.
    """
    flat = narrowed(merge(schema, definitions), definitions, chosen)
    rows: tuple[Field, ...] = ()
    for depth in range(DEPTH + 1):
        try:
            deeper = tuple(_Walker(definitions, depth, limit if depth else None).object(flat, "", ()))
        except _TooMany:
            break
        if len(deeper) == len(rows):
            break
        rows = deeper
    return rows


def narrowed(flat: Schema, definitions: Definitions | None, chosen: Sequence[str]) -> Schema:
    """A flattened schema with the chosen branches of its unions folded in, and what holds for a chosen model."""
    for name in chosen:
        flat = for_model(flat, definitions, name)
    for _ in chosen:
        union = union_of(flat, definitions)
        index = pick(union, chosen) if union is not None else None
        if union is None or index is None:
            break
        rest = {key: value for key, value in flat.items() if key not in (union.keyword, "discriminator")}
        flat = merge({"allOf": [rest, union.branches[index]]}, definitions)
    return flat


def pick(union: Union, chosen: Sequence[str]) -> int | None:
    """The branch that one of the chosen names or key values names."""
    for wanted in chosen:
        for index, name in enumerate(union.names):
            held = union.values[index] if union.values else ()
            if wanted == name or any(same(wanted, value) for value in held):
                return index
    lowered = [wanted.lower() for wanted in chosen]
    return next((index for index, name in enumerate(union.names) if name.lower() in lowered), None)


class _TooMany(Exception):
    """More fields than are wanted: some descriptions nest without end."""


class _Walker:
    def __init__(self, definitions: Definitions | None, depth: int, limit: int | None) -> None:
        self.definitions = definitions
        self.depth = depth
        self.left = limit

    def object(self, flat: Schema, path: str, above: tuple[str, ...], skip: frozenset[str] = NONE) -> Iterator[Field]:
        """The fields of a flattened object schema, then what each branch of its union adds or binds tighter."""
        union = union_of(flat, self.definitions)
        touched = [_touched(branch, self.definitions) for branch in union.branches] if union else []
        if union is None or not any(touched):
            yield from self.properties(flat, path, above, skip)
            return
        everywhere = frozenset.intersection(*touched)
        yield from self.properties(flat, path, above, skip | everywhere)
        rest = {key: value for key, value in flat.items() if key not in (union.keyword, "discriminator")}
        base = frozenset(flat.get("properties") or ())
        rows = []
        for at, (name, branch, own) in enumerate(zip(union.names, union.branches, touched, strict=True)):
            joined = merge({"allOf": [rest, branch, *_told_apart(union, at)]}, self.definitions)
            rows.append((name, list(self.object(joined, path, above, (skip | base) - own))))
        yield from _gathered(rows)

    def properties(self, flat: Schema, path: str, above: tuple[str, ...], skip: frozenset[str]) -> Iterator[Field]:
        required = flat.get("required", ())
        for name, schema in (flat.get("properties") or {}).items():
            inner = merge(schema, self.definitions)
            if name in skip or schema is False or inner.get("readOnly") is True:
                continue
            where = join(path, name)
            self.count()
            yield Field(name, where, name in required, self.described(inner))
            yield from self.inside(inner, schema, where, above)

    def inside(self, inner: Schema, raw: Any, where: str, above: tuple[str, ...]) -> Iterator[Field]:
        """Fields within a field; a schema within itself, and what lies deeper than DEPTH, is left out."""
        reference = _identity(raw)
        if path_depth(where) > self.depth or (reference and reference in above):
            return
        trail = (*above, reference)
        items = inner.get("items")
        if isinstance(items, dict):
            below = _identity(items)
            if not (below and below in above):
                yield from self.object(merge(items, self.definitions), f"{where}[]", (*trail, below))
        yield from self.object(inner, where, trail)

    def count(self) -> None:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise _TooMany

    def described(self, inner: Schema) -> Schema:
        """A field's schema with its union's types and its items in a word."""
        union = union_of(inner, self.definitions)
        branches = list(union.branches) if union else []
        for keyword in ("anyOf", "oneOf"):
            if not union and keyword in inner:
                branches = [merge(branch, self.definitions) for branch in inner[keyword]]
        result = dict(inner)
        if branches:
            result = {**_single(branches), **inner}
            result["type"] = list(dict.fromkeys(kind for branch in branches for kind in _kinds(branch)))
            values = [_values(branch) for branch in branches if _kinds(branch) != ["null"]]
            if values and all(values):
                result["enum"] = [value for held in values for value in held]
        items = inner.get("items")
        if isinstance(items, dict):
            flat = merge(items, self.definitions)
            union = union_of(flat, self.definitions)
            result["x-items"] = "|".join(union.names) if union and union.key else _brief(flat)
        return result


def _told_apart(union: Union, at: int) -> list[Schema]:
    """The values by which a discriminator's mapping names a branch, where the branch does not say them itself."""
    held = union.values[at] if union.key and union.values else ()
    return [{"properties": {union.key: {"enum": list(held)}}}] if held else []


def path_depth(path: str) -> int:
    """How many names a dotted path has."""
    return path.count(".") + 1


def _touched(branch: Schema, definitions: Definitions | None) -> frozenset[str]:
    """Names of which a branch (or a union inside it) says something; none where it only requires or forbids."""
    union = union_of(branch, definitions)
    inner = [_touched(one, definitions) for one in union.branches] if union else []
    own = frozenset(branch.get("properties") or ()).union(*inner)
    return own | frozenset(branch.get("required") or ()) if own else own


def _gathered(branches: Sequence[tuple[str, Sequence[Field]]]) -> list[Field]:
    """The branches' fields, equal ones once with all their variants; none named where every branch has it."""
    rows: list[Field] = []
    for name, found in branches:
        for field in found:
            named = field.variants or ()
            own = tuple(f"{name}/{inner}" for inner in named) or (name,)
            for index, row in enumerate(rows):
                if (row.path, row.required) == (field.path, field.required) and row.schema == field.schema:
                    rows[index] = replace(row, variants=(*row.variants, *own))
                    break
            else:
                rows.append(replace(field, variants=own))
    everywhere = {name for name, _ in branches}
    return [replace(row, variants=()) if set(row.variants) == everywhere else row for row in rows]


def _identity(raw: Any) -> str:
    """The reference by which a schema is reached, to notice that it holds itself."""
    if not isinstance(raw, dict):
        return ""
    if isinstance(raw.get("$ref"), str):
        return str(raw["$ref"])
    for keyword in ("allOf", "oneOf", "anyOf"):
        references = [_identity(part) for part in raw.get(keyword, ())]
        if any(references):
            return "|".join(references)
    return _identity(raw.get("items")) if "items" in raw else ""


def _single(branches: Sequence[Schema]) -> Schema:
    """What the one branch that is not null says, for "this or null"."""
    real = [branch for branch in branches if _kinds(branch) != ["null"]]
    return {key: value for key, value in real[0].items() if key != "type"} if len(real) == 1 else {}


def _values(schema: Schema) -> list[Any]:
    return [schema["const"]] if "const" in schema else list(schema.get("enum", ()))


def _allowed(schema: Schema) -> list[Any] | None:
    values = _values(schema)
    return values or None


def _kinds(schema: Schema) -> list[str]:
    kinds = type_list(schema.get("type"))
    if kinds:
        return kinds
    if "properties" in schema or "additionalProperties" in schema:
        return ["object"]
    if "items" in schema or "prefixItems" in schema:
        return ["array"]
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return list(dict.fromkeys(names.get(type(value), "null") for value in _values(schema)))


def _type(schema: Schema) -> tuple[str | list[str], bool]:
    kinds = _kinds(schema)
    real = [kind for kind in kinds if kind != "null"]
    return (real[0] if len(real) == 1 else real or "any"), "null" in kinds


def _brief(items: Schema) -> str | dict[str, Any]:
    """Items in a word, or with their values and bounds."""
    kind, _ = _type(items)
    extra = {name: items[key] for key, name in _BOUNDS.items() if key in items}
    values = _allowed(items)
    if values:
        extra["allowed_values"] = values
    word = kind if isinstance(kind, str) else "|".join(kind)
    return {"type": word, **extra} if extra else word
