"""Model names as people say them: what may be meant, of all providers, with the command; and never a job by a guess."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from conftest import Desk
from generate_media.core.errors import NotFound

SEEDANCE = {"skills.video": "bytedance/seedance-2.0", "ark": "seedance", "agcloud": "seedance", "byteplus": "seedance"}
SAID: list[tuple[str, str, tuple[str, ...]]] = [
    # what is said, the first suggestion, further ones
    ("seedance", "doubao-seedance-2-5-260628", ("bytedance/seedance-2.0", "doubao-seedance-2-0-filter-off")),
    ("Seedance 2", "bytedance/seedance-2.0", ("doubao-seedance-2-0-filter-off",)),
    ("nano banana 2", "google/nano-banana-2", ()),
    ("nanobanana", "google/nano-banana", ("google/nano-banana-pro",)),
    ("kling-3", "kling-ai/v3/image", ("kling-ai/v3/video",)),
    ("可灵3", "kling-ai/v3/image", ("kling-ai/v3/video",)),
    ("香蕉", "google/nano-banana-2", ("google/nano-banana-pro",)),
    ("即梦", "seedream-5-0-260128", ("doubao-seedream-5-0-260128", "bytedance/seedream-5-lite")),
    ("veo", "google/veo-3.1", ("google/veo-2",)),
    ("Veo 3", "google/veo-3.1", ()),
    ("sora-3", "openai/sora-2", ("openai/sora-2-pro",)),
    ("veo-9", "google/veo-3.1", ("google/veo-2",)),
    ("sora2", "openai/sora-2", ("openai/sora-2-pro",)),
    ("gpt image", "openai/gpt-image-2", ("openai/gpt-image-1",)),
    ("google/nano-banan", "google/nano-banana", ()),
]


def suggested(line: dict[str, Any]) -> list[str]:
    return [row["model"] for row in line["suggestions"]]


def told(desk: Desk, script: str, *args: str) -> dict[str, Any]:
    """The error line of a script; one that prints a document leaves its errors to its caller."""
    if script == "create_and_wait":
        ran = desk.call(script, *args)
        assert ran.code == 23
        return ran.last
    with pytest.raises(NotFound) as found:
        desk.call(script, *args)
    return found.value.as_json()


@pytest.mark.parametrize(
    ("script", "said", "first", "more"),
    [*(("create_and_wait", *row) for row in SAID), *(("inspect_openapi", *row) for row in SAID[:5:2])],
)
def test_what_people_say_is_suggested(desk: Desk, script: str, said: str, first: str, more: tuple[str, ...]) -> None:
    named = "--model" if script == "create_and_wait" else "--endpoint"
    creates = script == "create_and_wait"
    line = told(desk, script, named, said, *(["--prompt", "it's $HOME"] if creates else []))
    assert line["error"] == "model_not_found"
    found = suggested(line)
    assert found[0] == first
    assert set(more) <= set(found)
    assert len(json.dumps(line)) < 1300
    words = shlex.split(line["command"])
    assert words[1].endswith(f"scripts/{script}.py")
    again = desk.call(script, *words[2:], *(["--dry-run"] if creates else []))
    assert again.code == 0
    assert not creates or "it's $HOME" in json.dumps(again.last["body"])
    assert not desk.creates()


def test_every_provider_that_has_one_is_named(desk: Desk) -> None:
    rows = desk.call("create_and_wait", "--prompt", "a boat", "--model", "seedance").last["suggestions"]
    assert {row["provider"] for row in rows} == set(SEEDANCE)
    assert all(SEEDANCE[row["provider"]] in row["model"] for row in rows)


def test_a_model_that_takes_the_files_comes_first(desk: Desk) -> None:
    """No field for a picture is documented of kling-ai/kling-v2.5-turbo."""
    words = ("create_and_wait", "--prompt", "a", "--model", "kling v2", "--kind", "video")
    turbo = "kling-ai/kling-v2.5-turbo"
    assert suggested(desk.call(*words).last).index(turbo) == 1
    assert suggested(desk.call(*words, "--image", "https://a.example/a.png").last)[-1] == turbo


@pytest.mark.parametrize(
    ("model", "first"),
    [
        ("seedance", "doubao-seedance-2-5-260628"),
        ("Seedance 2.0", "doubao-seedance-2-0-260128"),
        ("豆包", "doubao-seedream-5-0-260128"),
        ("doubao-seedance-3-0-270101", ""),
        ("ep-20261101-abcde", ""),
    ],
)
def test_a_provider_of_any_id_is_sent_no_everyday_name(desk: Desk, model: str, first: str) -> None:
    """Ark takes ids of its user's own and newer ones, so nothing but the words of its known ids tells a name."""
    asked = ("--provider", "ark", "--model", model, "--prompt", "a", "--dry-run")
    ran = desk.call("create_and_wait", *asked)
    assert (ran.code, [row["model"] for row in ran.last.get("suggestions", ())][:1]) == (
        (23, [first]) if first else (0, [])
    ), ran.out
    assert desk.call("create_and_wait", *asked, "--no-validate").code == 0


def test_what_a_key_is_there_for_comes_first(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ARK_API_KEY", "AGCLOUD_API_KEY"):
        monkeypatch.delenv(name)
    assert suggested(desk.call("create_and_wait", "--prompt", "a", "--model", "seedance").last)[0].startswith("byted")


def test_a_clip_that_was_asked_for_comes_first(desk: Desk) -> None:
    ran = desk.call("create_and_wait", "--prompt", "a boat", "--model", "kling 3", "--duration", "5")
    assert suggested(ran.last)[0] == "kling-ai/v3/video"


def test_a_named_provider_that_has_it_not_tells_who_has(desk: Desk) -> None:
    ran = desk.call("create_and_wait", "--prompt", "a boat", "--model", "nano banana pro", "--provider=agnes")
    assert "agnes has no model" in ran.last["message"]
    assert ran.last["command"].endswith("--prompt 'a boat' --provider skills.video --model google/nano-banana-pro")


@pytest.mark.parametrize(
    ("said", "first"), [("seedance", "doubao-seedance-2-5-260628"), ("seedream 4.5", "doubao-seedream-4-5-251128")]
)
def test_what_is_no_id_is_not_sent_to_the_provider_that_is_named(desk: Desk, said: str, first: str) -> None:
    ran = desk.call("create_and_wait", "--prompt", "a boat", "--provider=ark", "--model", said, "--dry-run")
    assert (ran.code, suggested(ran.last)[0]) == (23, first), ran.out
    for more in (["--model=ep-2026-abc"], ["--model=my_own"], ["--model", said, "--no-validate"]):
        assert desk.call("create_and_wait", "--prompt", "a boat", "--provider=ark", *more, "--dry-run").code == 0


def test_files_keep_their_place_and_stdin_has_none(desk: Desk) -> None:
    asked = ("--model", "seedance", "--prompt", "it drifts", "--output=b.mp4")
    command = desk.call("create_and_wait", *asked, "--first-frame", "a.png").last["command"]
    assert f"--first-frame {Path.cwd()}/a.png" in command
    assert f"--output={Path.cwd()}/b.mp4" in command
    Path("body.json").write_text(json.dumps({"prompt": "a boat"}))
    assert "command" not in desk.call("create_and_wait", "--model", "seedance", "--payload-file", "body.json").last


def test_a_name_that_nothing_comes_near_needs_a_provider(desk: Desk) -> None:
    ran = desk.call("create_and_wait", "--prompt", "a boat", "--model", "midjourney")
    assert (ran.code, ran.last["error"]) == (2, "provider_needed")
