"""Templates: the smallest request, nothing made up, and valid once its gaps are filled."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from jsonschema import Draft202012Validator

from contract.documents import FRAMES, TEXT, UNION, of_schema
from contract.fetch_documents import CACHE
from contract.filler import Filler
from contract.survey import survey
from generate_media.contract.budget import TooLarge
from generate_media.contract.catalog import open_contract
from generate_media.contract.fields import fields_of
from generate_media.contract.template import Unsatisfiable, filled, make_template

NODE = {"type": "object", "required": ["next"], "properties": {"next": {"$ref": "#/components/schemas/Node"}}}
SCHEMAS = {"Text": TEXT, "Frames": FRAMES, "Node": {**NODE, "type": ["object", "null"]}}


def template(schema: Any, *variants: str) -> Any:
    _, endpoint = of_schema(schema, schemas=SCHEMAS)
    return make_template(endpoint.operation.schema, endpoint.operation.definitions, variants)


@pytest.mark.parametrize(
    ("schema", "variants", "body", "gaps"),
    [
        ({"type": "object", "properties": {"a": {"default": 1}}}, (), {}, []),
        ({"required": ["a"], "properties": {"a": {"type": "string"}}}, (), {"a": "<fill in a>"}, ["a"]),
        ({"required": ["a"], "properties": {"a": {"type": "integer", "default": 3}}}, (), {"a": 3}, []),
        ({"required": ["a"], "properties": {"a": {"enum": ["x", "y"], "default": "z"}}}, (), {"a": "x"}, []),
        ({"required": ["a"], "properties": {"a": {"type": ["string", "null"]}}}, (), {"a": "<fill in a>"}, ["a"]),
        ({"required": ["a"], "properties": {"a": {"type": "string", "readOnly": True}}}, (), {}, []),
        (
            {"required": ["a"], "properties": {"a": {"required": ["b"], "properties": {"b": {"type": "number"}}}}},
            (),
            {"a": {"b": "<fill in a.b>"}},
            ["a.b"],
        ),
        (
            {"required": ["a"], "properties": {"a": {"type": "array", "minItems": 2, "items": {"type": "string"}}}},
            (),
            {"a": ["<fill in a[0]>", "<fill in a[1]>"]},
            ["a[0]", "a[1]"],
        ),
        ({"type": "array", "minItems": 2.0, "items": {"const": 1}}, (), [1, 1], []),
        (
            # A mapping that leads nowhere, as DigitalOcean's: which value names which branch is not told.
            {
                "anyOf": [{"required": [name], "properties": {name: {"type": "string"}}} for name in ("k", "l")],
                "discriminator": {"propertyName": "k", "mapping": {"a": "gone.yml#/a", "b": "gone.yml#/b"}},
            },
            (),
            {"k": "<fill in k>"},
            ["k"],
        ),
        (UNION, (), {"feature": "text-to-video", "prompt": "<fill in prompt>"}, ["prompt"]),
        (UNION, ("Frames",), {"feature": "frame-to-video", "first_frame": "<fill in first_frame>"}, ["first_frame"]),
        (UNION, ("frame-to-video",), {"feature": "frame-to-video", "first_frame": "<fill in first_frame>"}, None),
        (
            {
                "required": ["mode"],
                "properties": {"mode": {"const": "a"}, "size": {"enum": [1, 2]}},
                "if": {"properties": {"mode": {"const": "a"}}},
                "then": {"required": ["size"]},
            },
            (),
            {"mode": "a", "size": 1},
            [],
        ),
        (
            {"properties": {"a": {"const": 1}, "b": {"const": 2}}, "anyOf": [{"required": ["b"]}, {"required": ["a"]}]},
            (),
            {"b": 2},
            [],
        ),
        (
            {
                "allOf": [
                    {"required": ["a"], "properties": {"a": {"type": "string"}}},
                    {"properties": {"a": {"const": "x"}}},
                ]
            },
            (),
            {"a": "x"},
            [],
        ),
    ],
)
def test_the_smallest_request(schema: Any, variants: tuple[str, ...], body: Any, gaps: list[str] | None) -> None:
    made = template(schema, *variants)
    assert made.body == body
    assert gaps is None or [gap.as_json()["path"] for gap in made.fill_in] == gaps


EXPR = {
    "oneOf": [
        {"type": "object", "required": ["and"], "properties": {"and": {"$ref": "#/components/schemas/Expr"}}},
        {"type": "object", "required": ["is"], "properties": {"is": {"type": "string"}}},
    ]
}
TREE = {
    "type": "object",
    "required": ["name", "children"],
    "properties": {
        "name": {"const": "n"},
        "children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}},
    },
}
LOOP = {"type": "object", "required": ["next"], "properties": {"next": {"$ref": "#/components/schemas/Loop"}}}
ANY = {"required": ["next"], "properties": {"next": {"$ref": "#/components/schemas/Any"}}}
CHAIN = {f"C{i}": {**LOOP, "properties": {"next": {"$ref": f"#/components/schemas/C{i + 1}"}}} for i in range(40)}
CYCLES = {"Expr": EXPR, "Tree": TREE, "Loop": LOOP, "Any": ANY, **CHAIN, "C40": {"type": "string"}}


def of_cycle(name: str, *variants: str) -> Any:
    _, endpoint = of_schema({"$ref": f"#/components/schemas/{name}"}, schemas=SCHEMAS | CYCLES)
    return make_template(endpoint.operation.schema, endpoint.operation.definitions, variants), endpoint


@pytest.mark.parametrize(
    ("name", "variants", "body"),
    [
        ("Node", (), {"next": None}),
        ("Expr", (), {"is": "<fill in is>"}),
        ("Expr", ("option-1",), {"and": {"is": "<fill in and.is>"}}),
        ("Tree", (), {"name": "n", "children": []}),
        ("Any", (), {"next": "<fill in next>"}),
        ("C20", (), None),
    ],
)
def test_cycles_end_where_they_can(name: str, variants: tuple[str, ...], body: Any) -> None:
    """jsonschema says of each that it is valid once filled."""
    made, endpoint = of_cycle(name, *variants)
    assert body is None or made.body == body
    whole = filled(made, ["x" for _ in made.fill_in])
    assert not list(Draft202012Validator(endpoint.operation.schema).iter_errors(whole))


def test_what_can_never_end_is_unsatisfiable() -> None:
    with pytest.raises(Unsatisfiable, match=r"unsatisfiable: next would have to hold itself"):
        of_cycle("Loop")


def test_what_only_lies_deep_is_too_large() -> None:
    with pytest.raises(TooLarge, match="more than 24 levels deep"):
        of_cycle("C0")


def test_what_is_not_filled_in_is_refused() -> None:
    made, endpoint = of_schema(UNION, schemas=SCHEMAS)
    body = make_template(endpoint.operation.schema, endpoint.operation.definitions).body
    assert [problem.field for problem in made.validate(endpoint, body)] == ["prompt"]


names = st.sampled_from(["a", "b", "c", "d"])
leaves = st.one_of(
    st.builds(lambda low: {"type": "integer", "minimum": low, "maximum": low + 5}, st.integers(-9, 9)),
    st.builds(lambda size: {"type": "string", "minLength": size}, st.integers(0, 5)),
    st.sampled_from([{"type": "boolean"}, {"enum": ["x", 1]}, {"const": "k"}, {"type": ["string", "null"]}]),
    st.just({"$ref": "#/components/schemas/Text"}),
)


def objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    properties = st.dictionaries(names, inner, min_size=1, max_size=3)
    closed = st.booleans()
    return st.builds(
        lambda p, take, shut: {
            "type": "object",
            "properties": p,
            "required": [name for name in p if name in take],
            **({"additionalProperties": False} if shut else {}),
        },
        properties,
        st.sets(names),
        closed,
    )


schemas = st.recursive(
    leaves,
    lambda inner: st.one_of(
        objects(inner),
        st.builds(lambda item, n: {"type": "array", "items": item, "minItems": n}, inner, st.integers(0, 2)),
        st.builds(
            lambda left, right: {
                "oneOf": [
                    {"type": "object", "required": ["kind"], "properties": {"kind": {"const": "l"}, "v": left}},
                    {"type": "object", "required": ["kind", "v"], "properties": {"kind": {"const": "r"}, "v": right}},
                ]
            },
            inner,
            inner,
        ),
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(schema=objects(schemas), seed=st.integers(0, 9))
def test_a_filled_template_is_valid(schema: Any, seed: int) -> None:
    _, endpoint = of_schema(schema, schemas=SCHEMAS)
    made = make_template(endpoint.operation.schema, endpoint.operation.definitions)
    filler = Filler(seed)
    body = filled(made, [filler.fill(gap.schema) for gap in made.fill_in])
    referee = Draft202012Validator({**schema, "components": {"schemas": SCHEMAS}})
    assert not [error.message for error in referee.iter_errors(body)]
    assert fields_of(endpoint.operation.schema, endpoint.operation.definitions)


@pytest.mark.parametrize("protocol", ["skills_video", "agnes", "agcloud"])
def test_every_bundled_template_is_valid_once_filled(protocol: str) -> None:
    filler = Filler()
    for endpoint in open_contract(protocol).creates:
        operation = endpoint.operation
        assert operation is not None
        made = make_template(operation.schema, operation.definitions)
        body = filled(made, [filler.fill(gap.schema) for gap in made.fill_in])
        errors = [error.message for error in Draft202012Validator(operation.schema).iter_errors(body)]
        assert not errors, endpoint.path


KNOWN = {"zoom.json": ["PATCH /accounts/{accountId}/settings"]}
"""Operations whose own oneOf no request can satisfy: its branches do not exclude one another."""


@pytest.mark.parametrize(
    ("name", "every"),
    [
        ("github", 20),
        ("stripe", 5),
        ("kubernetes", 5),
        ("openai", 1),
        ("asana", 1),
        ("adyen-checkout", 1),
        ("zoom", 1),
        ("microsoft-graph", 200),
    ],
)
def test_real_documents(name: str, every: int) -> None:
    """A part of each document's operations; tests/contract/survey.py takes them all."""
    path = CACHE / f"{name}.json"
    if not path.exists():
        pytest.skip(f"{path.name} not fetched: make documents")
    found = survey(path, every)
    assert found.bodies > 0
    assert [failure.split(":")[0] for failure in found.failures] == KNOWN.get(path.name, [])


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"allOf": [{"type": "string"}, {"type": "integer"}]}, "the request would have to be string and integer"),
        (
            {
                "allOf": [
                    {"type": "object", "properties": {"a": {}}, "additionalProperties": False},
                    {"type": "object", "properties": {"b": {}}, "required": ["b"]},
                ]
            },
            "b is asked for, and not allowed",
        ),
        ({"type": "object", "required": ["n"], "properties": {"n": {"minimum": 5, "maximum": 4}}}, "n has minimum 5"),
        (
            {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer", "enum": ["a"]}}},
            "n has values",
        ),
    ],
)
def test_what_no_request_fulfils_is_said(schema: Any, words: str) -> None:
    _, endpoint = of_schema(schema)
    with pytest.raises(Unsatisfiable, match=f"unsatisfiable: {words}"):
        make_template(endpoint.operation.schema, endpoint.operation.definitions)


def test_an_impossible_branch_is_left_for_another() -> None:
    never = {"type": "object", "required": ["b"], "properties": {"a": {}}, "additionalProperties": False}
    _, endpoint = of_schema(
        {"oneOf": [never, {"type": "object", "required": ["c"], "properties": {"c": {"const": 1}}}]}
    )
    made = make_template(endpoint.operation.schema, endpoint.operation.definitions)
    assert made.body == {"c": 1}
