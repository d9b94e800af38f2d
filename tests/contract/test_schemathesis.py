"""schemathesis's generator fills the templates' gaps; jsonschema says whether the requests are valid then."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st
from jsonschema import Draft202012Validator

from contract.fetch_documents import CACHE
from generate_media.contract.catalog import Contract
from generate_media.contract.load import read_document
from generate_media.contract.refs import closure
from generate_media.contract.source import make_source
from generate_media.contract.template import filled, make_template
from generate_media.core.paths import REFERENCES

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed: pip install schemathesis")
DOCUMENTS = [*sorted(REFERENCES.glob("*.openapi.json")), *(CACHE / f"{n}.json" for n in ("github", "openai", "asana"))]
MOST = 60


def values_for(gap: Any) -> Any:
    """A strategy for a gap: the body of a one-operation document whose schema is the gap's."""
    plain = json.loads(json.dumps(closure(gap.schema)).replace("#/$defs/", "#/components/schemas/"))
    definitions = plain.pop("$defs", {})
    body = {"required": True, "content": {"application/json": {"schema": plain}}}
    document = {
        "openapi": "3.1.0",
        "info": {"title": "gap", "version": "1"},
        "paths": {"/gap": {"post": {"requestBody": body, "responses": {"200": {"description": "ok"}}}}},
        "components": {"schemas": definitions},
    }
    cases = schemathesis.openapi.from_dict(document)["/gap"]["POST"].as_strategy()
    return cases.map(lambda case: case.body)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.stem)
def test_templates_are_filled_and_valid(path: Path) -> None:
    if not path.exists():
        pytest.skip(f"{path.name} not fetched: make documents")
    made = Contract([make_source(read_document(path))])
    operations = [e.operation for e in made.endpoints if e.operation is not None and e.operation.takes_json]
    done = 0
    for operation in operations[:: max(1, len(operations) // MOST)]:
        fill(operation)
        done += 1
    assert done


def fill(operation: Any) -> None:
    """Two fillings of one operation's template, each judged by jsonschema."""
    template = make_template(operation.schema, operation.definitions)
    validator = Draft202012Validator(operation.schema)

    def judge(values: Any) -> None:
        errors = [error.message for error in validator.iter_errors(filled(template, values))]
        assert not errors, f"{operation.path}: {errors}"

    quiet = settings(
        max_examples=2, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    quiet(given(st.tuples(*(values_for(gap) for gap in template.fill_in)))(judge))()
