"""What a body's schema says of one model: its rules under ``if`` that ask for nothing but ``model``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .merging import Schema, merge
from .operations import Operation
from .refs import Definitions

_RULE = ("if", "then", "else")


def for_model(flat: Schema, definitions: Definitions | None, model: str) -> Schema:
    """A flattened schema with what holds for ``model`` folded in; a field that the model has not is false."""
    found = list(_of_model(flat, definitions, model))
    if not found:
        return flat
    rest = {key: value for key, value in flat.items() if key not in (*_RULE, "allOf")}
    outer = [
        {"properties": _said(then)} | ({"required": then["required"]} if "required" in then else {}) for then in found
    ]
    others = [rule for rule in _rules(flat) if not _about_model(rule)]
    inner = [rule for then in found for rule in then.get("allOf", ())]
    folded = merge({"allOf": [rest, *outer]}, definitions)
    return folded | {"allOf": [*folded.get("allOf", ()), *others, *inner]}


def fields_lacking(operation: Operation, model: str) -> frozenset[str]:
    """The fields of an operation's body that ``model`` is documented not to have."""
    flat = merge(operation.schema, operation.definitions)
    found = _of_model(flat, operation.definitions, model)
    return frozenset(name for then in found for name, schema in _said(then).items() if schema is False)


def _rules(flat: Schema) -> list[Any]:
    """The schema's parts that could not be folded; merging leaves the first rule under ``if`` at the top."""
    top = {key: flat[key] for key in _RULE if key in flat}
    return [*([top] if top else []), *flat.get("allOf", ())]


def _of_model(flat: Schema, definitions: Definitions | None, model: str) -> Iterator[Schema]:
    """What stands under ``then`` or ``else`` of each rule on models, as it holds for this one."""
    for rule in _rules(flat) if model and definitions is not None else ():
        if _about_model(rule):
            from .checking import is_valid

            assert definitions is not None
            holds = is_valid(definitions.schema(rule["if"], ""), {"model": model})
            branch = rule.get("then" if holds else "else")
            yield from (branch,) if isinstance(branch, dict) else ()


def _about_model(rule: Any) -> bool:
    asked = rule.get("if") if isinstance(rule, dict) else None
    return (
        isinstance(asked, dict) and set(asked) == {"properties", "required"} and set(asked["properties"]) == {"model"}
    )


def _said(then: Schema) -> Schema:
    fields = then.get("properties") or {}
    return {
        name: False if isinstance(schema, dict) and schema.get("not") == {} else schema
        for name, schema in fields.items()
    }
