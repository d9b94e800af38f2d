"""A contract that is renewed without a checkout: kept in the user's folder, over the bundle, by documents' dates."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

import inspect_openapi
from conftest import Desk
from contract.documents import body, document
from generate_media.contract.catalog import open_contract
from generate_media.core.paths import REFERENCES
from generate_media.events import run_document
from web import Web, http

SNAPSHOT = json.loads((REFERENCES / "skills-video.openapi.json").read_text(encoding="utf-8"))
NEW, NANO = "acme/fresh-video", "google/nano-banana-pro"
FIELDS = {
    "type": "object",
    "required": ["prompt"],
    "additionalProperties": False,
    "properties": {"prompt": {"type": "string"}, "seconds": {"type": "integer", "maximum": 8}},
}
Inspect = Callable[..., Any]


@pytest.fixture
def inspect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Inspect:
    """inspect_openapi.py by a user with a configuration folder of their own: (exit code, document)."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))

    def ran(*words: str) -> tuple[int, Any]:
        code = run_document(inspect_openapi.main, list(words))
        return code, json.loads(capsys.readouterr().out)

    return ran


def written(folder: Path, paths: dict[str, Any], date: str = "2026-12-01", **more: Any) -> str:
    root = document(paths, servers=[{"url": "/api"}], **more) | {"info": {"title": "t", "version": date}}
    (folder / "fresh.json").write_text(json.dumps(root), encoding="utf-8")
    return str(folder / "fresh.json")


def kept(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in (folder / "config").rglob("*") if file.is_file()}


def test_a_renewed_model_is_known_to_every_script(inspect: Inspect, desk: Desk, tmp_path: Path) -> None:
    assert inspect("--endpoint", NEW)[0] == 23
    code, told = inspect("--renew", written(tmp_path, {f"/v1/generation/{NEW}": body(FIELDS)}))
    assert (code, told["date"], told["diff"]["added"]) == (0, "2026-12-01", [f"POST /generation/{NEW}"])
    listed = inspect("--models", "--provider", "skills.video")[1]
    assert NEW in json.dumps(listed["models"]["video"])
    assert listed["snapshot"] == "2026-12-01"
    assert listed["snapshots"]["2026-12-01"] == 1, "the others are as old as they were"
    assert "of 2026-03-20" in listed["contract_age"]
    assert "contract_age" not in inspect("--endpoint", NEW, "--validate", "{}")[1]
    assert inspect("--endpoint", NEW, "--validate", '{"prompt":"x","seconds":9}')[0] == 22
    template = inspect("--endpoint", NEW, "--include-template")[1]["request_template"]
    assert list(template) == ["prompt"]
    ran = desk.run("--model", NEW, "--prompt", "a boat", "--duration", "5", "--no-download", "--deadline", "60")
    assert (ran.code, ran.last["ok"]) == (0, True), ran.out
    assert NANO in json.dumps(inspect("--models", "--provider", "skills.video")[1]), "the bundle's stay"
    assert inspect("--renew", "--drop")[1]["dropped"] == [told["kept"]]
    assert inspect("--endpoint", NEW)[0] == 23


def changed_snapshot() -> dict[str, Any]:
    """The bundle's document a month on, with its marks, some of which are now wrong."""
    root: dict[str, Any] = deepcopy(SNAPSHOT)
    root["info"]["version"] = "2026-12-01"
    paths = root["paths"]
    for path in [path for path in paths if "/kling-ai/" in path]:
        paths[path.replace("/kling-ai/", "/kling/")] = paths.pop(path)
    for path in ("/generation/openai/sora-2", "/generation/sse/openai/sora-2"):
        paths.pop(path, None)
    fields = root["components"]["schemas"]["google.nano-banana-pro"]["properties"]
    fields["ratio"] = fields.pop("aspect_ratio")
    return root


def unmarked(node: Any) -> Any:
    """A tree without marks of ours, titles, summaries and tags."""
    if isinstance(node, dict):
        named = {"title", "summary", "tags"}
        return {k: unmarked(v) for k, v in node.items() if not k.startswith("x-") and k not in named}
    return [unmarked(item) for item in node] if isinstance(node, list) else node


