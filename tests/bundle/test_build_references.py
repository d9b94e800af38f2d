"""The bundled skills.video contract says what the field tables say, and the committed files are what they give."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

ROOT = Path(__file__).resolve().parents[2]
REFERENCES = ROOT / "references"
SOURCES = ROOT / "tools" / "sources"
BUILDER = ROOT / "tools" / "build_references.py"
FACTS: dict[str, Any] = json.loads((SOURCES / "skills-video-models.json").read_text(encoding="utf-8"))
DOCUMENT: dict[str, Any] = json.loads((REFERENCES / "skills-video.openapi.json").read_text(encoding="utf-8"))
SNAPSHOT = FACTS["snapshot_2026_03_20"]
NEWER = json.loads((SOURCES / "skills-video-models-2.json").read_text(encoding="utf-8"))["models"]
ROWS = {row["path"]: row for row in [*FACTS["models"], *NEWER]}
"""The newer table's word stands where both have one."""
BRANCHED = {path: row for path, row in ROWS.items() if "variants" in row}
MODELS = {path: row for path, row in ROWS.items() if "variants" not in row and path != "google/nano-banana-pro"}
# skills-video.md, "Drift seen since the 2026-03-20 snapshot"
NEW = [
    "openai/gpt-image-2", "google/veo-3.1-lite", "bytedance/seedance-2.0", "wan/wan-v2.7", "wan/wan-v2.7-pro",
    "wan/wan-v2.7-video", "wan/wan-v2.7/edit-video", "pixverse/v6", "pixverse/v6/transition",
    "xai/grok-imagine-video/extend-video", "happyhorse/happyhorse-1.0", "bytedance/seedance-2.0-fast",
]  # fmt: skip
MOVED = {"vidu/q2/text-to-image": "vidu/q2", "lightricks/ltx-2.3": "ltx-2.3"}
SAMPLES = {"string": "x", "integer": 5, "number": 5, "number?": 5, "boolean": True}
URL = "https://files.example/a"


def operation(path: str) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["paths"][path]["post"]
    return found


@cache
def validator(model: str) -> Draft202012Validator:
    """An independent check: jsonschema on the document as it stands."""
    body = operation(f"/generation/{model}")["requestBody"]["$ref"].rsplit("/", 1)[1]
    schema = DOCUMENT["components"]["requestBodies"][body]["content"]["application/json"]["schema"]
    return Draft202012Validator({**schema, "components": DOCUMENT["components"]})


def accepts(model: str, body: dict[str, Any]) -> bool:
    return validator(model).is_valid(body)


def sample(name: str, field: dict[str, Any]) -> Any:
    if "text-image, reference, or frames" in field.get("description", ""):
        return "frames"
    if "const" in field or "enum" in field:
        return field.get("const", field.get("enum", [None])[0])
    if field.get("type") == "array":
        return [URL] if field["items"] == "uri" else [{}]
    if field.get("format") == "uri" or name.endswith("_url"):
        return URL
    value = SAMPLES[field["type"]]
    return max(field.get("min", value), min(value, field.get("max", value))) if isinstance(value, int) else value


def minimal(model: str) -> dict[str, Any]:
    """Required fields, the union's discriminator, and a prompt where the model has one."""
    fields = ROWS[model]["fields"]
    return {
        name: sample(name, field)
        for name, field in fields.items()
        if field.get("required") or "const" in field or name == "prompt"
    }


def cases(model: str) -> Iterator[tuple[str, Any, bool]]:
    """What the field table says of each field, at its edges: (field, value, legal)."""
    for name, field in MODELS[model]["fields"].items():
        yield name, sample(name, field), True
        yield name, {"an": "object"}, False
        if "min" in field:
            yield from ((name, field["min"], True), (name, field["min"] - 1, False))
            yield from ((name, field["max"], True), (name, field["max"] + 1, False))
        if "enum" in field:
            yield from ((name, value, True) for value in field["enum"])
            yield name, "no such value", False
        if "maxItems" in field:
            item = URL if field["items"] == "uri" else {}
            yield from ((name, [item] * field["maxItems"], True), (name, [item] * (field["maxItems"] + 1), False))
        if "maxLength" in field:
            yield from ((name, "x" * field["maxLength"], True), (name, "x" * (field["maxLength"] + 1), False))
        yield name, None, bool(field.get("nullable"))
        if field.get("type") in ("integer", "boolean"):
            yield name, "5", False
        if field.get("type") == "number?":
            yield from ((name, "5", True), (name, "five", False), (name, True, False))
        if name.endswith("_url"):
            yield name, "cat.png", False


