"""Endpoints however they are written, twins, models, the user's own documents."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from contract.documents import MODELS, body, contract, document
from generate_media.contract.catalog import open_contract
from generate_media.core.errors import NotFound

SSE, POLL = "/generation/sse/google/pro", "/generation/google/pro"


@pytest.mark.parametrize(
    ("written", "path"),
    [
        (POLL, POLL),
        ("generation/google/pro", POLL),
        ("/generation/google/pro/", POLL),
        ("POST /v1/generation/google/pro", POLL),
        ("post /api/v1/generation/google/pro", POLL),
        ("https://open.skills.video/api/v1/generation/google/pro?x=1", POLL),
        ("http://127.0.0.1:8787/api/v1/generation/google/pro#a", POLL),
        ("`/Generation/Google/Pro`", POLL),
        (SSE, SSE),
        ("v1/generation/sse/google/pro", SSE),
        ("google/pro", SSE),
        ("/generation/{task_id}", "/generation/{id}"),
        ("GET /generation/gen_123", "/generation/{id}"),
    ],
)
def test_an_endpoint_is_found_however_it_is_written(written: str, path: str) -> None:
    assert contract(MODELS).find_endpoint(written).path == path


def test_an_undocumented_twin_is_inferred_and_said() -> None:
    made = contract(MODELS)
    for path in (SSE, POLL):
        endpoint = made.find_endpoint(path, create_only=True)
        assert (endpoint.sse_path, endpoint.poll_path, endpoint.twin_inferred) == (SSE, POLL, True)
        assert endpoint.streams is (path == SSE)
        assert endpoint.query_path == "/generation/{id}"
    assert made.find_model("kling/o3/video").twin_inferred is False


@pytest.mark.parametrize("asked", ["google/proo", "/generation/google/prro", "o3/vidoe"])
def test_what_is_missing_comes_with_suggestions(asked: str) -> None:
    made = contract(MODELS)
    find = made.find_endpoint if asked.startswith("/") else made.find_model
    with pytest.raises(NotFound) as caught:
        find(asked)
    assert caught.value.details["suggestions"]
    assert caught.value.exit_code == 23


def test_a_model_is_found_by_its_unique_last_segment_only() -> None:
    twice = document({"/generation/a/pro": body({}), "/generation/b/pro": body({}), "/generation/b/solo": body({})})
    made = contract(twice)
    assert made.find_model("solo").model == "b/solo"
    with pytest.raises(NotFound) as caught:
        made.find_model("pro")
    assert caught.value.details["suggestions"] == ["a/pro", "b/pro"]


def test_models_have_modes_required_fields_and_variants() -> None:
    pro, kling = contract(MODELS).models()
    assert (pro.id, pro.modes, pro.required, pro.variants) == ("google/pro", ("sse", "poll"), ("prompt",), ())
    assert (kling.id, kling.kind, kling.variants) == ("kling/o3/video", "video", ("Text", "Frames"))


def test_the_users_document_stands_before_the_bundled_one(tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    paths = {
        "/v1/generation/google/nano-banana-pro": body({"required": ["mine"]}),
        "/v1/generation/{task}": {"get": {"responses": {}}},
    }
    file.write_text(json.dumps(document(paths, servers=[{"url": "/api"}])), encoding="utf-8-sig")
    made = open_contract("skills_video", [file])
    endpoint = made.find_model("google/nano-banana-pro")
    assert endpoint.path == "/generation/sse/google/nano-banana-pro"
    assert [problem.field for problem in made.validate(endpoint, {})] == ["mine"]
    assert endpoint.query_path == "/generation/{task}"
    assert made.find_model("openai/sora-2").query_path == "/generation/{task}"


@pytest.mark.parametrize("protocol", ["skills_video", "agnes", "agcloud"])
def test_each_bundled_model_has_a_way_to_be_made(protocol: str) -> None:
    made = open_contract(protocol)
    assert made.models()
    for info in made.models():
        endpoint = made.find_model(info.id, kind=info.kind)
        assert endpoint.creates
        assert endpoint.sse_path or endpoint.poll_path or endpoint.synchronous


def test_a_broken_reference_does_not_stop_a_list() -> None:
    made = contract(document({"/a": {"post": {"requestBody": {"$ref": "#/nowhere"}}}, "/b": body({})}))
    assert [endpoint.path for endpoint in made.endpoints] == ["/a", "/b"]
    with pytest.raises(Exception, match="leads nowhere"):
        made.validate(made.find_endpoint("/a"), {})


def test_the_kind_of_an_own_document_comes_from_the_snapshot_or_the_names(tmp_path: Path) -> None:
    paths = {f"/v1/generation/{name}": body({}) for name in ("openai/sora-2", "acme/lip-video", "acme/thing")}
    paths["/v1/generation/acme/tagged"] = body({}, tags=["Image generation"], summary="video to image")
    (tmp_path / "mine.json").write_text(json.dumps(document(paths)))
    made = open_contract("skills_video", [tmp_path / "mine.json"])
    names = ("openai/sora-2", "acme/lip-video", "acme/thing", "acme/tagged")
    kinds = {name: made.find_model(name).kind for name in names}
    assert kinds == {"openai/sora-2": "video", "acme/lip-video": "video", "acme/thing": "", "acme/tagged": "image"}
