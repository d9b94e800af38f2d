"""The short way to "valid" against jsonschema: it may shrug, it must never differ."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from generate_media.contract.plain import verdict

SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-2, 3), st.sampled_from([0.0, 1.0, 1.5, "", "a", "ab", "b"]))
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
)
TYPES = st.sampled_from(["string", "integer", "number", "boolean", "object", "array", "null"])
SMALL = st.integers(0, 2)


def keywords(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Schemas of one to four keywords, some of which the short way does not know."""
    some = st.lists(inner, min_size=1, max_size=3)
    every: dict[str, st.SearchStrategy[Any]] = {
        "type": TYPES | st.lists(TYPES, min_size=1, max_size=2, unique=True),
        "enum": st.lists(VALUES, min_size=1, max_size=3),
        "const": VALUES,
        "required": st.lists(st.sampled_from("abc"), unique=True, max_size=2),
        "properties": st.dictionaries(st.sampled_from("abc"), inner, max_size=2),
        "additionalProperties": inner,
        "patternProperties": st.dictionaries(st.sampled_from(["a", "^b"]), inner, max_size=1),
        "items": inner,
        "prefixItems": some,
        "contains": inner,
        "minContains": SMALL,
        "maxContains": SMALL,
        "uniqueItems": st.booleans(),
        "pattern": st.sampled_from(["a", "^a$", "b?"]),
        "$ref": st.sampled_from(["#/$defs/a", "#/$defs/b", "#"]),
        **dict.fromkeys(("allOf", "anyOf", "oneOf"), some),
        **dict.fromkeys(("not", "if", "then", "else"), inner),
        **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), st.integers(-1, 2)),
        **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), SMALL),
    }
    names = st.lists(st.sampled_from(sorted(every)), min_size=1, max_size=4, unique=True)
    return names.flatmap(lambda chosen: st.fixed_dictionaries({name: every[name] for name in chosen}))


SCHEMAS = st.recursive(st.booleans() | st.fixed_dictionaries({"type": TYPES}), keywords, max_leaves=8)
DEFINITIONS = {"a": {"type": "string"}, "b": {"properties": {"a": {"$ref": "#/$defs/b"}}, "required": ["a"]}}


@given(SCHEMAS, VALUES)
def test_never_differs_from_jsonschema(schema: Any, value: Any) -> None:
    whole = {"$defs": DEFINITIONS, "allOf": [schema]}
    told = verdict(whole, value)
    if told is not None:
        assert told is Draft202012Validator(whole).is_valid(value)


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        ({"type": "object", "required": ["a"], "properties": {"a": {"enum": [1, 2]}}}, {"a": 1}, True),
        ({"type": "object", "required": ["a"]}, {}, False),
        ({"enum": [1]}, True, False),
        ({"const": 1}, 1.0, True),
        ({"oneOf": [{"type": "integer"}, {"type": "number"}]}, 1, False),
        ({"unevaluatedProperties": False}, {}, None),
        ({"not": {"dependentRequired": {"a": ["b"]}}}, {}, None),
        ({"$ref": "#/$defs/missing"}, 1, None),
        ({"$ref": "https://example.com/schema"}, 1, None),
        ({"$id": "urn:x", "type": "string"}, "a", None),
    ],
)
def test_what_it_tells(schema: Any, value: Any, expected: bool | None) -> None:
    assert verdict(schema, value) is expected