def test_it_is_valid_openapi_3_1() -> None:
    from openapi_spec_validator import OpenAPIV31SpecValidator

    assert DOCUMENT["openapi"].startswith("3.1.")
    assert list(OpenAPIV31SpecValidator(DOCUMENT).iter_errors()) == []


def test_it_is_small_enough_to_start_fast() -> None:
    assert (REFERENCES / "skills-video.openapi.json").stat().st_size < 400_000


def test_the_snapshot_has_61_endpoints() -> None:
    assert len(SNAPSHOT["images"]) + len(SNAPSHOT["videos"]) == 61
    assert (len(FACTS["models"]), len(NEWER)) == (47, 22)


ALL = sorted({*SNAPSHOT["images"], *SNAPSHOT["videos"], *NEW, *MOVED.values(), *ROWS, "google/nano-banana-pro"})


@pytest.mark.parametrize("model", ALL)
def test_every_endpoint_has_both_twins(model: str) -> None:
    sse, poll = operation(f"/generation/sse/{model}"), operation(f"/generation/{model}")
    assert (sse["x-mode"], poll["x-mode"]) == ("sse", "poll")
    assert (sse["x-twin"], poll["x-twin"]) == (f"/generation/{model}", f"/generation/sse/{model}")
    assert sse["requestBody"] == poll["requestBody"]
    assert {sse["x-model"], poll["x-model"]} == {model}
    assert sse.get("x-flags") == poll.get("x-flags")
    assert {sse["x-query"], poll["x-query"]} == {"/generation/{id}"}
    assert "text/event-stream" in resolve(sse["responses"]["200"])["content"]
    assert set(poll["responses"]) == {
        "200", "202", "400", "401", "402", "403", "404", "422", "429", "500", "502", "503", "504",
    }  # fmt: skip


