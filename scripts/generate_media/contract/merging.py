"""One flat view of a schema: references followed, ``allOf`` folded in, exactly.

``merge`` never changes which values are valid (a test runs the JSON-Schema-Test-Suite through it): what
cannot be folded stays in the result's ``allOf``.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

from .refs import Definitions

Schema = dict[str, Any]

_ANNOTATIONS = ("title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "discriminator")
_TIGHTER_HIGH = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_TIGHTER_LOW = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_OWN_SCOPE = ("$id", "$anchor", "$dynamicRef", "$dynamicAnchor", "$schema", "unevaluatedProperties", "unevaluatedItems")
_OBJECT = ("properties", "patternProperties", "additionalProperties")
_MERGED = {*_TIGHTER_HIGH, *_TIGHTER_LOW, *_OBJECT, *_ANNOTATIONS, "type", "enum", "const", "required", "uniqueItems"}


def merge(schema: Any, definitions: Definitions | None, _seen: tuple[str, ...] = ()) -> Schema:
    """The schema as one object schema; ``{"not": {}}`` for false. Reference cycles stay as they are.

    Raises:
        TooLarge.
    """
    if not isinstance(schema, dict):
        return {"not": {}} if schema is False else {}
    if isinstance(schema.get("$id"), str):
        return {"allOf": [schema]}
    if definitions is not None:
        definitions.spend()
    parts: list[Schema] = []
    kept: list[Any] = []
    seen = _seen
    reference = schema.get("$ref")
    if isinstance(reference, str):
        found = _definition(reference, definitions, seen) if definitions is not None else None
        if found is None:
            kept.append({"$ref": reference})
        else:
            parts.append(found)
    own = {key: value for key, value in schema.items() if key not in ("$ref", "allOf", "$defs")}
    parts.extend(merge(part, definitions, seen) for part in schema.get("allOf", []))
    result = own
    for part in parts:
        own_all_of = part.get("allOf", [])
        if definitions is not None:
            definitions.spend(len(part.get("properties", ())) + len(result.get("properties", ())))
        folded = _fold(result, {key: value for key, value in part.items() if key != "allOf"})
        if folded is None:
            kept.append(part)
        else:
            result = folded
            kept.extend(own_all_of)
    if kept:
        result = {**result, "allOf": kept}
    return result


def _definition(reference: str, definitions: Definitions, seen: tuple[str, ...]) -> Schema | None:
    """What a reference names, merged; None for one that is being merged already, and for foreign ones. Kept for the
    next time where no cycle was cut: then thirty levels that name the next one twice are thirty merges."""
    if reference in seen:
        definitions.cuts += 1
        return None
    if reference in definitions.merged:
        return definitions.merged[reference]
    target = definitions.lookup(reference)
    if target is None:
        return None
    before = definitions.cuts
    found = merge(target, definitions, (*seen, reference))
    if definitions.cuts == before:
        definitions.merged[reference] = found
    return found


def _fold(left: Schema, right: Schema) -> Schema | None:
    """Both in one, or None where 2020-12 cannot say both in one object."""
    if any(key in right for key in _OWN_SCOPE):
        return None
    shared = (set(left) & set(right)) - _MERGED
    if any(left[key] != right[key] for key in shared if not key.startswith("x-")):
        return None
    if not _groups_fit(left, right):
        return None
    result = {**right, **left}
    for key in _TIGHTER_HIGH:
        if key in left and key in right:
            result[key] = max(left[key], right[key])
    for key in _TIGHTER_LOW:
        if key in left and key in right:
            result[key] = min(left[key], right[key])
    if "required" in left and "required" in right:
        result["required"] = list(dict.fromkeys([*left["required"], *right["required"]]))
    if left.get("uniqueItems") or right.get("uniqueItems"):
        result["uniqueItems"] = True
    if left.get("readOnly") or right.get("readOnly"):
        result["readOnly"] = True
    if not (_fold_type(result, left, right) and _fold_values(result, left, right)):
        return None
    return _fold_properties(result, left, right)


def _groups_fit(left: Schema, right: Schema) -> bool:
    """Keywords that read their neighbours are folded only where the whole group stands on one side."""
    for group in (("prefixItems", "items"), ("contains", "minContains", "maxContains"), ("if", "then", "else")):
        met = any(key in left for key in group) and any(key in right for key in group)
        if met and any(left.get(key, _NONE) != right.get(key, _NONE) for key in group):
            return False
    both_patterned = "patternProperties" in left and "patternProperties" in right
    return not (both_patterned and left["patternProperties"] != right["patternProperties"])


_NONE = object()


def _fold_type(result: Schema, left: Schema, right: Schema) -> bool:
    if "type" not in left or "type" not in right:
        return True
    ours, theirs = type_list(left["type"]), type_list(right["type"])
    both = [kind for kind in ours if kind in theirs or (kind == "integer" and "number" in theirs)]
    both += [kind for kind in theirs if kind == "integer" and "number" in ours and kind not in both]
    if not both:
        return False
    result["type"] = both[0] if len(both) == 1 else both
    return True


def _fold_values(result: Schema, left: Schema, right: Schema) -> bool:
    if "const" in left and "const" in right and not same(left["const"], right["const"]):
        return False
    if "enum" in left and "enum" in right:
        theirs = {identity(value) for value in right["enum"]}
        both = [value for value in left["enum"] if identity(value) in theirs]
        if not both:
            return False
        result["enum"] = both
    return True


def _fold_properties(result: Schema, left: Schema, right: Schema) -> Schema | None:
    """Properties of both; where one side is closed (or types its extras), it binds the other side's names too."""
    ours, theirs = left.get("properties", {}), right.get("properties", {})
    if not (ours or theirs):
        if "additionalProperties" in left and "additionalProperties" in right:
            result["additionalProperties"] = _all(left["additionalProperties"], right["additionalProperties"])
        patterns = "patternProperties" in left or "patternProperties" in right
        extras = "additionalProperties" in left or "additionalProperties" in right
        return None if patterns and extras else result
    if ("additionalProperties" in left or "additionalProperties" in right) and (
        "patternProperties" in left or "patternProperties" in right
    ):
        return None
    names = list(dict.fromkeys([*ours, *theirs]))
    result["properties"] = {
        name: _all(
            ours.get(name, left.get("additionalProperties", True)),
            theirs.get(name, right.get("additionalProperties", True)),
        )
        for name in names
    }
    if "additionalProperties" in left and "additionalProperties" in right:
        result["additionalProperties"] = _all(left["additionalProperties"], right["additionalProperties"])
    return result


def _all(left: Any, right: Any) -> Any:
    if left is False or right is False:
        return False
    if left is True or left == {} or left == right:
        return right
    if right is True or right == {}:
        return left
    return {"allOf": [left, right]}


def type_list(kind: Any) -> list[str]:
    """``type`` as a list of names."""
    return [kind] if isinstance(kind, str) else [item for item in kind or [] if isinstance(item, str)]


def same(left: Any, right: Any) -> bool:
    """Equality as JSON Schema means it: 1 and 1.0 are one value, 1 and true are not."""
    return identity(left) == identity(right)


def identity(value: Any) -> Hashable:
    """What two JSON values have in common exactly when they are the same, for sets and dictionaries."""
    if isinstance(value, bool):
        return bool, value
    if isinstance(value, Mapping):
        return dict, frozenset((key, identity(item)) for key, item in value.items())
    if isinstance(value, list):
        return list, tuple(map(identity, value))
    return value  # type: ignore[no-any-return]
