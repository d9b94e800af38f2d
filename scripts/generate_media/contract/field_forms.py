"""Flag forms for a document that carries none: from its fields' names, types and enums, each branch by itself.

The table of names is references/flag-names.json. A form that the bundle has for the same call goes first only where
everything that it writes is still what it was: a stale form never overrides a document.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from ..core import REFERENCES, Json
from .flags import MEDIA_FLAGS, FlagForm
from .merging import Schema, merge, same, type_list
from .operations import Operation
from .refs import Definitions
from .variants import union_of

NAMES_FILE = REFERENCES / "flag-names.json"
_MOST_BRANCHES = 40
_DEPTH = 6
_SAID = ("title", "description", "default", "example", "examples", "deprecated")
Rule = Mapping[str, Json]


class Branch(NamedTuple):
    """One way to write a body: ``set`` is what tells it from the others, ``models`` whose way it is (empty: all)."""

    name: str
    fields: Mapping[str, Schema]
    required: frozenset[str]
    set: Mapping[str, Json]
    models: tuple[str, ...] = ()


@cache
def flag_names() -> Mapping[str, Mapping[str, Any]]:
    """Flag → how its field may be called (see the file)."""
    table: Mapping[str, Mapping[str, Any]] = json.loads(NAMES_FILE.read_text(encoding="utf-8"))["flags"]
    return table


def forms_from_fields(operation: Operation, *, kind: str = "", files: Mapping[str, Rule]) -> tuple[FlagForm, ...]:
    """The forms of an operation's body. ``files``: media flag → how a local file travels there.

    Raises:
        BrokenDocument, TooLarge.
    """
    branches = branches_of(operation)
    forms: list[FlagForm] = []
    for branch in branches:
        flags = dict(_rules(branch, branches, kind, files))
        if flags:
            forms += _forms(branch, flags, files)
    return tuple(forms)


def branches_of(operation: Operation) -> tuple[Branch, ...]:
    """The ways to write an operation's body, each with all its fields; one where it is no union."""
    definitions = operation.definitions
    found = _leaves(merge(operation.schema, definitions), definitions, "fields", {})
    return tuple(branch for branch, _ in zip(found, range(_MOST_BRANCHES), strict=False))


def standing(forms: Sequence[FlagForm], old: Operation, new: Operation) -> tuple[FlagForm, ...]:
    """The forms of an older description that say nothing stale: every field that they write demands what it did, and
    they set what tells the branch from others."""
    before, after = branches_of(old), branches_of(new)
    return tuple(form for form in forms if any(_stands(form, branch, before, (old, new)) for branch in after))


def self_standing(forms: Sequence[FlagForm], operation: Operation) -> tuple[FlagForm, ...]:
    """The forms of a document that write only fields which its own body still has, and set what tells its branch."""
    branches = branches_of(operation)
    return tuple(form for form in forms if any(_has(form, branch) for branch in branches))


def _has(form: FlagForm, branch: Branch) -> bool:
    if any(name not in form.set or not same(form.set[name], value) for name, value in branch.set.items()):
        return False
    return all(name in branch.fields for name in form.fields)


def _stands(form: FlagForm, branch: Branch, before: Sequence[Branch], both: tuple[Operation, Operation]) -> bool:
    if not _has(form, branch) or (form.models and branch.models and not set(form.models) & set(branch.models)):
        return False
    old, new = both

    def as_it_was(name: str) -> bool:
        now = _demands(branch.fields.get(name), new.definitions)
        return any(name in b.fields and _demands(b.fields[name], old.definitions) == now for b in before)

    return all(map(as_it_was, form.fields))


def _demands(schema: Any, definitions: Definitions, depth: int = 0) -> Any:
    """What a schema demands, references followed, without words and marks."""
    if isinstance(schema, list):
        return [_demands(item, definitions, depth) for item in schema]
    if not isinstance(schema, dict) or depth > _DEPTH:
        return schema if not isinstance(schema, dict) else {}
    flat = merge(schema, definitions)
    kept = {key: value for key, value in flat.items() if key not in _SAID and not key.startswith("x-")}
    return {key: _demands(value, definitions, depth + 1) for key, value in kept.items()}


def _leaves(flat: Schema, definitions: Definitions, name: str, told: Mapping[str, Json]) -> Iterator[Branch]:
    union = union_of(flat, definitions)
    if union is None or not any("properties" in branch for branch in union.branches):
        yield _branch(flat, definitions, name, told)
        return
    rest = {key: value for key, value in flat.items() if key not in (union.keyword, "discriminator")}
    for index, branch in enumerate(union.branches):
        joined = merge({"allOf": [rest, branch]}, definitions)
        held = union.values[index] if union.key and union.values else ()
        key = {union.key: held[0] if union.key != "model" else list(held)} if held else {}
        yield from _leaves(joined, definitions, union.names[index], {**told, **key})