def resolve(node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        found: Any = DOCUMENT
        for part in node["$ref"][2:].split("/"):
            found = found[part]
        node = found
    return node


def test_nothing_else_is_claimed() -> None:
    paths = {f"/generation/{prefix}{model}" for model in ALL for prefix in ("", "sse/")}
    assert set(DOCUMENT["paths"]) == paths | {"/generation/{id}", "/credits"}


@pytest.mark.parametrize("kind", ["images", "videos"])
def test_kinds(kind: str) -> None:
    assert {operation(f"/generation/{model}")["x-kind"] for model in SNAPSHOT[kind]} == {kind.removesuffix("s")}


@pytest.mark.parametrize(("old", "new"), MOVED.items())
def test_moved_endpoints_say_where(old: str, new: str) -> None:
    assert operation(f"/generation/{old}")["deprecated"] is True
    assert operation(f"/generation/{old}")["x-moved-to"] == f"/generation/{new}"


@pytest.mark.parametrize("model", MODELS)
def test_a_minimal_request_is_accepted(model: str) -> None:
    assert [error.message for error in validator(model).iter_errors(minimal(model))] == []


@pytest.mark.parametrize("model", MODELS)
def test_required_fields_are_required(model: str) -> None:
    body = minimal(model)
    for name, field in MODELS[model]["fields"].items():
        if field.get("required"):
            without = {key: value for key, value in body.items() if key != name}
            assert not accepts(model, without), name


@pytest.mark.parametrize("model", MODELS)
def test_each_field_is_bound_as_its_table_says(model: str) -> None:
    for name, value, legal in cases(model):
        assert accepts(model, {**minimal(model), name: value}) == legal, (name, value)


def branches() -> Iterator[tuple[str, str]]:
    """Model and branch, of those whose fields the newer table gives."""
    for path, row in BRANCHED.items():
        yield from ((path, name) for name, branch in row["variants"]["values"].items() if branch.get("fields"))


@pytest.mark.parametrize(("model", "name"), list(branches()))
def test_each_branch_takes_its_own_fields_and_asks_for_what_it_needs(model: str, name: str) -> None:
    table = ROWS[model]
    branch, fields = table["variants"]["values"][name], table["fields"]
    needed = branch.get("required", [key for key in branch["fields"] if fields[key].get("required")])
    wanted = [key for key in needed if key not in branch.get("optional", ())]
    least = {"feature": name} | {key: sample(key, fields[key]) for key in wanted}
    assert accepts(model, least)
    for key in branch["fields"]:
        assert accepts(model, {**least, key: sample(key, fields[key])}), key
        assert not accepts(model, {**least, key: {"an": "object"}}), key
    for key in wanted:
        assert not accepts(model, {one: value for one, value in least.items() if one != key}), key


@pytest.mark.parametrize(
    ("model", "body", "legal"),
    [
        ("bytedance/seedance-2.0", {"feature": "text-image-to-video", "image_urls": [URL] * 2}, False),
        ("bytedance/seedance-2.0", {"feature": "reference-to-video", "image_urls": [URL] * 9}, True),
        ("bytedance/seedance-2.0", {"feature": "no-such"}, False),
        ("happyhorse/happyhorse-1.0", {"feature": "edit-video", "reference_image_urls": [URL] * 6}, False),
        ("happyhorse/happyhorse-1.0", {"feature": "reference-to-video", "reference_image_urls": [URL] * 9}, True),
        ("happyhorse/happyhorse-1.0", {"feature": "reference-to-video", "reference_image_urls": []}, False),
        ("xai/grok-imagine-video", {"feature": "edit-video", "resolution": "auto"}, True),
        ("xai/grok-imagine-video", {"feature": "text-image", "resolution": "auto"}, False),
        ("pixverse/v6", {"feature": "whatever its other tabs are called"}, True),
    ],
)  # fmt: skip
def test_branches_bound_the_same_field_each_in_its_own_way(model: str, body: dict[str, Any], legal: bool) -> None:
    assert accepts(model, {"prompt": "x", **body}) == legal


# skills-video.md, "OpenAPI documents in the wild", and the notes in the field tables
@pytest.mark.parametrize(
    ("model", "body", "legal"),
    [
        ("minimax/hailuo-2.3", {"resolution": "1080p", "duration": 6}, True),
        ("minimax/hailuo-2.3", {"resolution": "1080p", "duration": "6"}, True),
        ("minimax/hailuo-2.3", {"resolution": "1080p", "duration": 10}, False),
        ("minimax/hailuo-2.3", {"resolution": "1080p"}, True),
        ("minimax/hailuo-2.3", {"resolution": "768p", "duration": 10}, True),
        ("minimax/hailuo-2.3-fast", {"resolution": "1080p", "duration": "10"}, False),
        ("minimax/hailuo-2.3-fast", {"duration": 10}, True),
        ("ltx-2.3", {"prompt": None}, True),
        ("ltx-2.3", {"feature": "retake", "anything": 1}, True),
        ("ltx-2.3", {"feature": "no-such"}, False),
        ("bytedance/seedance-2.0", {"feature": "frame-to-video", "first_frame_url": URL}, True),
        ("bytedance/seedance-2.0", {"feature": "text-image-to-video", "duration": 16}, False),
        ("kling-ai/o3/video", {"feature": "some-other-workflow", "x": 1}, True),
        ("kling-ai/o1/video", {"extra": "additional properties are allowed"}, True),
        ("openai/sora-2-pro", {"seconds": 8}, True),
        ("openai/sora-2-pro", {"duration": 8}, False),
        ("bytedance/seedream-4.0", {"image_urls": [URL]}, True),
        ("bytedance/seedream-4.5", {"images": [URL]}, False),
        ("openai/gpt-image-1.5", {"sync_mode": True}, True),
    ],
)
def test_rules_across_fields_and_branches(model: str, body: dict[str, Any], legal: bool) -> None:
    assert accepts(model, {**minimal(model), **body}) == legal


@pytest.mark.parametrize(
    ("body", "legal"),
    [
        ({"audio_url": URL}, False),
        ({"audio_url": URL, "prompt": "x"}, True),
        ({"audio_url": URL, "image_url": URL}, True),
    ],
)
def test_a_sound_alone_needs_a_prompt_or_a_picture(body: dict[str, Any], legal: bool) -> None:
    assert accepts("lightricks/ltx-2.3/audio-to-video", body) == legal


def test_nano_banana_pro_is_known_in_part() -> None:
    body = {"prompt": "x", "image_urls": [URL], "aspect_ratio": "1:1", "resolution": "2K", "other": 1}
    assert accepts("google/nano-banana-pro", body)
    assert not accepts("google/nano-banana-pro", {"prompt": 5})
    assert not accepts("google/nano-banana-pro", {"image_urls": [URL]})


def test_undocumented_models_are_open_and_say_so() -> None:
    known = {*ROWS, *MOVED}
    for model in ALL:
        assert (operation(f"/generation/{model}").get("x-fields") == "unknown") == (model not in known), model
    assert accepts("google/veo-2", {"prompt": "x", "anything": [1]})
    assert not accepts("google/veo-2", {"prompt": 1})


def test_every_property_has_its_source() -> None:
    for model in ALL:
        schema = DOCUMENT["components"]["schemas"][model.replace("/", ".")]
        for branch in schema.get("oneOf", [schema]):
            marks = {field.get("x-source", branch.get("x-source")) for field in branch["properties"].values()}
            assert marks <= {"[D]", "[C]", "[I]"}, model


def test_defaults_stand_in_their_enum() -> None:
    for model in MODELS:
        schema = DOCUMENT["components"]["schemas"][model.replace("/", ".")]
        for branch in schema.get("oneOf", [schema]):
            for name, field in branch["properties"].items():
                assert "default" not in field or field["default"] in field.get("enum", [field["default"]]), name


@pytest.mark.parametrize(
    "body",
    [
        {"error": "LEGACY_STRING", "code": "VIDEO_GENERATION_INSUFFICIENT_CREDITS", "message": "…"},
        {"error": "VIDEO_GENERATION_FAILED", "message": "…"},
        {"message": "…"},
    ],
)
def test_all_error_bodies_are_described(body: dict[str, str]) -> None:
    schema = {"$ref": "#/components/schemas/Error", "components": DOCUMENT["components"]}
    assert Draft202012Validator(schema).is_valid(body)
    assert not Draft202012Validator(schema).is_valid({"detail": "…"})


@pytest.mark.parametrize(
    "answer",
    [
        {
            "id": "gen_123",
            "status": "IN_QUEUE",
            "input": {},
            "usage": {"total": 20, "subscription": 20, "permanent": 0},
        },
        {"id": "gen_123", "status": "starting", "usage": None},
        {"id": "g", "status": "FAILED", "data": None, "code": "IMAGE_GENERATION_FAILED", "message": "no"},
        {"id": "g", "status": "COMPLETED", "data": {"type": "image", "n": 1, "images": [{"url": URL, "width": 1}]}},
    ],
)
def test_documented_answers_fit_the_generation(answer: dict[str, Any]) -> None:
    schema = {"$ref": "#/components/schemas/Generation", "components": DOCUMENT["components"]}
    assert [error.message for error in Draft202012Validator(schema).iter_errors(answer)] == []


def run_builder(*args: str) -> subprocess.CompletedProcess[str]:
    """Without site-packages (-S): the builder needs the standard library alone."""
    command = [sys.executable, "-S", str(BUILDER), *args]
    environ = {**os.environ, "PYTHONPATH": f"{ROOT / 'scripts'}{os.pathsep}{ROOT / 'tools'}"}
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)


