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
    look: Callable[[Any], Any]
    """A node with its references followed, as it is written."""


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
    node = _asked_for(node, reading)
    result: dict[str, Any] = {}
    for key, value in node.items():
        if key not in _FORMS or _FORMS[key](value):
            result[key] = _value(key, value, reading)
    _tuples(result)
    _bounds(result)
    _nullable(result, any(_takes_null(part, reading) for part in _branches(node)))
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


def _asked_for(node: dict[str, Any], reading: Reading) -> dict[str, Any]:
    """A schema that requires nothing read-only: "required" is then about answers alone (OpenAPI 3.0.3, readOnly)."""
    parts = [part for part in node.get("allOf", ()) if isinstance(part, dict)] if _is_list(node.get("allOf")) else []
    if not (_is_names(node.get("required")) or any("required" in part for part in parts)):
        return node
    owners = [node, *(reading.look(part) for part in parts)]
    properties = [owner["properties"] for owner in owners if isinstance(owner.get("properties"), dict)]
    named = [(name, schema) for one in properties for name, schema in one.items() if isinstance(schema, dict)]
    told = {name for name, schema in named if schema.get("readOnly") is True or _refers_to_read_only(schema, reading)}
    if not told:
        return node
    whole = (
        [_without(part, told) if isinstance(part, dict) and "$ref" not in part else part for part in node["allOf"]]
        if parts
        else []
    )
    return _without({**node, "allOf": whole} if parts else node, told)


def _refers_to_read_only(schema: dict[str, Any], reading: Reading) -> bool:
    return "$ref" in schema and reading.look(schema).get("readOnly") is True


def _without(node: dict[str, Any], names: set[str]) -> dict[str, Any]:
    if not _is_names(node.get("required")):
        return node
    return {**node, "required": [name for name in node["required"] if name not in names]}


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _branches(node: dict[str, Any]) -> list[Any]:
    return [part for key in ("oneOf", "anyOf") if isinstance(node.get(key), list) for part in node[key]]


def _takes_null(part: Any, reading: Reading) -> bool:
    """Whether a branch takes null itself, so that "or null" beside it must not be a second one."""
    schema = reading.look(part) if isinstance(part, dict) else {}
    kinds = schema.get("type")
    return schema.get("nullable") is True or kinds == "null" or (isinstance(kinds, list) and "null" in kinds)


def _nullable(schema: dict[str, Any], in_branch: bool) -> None:
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
        if union in schema and not in_branch:
            schema[union] = [*schema[union], {"type": "null"}]
            break
    if isinstance(schema.get("enum"), list) and None not in schema["enum"]:
        schema["enum"] = [*schema["enum"], None]
