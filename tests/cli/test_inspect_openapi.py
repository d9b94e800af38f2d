"""inspect_openapi.py as a person or an agent runs it: flags, keys, exit codes, tokens."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from calls import forked
from contract.documents import MODELS, body, document
from generate_media.core.paths import BUNDLE
from tokens import count

SCRIPT = BUNDLE / "scripts" / "inspect_openapi.py"
EARLIER_LIST = "category source default_result_mode default_endpoints sse_endpoints polling_endpoints poll_endpoint"
EARLIER_INSPECT = (
    "endpoint default_result_mode default_create_endpoint sse_create_endpoint polling_create_endpoint summary "
    "server_url request_schema fields prediction_status_values queue_status_values sse_subscribe_endpoint "
    "poll_endpoint error_status_codes request_template"
)
EARLIER_FIELD = "name required type description default allowed_values"


def run(*flags: str, stdin: str = "", code: int = 0) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir()
        ran = forked("inspect_openapi", *flags, home=home, stdin=stdin.encode())
    assert ran.code == code, ran.out + ran.err
    assert "Traceback" not in ran.err
    return json.loads(ran.out)


@pytest.fixture
def models(tmp_path: Path) -> str:
    path = tmp_path / "models.json"
    path.write_text(json.dumps(MODELS), encoding="utf-8-sig")
    return str(path)


def test_the_earlier_flags_and_keys_of_a_list(models: str, tmp_path: Path) -> None:
    docs = tmp_path / "docs.json"
    pages = [{"group": "Videos", "pages": ["POST /api/v1/generation/kling/o3/video"]}]
    docs.write_text(json.dumps({"navigation": [*pages, {"group": "Image", "pages": ["pro"]}]}))
    found = run("--openapi", models, "--docs", str(docs), "--category", "videos", "--list-endpoints")
    assert set(EARLIER_LIST.split()) <= set(found)
    assert found["default_endpoints"] == ["/generation/sse/kling/o3/video"]
    assert found["polling_endpoints"] == ["/generation/kling/o3/video"]
    assert found["poll_endpoint"] == "/generation/{id}"
    whole = run("--openapi", models, "--docs", str(docs), "--list-endpoints")
    assert whole["default_endpoints"] == ["/generation/sse/google/pro", "/generation/sse/kling/o3/video"]
    assert "--category videos" in whole["hint"], "pictures come first, and how to see the others alone"
    images = run("--openapi", models, "--docs", str(docs), "--category", "images", "--list-endpoints")
    assert images["inferred"] is True
    assert images["inferred_endpoints"] == ["/generation/sse/google/pro"]


def test_the_earlier_flags_and_keys_of_an_endpoint(models: str) -> None:
    flags = ("--endpoint", "v1/generation/google/pro", "--include-template", "--json-indent", "2")
    found = run("--openapi", models, *flags)
    assert set(EARLIER_INSPECT.split()) <= set(found)
    assert all(set(EARLIER_FIELD.split()) <= set(field) for field in found["fields"])
    assert found["inferred"] is True
    assert found["request_template"] == {"prompt": "<fill in prompt>"}
    assert found["fill_in"] == [{"path": "prompt", "type": "string"}]
    assert found["server_url"] == "/api"


def test_variants_are_told_apart(models: str) -> None:
    found = run("--openapi", models, "--endpoint", "kling/o3/video")
    assert found["variants"] == ["Text", "Frames"]
    assert {field["name"]: field.get("variant") for field in found["fields"] if field["name"] != "feature"} == {
        "prompt": "Text",
        "duration": "Text",
        "first_frame": "Frames",
    }
    one = run("--openapi", models, "--endpoint", "kling/o3/video", "--variant", "Frames", "--include-template")
    assert [field["name"] for field in one["fields"]] == ["feature", "first_frame"]
    assert one["request_template"]["feature"] == "frame-to-video"


def test_validate_says_every_problem_and_exits_22(models: str) -> None:
    flags = ("--openapi", models, "--endpoint", "google/pro", "--validate")
    found = run(*flags, '{"promt": "x", "n": "2"}', code=22)
    assert found["ok"] is False
    assert [(row["field"], row.get("corrected")) for row in found["problems"]] == [
        ("promt", None),
        ("prompt", None),
        ("n", 2),
    ]
    assert run(*flags, '{"prompt": "x"}')["ok"] is True
    assert run(*flags, "-", stdin='{"prompt": "x"}')["problems"] == []
    assert run(*flags, "{", code=2)["error"] == "bad_json"


def test_a_body_that_names_its_model_needs_no_endpoint() -> None:
    found = run("--validate", '{"model": "agnes-video-2.5-flash", "prompt": "x", "mode": "text", "fps": 3}', code=22)
    assert [row["field"] for row in found["problems"]] == ["fps"]


@pytest.mark.parametrize(
    ("flags", "stdin", "code", "error"),
    [
        ((), "", 2, "usage"),
        (("--frobnicate",), "", 2, "usage"),
        (("--validate", "{}"), "", 2, "usage"),
        (("--models", "--live"), "", 2, "usage"),
        (("--openapi", "/none.json", "--models"), "", 2, "unreadable_file"),
        (("--openapi", "-", "--list-endpoints"), "{", 2, "broken_document"),
        (("--openapi", "-", "--list-endpoints"), '{"swagger": "2.0"}', 2, "broken_document"),
        (("--endpoint", "google/nano-banan"), "", 23, "model_not_found"),
        (("--endpoint", "/generation/google/nano-banan"), "", 23, "endpoint_not_found"),
        (("--provider", "nobody", "--models"), "", 2, None),
    ],
)
def test_what_goes_wrong_is_one_error_object(flags: tuple[str, ...], stdin: str, code: int, error: str | None) -> None:
    found = run(*flags, stdin=stdin, code=code)
    assert found["event"] == "error"
    assert error is None or found["error"] == error
    if error == "broken_document" and stdin == "{":
        assert (found["line"], found["column"]) == (1, 2)
    if code == 23:
        assert found["suggestions"]


@pytest.mark.parametrize(
    ("flags", "advised", "renews"),
    [
        (("--endpoint", "google/nano-banan"), "--provider NAME --no-validate", True),
        (("--provider", "ark", "--endpoint", "/nix"), "--provider ark --no-validate", True),
        (("--openapi", "-", "--endpoint", "/nix"), "--provider NAME --no-validate", False),
    ],
)
def test_what_is_not_there_is_answered_with_what_can_help(flags: tuple[str, ...], advised: str, renews: bool) -> None:
    """A renewed document lies over the bundle, and is not read where the user's own is."""
    own = json.dumps({"openapi": "3.1.0", "info": {"version": "2026-10-01"}, "paths": {"/x": {"post": {}}}})
    said = " ".join(run(*flags, stdin=own, code=23)["guidance"])
    assert (advised in said, "--renew" in said) == (True, renews), said