def test_committed_files_are_what_the_sources_give() -> None:
    done = run_builder("--check")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", ["skills-video.openapi.json", "image-model-endpoints.md", "video-model-endpoints.md"])
def test_check_names_a_file_that_was_edited(tmp_path: Path, name: str) -> None:
    folder = shutil.copytree(REFERENCES, tmp_path / "references")
    (folder / name).write_text((folder / name).read_text(encoding="utf-8").replace("1:1", "1:2", 1), encoding="utf-8")
    done = run_builder("--check", "--references", str(folder))
    assert done.returncode == 1
    assert name in done.stderr


def test_the_next_snapshot_is_one_run(tmp_path: Path) -> None:
    folder = shutil.copytree(REFERENCES, tmp_path / "references")
    facts = json.loads(json.dumps(FACTS))
    facts["snapshot_2027_01_01"] = facts.pop("snapshot_2026_03_20")
    facts["snapshot_2027_01_01"]["images"].append("acme/paint-9")
    fields = {"prompt": {"type": "string", "required": True}, "aspect_ratio": {"type": "string", "enum": ["1:1"]}}
    facts["models"].append({"path": "acme/paint-9", "kind": "image", "fields": fields})
    sources = shutil.copytree(SOURCES, tmp_path / "sources")
    (sources / "skills-video-models.json").write_text(json.dumps(facts), encoding="utf-8")
    places = ("--references", str(folder), "--sources", str(sources))
    assert run_builder(*places).returncode == 0
    made = json.loads((folder / "skills-video.openapi.json").read_text(encoding="utf-8"))
    assert made["x-snapshot"]["date"] == "2027-01-01"
    assert {"/generation/acme/paint-9", "/generation/sse/acme/paint-9"} <= set(made["paths"])
    assert "acme/paint-9" in (folder / "image-model-endpoints.md").read_text(encoding="utf-8")
    assert run_builder("--check", *places).returncode == 0


@pytest.mark.parametrize("kind", ["image", "video"])
def test_tables_name_every_model_of_their_kind(kind: str) -> None:
    text = (REFERENCES / f"{kind}-model-endpoints.md").read_text(encoding="utf-8")
    rows = {line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")} - {"model"}
    undocumented = set(text.rstrip().rsplit(": ", 1)[1].split(", "))
    wanted = {model for model in ALL if operation(f"/generation/{model}")["x-kind"] == kind}
    assert rows | undocumented == wanted
    assert not rows & undocumented