@pytest.mark.parametrize("plain", [False, True], ids=["with stale marks", "without titles"])
def test_the_difference_is_readable(inspect: Inspect, desk: Desk, tmp_path: Path, plain: bool) -> None:
    root = unmarked(changed_snapshot()) if plain else changed_snapshot()
    (tmp_path / "fresh.json").write_text(json.dumps(root))
    code, told = inspect("--renew", str(tmp_path / "fresh.json"), "--complete")
    found = told["diff"]
    assert code == 0
    assert (found["added"], found["removed"], found["gone"]) == ([], [], ["openai/sora-2"])
    moved = sum("/kling-ai/" in path for path in SNAPSHOT["paths"]) // 2
    assert found["moved_prefix"] == {"from": "/generation/kling-ai/", "to": "/generation/kling/", "calls": moved}
    (row,) = found["changed"]
    assert row["endpoint"] == f"POST /generation/{NANO}"
    (change,) = row["changes"]
    assert (change["change"], change["old"], change["new"]) == ("likely renamed", "aspect_ratio", "ratio")
    assert "new job" in told["fingerprints"]
    fresh = desk.call("create_and_wait", "--dry-run", "--model", NANO, "--prompt", "a cat", "--aspect-ratio", "1:1")
    assert fresh.last["body"] == {"prompt": "a cat", "ratio": "1:1"}
    gone = desk.call("create_and_wait", "--dry-run", "--model", "openai/sora-2", "--prompt", "a cat")
    assert gone.code == 0
    assert "gone from the contract of 2026-12-01" in " ".join(gone.last["warnings"])


@pytest.mark.parametrize(
    ("paths", "error"),
    [
        ({f"/v1/generation/{NEW}": body({"$ref": "#/components/schemas/None"})}, "broken_document"),
        ({f"/v1/generation/{NEW}": body({"$ref": "other.json"})}, "broken_document"),
        ({"/pets": {"get": {"responses": {}}}}, "provider_needed"),
        ({"/v1/generation/{id}": {"get": {"responses": {}}}}, "nothing_to_renew"),
    ],
)
def test_a_broken_document_changes_nothing(inspect: Inspect, tmp_path: Path, paths: Any, error: str) -> None:
    assert inspect("--renew", written(tmp_path, {f"/v1/generation/{NANO}": body(FIELDS)}))[0] == 0
    before = kept(tmp_path)
    code, told = inspect("--renew", written(tmp_path, paths))
    assert (code, told["error"]) == (2, error)
    assert kept(tmp_path) == before


def test_an_older_document_only_adds(inspect: Inspect, tmp_path: Path) -> None:
    paths = {f"/v1/generation/{NANO}": body(FIELDS), f"/v1/generation/{NEW}": body(FIELDS)}
    code, told = inspect("--renew", written(tmp_path, paths, date="2025-01-01"))
    assert (code, "older_than_the_bundle" in told) == (0, True)
    made = open_contract("skills_video")
    assert [p.field for p in made.validate(made.find_model(NANO), {"prompt": "x", "seconds": 5})] == ["seconds"]
    assert made.find_model(NEW).kind == "video"


def test_a_later_document_replaces_what_it_covers_and_keeps_the_rest(inspect: Inspect, tmp_path: Path) -> None:
    one, both = {f"/v1/generation/{NEW}": body(FIELDS)}, {"/v1/generation/acme/b": body(FIELDS)}
    inspect("--renew", written(tmp_path, one))
    inspect("--renew", written(tmp_path, both))
    assert len(kept(tmp_path)) == 2
    told = inspect("--renew", written(tmp_path, {**one, **both}, date="2026-12-24"))[1]
    assert (len(kept(tmp_path)), len(told["replaced"])) == (1, 2)


def test_a_url_is_fetched_without_a_key_and_docs_tell_the_kinds(inspect: Inspect, tmp_path: Path) -> None:
    file = Path(written(tmp_path, {"/api/v1/generation/acme/thing": body(FIELDS)}, date="1"))
    docs = {"navigation": {"groups": [{"group": "Video models", "pages": ["POST /api/v1/generation/acme/thing"]}]}}
    with Web(http(json.dumps(docs).encode()), http(file.read_bytes())) as web:
        code, told = inspect("--renew", web.url("/openapi.json"), "--docs", web.url("/docs.json"))
    assert code == 0, told
    assert all(b"uthorization" not in request for request in web.heard)
    assert open_contract("skills_video").find_model("acme/thing").kind == "video"
    with Web(http(b"no", status="404 Not Found")) as web:
        assert inspect("--renew", web.url())[1]["error"] == "not_fetched"
    assert inspect("--renew", "http://example.com/openapi.json")[1]["error"] == "not_https"


