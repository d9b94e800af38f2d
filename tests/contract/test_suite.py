"""The JSON-Schema-Test-Suite through our references, conversion and merging.

Each schema is a file beside an OpenAPI document whose request body refers to it: draft 2020-12 in a 3.1
document, draft 4 (OpenAPI 3.0's dialect) in a 3.0 document. The suite says what is valid.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contract.fetch_documents import CACHE
from generate_media.contract.catalog import Contract
from generate_media.contract.checking import is_valid
from generate_media.contract.load import BrokenDocument, document_from_bytes
from generate_media.contract.merging import merge
from generate_media.contract.source import make_source

SUITE = CACHE / "suite"
FILES_31 = sorted(path.stem for path in (SUITE / "draft2020-12").glob("*.json"))
FILES_30 = sorted(path.stem for path in (SUITE / "draft4").glob("*.json"))
NOT_FETCHED = "JSON-Schema-Test-Suite not fetched: make documents"
OWN_DIALECTS = {"vocabulary"}
"""Metaschemas of one's own, which OpenAPI documents do not bring."""
NOT_IN_30 = {"definitions", "dependencies", "id", "refRemote", "patternProperties", "additionalItems", "items"}
"""Draft 4 keywords that OpenAPI 3.0 leaves out (or, for lists of ``items``, forbids)."""


def cases(folder: str, name: str) -> Iterator[tuple[str, Any, list[dict[str, Any]]]]:
    for group in json.loads((SUITE / folder / f"{name}.json").read_text(encoding="utf-8")):
        yield group["description"], group["schema"], group["tests"]


def operation(schema: Any, version: str, folder: Path) -> Any:
    (folder / "case.json").write_text(json.dumps(schema), encoding="utf-8")
    body = {"content": {"application/json": {"schema": {"$ref": "case.json"}}}}
    text = json.dumps({"openapi": version, "paths": {"/x": {"post": {"requestBody": body}}}}).encode()
    document = document_from_bytes(text, "suite.json", folder=folder)
    return Contract([make_source(document)]).find_endpoint("POST /x").operation


def check(schema: Any, tests: list[dict[str, Any]], where: str) -> int:
    wrong = [t["description"] for t in tests if is_valid(schema, t["data"]) is not t["valid"]]
    assert not wrong, f"{where}: {wrong}"
    return len(tests)


def refusal(found: Any, tests: list[dict[str, Any]]) -> str:
    """Why a schema cannot be used here; empty when it can."""
    try:
        for test in tests:
            is_valid(found.schema, test["data"])
    except BrokenDocument as error:
        return error.message
    return ""


@pytest.mark.skipif(not FILES_31, reason=NOT_FETCHED)
@pytest.mark.parametrize("name", [name for name in FILES_31 if name not in OWN_DIALECTS])
def test_draft_2020_12(name: str, tmp_path: Path) -> None:
    """In a 3.1 document each schema decides as the suite says, and so does its merged form."""
    ran = 0
    for description, schema, tests in cases("draft2020-12", name):
        found = operation(schema, "3.1.0", tmp_path)
        refused = refusal(found, tests)
        if refused:
            assert "network" in refused, description
            assert "http://localhost:1234/" in json.dumps(schema), description
            continue
        ran += check(found.schema, tests, description)
        merged = {**merge(found.schema, found.definitions), "$defs": found.definitions}
        check(merged, tests, f"{description}, merged")
    assert ran or name == "refRemote"


@pytest.mark.skipif(not FILES_30, reason=NOT_FETCHED)
@pytest.mark.parametrize("name", [name for name in FILES_30 if name not in NOT_IN_30])
def test_draft_4_in_openapi_30(name: str, tmp_path: Path) -> None:
    """In a 3.0 document a draft 4 schema means the same: boolean bounds, ignored neighbours of ``$ref``."""
    for description, schema, tests in cases("draft4", name):
        if '"id"' in json.dumps(schema):
            continue
        found = operation(schema, "3.0.3", tmp_path)
        refused = refusal(found, tests)
        assert not refused or "network" in refused, description
        if not refused:
            check(found.schema, tests, description)
