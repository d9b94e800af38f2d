"""Agnes through the whole command: pictures, edits, clips, keyframes, keys, a retired model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from conftest import Desk, Ran
from tools import require_tool

KITTEN = "一只可爱的小猫在绿茵足球场上踢足球"
FLASH, V2 = "agnes-video-2.5-flash", "agnes-video-v2.0"


def agnes(desk: Desk, *args: str) -> Ran:
    return desk.run(*args, provider="agnes")


def body_of(ran: Ran) -> dict[str, Any]:
    body: dict[str, Any] = ran.last["body"]
    return body


def picture(name: str, size: tuple[int, int] = (640, 480), colour: str = "red") -> str:
    Image.new("RGB", size, colour).save(name)
    return name


def probe(path: str) -> dict[str, Any]:
    """Width, height and seconds as ffprobe sees them."""
    import subprocess

    words = [
        require_tool("ffprobe"), "-v", "error", "-select_streams", "v", "-of", "json",
        "-show_entries", "stream=width,height:format=duration", path,
    ]  # fmt: skip
    found = json.loads(subprocess.run(words, capture_output=True, check=True).stdout)
    return {**found["streams"][0], "seconds": float(found["format"]["duration"])}


def test_a_prompt_alone_makes_a_picture(desk: Desk) -> None:
    ran = agnes(desk, "--prompt", KITTEN)
    assert ran.code == 0, ran.out
    assert ran.lines[0]["model"] == "agnes-image-2.1-flash"
    with Image.open(ran.last["outputs"][0]["path"]) as made:
        assert made.format == "PNG"
    assert KITTEN[:5] in Path(ran.last["outputs"][0]["path"]).name
    assert desk.creates() == 1


CLIPS = {
    "2.5-flash, five seconds": (("--model", FLASH, "--duration", "5"), {"mode": "text", "seconds": "5"}),
    "v2.0 from a photo": (
        ("--model", V2, "--first-frame", "photo.png", "--duration", "5"),
        {"num_frames": 121, "image": {"file": "photo.png"}},
    ),
    "2.5-flash, first and last frame": (
        ("--model", FLASH, "--first-frame", "photo.png", "--last-frame", "other.png"),
        {"mode": "keyframe", "first_frame": {"file": "photo.png"}, "last_frame": {"file": "other.png"}},
    ),
    "v2.0, first and last frame": (
        ("--model", V2, "--first-frame", "photo.png", "--last-frame", "other.png"),
        {"extra_body": {"mode": "keyframes", "image": [{"file": "photo.png"}, {"file": "other.png"}]}},
    ),
}


@pytest.mark.parametrize("name", CLIPS)
def test_clips(desk: Desk, name: str) -> None:
    args, documented = CLIPS[name]
    picture("photo.png"), picture("other.png", colour="blue")
    shown = agnes(desk, *args, "--prompt", "it moves", "--dry-run")
    assert shown.code == 0, shown.out
    assert matches(body_of(shown), {"prompt": "it moves", **documented}), body_of(shown)
    assert desk.creates() == 0
    ran = agnes(desk, *args, "--prompt", "it moves")
    assert ran.code == 0, ran.out
    (output,) = ran.last["outputs"]
    real = probe(output["path"])
    assert (output["width"], output["height"]) == (real["width"], real["height"])
    assert output["duration_seconds"] == pytest.approx(real["seconds"], abs=0.1)
    assert "base64" not in ran.out


def matches(body: Any, wanted: Any) -> bool:
    """Whether every documented part stands in the body, local files by their names."""
    if isinstance(wanted, dict):
        return isinstance(body, dict) and all(matches(body.get(key), part) for key, part in wanted.items())
    if isinstance(wanted, list):
        return isinstance(body, list) and len(body) == len(wanted) and all(map(matches, body, wanted))
    return bool(body == wanted)


def test_an_edit_of_two_pictures(desk: Desk) -> None:
    args = ("--prompt", "both in one", "--image", picture("a.png"), "--image", picture("b.png", colour="blue"))
    shown = agnes(desk, *args, "--dry-run")
    assert body_of(shown)["model"] == "agnes-image-2.0-flash"
    assert [item["file"] for item in body_of(shown)["extra_body"]["image"]] == ["a.png", "b.png"]
    ran = agnes(desk, *args)
    assert ran.code == 0, ran.out
    sent = next(row for row in reversed(desk.log()["requests"]) if row["operation"] == "create")["body"]
    assert all(item.startswith("data:image/png;base64,") for item in sent["extra_body"]["image"])
    sidecar = Path(ran.last["outputs"][0]["path"]).with_suffix(".json").read_text(encoding="utf-8")
    journal = b"".join(file.read_bytes() for file in desk.state.glob("*.sqlite3*"))
    base64_of_a = sent["extra_body"]["image"][0].split(",")[1][:60]
    for text in (ran.out, ran.err, sidecar):
        assert base64_of_a not in text
    assert base64_of_a.encode() not in journal


@pytest.mark.parametrize(
    "payload",
    [
        {"model": "agnes-image-2.1-flash", "prompt": "a", "size": "1024x768", "seed": None},
        {
            "model": "agnes-image-2.0-flash", "prompt": "a", "size": "1024x1024", "tags": ["img2img"],
            "extra_body": {"image": ["https://example.com/a.png"], "response_format": "url"},
        },
        {"model": V2, "prompt": "a", "num_frames": 121, "frame_rate": 24, "image": "https://example.com/a.png"},
    ],
)  # fmt: skip
def test_the_documented_examples_go_through_unchanged(desk: Desk, payload: dict[str, Any]) -> None:
    ran = agnes(desk, "--payload", json.dumps(payload))
    assert ran.code == 0, ran.out
    sent = next(row for row in reversed(desk.log()["requests"]) if row["operation"] == "create")["body"]
    assert sent == payload


def test_a_seed_on_a_picture_is_sent_with_a_warning(desk: Desk) -> None:
    ran = agnes(desk, "--prompt", "a cat", "--seed", "7")
    assert ran.code == 0
    assert any("seed" in line["message"] for line in ran.events("warning"))


def test_what_a_model_cannot_do_names_the_model_that_can(desk: Desk) -> None:
    ran = agnes(desk, "--model", "agnes-image-2.1-flash", "--prompt", "a", "--last-frame", picture("a.png"))
    assert ran.code == 2
    assert FLASH in ran.out
    assert desk.creates() == 0


def test_a_photo_beyond_the_limit_is_named_and_fitted_on_request(desk: Desk) -> None:
    Image.effect_noise((1600, 1200), 90).convert("RGB").save("big.png")
    args = ("--model", FLASH, "--prompt", "move", "--first-frame", "big.png")
    refused = agnes(desk, *args)
    assert refused.code in (2, 22)
    assert "--fit" in refused.out
    assert desk.creates() == 0
    fitted = agnes(desk, *args, "--fit")
    assert fitted.code == 0, fitted.out
    assert any("scaled" in line["message"] for line in fitted.events("warning")), fitted.out


def test_a_retired_model_ends_at_once_with_its_successors_command(desk: Desk) -> None:
    desk.faults("agnes-retired")
    ran = agnes(desk, "--model", V2, "--prompt", "a cat", "--duration", "5")
    assert ran.code == 23
    assert ran.last["category"] == "not_found"
    assert FLASH in ran.last["available_models"]
    assert not ran.events("retry")
    command = next(line for line in ran.last["guidance"] if FLASH in line)
    assert f"--model={FLASH}" in command
    assert "--duration=5" in command


def test_live_models(desk: Desk) -> None:
    config = str(desk.write_config())
    ran = desk.call(
        "inspect_openapi", "--provider", "agnes", "--models", "--live", "--config", config,
        "--base-url", desk.sandbox.base_urls["agnes"],
    )  # fmt: skip
    assert ran.code == 0, ran.out
    assert json.loads(ran.out)["live"] >= 3


def test_the_next_key_is_used_when_one_is_refused_and_the_job_keeps_its_key(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGNES_API_KEY", "bad-test-key")
    monkeypatch.setenv("AGNES_API_KEYS", f"bad-test-too,{desk.key}")
    ran = agnes(desk, "--model", FLASH, "--prompt", "a cat")
    assert ran.code == 0, ran.out
    assert len(ran.events("warning")) == 2
    keys = {row["key"] for row in desk.log()["requests"] if row["operation"] == "poll"}
    assert desk.jobs() == 1
    assert desk.key not in ran.out
    assert keys


def test_a_401_says_which_key_met_which_host(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGNES_API_KEY", "bad-test-key")
    ran = agnes(desk, "--prompt", "a cat")
    assert ran.code == 21
    assert ran.last["key_source"] == "the environment (AGNES_API_KEY)"
    assert ran.last["base_url"] == desk.sandbox.base_urls["agnes"]


def test_a_picture_made_here_is_sent_by_its_own_url(desk: Desk) -> None:
    made = agnes(desk, "--prompt", "a cat")
    path = made.last["outputs"][0]["path"]
    ran = agnes(desk, "--model", FLASH, "--prompt", "it moves", "--first-frame", path)
    assert ran.code == 0, ran.out
    sent = next(row for row in reversed(desk.log()["requests"]) if row["operation"] == "create")["body"]
    assert sent["first_frame"].startswith("http")


def test_a_free_synchronous_picture_whose_answer_was_lost_is_asked_again(desk: Desk) -> None:
    desk.faults("create:request:close*1")
    lost = agnes(desk, "--prompt", "a cat")
    assert lost.code == 13
    again = agnes(desk, "--prompt", "a cat")
    assert again.code == 0, again.out
    assert any("free" in line["message"] for line in again.events("warning"))


def test_a_host_that_cannot_be_reached_gives_way_to_its_mirror(desk: Desk) -> None:
    """A refused connection does, an HTTP status never does (facts: the mirrors share keys and tasks)."""
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        dead = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    mirror = desk.sandbox.base_urls["agnes"]
    config = str(desk.write_config(agnes={"base_url": dead, "mirror_base_urls": [mirror]}))
    ran = desk.call("create_and_wait", "--provider", "agnes", "--prompt", "a cat", "--config", config)
    assert ran.code == 0, ran.out
    assert desk.jobs() == 1
    config = str(desk.write_config(agnes={"base_url": mirror, "mirror_base_urls": [dead]}))
    desk.faults("agnes-token-refused")
    ran = desk.call("create_and_wait", "--provider", "agnes", "--prompt", "a dog", "--config", config)
    assert ran.code == 21
    assert ran.last["base_url"] == mirror


def test_without_a_key_the_first_answer_says_everything(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SKILLS_VIDEO_API_KEY", "AGNES_API_KEY", "AGCLOUD_API_KEY", "ARK_API_KEY"):
        monkeypatch.delenv(name)
    ran = desk.call("create_and_wait", "--prompt", "a cat")
    assert ran.code == 21
    assert set(ran.last["get_key"]) == {"skills.video", "agnes", "agcloud", "ark", "byteplus"}
    assert any("--sandbox" in line for line in ran.last["guidance"])
    assert {"shell", ".env", "config.json", "openclaw"} <= set(ran.last["set_key"])