@pytest.mark.parametrize(
    ("poll", "stream"),
    [
        ("/generations/", "/generations/stream/"),
        ("/generation/", "/stream/generation/"),
        ("/generation/", "/generation/events/"),
        ("/v1/generation/", "/v1/generation/sse/"),
    ],
)
def test_any_prefix_of_the_stream_is_read(inspect: Inspect, tmp_path: Path, poll: str, stream: str) -> None:
    models = (NEW, "acme/b", NANO)
    paths = {prefix + model: body(FIELDS) for model in models for prefix in (poll, stream)}
    code, told = inspect("--renew", written(tmp_path, paths), "--provider", "skills.video")
    assert (code, told["models"]) == (0, 3), told
    endpoint = open_contract("skills_video").find_model(NEW)
    assert (endpoint.model, endpoint.streams, endpoint.twin_inferred) == (NEW, True, False)
    assert endpoint.sse_path == stream.removeprefix("/v1") + NEW
    assert endpoint.poll_path == poll.removeprefix("/v1") + NEW


AGNES = json.loads((REFERENCES / "agnes.openapi.json").read_text(encoding="utf-8"))


def test_a_protocol_whose_body_names_the_model_is_renewed_too(inspect: Inspect, desk: Desk, tmp_path: Path) -> None:
    """A new model, in a document without marks of ours."""
    root = unmarked(AGNES)
    root["info"]["version"] = "2026-12-05"
    root["components"]["schemas"]["ImageRequest"]["properties"]["model"]["enum"].append("agnes-image-3")
    (tmp_path / "fresh.json").write_text(json.dumps(root))
    code, told = inspect("--renew", str(tmp_path / "fresh.json"))
    assert (code, told["renewed"], told["date"]) == (0, ["agnes"], "2026-12-05")
    assert told["diff"]["not_in_this_document"] == []
    listed = inspect("--models", "--provider", "agnes")[1]
    assert "agnes-image-3" in json.dumps(listed["models"]["image"])
    words = ("--model", "agnes-image-3", "--prompt", "a cat", "--size", "1K")
    ran = desk.call("create_and_wait", "--dry-run", *words)
    assert (ran.code, ran.last["provider"]) == (0, "agnes"), ran.out
    assert ran.last["body"] == {"model": "agnes-image-3", "prompt": "a cat", "size": "1K"}
    assert not ran.last["warnings"]


def test_a_kept_document_that_was_broken_says_how_to_return(inspect: Inspect, tmp_path: Path) -> None:
    told = inspect("--renew", written(tmp_path, {f"/v1/generation/{NEW}": body(FIELDS)}))[1]
    Path(told["kept"]).write_text("{")
    code, broken = inspect("--models", "--provider", "skills.video")
    assert (code, broken["error"]) == (2, "broken_document")
    assert "--renew --drop" in " ".join(broken["guidance"])
    assert inspect("--renew", "--drop")[0] == 0
    assert inspect("--models", "--provider", "skills.video")[0] == 0


@pytest.mark.parametrize(
    ("server", "told"),
    [
        ("/api", False),
        ("https://open.skills.video/api/v1", False),
        ("", False),
        ("https://open.skills.video/api/v2", True),
    ],
)
def test_a_server_that_moved_is_told_and_not_followed(
    inspect: Inspect, desk: Desk, tmp_path: Path, server: str, told: bool
) -> None:
    file = Path(written(tmp_path, {f"/generation/{NEW}": body(FIELDS)}))
    file.write_text(json.dumps(json.loads(file.read_text()) | {"servers": [{"url": server}]}))
    code, found = inspect("--renew", str(file))
    assert (code, "server" in found) == (0, told)
    ran = desk.call("create_and_wait", "--dry-run", "--model", NEW, "--prompt", "x")
    assert ran.last["url"] == f"https://open.skills.video/api/v1/generation/{NEW}"


@pytest.mark.parametrize("more", [(), ("--provider", "skills.video")], ids=["guessed", "named"])
def test_another_version_of_the_base_is_followed(
    inspect: Inspect, desk: Desk, tmp_path: Path, more: tuple[str, ...]
) -> None:
    code, _ = inspect("--renew", written(tmp_path, {f"/v2/generation/{NEW}": body(FIELDS)}), *more)
    ran = desk.call("create_and_wait", "--dry-run", "--model", NEW, "--prompt", "x")
    assert (code, ran.last["url"]) == (0, f"https://open.skills.video/api/v2/generation/{NEW}"), ran.out
