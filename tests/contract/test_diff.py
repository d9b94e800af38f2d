"""Differences: what breaks a request that was valid before, and what does not; renewing the bundled document."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from contract.documents import MODELS, body, contract, document
from generate_media.contract.catalog import open_contract
from generate_media.contract.changes import diff
from generate_media.core.paths import REFERENCES
from skills_video.renew import renew
from skills_video.snapshot import OVERLAY, main


def with_field(schema: Any, required: bool = False) -> Any:
    properties = {"prompt": {"type": "string"}, "f": schema}
    names = ["prompt", "f"] if required else ["prompt"]
    return contract(document({"/x": body({"type": "object", "required": names, "properties": properties})}))


@pytest.mark.parametrize(
    ("old", "new", "change", "breaking"),
    [
        ({"enum": ["a", "b"]}, {"enum": ["a"]}, "values removed", True),
        ({"enum": ["a"]}, {"enum": ["a", "b"]}, "values added", False),
        ({"type": "string"}, {"type": "string", "enum": ["a"]}, "allowed_values", True),
        ({"type": "integer"}, {"type": "string"}, "type", True),
        ({"type": "integer"}, {"type": ["integer", "string"]}, "type", False),
        ({"type": "integer", "maximum": 5}, {"type": "integer", "maximum": 4}, "maximum", True),
        ({"type": "integer", "maximum": 5}, {"type": "integer", "maximum": 9}, "maximum", False),
        ({"type": "integer", "minimum": 1}, {"type": "integer"}, "minimum", False),
        ({"type": ["integer", "null"]}, {"type": "integer"}, "nullable", True),
        ({"default": 1}, {"default": 2}, "default", False),
        ({"type": "string"}, {"type": "string", "pattern": "^a"}, "pattern", True),
    ],
)
def test_a_changed_field(old: Any, new: Any, change: str, breaking: bool) -> None:
    found = diff(with_field(old), with_field(new))
    (row,) = found["changed"]
    assert [(c["field"], c["change"], c["breaking"]) for c in row["changes"]] == [("f", change, breaking)]
    assert found["breaking"] is breaking


@pytest.mark.parametrize(("before", "after", "breaking"), [(False, True, True), (True, False, False)])
def test_required(before: bool, after: bool, breaking: bool) -> None:
    assert diff(with_field({}, before), with_field({}, after))["breaking"] is breaking


def test_added_removed_and_moved_endpoints() -> None:
    old = {"/v1/generation/vidu/q2/text-to-image": body({}), "/v1/generation/a/gone": body({}), "/same": body({})}
    new = {"/v1/generation/vidu/q2": body({}), "/v1/generation/b/come": body({}), "/same": body({})}
    found = diff(contract(document(old)), contract(document(new)))
    assert found["moved"] == [{"from": "POST /generation/vidu/q2/text-to-image", "to": "POST /generation/vidu/q2"}]
    assert (found["removed"], found["added"]) == (["POST /generation/a/gone"], ["POST /generation/b/come"])
    assert found["breaking"]


def test_nothing_changed_is_nothing_said() -> None:
    found = diff(contract(MODELS), contract(MODELS))
    assert found == {"breaking": False, "added": [], "removed": [], "moved": [], "changed": []}


@pytest.fixture
def references(tmp_path: Path) -> Path:
    return Path(shutil.copytree(REFERENCES, tmp_path / "references"))


def test_the_snapshot_is_renewed_from_fresh_documents(
    references: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Unchanged fields keep their marks, changed ones are new, a new model has both twins, others stay."""
    known = json.loads((references / "skills-video.openapi.json").read_text(encoding="utf-8"))
    name = "bytedance.seedream-4.5"
    old = known["components"]["schemas"][name]
    properties = {**old["properties"], "resolution": {"type": "string", "enum": ["8K"]}}
    plain = {key: {k: v for k, v in field.items() if not k.startswith("x-")} for key, field in properties.items()}
    plain["image_urls"] = {"type": "array", "items": {"type": "string"}}
    paths = {
        "/v1/generation/bytedance/seedream-4.5": body({**old, "properties": plain}),
        "/v1/generation/acme/clip-video": body({"$ref": "#/components/schemas/C"}),
    }
    clip = {"prompt": {"type": "string"}, "seconds": {"type": "integer"}}
    schemas = {"C": {"type": "object", "required": ["prompt"], "properties": clip}}
    fresh = tmp_path / "fresh.json"
    fresh.write_text(json.dumps(document(paths, servers=[{"url": "/api"}], components={"schemas": schemas})))
    places = ["--references", str(references), "--sources", str(tmp_path)]
    assert main(["--openapi", str(fresh), *places, "--date", "2026-11-30"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["added"] == ["POST /generation/acme/clip-video"]
    assert "openai/sora-2" in printed["not_in_the_fresh_documents"]
    made = json.loads((references / "skills-video.openapi.json").read_text(encoding="utf-8"))
    now = made["components"]["schemas"][name]["properties"]
    assert now["prompt"] == old["properties"]["prompt"]
    assert now["resolution"] == {"type": "string", "enum": ["8K"], "x-source": "[D]"}
    renewed = open_contract("", [references / "skills-video.openapi.json"])
    endpoint = renewed.find_model("acme/clip-video")
    assert (endpoint.kind, endpoint.twin_inferred, endpoint.query_path) == ("video", False, "/generation/{id}")
    assert [problem.field for problem in renewed.validate(endpoint, {})] == ["prompt"]
    assert list(renewed.forms(endpoint)[0].flags) == ["prompt", "duration"]
    assert renewed.validate(renewed.find_model("openai/sora-2"), {"prompt": "x"}) == ()
    overlay = json.loads((tmp_path / OVERLAY).read_text(encoding="utf-8"))
    assert renew(known, overlay) == made, "the overlay alone must give the same document again"


def test_a_dry_run_writes_nothing(references: Path, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh.json"
    fresh.write_text(json.dumps(MODELS))
    before = {path.name: path.read_bytes() for path in references.rglob("*") if path.is_file()}
    assert main(["--openapi", str(fresh), "--references", str(references), "--dry-run"]) == 0
    assert {path.name: path.read_bytes() for path in references.rglob("*") if path.is_file()} == before
