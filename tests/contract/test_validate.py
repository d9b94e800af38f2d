"""Problems in words: the field, what came, what is allowed, what was meant."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import pytest

from contract.documents import MODELS, body, contract, document, of_schema
from generate_media.contract.words import listed
from generate_media.core.paths import BUNDLE

IMAGE, VIDEO = "google/pro", "kling/o3/video"
URL = "https://a.test/b.png"

CASES: list[tuple[str, Any, str, str, Any]] = [
    (IMAGE, {}, "prompt", "prompt is required and missing", None),
    (IMAGE, {"prompt": ""}, "prompt", "must not be empty", None),
    (IMAGE, {"promt": "x"}, "promt", "did you mean prompt?", None),
    (IMAGE, {"promt": "x"}, "prompt", "promt came", None),
    (IMAGE, {"prompt": "x", "n": "2"}, "n", "write 2", 2),
    (IMAGE, {"prompt": "x", "n": "5"}, "n", "must be an integer", None),
    (IMAGE, {"prompt": "x", "n": 9}, "n", "at most 4", None),
    (IMAGE, {"prompt": "x", "n": None}, "n", "leave the field out", None),
    (IMAGE, {"prompt": 5}, "prompt", 'write "5"', "5"),
    (IMAGE, {"prompt": "x", "image_urls": URL}, "image_urls", "a list", [URL]),
    (IMAGE, {"prompt": "x", "aspect_ratio": "16:09"}, "aspect_ratio", 'the nearest is "16:9"', None),
    (IMAGE, {"prompt": "x", "aspect_ratio": " 16:9"}, "aspect_ratio", "write", "16:9"),
    (IMAGE, {"prompt": "x", "aspect_ratio": "3:3"}, "aspect_ratio", "a slip of the table; send 1:1", None),
    (IMAGE, {"prompt": "x", "aspect_ratio": "1:1", "n": 3}, "n", "when aspect_ratio is 1:1, n must be at most 2", None),
    (IMAGE, {"prompt": "<YOUR_PROMPT>"}, "prompt", "placeholder <YOUR_PROMPT>", None),
    (IMAGE, {"prompt": "x", "image_urls": ["<path-to-your-image-url>"]}, "image_urls[0]", "placeholder", None),
    (IMAGE, [], "", "must be an object", None),
    (VIDEO, {}, "feature", "text-to-video or frame-to-video", None),
    (VIDEO, {"feature": "Text-To-Video", "prompt": "x"}, "feature", "write", "text-to-video"),
    (VIDEO, {"feature": "frame-to-video"}, "first_frame", "required and missing (variant Frames)", None),
    (VIDEO, {"feature": "text-to-video", "prompt": "x", "duration": "5"}, "duration", "write 5", 5),
]


@pytest.mark.parametrize(("model", "sent", "field", "words", "corrected"), CASES)
def test_each_problem_is_said(model: str, sent: Any, field: str, words: str, corrected: Any) -> None:
    made = contract(MODELS)
    found = made.validate(made.find_model(model), sent)
    problems = [problem for problem in found if problem.field == field and words in problem.message]
    assert len(problems) == 1, found
    assert problems[0].severity == "error"
    assert problems[0].corrected == corrected
    assert type(problems[0].corrected) is type(corrected)


@pytest.mark.parametrize(
    ("model", "sent"),
    [
        (IMAGE, {"prompt": "a sign"}),
        (IMAGE, {"prompt": "x", "aspect_ratio": "1:1", "n": 2}),
        (IMAGE, {"prompt": "the boat of <Picture 1>"}),
        (VIDEO, {"feature": "text-to-video", "prompt": "x", "duration": 10}),
    ],
)
def test_what_is_right_draws_no_objection(model: str, sent: Any) -> None:
    made = contract(MODELS)
    assert made.validate(made.find_model(model), sent) == ()


def test_unknown_field_of_an_open_body_only_warns() -> None:
    made = contract(MODELS)
    sent = {"feature": "text-to-video", "prompt": "x", "durations": 5}
    (problem,) = made.validate(made.find_model(VIDEO), sent)
    assert (problem.severity, problem.field) == ("warning", "durations")
    assert "did you mean duration?" in problem.message


def test_undocumented_fields_are_unchecked_in_one_sentence() -> None:
    schema = {"type": "object", "properties": {"prompt": {}}}
    made = contract(document({"/generation/a/b": body(schema, **{"x-fields": "unknown"})}))
    (problem,) = made.validate(made.find_model("a/b"), {"prompt": "x", "size": 1, "q": 2})
    assert problem.severity == "unchecked"
    assert "size or q" in problem.message


def test_a_placeholder_within_a_sentence_only_warns() -> None:
    made = contract(MODELS)
    (problem,) = made.validate(made.find_model(IMAGE), {"prompt": "a badge that says <your name here>"})
    assert problem.severity == "warning"


def test_errors_come_before_warnings_and_the_union_first() -> None:
    made = contract(MODELS)
    problems = made.validate(made.find_model(VIDEO), {"prompt": 5, "extra": 1})
    assert problems[0].field == "feature"
    assert [problem.severity for problem in problems] == ["error"] * (len(problems) - 1) + ["warning"]


@pytest.mark.parametrize(("absent", "wrong"), [(True, 0), (False, 1)])
def test_null_is_absent_only_where_the_schema_says_so(absent: bool, wrong: int) -> None:
    schema = {"type": "object", "properties": {"seed": {"type": "integer"}}, "x-null-is-absent": absent}
    made, endpoint = of_schema(schema)
    assert len(made.validate(endpoint, {"seed": None})) == wrong


def test_discriminator_mapping_names_the_branch() -> None:
    animal = {"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string"}}}
    union = {
        "oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}],
        "discriminator": {"propertyName": "kind", "mapping": {"c": "#/components/schemas/Cat", "d": "Dog"}},
    }
    made, endpoint = of_schema(union, schemas={"Cat": {**animal, "required": ["kind", "paw"]}, "Dog": animal})
    (missing,) = made.validate(endpoint, {"kind": 5})
    assert (missing.field, missing.allowed) == ("kind", ["c", "d"])


def test_a_schema_without_end_is_no_traceback() -> None:
    endless = {"A": {"allOf": [{"$ref": "#/components/schemas/A"}]}}
    made, endpoint = of_schema({"$ref": "#/components/schemas/A"}, schemas=endless)
    (problem,) = made.validate(endpoint, {"x": 1})
    assert problem.severity == "unchecked"


def test_importing_the_package_imports_no_third_party() -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import generate_media.contract; "
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'jsonschema', 'yaml', 'referencing', 'attr', 'regex'}))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(BUNDLE / "scripts")], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


READ_ONLY = {"type": "string", "readOnly": True}
OWNED: list[Any] = [
    {"type": "object", "required": ["id", "name"], "properties": {"id": READ_ONLY, "name": {"type": "string"}}},
    {
        "allOf": [
            {"type": "object", "properties": {"id": READ_ONLY, "name": {"type": "string"}}},
            {"required": ["id", "name"]},
        ]
    },
    {
        "type": "object",
        "required": ["id", "name"],
        "properties": {"id": {"$ref": "#/components/schemas/Id"}, "name": {}},
    },
]


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
@pytest.mark.parametrize("schema", OWNED, ids=["plain", "allOf", "by reference"])
def test_what_only_the_provider_sets_is_not_asked_for(schema: Any, version: str) -> None:
    made, endpoint = of_schema(schema, version=version, schemas={"Id": READ_ONLY})
    assert made.validate(endpoint, {"name": "x"}) == ()
    (missing,) = made.validate(endpoint, {})
    assert missing.field == "name"
    (sent,) = made.validate(endpoint, {"name": "x", "id": "5"})
    assert (sent.field, sent.severity) == ("id", "warning")
    assert "read-only" in sent.message


CAT = {"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string"}, "paw": {"type": "integer"}}}
TWO = {"oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}]}
DOG = {**CAT, "properties": {"kind": {"type": "string"}, "tail": {"type": "integer"}}}


@pytest.mark.parametrize(
    ("discriminator", "sent", "field"),
    [
        ({"mapping": {"c": "Cat", "d": "#/components/schemas/Dog"}}, {"kind": "c", "paw": 1}, None),
        ({"mapping": {"c": "Cat", "d": "#/components/schemas/Dog"}}, {"kind": "c", "paw": "x"}, "paw"),
        ({"mapping": {"c": "Cat", "d": "#/components/schemas/Dog"}}, {"kind": "d", "paw": "x"}, None),
        ({"mapping": {"c": "Cat", "d": "#/components/schemas/Dog"}}, {"kind": "e"}, "kind"),
        ({"mapping": {"c": "Cat", "d": "#/components/schemas/Dog"}}, {"paw": 1}, "kind"),
        ({}, {"kind": "Dog"}, None),
        ({}, {"kind": "Bird"}, "kind"),
    ],
)
@pytest.mark.parametrize("keyword", ["oneOf", "anyOf"])
def test_a_discriminator_decides_branches_that_overlap(keyword: str, discriminator: Any, sent: Any, field: Any) -> None:
    union = {keyword: TWO["oneOf"], "discriminator": {"propertyName": "kind", **discriminator}}
    made, endpoint = of_schema(union, schemas={"Cat": CAT, "Dog": DOG})
    errors = [problem for problem in made.validate(endpoint, sent) if problem.severity == "error"]
    assert [problem.field for problem in errors] == ([field] if field else [])
    if field == "kind" and "kind" in sent:
        assert errors[0].allowed == (list(discriminator.get("mapping", {})) or ["Cat", "Dog"])


@pytest.mark.parametrize("keyword", ["oneOf", "anyOf"])
@pytest.mark.parametrize("more", [{}, {"type": "object"}], ids=["", "with a type"])
@pytest.mark.parametrize("cat", [CAT, {**CAT, "nullable": True}], ids=["", "a branch takes null itself"])
def test_null_is_taken_beside_a_union(keyword: str, more: Any, cat: Any) -> None:
    field = {keyword: [{"$ref": "#/components/schemas/Cat"}, {"type": "string"}], "nullable": True, **more}
    whole = {"type": "object", "properties": {"pet": field}}
    made, endpoint = of_schema(whole, version="3.0.3", schemas={"Cat": cat})
    assert made.validate(endpoint, {"pet": None}) == ()
    assert made.validate(endpoint, {"pet": {"kind": "c"}}) == ()
    assert made.validate(endpoint, {"pet": 5}) != ()


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([-1, *range(4, 31)], "-1 or 4 to 30"),
        ([1, 2, 3], "1, 2 or 3"),
        ([True, 2, 3, 4, 5, 6.0], "true, 2 to 5 or 6.0"),
        (range(200, 0, -2), ", ".join(str(value) for value in range(200, 152, -2)) + " or 76 more"),
    ],
)
def test_what_is_allowed_is_told_in_few_words(values: Sequence[Any], told: str) -> None:
    assert listed(values) == told
