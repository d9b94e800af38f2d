"""Documents as they are met: one model's own, forms, bodies that nobody can check, and what a list must not lose."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conftest import Desk
from contract.documents import body, contract, document
from generate_media.contract.catalog import open_contract
from generate_media.contract.load import BrokenDocument
from generate_media.contract.report import describe, list_endpoints

FIELDS = {"type": "object", "required": ["prompt"], "properties": {"prompt": {"type": "string"}}}
HOST = "https://open.skills.video"


def written(folder: Path, paths: dict[str, Any], **more: Any) -> str:
    (folder / "own.json").write_text(json.dumps(document(paths, **more)))
    return str(folder / "own.json")


@pytest.mark.parametrize(
    ("server", "path"),
    [
        (f"{HOST}/api/v1/generation/acme/x-image", "/"),
        (f"{HOST}/api/v1/generation/sse/acme/x-image", "/"),
        (f"{HOST}/api/v1/generation", "/acme/x-image"),
        (f"{HOST}/api/v1/generation/acme", "/x-image/"),
        (f"{HOST}/api/v1", "/generation/acme/x-image"),
        (f"{HOST}/api", "/v1/generation/acme/x-image"),
        ("", "/api/v1/generation/acme/x-image"),
    ],
)
def test_a_models_own_document_means_its_model(desk: Desk, tmp_path: Path, server: str, path: str) -> None:
    own = written(tmp_path, {path: body(FIELDS)}, servers=[{"url": server}])
    for named in ((), ("--model", "acme/x-image")):
        ran = desk.call("create_and_wait", "--dry-run", "--openapi", own, *named, "--prompt", "x")
        assert (ran.code, ran.last["model"]) == (0, "acme/x-image"), ran.out
        assert ran.last["url"].startswith(f"{HOST}/api/v1/generation/")
        assert ran.last["url"].endswith("/acme/x-image")


def test_a_document_that_does_not_describe_what_is_asked_for_is_told(desk: Desk, tmp_path: Path) -> None:
    own = written(tmp_path, {"/v1/generation/acme/x-image": body(FIELDS)})
    ran = desk.call("create_and_wait", "--dry-run", "--openapi", own, "--model", "openai/sora-2", "--prompt", "x")
    assert ran.last["model"] == "openai/sora-2"
    assert any("no document given with --openapi describes" in said for said in ran.last["unchecked"])


@pytest.mark.parametrize(
    ("media", "sent", "unchecked"),
    [
        ("application/json", "application/json", False),
        ("application/vnd.acme+json; charset=utf-8", "application/json", False),
        ("multipart/form-data", "multipart/form-data", False),
        ("text/plain", "application/json", True),
    ],
)
def test_a_body_goes_as_the_document_says(desk: Desk, tmp_path: Path, media: str, sent: str, unchecked: bool) -> None:
    own = written(tmp_path, {"/v1/generation/acme/x-image": body(FIELDS, media)})
    words = ("--openapi", own, "--model", "acme/x-image", "--payload", '{"prompt": "x"}')
    ran = desk.call("create_and_wait", "--dry-run", *words)
    assert ran.last["headers"]["Content-Type"] == sent
    assert any("neither JSON nor a form" in said for said in ran.last["unchecked"]) is unchecked
    made = open_contract("skills_video", [Path(own)])
    shown = describe(made, made.find_model("acme/x-image"), (), template=True, full=False)
    assert ("body_unchecked" in shown) is unchecked


def test_a_form_that_is_not_sent_is_refused_and_never_silently_json(desk: Desk, tmp_path: Path) -> None:
    own = written(tmp_path, {"/v1/generation/acme/x-image": body(FIELDS, "application/x-www-form-urlencoded")})
    words = ("--dry-run", "--openapi", own, "--model", "acme/x-image", "--prompt", "x")
    ran = desk.call("create_and_wait", *words)
    assert (ran.code, ran.last["error"]) == (22, "body_form"), ran.out
    assert "--no-validate" in " ".join(ran.last["guidance"])
    loose = desk.call("create_and_wait", *words, "--no-validate")
    assert (loose.code, loose.last["headers"]["Content-Type"]) == (0, "application/json")
    assert any("urlencoded" in said for said in loose.last["warnings"])


def test_multipart_alone_reaches_the_server_as_multipart(desk: Desk, tmp_path: Path) -> None:
    own = written(tmp_path, {"/v1/generation/acme/x-image": body(FIELDS, "multipart/form-data")})
    ran = desk.run("--openapi", own, "--model", "acme/x-image", "--prompt", "as a form", "--no-download")
    assert (ran.code, ran.last["ok"]) == (0, True), ran.out


def test_required_parameters_are_shown() -> None:
    parameters = [
        {"name": "X-Workspace", "in": "header", "required": True, "schema": {"type": "string"}},
        {"$ref": "#/components/parameters/Version"},
        {"name": "trace", "in": "query", "schema": {"type": "string"}},
    ]
    version = {"name": "version", "in": "query", "required": True, "schema": {"type": "integer", "default": 2}}
    made = contract(
        document({"/x": body(FIELDS, parameters=parameters)}, components={"parameters": {"Version": version}})
    )
    shown = describe(made, made.find_endpoint("/x"), (), template=False, full=False)["parameters"]
    assert shown == [
        {"name": "X-Workspace", "in": "header", "type": "string"},
        {"name": "version", "in": "query", "type": "integer", "default": 2},
    ]


def test_fragments_tell_two_calls_apart_and_are_not_sent(desk: Desk, tmp_path: Path) -> None:
    fields = {**FIELDS, "properties": {**FIELDS["properties"], "strength": {"type": "number"}}}  # type: ignore[dict-item]
    paths = {"/v1/generation/acme/x-image#text": body(FIELDS), "/v1/generation/acme/x-image#edit": body(fields)}
    own = written(tmp_path, paths)
    made = open_contract("skills_video", [Path(own)])
    assert made.find_endpoint("/v1/generation/acme/x-image#edit").path == "/generation/acme/x-image#edit"
    words = ("--openapi", own, "--endpoint", "/v1/generation/acme/x-image#edit", "--prompt", "x", "--set", "strength=1")
    ran = desk.call("create_and_wait", "--dry-run", *words)
    assert (ran.last["url"], ran.last["warnings"]) == (f"{HOST}/api/v1/generation/acme/x-image", [])


SLY = "/generation/acme/../../../steal"
# a document's path, server and marks, of which one would take the key out of the base URL
LEADING_ELSEWHERE: dict[str, tuple[str, str, dict[str, str]]] = {
    "dots": (f"/v1{SLY}", "", {}),
    "dots at the end": ("/v1/generation/acme/..", "", {}),
    "a dot": ("/v1/generation/./x", "", {}),
    "escaped dots": ("/v1/generation/acme/%2e%2E/%2e%2e/x", "", {}),
    "dots before a fragment": (f"/v1{SLY}#text", "", {}),
    "backslashes": ("/v1/generation/acme\\..\\x", "", {}),
    "another host": ("//evil.example/v1/generation/acme/x", "", {}),
    "a query": ("/v1/generation/acme/x?to=evil", "", {}),
    "a line": ("/v1/generation/acme/x\n/../y", "", {}),
    "a server with dots": ("/", f"{HOST}/api/v1{SLY}", {}),
    "a twin": ("/v1/acme", "", {"x-mode": "sse", "x-kind": "image", "x-twin": SLY}),
    "a query path": ("/v1/acme", "", {"x-mode": "poll", "x-kind": "image", "x-query": SLY}),
}


@pytest.mark.parametrize("case", LEADING_ELSEWHERE)
def test_a_path_that_leads_elsewhere_is_no_endpoint(desk: Desk, tmp_path: Path, case: str) -> None:
    path, server, marks = LEADING_ELSEWHERE[case]
    own = written(tmp_path, {path: body(FIELDS, **marks)}, servers=[{"url": server or f"{HOST}/api"}])
    endpoint = ("--endpoint", "/acme") if marks else ("--model", "acme/x")
    sent = desk.run("--openapi", own, *endpoint, "--prompt", "x", "--no-validate", "--no-download")
    assert (sent.code, sent.last["error"], desk.creates()) == (2, "broken_document", 0), sent.out
    assert "no path of an endpoint" in sent.last["message"]
    with pytest.raises(BrokenDocument, match="no path of an endpoint"):
        desk.call("inspect_openapi", "--renew", own, "--provider", "skills.video")


def test_the_words_of_a_mapping_are_shown() -> None:
    cat = {"type": "object", "required": ["kind"], "properties": {"kind": {"type": "string"}, "paw": {}}}
    union = {
        "oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}],
        "discriminator": {"propertyName": "kind", "mapping": {"c": "Cat", "d": "#/components/schemas/Dog"}},
    }
    made = contract(document({"/x": body(union)}, components={"schemas": {"Cat": cat, "Dog": cat}}))
    shown = describe(made, made.find_endpoint("/x"), (), template=False, full=False)
    words = [value for row in shown["fields"] if row["name"] == "kind" for value in row["allowed_values"]]
    assert words == ["c", "d"]


def test_what_a_list_leaves_out_is_named() -> None:
    paths = {"/x": {**body(FIELDS), "query": {"responses": {}}, "additionalOperations": {"COPY": {}}}}
    made = contract(document(paths, webhooks={"done": {"post": {}}}, version="3.2.0"))
    assert list_endpoints(made, None, None)["not_shown"] == ["webhook done", "QUERY /x", "COPY /x"]
