"""OpenAPI 3.0 wording into JSON Schema 2020-12 (OpenAPI 3.1), schema by schema, pure.

``nullable``, boolean ``exclusiveMinimum``/``exclusiveMaximum`` and ``example`` are understood in 3.1
documents too: they are met there, and mean nothing else. What stands beside a ``$ref`` counts in 3.1; in 3.0
it is ignored by the standard, so only annotations (and ``nullable``, which authors mean) are kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

ONE = frozenset(
    {"additionalProperties", "items", "not", "if", "then", "else", "contains", "propertyNames"}
    | {"unevaluatedItems", "unevaluatedProperties", "contentSchema", "additionalItems"}
)
MANY = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
NAMED = frozenset({"properties", "patternProperties", "dependentSchemas", "$defs", "definitions"})
_ANNOTATIONS = frozenset(
    {"title", "description", "default", "deprecated", "readOnly", "writeOnly", "example", "examples"}
)
_BOUNDS = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}


_OWN_RULES = ("$id", "$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveRef")


_TYPES = frozenset({"string", "integer", "number", "boolean", "object", "array", "null"})


class Reading(NamedTuple):
    """How a document's schemas are read: ``rename`` gives each reference its new text, ``spend`` counts schemas."""

    rename: Callable[[str], str]
    openapi_30: bool
    spend: Callable[[], None]


def _is_type(value: Any) -> bool:
    kinds = value if isinstance(value, list) else [value]
    return bool(kinds) and all(isinstance(kind, str) and kind in _TYPES for kind in kinds)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return _is_number(value) and math.isfinite(value) and value >= 0 and value == int(value)


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


_COUNTS = ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties")
_FORMS: dict[str, Callable[[Any], bool]] = {
    "type": _is_type,
    "required": _is_names,
    "enum": lambda value: isinstance(value, list) and bool(value),
    "pattern": lambda value: isinstance(value, str),
    "multipleOf": lambda value: _is_number(value) and value > 0,
    **dict.fromkeys(("minimum", "maximum"), _is_number),
    **dict.fromkeys(("exclusiveMinimum", "exclusiveMaximum"), lambda v: isinstance(v, bool) or _is_number(v)),
    **dict.fromkeys(_COUNTS, _is_count),
    **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), lambda v: isinstance(v, list) and bool(v)),
    **dict.fromkeys(("properties", "patternProperties", "$defs"), lambda value: isinstance(value, dict)),
    **dict.fromkeys(("dependentSchemas", "dependentRequired"), lambda value: isinstance(value, dict)),
}
"""What each keyword must look like. Documents in the wild say ``required: true`` or ``type: file``: such a keyword
says nothing, and must not stop a validator."""


def has_own_rules(node: Any) -> bool:
    """Whether a schema says by ``$id``, anchors or dynamic references how its references are to be read."""
    waiting = [node]
    while waiting:
        item = waiting.pop()
        if not isinstance(item, dict):
            continue
        if any(isinstance(item.get(key), str) for key in _OWN_RULES):
            return True
        for key, value in item.items():
            if key in ONE and not isinstance(value, list):
                waiting.append(value)
            elif key in MANY and isinstance(value, list):
                waiting.extend(value)
            elif key in NAMED and isinstance(value, dict):
                waiting.extend(value.values())
    return False


def convert(node: Any, reading: Reading) -> Any:
    """A schema in 2020-12 words. Booleans are schemas too."""
    reading.spend()
    if not isinstance(node, dict):
        return node if isinstance(node, bool) else {}
    if reading.openapi_30 and "$ref" in node:
        node = {
            key: value
            for key, value in node.items()
            if key in _ANNOTATIONS or key in ("$ref", "nullable") or key.startswith("x-")
        }
    result: dict[str, Any] = {}
    for key, value in node.items():
        if key not in _FORMS or _FORMS[key](value):
            result[key] = _value(key, value, reading)
    _tuples(result)
    _bounds(result)
    _nullable(result)
    if "example" in result and "examples" not in result:
        result["examples"] = [result.pop("example")]
    return result


def _value(key: str, value: Any, reading: Reading) -> Any:
    if key == "$ref" and isinstance(value, str):
        return reading.rename(value)
    if key in ONE and not isinstance(value, list):
        return convert(value, reading)
    if (key in MANY or key == "items") and isinstance(value, list):
        return [convert(item, reading) for item in value]
    if key in NAMED and isinstance(value, dict):
        return {name: convert(item, reading) for name, item in value.items()}
    return int(value) if key in _COUNTS else value


def _tuples(schema: dict[str, Any]) -> None:
    """``items`` as a list, from before 2020-12 (OpenAPI never had it, documents do)."""
    if isinstance(schema.get("items"), list):
        schema["prefixItems"] = schema.pop("items")
        if "additionalItems" in schema:
            schema["items"] = schema.pop("additionalItems")


def _bounds(schema: dict[str, Any]) -> None:
    for exclusive, plain in _BOUNDS.items():
        flag = schema.get(exclusive)
        if isinstance(flag, bool):
            del schema[exclusive]
            if flag and plain in schema:
                schema[exclusive] = schema.pop(plain)


def _nullable(schema: dict[str, Any]) -> None:
    if schema.pop("nullable", False) is not True:
        return
    kind = schema.get("type")
    if "$ref" in schema:
        rest = [{"anyOf": schema.pop("anyOf")}] if "anyOf" in schema else []
        schema["anyOf"] = [{"$ref": schema.pop("$ref")}, {"type": "null"}]
        schema |= {"allOf": [*schema.get("allOf", []), *rest]} if rest else {}
    elif isinstance(kind, str):
        schema["type"] = [kind, "null"]
    elif isinstance(kind, list) and "null" not in kind:
        schema["type"] = [*kind, "null"]
    for union in ("oneOf", "anyOf"):
        if kind is None and union in schema and {"type": "null"} not in schema[union]:
            schema[union] = [*schema[union], {"type": "null"}]
            break
    if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