def test_any_document_is_listed_and_diffed(tmp_path: Path) -> None:
    old, new = tmp_path / "old.yaml", tmp_path / "new.json"
    old.write_text("openapi: 3.0.0\npaths:\n  /pets:\n    get: {responses: {200: {description: ok}}}\n")
    new.write_text(json.dumps(document({"/pets": body({"type": "object"}), "/v": body({})})))
    assert run("--openapi", str(old), "--list-endpoints")["default_endpoints"] == ["GET /pets"]
    found = run("--diff", str(old), str(new))
    assert (found["removed"], found["added"], found["breaking"]) == (["GET /pets"], ["POST /pets", "POST /v"], True)


@pytest.mark.parametrize("provider", ["skills.video", "agnes", "agcloud", "ark", "byteplus"])
def test_models_of_a_provider_stay_under_2000_tokens(provider: str) -> None:
    found = run("--models", "--provider", provider)
    assert found["models"]
    assert count(json.dumps(found)) < 2000


@pytest.mark.parametrize(
    ("provider", "kinds", "own", "another"),
    [
        ("agcloud", {"video"}, "kkcc", "doubao-seedream-4-5-251128"),
        ("ark", {"image", "video"}, "doubao-seedream-4-5-251128", "seedream-4-5-251128"),
        ("byteplus", {"image", "video"}, "seedream-4-5-251128", "doubao-seedream-4-5-251128"),
    ],
)
def test_a_named_provider_lists_what_it_makes_and_no_siblings_models(
    provider: str, kinds: set[str], own: str, another: str
) -> None:
    models = run("--models", "--provider", provider)["models"]
    assert set(models) <= kinds
    assert f'"{own}"' in json.dumps(models)
    assert f'"{another}"' not in json.dumps(models)


@pytest.mark.parametrize("protocol", ["skills_video", "agnes", "agcloud"])
def test_one_endpoint_stays_under_1200_tokens(protocol: str) -> None:
    from generate_media.contract.catalog import open_contract
    from generate_media.contract.report import describe

    made = open_contract(protocol)
    sizes = {e.path: count(json.dumps(describe(made, e, [], template=True, full=False))) for e in made.creates}
    assert {path: size for path, size in sizes.items() if size >= 1200} == {}


def test_full_gives_the_whole_schema_and_every_field() -> None:
    short = run("--provider", "agcloud", "--endpoint", "/contents/generations/tasks")
    full = run("--provider", "agcloud", "--endpoint", "/contents/generations/tasks", "--full")
    assert "$defs" in full["request_schema"]
    assert "$defs" not in short["request_schema"]
    assert len(full["fields"]) > len(short["fields"])
    assert "fields_left_out" not in full


def test_help_fits_a_screen_with_three_examples() -> None:
    done = subprocess.run([sys.executable, str(SCRIPT), "--help"], capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert len(lines) <= 50
    assert sum(line.strip().startswith("inspect_openapi.py --") for line in lines) == 3
