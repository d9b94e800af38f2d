"""Broken documents, YAML, neighbours, and OpenAPI 3.0's own words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from contract.documents import body, contract, document, of_schema
from generate_media.contract.catalog import open_contract
from generate_media.contract.load import BrokenDocument, document_from_bytes, read_document
from generate_media.core.errors import UsageError


@pytest.mark.parametrize(
    ("text", "words", "line", "column"),
    [
        ('{"openapi": "3.1.0",\n "paths": {,}}', "broken JSON", 2, 12),
        ("openapi: 3.1.0\npaths: [\n", "broken YAML", 3, 1),
        ('{"openapi": "3.1.0",\n "x": NaN}', "NaN is not JSON", 2, 7),
        ('{"swagger": "2.0"}', "convert", None, None),
        ('{"openapi": "3.1.0", "paths": []}', "`paths` is not an object", None, None),
        ("[]", "object", None, None),
        ("", "object", None, None),
        ("[" * 100_000, "nested too deep", None, None),
    ],
)
def test_a_broken_document_is_one_error_with_its_place(text: str, words: str, line: Any, column: Any) -> None:
    with pytest.raises(BrokenDocument) as caught:
        document_from_bytes(text.encode(), "doc")
    assert words in caught.value.message
    assert (caught.value.details.get("line"), caught.value.details.get("column")) == (line, column)
    assert caught.value.exit_code == 2


def test_what_is_not_utf8_is_said_with_its_place() -> None:
    with pytest.raises(BrokenDocument) as caught:
        document_from_bytes(b'{"openapi": "3.1.0",\n "x": "\xff"}', "doc")
    assert (caught.value.details["line"], caught.value.details["column"]) == (2, 8)


def test_yaml_means_what_its_author_wrote() -> None:
    """YAML 1.1 would read 16:9 as 969, on as true, a date as no text, and 200 as a number."""
    text = "openapi: 3.0.0\npaths: {}\nx: {ratios: [16:9, on, 2026-01-02], 200: ok, yes: 1.5, n: 010, o: null}\n"
    found = document_from_bytes(b"\xef\xbb\xbf" + text.encode(), "doc.yaml").root["x"]
    assert found == {"ratios": ["16:9", "on", "2026-01-02"], "200": "ok", "yes": 1.5, "n": 10, "o": None}


def test_neighbours_in_the_folder_are_followed_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "parts.yaml").write_text("Body:\n  required: [prompt]\n  $ref: 'more.json#/x'\n")
    (folder / "more.json").write_text('{"x": {"type": "object"}}')
    (tmp_path / "secret.json").write_text("{}")
    paths = {
        "/good": body({"$ref": "parts.yaml#/Body"}),
        "/bad": body({"$ref": "../secret.json"}),
        "/net": body({"$ref": "https://a.test/x.json"}),
        "/gone": body({"$ref": "none.json"}),
    }
    (folder / "api.json").write_text(json.dumps(document(paths), indent=1))
    made = open_contract("", [folder / "api.json"])
    assert [problem.field for problem in made.validate(made.find_endpoint("/good"), {})] == ["prompt"]
    for path, words in (("/bad", "outside"), ("/net", "network"), ("/gone", "cannot be read")):
        with pytest.raises(BrokenDocument, match=words) as caught:
            made.validate(made.find_endpoint(path), {})
        assert caught.value.details["line"] > 1


@pytest.mark.parametrize("hidden", ["http://127.0.0.1:9/x.json", "https://a.test/y#/z"])
def test_a_schema_with_its_own_base_is_not_fetched_either(hidden: str, tmp_path: Path) -> None:
    """jsonschema by itself would open the connection."""
    (tmp_path / "s.json").write_text(json.dumps({"$id": "https://a.test/s", "properties": {"x": {"$ref": hidden}}}))
    (tmp_path / "api.json").write_text(json.dumps(document({"/x": body({"$ref": "s.json"})})))
    made = open_contract("", [tmp_path / "api.json"])
    with pytest.raises(BrokenDocument, match="nothing is fetched"):
        made.validate(made.find_endpoint("/x"), {"x": 1})


@pytest.mark.parametrize(
    "media", ["application/json; charset=utf-8", "application/problem+json", "multipart/form-data", "*/*"]
)
def test_a_body_is_found_under_any_content_type(media: str) -> None:
    made = contract(document({"/x": body({"required": ["a"], "type": "object"}, media)}))
    assert [problem.field for problem in made.validate(made.find_endpoint("/x"), {})] == ["a"]


def test_references_in_path_items_request_bodies_and_media_are_followed() -> None:
    root = document(
        {"/x": {"$ref": "#/components/pathItems/X"}},
        components={
            "pathItems": {"X": {"post": {"requestBody": {"$ref": "#/components/requestBodies/A"}}}},
            "requestBodies": {"A": {"$ref": "#/components/requestBodies/B"}, "B": body({"required": ["a"]})["post"]},
        },
    )
    root["components"]["requestBodies"]["B"] = root["components"]["requestBodies"]["B"]["requestBody"]
    made = contract(root)
    assert [problem.field for problem in made.validate(made.find_endpoint("/x"), {})] == ["a"]


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"type": "string", "nullable": True}, None, 5),
        ({"type": "string", "enum": ["a"], "nullable": True}, None, "b"),
        ({"$ref": "#/components/schemas/N", "nullable": True}, None, "x"),
        ({"type": "number", "minimum": 1, "exclusiveMinimum": True}, 1.5, 1),
        ({"type": "number", "maximum": 1, "exclusiveMaximum": False}, 1, 2),
        ({"oneOf": [{"type": "string"}], "nullable": True}, None, 5),
        ({"$ref": "#/components/schemas/N", "type": "string"}, 7, "x"),
        ({"type": "array", "items": [{"type": "string"}]}, ["a", 1], [1]),
    ],
)
def test_openapi_30_words(schema: Any, good: Any, bad: Any) -> None:
    made, endpoint = of_schema(schema, version="3.0.3", schemas={"N": {"type": "integer"}})
    assert made.validate(endpoint, good) == ()
    assert made.validate(endpoint, bad)


def test_a_file_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read") as caught:
        read_document(tmp_path / "none.json")
    assert caught.value.code == "unreadable_file"


@pytest.mark.parametrize(
    "odd",
    [
        {"required": True},
        {"required": "a"},
        {"properties": None},
        {"properties": ["a"]},
        {"properties": {"a": None}},
        {"type": "file"},
        {"type": []},
        {"enum": "a"},
        {"allOf": {}},
        {"oneOf": []},
        {"minimum": "5"},
        {"minLength": -1},
        {"pattern": r"^\p{L}+$"},
        {"patternProperties": {"[": {}}},
        {"exclusiveMinimum": "1"},
        {"multipleOf": 0},
        {"items": "string"},
        {"additionalProperties": "yes"},
        {"discriminator": "kind", "oneOf": [{"type": "object"}, {"type": "string"}]},
        {"discriminator": {"propertyName": "k", "mapping": []}, "oneOf": [{"type": "object"}, {"type": "string"}]},
        {"default": {"$ref": "#/nowhere"}},
        {"dependentRequired": {"a": "b"}},
        {"examples": 5, "example": {"$ref": 7}, "description": 5, "title": ["x"]},
    ],
)
def test_what_makes_no_sense_stops_nothing(odd: Any) -> None:
    """A keyword that is not what it must be says nothing; what stands beside it still counts."""
    from generate_media.contract.report import describe

    made, endpoint = of_schema({"type": "object", "properties": {"n": {"type": "integer"}, "odd": odd}, **odd})
    for sent in ({"n": 1}, {"n": 1, "odd": "x"}, {"n": 1, "odd": {"a": 1}}, {"n": 1, "odd": 5}):
        made.validate(endpoint, sent)
    assert describe(made, endpoint, [], template=True, full=True)["fields"] is not None
    if not {"type", "properties", "allOf", "oneOf"} & set(odd):
        assert "n" in [problem.field for problem in made.validate(endpoint, {"n": "x"})]
