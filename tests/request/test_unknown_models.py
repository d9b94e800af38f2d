"""Models and endpoints newer than the contract: refused with the way on, sent by convention when the user says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from conftest import Desk

URL = "https://files.example/a.png"
TASKS, PICTURES = "/contents/generations/tasks", "/images/generations"
SV = "https://open.skills.video/api/v1"


@pytest.mark.parametrize(
    ("words", "code", "near"),
    [
        (("--model", "google/veo-9"), 23, "google/veo-3.1"),
        (("--endpoint", "/generation/sse/google/nano-banan"), 23, None),
        (("--provider", "agnes", "--model", "veo-3.1"), 23, "google/veo-3.1"),
        (("--model", "agnes-image-9"), 23, "agnes-image-2.1-flash"),
        (("--model", "nobody"), 2, None),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_what_nobody_knows_is_refused_with_the_way_on(desk: Desk, words: tuple[str, ...], code: int, near: Any) -> None:
    ran = desk.call("create_and_wait", "--dry-run", *words, "--prompt", "x")
    said = " ".join(ran.last["guidance"])
    assert ran.code == code, ran.out
    assert "--no-validate" in said
    assert "inspect_openapi.py --renew" in said
    assert "--renew FILE_OR_URL takes in" in said, "one word to a shell, and no pipe"
    assert "contract of 2026-" in said, "how old it is"
    assert all("provider" in row for row in ran.last["suggestions"])
    assert near is None or near in [row["model"] for row in ran.last["suggestions"]]


CASES: list[tuple[tuple[str, ...], str, dict[str, Any]]] = [
    (("--model", "google/veo-9", "--duration", "5"), "/generation/sse/google/veo-9", {"duration": 5}),
    (("--model", "acme/x", "--kind", "image", "--image", URL), "/generation/sse/acme/x", {"image_urls": [URL]}),
    (("--endpoint", "/generation/acme/x"), "/generation/acme/x", {}),
    (("--sse-endpoint", "/api/v1/generation/sse/acme/x", "--seed", "7"), "/generation/sse/acme/x", {"seed": 7}),
    (("--model", "acme/x", "--set", "colour=red"), "/generation/sse/acme/x", {"colour": "red"}),
]


@pytest.mark.parametrize(("words", "path", "body"), CASES, ids=[" ".join(case[0]) for case in CASES])
def test_it_is_sent_by_the_convention_of_its_provider(desk: Desk, words: Any, path: str, body: Any) -> None:
    ran = desk.call("create_and_wait", "--dry-run", "--no-validate", "--prompt", "x", *words)
    assert ran.code == 0, ran.out
    assert (ran.last["provider"], ran.last["url"]) == ("skills.video", SV + path)
    assert ran.last["body"] == {"prompt": "x", **body}
    (warning,) = ran.last["warnings"]
    assert "not in the contract of 2026-03-20" in warning


@pytest.mark.parametrize(
    ("words", "path", "model"),
    [
        (("--model", "agnes-image-9", "--size", "1K"), "/v1/images/generations", "agnes-image-9"),
        (("--provider", "agnes", "--model", "new-video", "--kind", "video"), "/v1/videos", "new-video"),
        (("--model", "agnes-video-9", "--duration", "5"), "/v1/videos", "agnes-video-9"),
        (("--provider", "agnes", "--model", "agnes-video-9"), "/v1/videos", "agnes-video-9"),
        (("--provider", "agnes", "--endpoint", "/images/edits"), "/v1/images/edits", "agnes-image-2.1-flash"),
        (("--provider", "agnes", "--endpoint", "/v2/videos"), "/v2/videos", "agnes-video-2.5-flash"),
        (("--provider", "ark", "--endpoint", "/api/v4" + TASKS), "/api/v4" + TASKS, "doubao-seedance-2-5-260628"),
        (("--provider", "ark", "--endpoint", "/v4" + PICTURES), "/api/v4" + PICTURES, "doubao-seedream-5-0-pro-260628"),
    ],
)
def test_a_model_that_is_a_field_goes_to_the_usual_endpoint(desk: Desk, words: Any, path: str, model: str) -> None:
    ran = desk.call("create_and_wait", "--dry-run", "--no-validate", "--prompt", "x", *words)
    assert ran.code == 0, ran.out
    assert ran.last["url"].endswith(path)
    assert ran.last["body"]["model"] == model
    assert sum("not in the contract" in warning for warning in ran.last["warnings"]) == 1


@pytest.mark.parametrize(
    ("endpoint", "sent", "model"),
    [
        ("/v2/generation/acme/x", "/api/v2/generation/acme/x", "acme/x"),
        ("/api/v2/generation/acme/x", "/api/v2/generation/acme/x", "acme/x"),
        ("https://open.skills.video/api/v2/generation/acme/x", "/api/v2/generation/acme/x", "acme/x"),
        ("/made/of/nothing", "/api/v1/made/of/nothing", "made/of/nothing"),
        ("made/of/nothing", "/api/v1/generation/made/of/nothing", "made/of/nothing"),
    ],
)
def test_a_path_is_called_where_it_was_said_to_be(desk: Desk, endpoint: str, sent: str, model: str) -> None:
    words = ("--dry-run", "--no-validate", "--provider", "skills.video", "--endpoint", endpoint, "--prompt", "x")
    ran = desk.call("create_and_wait", *words)
    assert (ran.code, ran.last["url"], ran.last["model"]) == (0, "https://open.skills.video" + sent, model), ran.out


def test_a_document_in_another_version_of_the_base_is_called_there(desk: Desk, tmp_path: Path) -> None:
    fields = {"type": "object", "required": ["prompt"], "properties": {"prompt": {"type": "string"}}}
    post = {"post": {"requestBody": {"content": {"application/json": {"schema": fields}}}}}
    paths = {"/api/v2/generation/acme/x-image": post, "/api/v2/generation/{id}": {"get": {}}}
    (tmp_path / "own.json").write_text(json.dumps({"openapi": "3.1.0", "info": {}, "paths": paths}))
    own = ("--openapi", str(tmp_path / "own.json"), "--model", "acme/x-image", "--prompt", "x")
    ran = desk.call("create_and_wait", "--dry-run", *own)
    assert (ran.code, ran.last["url"]) == (0, "https://open.skills.video/api/v2/generation/acme/x-image"), ran.out
    made = desk.run(*own, "--no-download")
    assert (made.code, made.last["ok"]) == (0, True), made.out


@pytest.mark.parametrize(
    "words",
    [
        ("--model", "acme/fresh-image"),
        ("--provider", "agnes", "--model", "agnes-image-9", "--size", "2K", "--set", "colour=red"),
        ("--provider", "ark", "--model", "doubao-seedream-9", "--size", "2K"),
        ("--provider", "agnes", "--endpoint", "/v2/images/generations"),
        ("--provider", "ark", "--endpoint", "/api/v4/images/generations"),
        ("--provider", "skills.video", "--endpoint", "/v2/generation/acme/fresh-image"),
    ],
    ids=" ".join,
)
def test_without_a_key_too_it_is_made_at_every_provider(desk: Desk, words: tuple[str, ...]) -> None:
    ran = desk.call("create_and_wait", "--sandbox", "--no-validate", "--no-download", "--prompt", "x", *words)
    assert (ran.code, ran.last.get("ok")) == (0, True), ran.out
    assert len(ran.events("warning")) == 1


@pytest.mark.parametrize("model", ["agnes-video-9", "agnes-video-2.5-flash"])
def test_a_number_beyond_what_is_known_goes_as_it_was_said(desk: Desk, model: str) -> None:
    words = ("--provider", "agnes", "--model", model, "--prompt", "x", "--duration", "60", "--dry-run")
    assert desk.call("create_and_wait", *words).code != 0
    ran = desk.call("create_and_wait", *words, "--no-validate")
    assert (ran.code, ran.last["body"]["seconds"]) == (0, "60"), ran.out


def test_a_picture_where_a_clip_was_asked_for_is_told(desk: Desk) -> None:
    ran = desk.run("--model", "acme/fresh", "--no-validate", "--prompt", "a boat", "--kind", "video")
    assert (ran.code, ran.last["requested"]) == (0, {"kind": "video"}), ran.out
    assert ran.events("warning")[-1]["message"] == "--kind video was asked for, and image/png was delivered"


@pytest.mark.parametrize("model", ["gemini-banana-9", "nobody", "sora-3", "google/veo-9", "agnes-image-9"])
def test_the_advised_flags_go_through(desk: Desk, model: str) -> None:
    words = ("--dry-run", "--prompt", "x", "--model", model)
    advised = next(line for line in desk.call("create_and_wait", *words).last["guidance"] if "--no-validate" in line)
    flags = advised.split("? ")[1].split(" sends ")[0].replace("NAME", "skills.video").split()
    ran = desk.call("create_and_wait", *words, *flags)
    assert (ran.code, ran.last["model"]) == (0, model), ran.out


def test_the_sandbox_makes_it_and_the_warning_comes_once(desk: Desk) -> None:
    ran = desk.run("--model", "acme/fresh-clip-video", "--no-validate", "--prompt", "a boat", "--no-download")
    assert (ran.code, ran.last["ok"]) == (0, True), ran.out
    assert len(ran.events("warning")) == 1
    again = desk.run("--model", "acme/fresh-clip-video", "--no-validate", "--prompt", "a boat", "--no-download")
    assert again.last["reused"] is True


def test_objections_that_are_overruled_are_one_warning_with_the_date(desk: Desk) -> None:
    words = ("--no-validate", "--model", "openai/sora-2", "--payload", '{"duration": "x", "aspect_ratio": 1}')
    ran = desk.call("create_and_wait", "--dry-run", *words)
    (warning,) = (warning for warning in ran.last["warnings"] if "objects" in warning)
    assert "the contract of 2026-03-20 objects: " in warning
    assert warning.count(";") >= 1


def test_a_name_that_could_be_several_is_never_a_new_model(desk: Desk, tmp_path: Path) -> None:
    twice = {f"/v1/generation/{vendor}/same-name": {"post": {"responses": {}}} for vendor in "ab"}
    (tmp_path / "own.json").write_text(json.dumps({"openapi": "3.1.0", "info": {}, "paths": twice}))
    words = ("--no-validate", "--openapi", str(tmp_path / "own.json"), "--provider", "skills.video", "--prompt", "x")
    ran = desk.call("create_and_wait", "--dry-run", *words, "--model", "same-name")
    assert (ran.code, ran.last["error"]) == (23, "model_not_found")
    assert not any("--renew" in line or "--no-validate" in line for line in ran.last["guidance"]), "neither would help"


def test_a_new_path_of_a_known_family_in_a_document_is_checked(desk: Desk, tmp_path: Path) -> None:
    fields = {"type": "object", "required": ["model", "prompt"], "properties": {"model": {}, "prompt": {}, "mask": {}}}
    paths = {"/images/edits": {"post": {"requestBody": {"content": {"application/json": {"schema": fields}}}}}}
    (tmp_path / "own.json").write_text(json.dumps({"openapi": "3.1.0", "info": {}, "paths": paths}))
    words = ("--provider", "agnes", "--openapi", str(tmp_path / "own.json"), "--endpoint", "/images/edits")
    ran = desk.call("create_and_wait", "--dry-run", *words, "--prompt", "x", "--set", "mask=m")
    assert (ran.code, ran.last["unchecked"]) == (0, []), ran.out
    assert ran.last["url"].endswith("/v1/images/edits")
    wrong = desk.call("create_and_wait", "--dry-run", *words, "--payload", "{}")
    assert wrong.code == 22