def _branch(flat: Schema, definitions: Definitions, name: str, told: Mapping[str, Json]) -> Branch:
    properties = {key: merge(schema, definitions) for key, schema in (flat.get("properties") or {}).items()}
    fields = {key: schema for key, schema in properties.items() if schema.get("readOnly") is not True}
    required = frozenset(flat.get("required", ()))
    fixed = {key: schema["const"] for key, schema in fields.items() if key in required and "const" in schema}
    models = told.get("model", fields.get("model", {}).get("enum", [fixed["model"]] if "model" in fixed else []))
    constants = {key: value for key, value in {**fixed, **told}.items() if key != "model"}
    known = tuple(str(one) for one in models) if isinstance(models, list) else ()
    return Branch(name, fields, required, constants, known)


def _forms(branch: Branch, flags: Mapping[str, Rule], files: Mapping[str, Rule]) -> Iterator[FlagForm]:
    """The branch's form, and one for several pictures where it has a field for one and another for a list."""
    yield _form(branch, branch.name, flags)
    table = flag_names()
    for flag in (name for name in MEDIA_FLAGS if name in flags and "many" not in flags[name]):
        lists = [n for n in table[flag]["names"] if "array" in _kinds(branch.fields.get(n, {"type": "null"}))]
        if lists:
            wide = {**flags, flag: _rule(flag, lists[0], branch.fields[lists[0]], files)}
            yield _form(branch, f"{branch.name}, several", wide)


def _form(branch: Branch, name: str, flags: Mapping[str, Rule]) -> FlagForm:
    filled = [str(rule["to"]) for rule in flags.values()]
    set_ = {**dict(_defaults(branch, filled)), **branch.set}
    needs = [flag for flag in MEDIA_FLAGS if flag in flags and _needed(branch, str(flags[flag]["to"]), filled)]
    return FlagForm(name, branch.models, "", set_, tuple(needs), flags)


def _needed(branch: Branch, name: str, filled: Sequence[str]) -> bool:
    return name in branch.required and "default" not in branch.fields[name] and filled.count(name) == 1


def _defaults(branch: Branch, filled: Sequence[str]) -> Iterator[tuple[str, Json]]:
    """Required fields that no flag fills and that say themselves what may stand there."""
    for name in (name for name in branch.fields if name in branch.required and name not in filled and name != "model"):
        schema = branch.fields[name]
        if "default" in schema:
            yield name, schema["default"]
        elif "null" in type_list(schema.get("type")):
            yield name, None


def _rules(
    branch: Branch, branches: Iterable[Branch], kind: str, files: Mapping[str, Rule]
) -> Iterator[tuple[str, Rule]]:
    every = list(branches)
    for flag, row in flag_names().items():
        name = _field(branch, row)
        if name:
            yield flag, _rule(flag, name, branch.fields[name], files)
        elif kind != "image" and "instead" in row and not any(_field(other, row) for other in every):
            name = next((n for n in row["instead"] if n in branch.fields and _fits(branch.fields[n], row)), "")
            warn = {"warn": row["warning"]} if "warning" in row else {}
            yield from [(flag, {**_rule(flag, name, branch.fields[name], files), **warn})] if name else []


def _field(branch: Branch, row: Mapping[str, Any]) -> str:
    """The field that a flag fills: of its own names the first whose values look right, else the first."""
    own = [name for name in row["names"] if name in branch.fields and _fits(branch.fields[name], row)]
    others = [name for name in row.get("with_values", ()) if name in branch.fields]
    telling = [name for name in (*own, *others) if _shows(branch.fields[name], row)]
    return next(iter([*telling, *own]), "")


def _fits(schema: Schema, row: Mapping[str, Any]) -> bool:
    kinds = [kind for kind in _kinds(schema) if kind != "null"]
    return not kinds or any(kind in row["types"] for kind in kinds)


def _shows(schema: Schema, row: Mapping[str, Any]) -> bool:
    values = [value for value in _values(schema) if isinstance(value, str)]
    return "values" in row and any(re.fullmatch(row["values"], value) for value in values)


def _values(schema: Schema) -> list[Any]:
    parts = [part for key in ("anyOf", "oneOf") for part in schema.get(key, ()) if isinstance(part, dict)]
    return list(schema.get("enum", ())) + [value for part in parts for value in part.get("enum", ())]


def _kinds(schema: Schema) -> list[str]:
    parts = [part for key in ("anyOf", "oneOf") for part in schema.get(key, ()) if isinstance(part, dict)]
    named = type_list(schema.get("type")) + [kind for part in parts for kind in type_list(part.get("type"))]
    told = {str: "string", bool: "boolean", int: "integer", float: "number"}
    return named or list(dict.fromkeys(told.get(type(value), "null") for value in _values(schema)))


def _rule(flag: str, name: str, schema: Schema, files: Mapping[str, Rule]) -> Rule:
    kinds = [kind for kind in _kinds(schema) if kind != "null"]
    if flag not in MEDIA_FLAGS:
        return {"to": name, "as": kinds[0]} if kinds else {"to": name}
    rule: dict[str, Json] = {"to": name, **files.get(flag, {})}
    if "array" not in kinds:
        return rule
    items = schema.get("items")
    url = isinstance(items, dict) and "object" in type_list(items.get("type")) and "url" in items.get("properties", {})
    counts = {"min": schema.get("minItems"), "max": schema.get("maxItems")}
    bounds = {key: count for key, count in counts.items() if isinstance(count, int) and count > 0}
    return {**rule, "many": True, **bounds, **({"value": {"url": "$"}} if url else {})}
