"""Whether a value is valid beyond doubt, told without jsonschema, whose import is a third of a command's start.

True and False are certain, None is "ask jsonschema": any keyword that is not listed here, any value that is no
JSON, any doubt about equality gives None, and three-valued logic carries it upwards. So this can never be the
reason why a request is refused or explained; it only spares the question where there is nothing to say. The
JSON-Schema-Test-Suite runs through it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .refs import PREFIX

Verdict = bool | None
Rule = Callable[[Any, Any, Mapping[str, Any], "_Scope"], Verdict]
_DEPTH = 60
_IGNORED = frozenset(
    {"title", "description", "default", "examples", "example", "deprecated", "readOnly", "writeOnly", "format"}
    | {"discriminator", "xml", "externalDocs", "contentMediaType", "contentEncoding", "nullable", "$comment"}
    | {"$defs", "definitions", "then", "else", "minContains", "maxContains"}
)
"""Annotations, and what is read together with another keyword. ``format`` is one: no format checker is in use."""


class _Scope:
    """The definitions that references name, and how deep the reading is."""

    def __init__(self, definitions: Mapping[str, Any], depth: int = 0) -> None:
        self.definitions = definitions
        self.depth = depth

    def verdict(self, schema: Any, value: Any) -> Verdict:
        if isinstance(schema, bool):
            return schema
        if not isinstance(schema, dict) or "$id" in schema or self.depth > _DEPTH:
            return None  # with an $id of its own, its references mean other things
        inner = _Scope(self.definitions, self.depth + 1)
        return _all(inner._keyword(key, rule, value, schema) for key, rule in schema.items())

    def _keyword(self, key: str, rule: Any, value: Any, schema: Mapping[str, Any]) -> Verdict:
        if key in _IGNORED or key.startswith("x-"):
            return True
        return _RULES[key](rule, value, schema, self) if key in _RULES else None


def verdict(schema: Mapping[str, Any], value: Any) -> Verdict:
    """Whether ``value`` is valid under a self-contained schema (see refs.py); None where that is not certain."""
    return _Scope(schema.get("$defs", {})).verdict(schema, value)


def _all(verdicts: Iterable[Verdict]) -> Verdict:
    found = list(verdicts)
    return False if False in found else None if None in found else True


def _any(verdicts: Iterable[Verdict]) -> Verdict:
    found = list(verdicts)
    return True if True in found else None if None in found else False


def _not(one: Verdict) -> Verdict:
    return None if one is None else not one


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": _is_number,
    "integer": lambda value: _is_number(value) and (isinstance(value, int) or value.is_integer()),
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
}


def _type(rule: Any, value: Any, *_: Any) -> Verdict:
    kinds = rule if isinstance(rule, list) else [rule]
    if not all(kind in _TYPES for kind in kinds):
        return None
    return any(_TYPES[kind](value) for kind in kinds)


def _same(one: Any, other: Any) -> Verdict:
    """JSON's equality for scalars: true is not 1, 1 is 1.0."""
    if isinstance(one, (dict, list)) and isinstance(other, (dict, list)):
        return None
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)


def _required(rule: Any, value: Any, *_: Any) -> Verdict:
    return not isinstance(value, dict) or all(name in value for name in rule)


def _properties(rule: Any, value: Any, _: Any, scope: _Scope) -> Verdict:
    if not isinstance(value, dict):
        return True
    return _all(scope.verdict(rule[name], item) for name, item in value.items() if name in rule)


def _additional(rule: Any, value: Any, schema: Mapping[str, Any], scope: _Scope) -> Verdict:
    if not isinstance(value, dict):
        return True
    if "patternProperties" in schema:
        return None
    known = schema.get("properties", {})
    return _all(scope.verdict(rule, item) for name, item in value.items() if name not in known)


def _items(rule: Any, value: Any, schema: Mapping[str, Any], scope: _Scope) -> Verdict:
    if not isinstance(value, list):
        return True
    return None if "prefixItems" in schema else _all(scope.verdict(rule, item) for item in value)


def _contains(rule: Any, value: Any, schema: Mapping[str, Any], scope: _Scope) -> Verdict:
    if not isinstance(value, list):
        return True
    found = [scope.verdict(rule, item) for item in value]
    if None in found:
        return None
    count = found.count(True)
    return bool(schema.get("minContains", 1) <= count <= schema.get("maxContains", count))


def _one_of(rule: Any, value: Any, _: Any, scope: _Scope) -> Verdict:
    found = [scope.verdict(branch, value) for branch in rule]
    return False if found.count(True) > 1 else None if None in found else True in found


def _if(rule: Any, value: Any, schema: Mapping[str, Any], scope: _Scope) -> Verdict:
    holds = scope.verdict(rule, value)
    branches = [scope.verdict(schema.get(name, True), value) for name in ("then", "else")]
    if holds is None:
        return True if branches == [True, True] else None
    return branches[0] if holds else branches[1]


def _ref(rule: Any, value: Any, _: Any, scope: _Scope) -> Verdict:
    name = rule.removeprefix(PREFIX) if isinstance(rule, str) and rule.startswith(PREFIX) else ""
    if not name or set(name) & set("/~%"):
        return None
    try:
        target = scope.definitions[name]
    except KeyError:
        return None
    return scope.verdict(target, value)


def _bound(holds: Callable[[Any, Any], bool]) -> Rule:
    return lambda rule, value, *_: not _is_number(value) or holds(value, rule)


def _size(kind: type[Any], holds: Callable[[int, Any], bool]) -> Rule:
    return lambda rule, value, *_: not isinstance(value, kind) or holds(len(value), rule)


_RULES: Mapping[str, Rule] = {
    "type": _type,
    "enum": lambda rule, value, *_: _any(_same(value, item) for item in rule),
    "const": lambda rule, value, *_: _same(value, rule),
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
    "contains": _contains,
    "allOf": lambda rule, value, _, scope: _all(scope.verdict(branch, value) for branch in rule),
    "anyOf": lambda rule, value, _, scope: _any(scope.verdict(branch, value) for branch in rule),
    "oneOf": _one_of,
    "not": lambda rule, value, _, scope: _not(scope.verdict(rule, value)),
    "if": _if,
    "$ref": _ref,
    "pattern": lambda rule, value, *_: not isinstance(value, str) or bool(re.search(rule, value)),
    "minimum": _bound(lambda value, rule: value >= rule),
    "maximum": _bound(lambda value, rule: value <= rule),
    "exclusiveMinimum": _bound(lambda value, rule: value > rule),
    "exclusiveMaximum": _bound(lambda value, rule: value < rule),
    "minLength": _size(str, lambda size, rule: size >= rule),
    "maxLength": _size(str, lambda size, rule: size <= rule),
    "minItems": _size(list, lambda size, rule: size >= rule),
    "maxItems": _size(list, lambda size, rule: size <= rule),
    "minProperties": _size(dict, lambda size, rule: size >= rule),
    "maxProperties": _size(dict, lambda size, rule: size <= rule),
}
"""Keyword → rule(its value, the instance, the schema around it, scope)."""
