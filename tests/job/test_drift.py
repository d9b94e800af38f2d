"""What a provider says against the contract leads on: the contract may be old, and this is how to go on."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import pytest

from conftest import Desk
from contract.documents import body, document
from generate_media.config.settings import load_settings
from generate_media.contract.age import if_old
from generate_media.contract.catalog import open_contract
from generate_media.core.paths import CONFIG_FILE
from generate_media.request.choose import Chooser
from generate_media.request.known import Ask
from web import Web, http

NANO = "google/nano-banana-pro"
FIELDS = {"type": "object", "required": ["prompt"], "properties": {"prompt": {"type": "string"}}}


def refusal(code: str, message: str) -> bytes:
    return json.dumps({"error": code, "code": f"IMAGE_GENERATION_{code}", "message": message}).encode()


@pytest.mark.parametrize(
    ("status", "said", "code", "drift", "lacking"),
    [
        (
            "400 Bad Request",
            refusal("INVALID_INPUT", 'the field "camera_motion" is required'),
            22,
            True,
            ["camera_motion"],
        ),
        ("422 Unprocessable", refusal("INVALID_INPUT", "unknown field: aspect_ratio"), 22, True, None),
        ("400 Bad Request", refusal("INVALID_INPUT", "Too dark."), 22, False, None),
        ("404 Not Found", b'{"message": "no such thing"}', 23, True, None),
        ("410 Gone", b'{"message": "retired"}', 23, True, None),
        ("401 Unauthorized", b'{"message": "no"}', 21, False, None),
    ],
)
def test_a_refusal_that_speaks_against_the_contract(
    desk: Desk, status: str, said: bytes, code: int, drift: bool, lacking: Any
) -> None:
    with Web(http(said, "Content-Type: application/json", status=status)) as web:
        words = ("--provider", "skills.video", "--base-url", web.url("/api/v1"), "--config", str(desk.write_config()))
        ran = desk.call("create_and_wait", "--model", NANO, "--prompt", "x", "--aspect-ratio", "1:1", *words)
    guidance = " ".join(ran.last["guidance"])
    assert ran.code == code, ran.out
    assert ("may be old" in guidance and "2026-03-20" in guidance) is drift
    assert ("--renew" in guidance and "--no-validate" in guidance) is drift
    assert ran.last.get("not_in_contract") == lacking


def test_a_documented_path_beats_an_invented_stream(desk: Desk, tmp_path: Path) -> None:
    own = tmp_path / "own.json"
    own.write_text(json.dumps(document({"/v1/generation/acme/x-image": body(FIELDS)})))
    words = ("--openapi", str(own), "--model", "acme/x-image", "--prompt", "x")
    ran = desk.call("create_and_wait", "--dry-run", *words)
    assert ran.last["url"].endswith("/api/v1/generation/acme/x-image")


def test_an_invented_stream_that_is_not_there_falls_back(desk: Desk, tmp_path: Path) -> None:
    own = tmp_path / "own.json"
    own.write_text(json.dumps(document({"/v1/generation/acme/x-image": body(FIELDS)})))
    desk.faults("create-http-404*1")
    words = ("--openapi", str(own), "--sse-endpoint", "/generation/sse/acme/x-image", "--prompt", "x", "--no-download")
    ran = desk.run(*words)
    assert (ran.code, ran.last["ok"]) == (0, True), ran.out
    assert any("is in no document" in line["message"] for line in ran.events("warning"))
    assert desk.jobs() == 1
    again = desk.run(*words)
    assert again.last["reused"] is True


@pytest.mark.parametrize(("days", "told"), [(120, False), (121, True), (400, True)])
def test_an_old_contract_says_so(days: int, told: bool) -> None:
    day = datetime.date(2026, 3, 20) + datetime.timedelta(days)
    said = if_old(open_contract("skills_video"), day)
    assert bool(said) is told
    assert not told or (f"of 2026-03-20, {days} days old" in said and "--renew" in said)
    noon = datetime.datetime.combine(day, datetime.time(12)).timestamp()
    assert Chooser(load_settings(CONFIG_FILE), list, lambda: noon).choose(Ask(model=NANO)).old == said


def test_validation_and_models_tell_the_age(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    from generate_media.cli.inspect import run_inspect
    from inspect_openapi import parser

    late = datetime.date(2027, 3, 20)
    run_inspect(parser().parse_args(["--models", "--provider", "skills.video"]), late)
    assert "365 days old" in json.loads(capsys.readouterr().out)["contract_age"]
    words = ["--endpoint", NANO, "--validate", "{}"]
    run_inspect(parser().parse_args(words), late)
    assert "365 days old" in json.loads(capsys.readouterr().out)["contract_age"]
    run_inspect(parser().parse_args(words), datetime.date(2026, 4, 1))
    assert "contract_age" not in json.loads(capsys.readouterr().out)
