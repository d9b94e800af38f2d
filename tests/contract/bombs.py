"""Small documents that unfold to more than any machine can hold, or that keep a naive reader busy for ever."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

from contract.documents import body, document

MODEL = "acme/bomb"
_PATH = f"/v1/generation/{MODEL}"


class Bomb(NamedTuple):
    """A document's text (YAML where it does not begin with a brace), a request, and what each command says of it:
    (exit code, words in its answer). ``template`` and ``full`` ask for the endpoint, ``validate`` and ``create``
    check the request."""

    text: str
    request: dict[str, Any]
    template: tuple[int, str]
    validate: tuple[int, str]
    create: tuple[int, str] | None = None
    """Where it is not as for ``validate``."""
    full: tuple[int, str] = (0, "request_schema")


def reference(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def of(schema: Any, schemas: dict[str, Any] | None = None) -> str:
    return json.dumps(document({_PATH: body(schema)}, components={"schemas": schemas or {}}))


def thing(required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required.split(), "properties": {"prompt": {"type": "string"}, **properties}}


def levels(step: Callable[[Any], Any], last: Any) -> str:
    """Thirty schemas, each made of a reference to the next one."""
    schemas = {f"L{i}": step(reference(f"L{i + 1}")) for i in range(30)}
    return of(reference("L0"), {**schemas, "L30": last})


def recursive(schema: Any) -> str:
    return of(reference("A"), {"A": schema})


def yaml(anchors: str) -> str:
    """A whole YAML document with ``anchors`` before its paths."""
    schema = "{type: object, required: [prompt], properties: {prompt: {type: string}}}"
    media = f"{{application/json: {{schema: {schema}}}}}"
    return (
        f"openapi: 3.1.0\ninfo: {{title: t, version: '1'}}\nx-anchors:\n{anchors}"
        f"paths:\n  {_PATH}: {{post: {{requestBody: {{content: {media}}}}}}}\n"
    )


def doubled(step: Callable[[int], str]) -> str:
    return yaml("  - &l0 {a: 1, b: 2}\n" + "".join(f"  - &l{i} {step(i)}\n" for i in range(1, 30)))


LEFT, RIGHT = thing("left right", left=reference("A"), right=reference("A")), thing("x y", x=reference("A"))
HUGE = "too large to unfold"
UNCHECKED = (0, HUGE)
SLOW = "(x+x+)+y"
"""Runs for ever on many x: in ``re`` and, but for its time-out, in ``regex``."""
MANY_X = "x" * 100_000
TOO_SLOW = (0, "could not be matched")
REFUSED = (2, HUGE)
MISSING = (22, "required and missing")
FINE = (0, '"problems": []')

BOMBS: dict[str, Bomb] = {
    "required recursion, two fields": Bomb(
        recursive(LEFT), {"left": {"left": {}}}, (0, "unsatisfiable: left would"), MISSING
    ),
    "required recursion in a list": Bomb(
        recursive(thing("kids", kids={"type": "array", "minItems": 2, "items": reference("A")})),
        {"kids": [{}, {}]}, (0, "unsatisfiable: kids[0]"), MISSING,
    ),
    "required recursion in every branch": Bomb(
        recursive({"oneOf": [LEFT, RIGHT]}), {"x": {}}, (0, "unsatisfiable"), MISSING
    ),
    "doubling by required properties": Bomb(
        levels(lambda below: thing("a b", a=below, b=below), {"type": "string"}), {"a": {}},
        (0, f"{HUGE}: its required fields lie more than 24 levels deep"), MISSING,
    ),
    "doubling by shallow properties": Bomb(
        levels(lambda below: {**thing("", a=below, b=below), "required": ["a", "b"]}, {"type": "string"}),
        {"a": {}}, (0, HUGE), MISSING,
    ),
    "doubling by optional properties": Bomb(
        levels(lambda below: thing("", a=below, b=below), {"type": "string"}), {"a": {"b": {}}},
        (0, '"request_template": {}'), (0, '"ok": true'),
    ),
    "doubling by allOf": Bomb(
        levels(lambda below: {"allOf": [below, below]}, thing("prompt")), {"prompt": "x"},
        (0, '"prompt": "<fill in prompt>"'), UNCHECKED,
    ),
    "doubling by oneOf": Bomb(
        levels(lambda below: {"oneOf": [below, {"title": "other", "allOf": [below]}]}, thing("prompt")),
        {"prompt": "x"}, (0, HUGE), UNCHECKED, full=(0, HUGE),
    ),
    "doubling by anyOf, refused at the bottom": Bomb(
        levels(lambda below: {"anyOf": [below, {"title": "other", "allOf": [below]}]}, thing("prompt")),
        {"q": 1}, (0, HUGE), UNCHECKED, full=(0, HUGE),
    ),
    "doubling by if and then": Bomb(
        levels(lambda below: {"if": below, "then": below, "else": below}, thing("prompt")), {"q": 1},
        (0, HUGE), UNCHECKED,
    ),
    "doubling by dependentSchemas": Bomb(
        levels(lambda below: {"unevaluatedProperties": False, "dependentSchemas": {"p": below, "q": below}}, {}),
        {"p": 1, "q": 1}, (0, "request_template"), UNCHECKED,
    ),
    "a hundred million items": Bomb(
        of(thing("n", n={"type": "array", "minItems": 10**8, "items": {"type": "integer"}})), {"n": [1]},
        (0, HUGE), (22, "at least 100000000"),
    ),
    "a hundred million items, written 1e8": Bomb(
        of(thing("n", n={"type": "array", "minItems": 987})).replace("987", "1e8"), {"n": [1]},
        (0, HUGE), (22, "at least 100000000"),
    ),
    "a number without end": Bomb(
        of(thing("n", n={"type": "array", "minItems": 987})).replace("987", "1e999"), {},
        (2, "1e999 is not JSON"), (2, "1e999 is not JSON"), full=(2, "1e999"),
    ),
    "two thousand required fields": Bomb(
        of(thing(" ".join(f"f{i}" for i in range(2000)))), {}, (0, "fill in f1999"), (22, "f0 is required"),
    ),
    "two thousand words where numbers are meant": Bomb(
        of(thing("n", n={"type": "integer", "enum": [f"v{i}" for i in range(2000)]})), {"n": 5},
        (0, "unsatisfiable: n has values"), (22, "1976 more"),
    ),
    "schemas nested three hundred deep": Bomb(
        of(json.loads('{"required": ["a"], "type": "object", "properties": {"a": ' * 300 + "{}" + "}}" * 300)),
        {"a": {}}, (0, HUGE), MISSING,
    ),
    "brackets without end": Bomb("[" * 100_000, {}, REFUSED, REFUSED, full=REFUSED),
    "YAML brackets without end": Bomb(
        yaml("  - " + "[" * 100_000 + "\n"), {}, (2, "too deep"), (2, "too deep"), full=(2, "too deep")
    ),
    "many values": Bomb(
        json.dumps(document({}, **{"x-many": [[]] * 100_000})), {}, REFUSED, REFUSED, full=REFUSED
    ),
    "many YAML values": Bomb(yaml("  - [" + "[]," * 100_000 + "]\n"), {}, REFUSED, REFUSED, full=REFUSED),
    "YAML aliases of aliases": Bomb(
        doubled(lambda i: f"[*l{i - 1}, *l{i - 1}]"), {}, REFUSED, REFUSED, full=REFUSED
    ),
    "YAML merge keys": Bomb(
        doubled(lambda i: f"{{<<: [*l{i - 1}, *l{i - 1}], k{i}: 1}}"), {}, REFUSED, REFUSED, full=REFUSED
    ),
    "a YAML alias within itself": Bomb(
        yaml("  &a [*a]\n"), {}, (2, "the alias *a"), (2, "the alias *a"), full=(2, "the alias *a")
    ),
    "a YAML merge of itself": Bomb(
        yaml("  &a {<<: *a}\n"), {}, (2, "the alias *a"), (2, "the alias *a"), full=(2, "the alias *a")
    ),
    "a pattern for a value": Bomb(
        of(thing("prompt", prompt={"type": "string", "pattern": "^(a+)+$"})), {"prompt": "a" * 60 + "!"},
        (0, "<fill in prompt>"), (22, "of the form ^(a+)+$"),
    ),
    "a slow pattern for a value": Bomb(
        of(thing("prompt", prompt={"type": "string", "pattern": SLOW})), {"prompt": MANY_X},
        (0, "<fill in prompt>"), TOO_SLOW,
    ),
    "a slow pattern that must not match": Bomb(
        of(thing("prompt", prompt={"type": "string", "not": {"pattern": SLOW}})), {"prompt": MANY_X},
        (0, "<fill in prompt>"), TOO_SLOW,
    ),
    "a slow pattern beside a certain mistake": Bomb(
        of(thing("prompt", prompt={"type": "string", "pattern": SLOW, "maxLength": 9})), {"prompt": MANY_X},
        (0, "<fill in prompt>"), (22, "at most 9 characters"),
    ),
    "a slow pattern for names": Bomb(
        of({"type": "object", "patternProperties": {SLOW: {"type": "integer"}}, "additionalProperties": False}),
        {MANY_X: "no"}, (0, '"request_template": {}'), TOO_SLOW,
    ),
    "a slow pattern for names that are evaluated": Bomb(
        of({"allOf": [{"patternProperties": {SLOW: {"type": "integer"}}}], "unevaluatedProperties": False}),
        {MANY_X: 1}, (0, "request_template"), TOO_SLOW,
    ),
    "a slow pattern under another dialect": Bomb(
        of(thing("a", a={"$schema": "http://json-schema.org/draft-07/schema#", "pattern": SLOW})), {"a": MANY_X},
        (0, "<fill in a>"), TOO_SLOW,
    ),
    "a dialect that is no text": Bomb(
        of(thing("a", a={"$schema": ["x"], "type": "string"})), {"a": "x"}, (0, "<fill in a>"), (0, '"ok": true')
    ),
}  # fmt: skip
