"""What is said about keys and money: where to recharge, which other key is there, and what a check proves."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from conftest import Desk, Ran
from generate_media.config.keys import problem_of
from generate_media.core.paths import CONFIG_FILE

BLOCKS: dict[str, Any] = json.loads(CONFIG_FILE.read_text(encoding="utf-8"))["providers"]


def recharge(provider: str) -> dict[str, str]:
    return {name: BLOCKS[provider][name] for name in ("dashboard_url", "pricing_url")}


@pytest.mark.parametrize(
    ("provider", "fault", "args"),
    [
        ("skills.video", "sv-insufficient-credits", ()),
        ("skills.video", "sv-failed=INSUFFICIENT_CREDITS", ()),
        ("ark", "agcloud-failed=AccountOverdueError", ("--kind", "video")),
    ],
)
def test_who_has_no_credit_is_told_where_to_recharge(
    desk: Desk, provider: str, fault: str, args: tuple[str, ...]
) -> None:
    desk.faults(fault)
    ran = desk.run("--prompt", "a boat", *args, provider=provider)
    assert (ran.code, ran.last["category"]) == (20, "insufficient_credits")
    assert ran.last["recharge"] == recharge(provider)
    if ran.last["event"] == "terminal":
        again = desk.run(f"--generation-id={ran.last['generation_id']}", provider=provider, script="wait_generation")
        assert (again.code, again.last["recharge"]) == (20, recharge(provider))


def test_a_key_that_was_found_for_another_provider_is_mentioned(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SKILLS_VIDEO_API_KEY", "AGNES_API_KEY", "AGCLOUD_API_KEY"):
        monkeypatch.delenv(name)
    ran = desk.call("create_and_wait", "--prompt", "a cat")
    assert (ran.code, ran.last["error"]) == (21, "missing_key")
    assert ran.last["keys_found"] == {"ark": "ARK_API_KEY", "byteplus": "ARK_API_KEY"}
    assert "--provider ark or --provider byteplus" in ran.last["guidance"][0]
    monkeypatch.delenv("ARK_API_KEY")
    assert "keys_found" not in desk.call("create_and_wait", "--prompt", "a cat").last


def test_what_is_printed_can_be_pasted_and_is_known_as_no_key(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SKILLS_VIDEO_API_KEY")
    told = desk.call("create_and_wait", "--prompt", "a cat", "--provider", "skills.video").last["set_key"]
    assert not [how for how in told.values() if set("<>‹›") & set(how)]
    export, assignment = shlex.split(told["shell"])
    name, _, value = assignment.partition("=")
    assert (export, name) == ("export", "SKILLS_VIDEO_API_KEY")
    assert "placeholder" in problem_of(value)
    examples = desk.call("ensure_api_key").last["set_env_examples"]
    assert not set("<>‹›") & set("".join(examples))


def verified(desk: Desk, *args: str) -> tuple[Ran, dict[str, Any]]:
    ran = desk.call("ensure_api_key", "--verify", "--provider", "skills.video", *args)
    return ran, ran.last["providers"]["skills.video"]


def test_a_check_against_the_sandbox_proves_nothing(desk: Desk) -> None:
    ran, row = verified(desk, "--sandbox")
    assert (ran.code, ran.last["ok"], row["ok"], row["verified"]) == (21, False, False, False)
    assert "proves nothing" in row["message"]
    ran, row = verified(desk, "--base-url", desk.sandbox.base_urls["skills.video"])
    assert (ran.code, row["verified"]) == (0, True)


def test_a_provider_that_cannot_be_reached_is_not_ready(desk: Desk) -> None:
    ran, row = verified(desk, "--base-url", "http://127.0.0.1:9/api/v1")
    assert (ran.code, ran.last["ok"], row["ok"], row["verified"]) == (21, False, False, False)


def test_the_documented_limits_of_ark_are_shown(desk: Desk) -> None:
    clip = ("--prompt", "a boat", "--kind", "video", "--detach")
    shown = {name: desk.run(*clip, provider=name).events("start")[0]["limits"] for name in ("ark", "agcloud")}
    assert "180 requests a minute" in shown["ark"]
    assert shown["agcloud"].startswith("undocumented")
    picture = desk.run("--prompt", "a boat", "--no-download", provider="ark").events("start")[0]["limits"]
    assert picture.startswith("undocumented"), "they are of clips"
