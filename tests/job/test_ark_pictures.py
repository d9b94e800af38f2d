"""Ark's and BytePlus's pictures through the whole command: alone, edited, as a set, and what is lost."""

from __future__ import annotations

import base64
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from conftest import Desk, Ran
from web import http, picture
from wire import Peer, Said, Script, Wire

CAT = "一只猫"
PRO, V45 = "doubao-seedream-5-0-pro-260628", "doubao-seedream-4-5-251128"
FOUR = (
    "--model", V45, "--set", "sequential_image_generation=auto",
    "--set", "sequential_image_generation_options.max_images=4",
)  # fmt: skip
SENSITIVE = "OutputImageSensitiveContentDetected"


def ark(desk: Desk, *args: str, provider: str = "ark") -> Ran:
    return desk.run("--prompt", CAT, *args, provider=provider)


def sent(desk: Desk) -> dict[str, Any]:
    rows = [row for row in desk.log()["requests"] if row["operation"] == "create"]
    body: dict[str, Any] = rows[-1]["body"]
    return body


@pytest.mark.parametrize(("provider", "model"), [("ark", PRO), ("byteplus", "seedream-4-5-251128")])
def test_a_prompt_alone_makes_a_picture_and_no_clip(desk: Desk, provider: str, model: str) -> None:
    ran = ark(desk, "--size", "2K", provider=provider)
    assert (ran.code, ran.lines[0]["model"], ran.lines[0]["mode"]) == (0, model, "sync"), ran.out
    assert sent(desk) == {"model": model, "prompt": CAT, "size": "2K"}
    (output,) = ran.last["outputs"]
    with Image.open(output["path"]) as made:
        assert (made.size, made.format) == ((2048, 2048), "JPEG")
    assert ran.last["usage"]["generated_images"] == 1
    again = ark(desk, "--size", "2K", provider=provider)
    assert (again.code, again.last["reused"], desk.creates()) == (0, True, 1), again.out


# flags → size in the body
SIZES: dict[tuple[str, ...], str] = {
    ("--size", "1.5K"): "1.5K",
    ("--size", "2048x1024"): "2048x1024",
    ("--aspect-ratio", "16:9"): "2848x1600",
    ("--aspect-ratio", "3:4"): "1728x2304",
    ("--aspect-ratio", "21:9", "--size", "2K"): "3136x1344",
    ("--aspect-ratio", "16:9", "--size", "1600x900"): "1600x900",
    ("--size", "1600x900\n"): "1600x900",
    ("--aspect-ratio", "9:16", "--size", "1k"): "800x1424",
    ("--aspect-ratio", "16:9", "--model", V45): "2560x1440",
    ("--aspect-ratio", "16:9", "--model", V45, "--size", "4K"): "5504x3040",
    ("--aspect-ratio", "1:1", "--model", "ep-20261101-abcde"): "2048x2048",
}


@pytest.mark.parametrize("flags", SIZES)
def test_a_tier_and_a_ratio_are_one_documented_size(desk: Desk, flags: tuple[str, ...]) -> None:
    ran = ark(desk, *flags, "--dry-run")
    assert (ran.code, ran.last["body"]["size"]) == (0, SIZES[flags]), ran.out


# flags → exit code, what the message says
REFUSED: dict[tuple[str, ...], tuple[int, str]] = {
    ("--size", "4K"): (22, "4.5 and 4.0 have 4K"),
    ("--size", "512x512"): (22, "921,600 to 4,624,220 pixels"),
    ("--aspect-ratio", "16:9", "--size", "2048x1024"): (2, "--size 2048x1024 is not 16:9"),
    ("--aspect-ratio", "adaptive", "--size", "2048x2048"): (2, "--aspect-ratio goes with size 1K, 1.5K, 2K"),
    ("--size", "1024x1024", "--model", V45): (22, "3,686,400 to 16,777,216 pixels"),
    ("--aspect-ratio", "7:1"): (2, "allowed: 1:1"),
    ("--seed", "7"): (2, "--seed cannot be honoured"),
    ("--set", "sequential_image_generation=auto"): (22, "makes no sets"),
}


@pytest.mark.parametrize("flags", REFUSED)
def test_what_the_model_has_not_is_refused_before_it_costs(desk: Desk, flags: tuple[str, ...]) -> None:
    ran = ark(desk, *flags)
    assert ran.code == REFUSED[flags][0], ran.out
    assert REFUSED[flags][1] in ran.last["message"]
    assert desk.creates() == 0


@pytest.mark.parametrize(("flag", "value"), [((), None), (("--watermark",), True), (("--no-watermark",), False)])
def test_the_watermark_is_the_users_to_say(desk: Desk, flag: tuple[str, ...], value: bool | None) -> None:
    assert ark(desk, *flag, "--dry-run").last["body"].get("watermark") is value


def test_an_endpoint_of_ones_own_passes_with_a_warning(desk: Desk) -> None:
    ran = ark(desk, "--model", "ep-20261101-abcde", "--size", "1K")
    assert (ran.code, sent(desk)["model"]) == (0, "ep-20261101-abcde"), ran.out
    (warning,) = ran.events("warning")
    assert "not checked" in warning["message"]
    clip = ark(desk, "--model", "ep-20261101-abcde", "--kind", "video", "--dry-run")
    assert clip.last["body"]["content"] == [{"type": "text", "text": CAT}]


def test_a_payload_says_by_its_fields_what_an_endpoint_makes(desk: Desk) -> None:
    clip = {"model": "ep-20261101-abcde", "content": [{"type": "text", "text": CAT}]}
    picture = {"model": "ep-20261101-abcde", "prompt": CAT}
    made = [desk.run("--payload", json.dumps(body), "--dry-run", provider="ark").last for body in (clip, picture)]
    assert [line["kind"] for line in made] == ["video", "image"]


def test_an_edit_of_fourteen_pictures_goes_as_data(desk: Desk) -> None:
    flags = []
    for number in range(14):
        Image.new("RGB", (64, 48), (17 * number, 90, 120)).save(f"{number}.png")
        flags += ["--image", f"{number}.png"]
    ran = ark(desk, *flags, "--model", V45, "--size", "2K")
    assert (ran.code, desk.creates()) == (0, 1), ran.out
    assert len(sent(desk)["image"]) == 14
    assert all(item.startswith("data:image/png;base64,") for item in sent(desk)["image"])
    record = json.loads(Path(ran.last["outputs"][0]["path"]).with_suffix(".json").read_text(encoding="utf-8"))
    assert "base64" not in ran.out + json.dumps(record)
    assert [item["file"] for item in record["request"]["image"]] == [f"{number}.png" for number in range(14)]
    more = ark(desk, *flags, "--size", "2K")
    assert (more.code, desk.creates()) == (22, 1), "5.0 pro takes ten"
    assert "at most 10 pictures" in more.last["message"]


def test_a_picture_made_here_goes_back_by_its_own_url(desk: Desk) -> None:
    made = ark(desk).last["outputs"][0]
    assert ark(desk, "--image", made["path"], "--size", "1K").code == 0
    assert sent(desk)["image"][0].split("?")[0] == made["url"].split("?")[0]


def test_a_set_is_four_files_of_one_job(desk: Desk) -> None:
    ran = ark(desk, *FOUR, "--size", "2K")
    assert (ran.code, desk.creates()) == (0, 1), ran.out
    assert len({output["sha256"] for output in ran.last["outputs"]}) == 4
    assert not ran.events("warning")


def test_of_a_set_with_one_failure_the_good_ones_are_saved_and_the_bad_one_is_named(desk: Desk) -> None:
    desk.faults("agcloud-picture-failed=2")
    ran = ark(desk, *FOUR, "--size", "2K")
    assert (ran.code, ran.last["ok"], len(ran.last["outputs"])) == (0, True, 3), ran.out
    (warning,) = ran.events("warning")
    assert warning["message"].startswith("result 2 of this job was not made")
    assert SENSITIVE in warning["message"]
    assert all(Path(output["path"]).stat().st_size for output in ran.last["outputs"])
    again = ark(desk, *FOUR, "--size", "2K")
    assert (again.code, again.last["reused"], desk.creates()) == (0, True, 1), again.out
    assert SENSITIVE in again.events("warning")[0]["message"]


# how every picture failed → exit code
NOTHING = {"all": 26, "all:InternalServiceError": 10, f"all:{SENSITIVE}": 26, "all:AccountOverdueError": 20}


@pytest.mark.parametrize("which", NOTHING)
def test_a_set_without_any_picture_failed_with_its_code(desk: Desk, which: str) -> None:
    desk.faults(f"agcloud-picture-failed={which}")
    ran = ark(desk, *FOUR)
    assert (ran.code, ran.last["ok"], ran.last["outputs"]) == (NOTHING[which], False, []), ran.out
    assert ran.last["error"] == (which.partition(":")[2] or SENSITIVE)
    desk.faults()
    assert (ark(desk, *FOUR).code, desk.creates()) == (0, 2), "a failed job is made anew"


def test_an_answer_with_nothing_in_it_is_no_output(desk: Desk) -> None:
    desk.faults("agcloud-no-output")
    ran = ark(desk)
    assert (ran.code, ran.last["error"]) == (14, "no_output"), ran.out
    assert ran.last["message"] == "the provider says that it is done but gave nothing to fetch"


def test_no_model_is_suggested_for_a_picture_that_none_takes(desk: Desk) -> None:
    refused = ark(desk, "--image", "asset://x")
    assert refused.code == 22
    assert not [line for line in refused.last["guidance"] if "models that can" in line], refused.out


def test_pictures_inside_the_answer_are_saved_and_nowhere_printed(desk: Desk) -> None:
    ran = ark(desk, "--set", "response_format=b64_json", "--set", "output_format=png", "--size", "1K")
    assert ran.code == 0, ran.out
    with Image.open(ran.last["outputs"][0]["path"]) as made:
        assert (made.size, made.format) == ((1024, 1024), "PNG")
    assert any("no URL" in line["message"] for line in ran.events("warning")), "it can be fetched once only"
    assert len(ran.out) < 2000
    assert all(len(file.read_bytes()) < 200_000 for file in desk.state.glob("*.sqlite3*"))


# provider → what asks for the bytes in place of a URL
INSIDE = {"ark": "response_format=b64_json", "agnes": "return_base64=true"}


@pytest.mark.parametrize("provider", INSIDE)
def test_pictures_inside_the_answer_have_no_url_and_are_saved_all_the_same(desk: Desk, provider: str) -> None:
    asked = ("--set", INSIDE[provider], "--no-download")
    ran = ark(desk, *asked, provider=provider)
    path = Path(ran.last["outputs"][0]["path"])
    told = [line["message"] for line in ran.events("warning") if "--no-download" in line["message"]]
    assert (ran.code, path.parent, len(told)) == (0, Path.cwd() / "generated", 1), ran.out
    assert str(path.parent) in told[0]
    again = ark(desk, *asked, provider=provider)
    assert (again.code, again.last["reused"], again.last["outputs"][0]["path"]) == (0, True, str(path)), again.out
    path.unlink()
    lost = ark(desk, *asked, provider=provider)
    assert (lost.code, lost.last["ok"], desk.creates()) == (14, False, 1), lost.out
    assert [line for line in lost.last["guidance"] if "only fetches" in line or "to fetch it" in line] == []


@pytest.mark.parametrize("cut", ["a signal", "no room"])
def test_a_picture_inside_the_answer_that_is_not_saved_is_said_to_be_lost(desk: Desk, cut: str) -> None:
    def made(peer: Peer) -> None:
        if cut == "a signal":
            os.kill(os.getpid(), signal.SIGINT)
        else:
            Path("generated").write_bytes(b"no folder")
        peer.send(http(json.dumps({"data": [{"b64_json": base64.b64encode(picture()).decode()}]}).encode()))

    with Wire(Script({"POST ": [made]})) as wire:
        flags = ("--provider", "ark", "--base-url", f"{wire.url}/api/v3", "--config", str(desk.write_config()))
        ran = desk.call("create_and_wait", "--prompt", CAT, "--no-download", *flags)
    assert ran.code == (130 if cut == "a signal" else 14), ran.out
    (told,) = ran.last["guidance"]
    assert "lost" in told
    assert "--new" in told


def test_a_lost_answer_is_unknown_and_there_is_no_list_to_look_in(desk: Desk) -> None:
    desk.faults("create:request:reset*1")
    ran = ark(desk)
    assert (ran.code, ran.last["may_have_been_created"], desk.jobs()) == (13, True, 1), ran.out
    assert "candidates" not in ran.last
    again = ark(desk)
    assert (again.code, desk.creates()) == (13, 1), "nothing is paid twice"
    assert ark(desk, "--new").code == 0


def test_a_link_that_died_is_exit_14_with_the_way_to_make_it_anew(desk: Desk) -> None:
    desk.faults("agcloud-result-gone")
    ran = ark(desk)
    assert (ran.code, desk.creates()) == (14, 1), ran.out
    assert "--new" in " ".join(ran.last["guidance"])


def test_what_a_set_has_on_disk_stays_its_own_when_the_links_are_dead(desk: Desk) -> None:
    """One file is missing and all links are dead: the others need none, here, in another folder, and when one that
    was there is gone."""
    gone = http(b"", status="403 Forbidden")
    routes: dict[str, list[Said]] = {f"GET /{n}?": [http(picture(form="JPEG")), gone] for n in "02"}

    def made(peer: Peer) -> None:
        links = [{"url": f"{wire.url}/{n}?sig=x"} for n in "012"]
        peer.send(http(json.dumps({"data": links, "usage": {"total_tokens": 9}}).encode()))

    with Wire(Script({"POST ": [made], "GET /1?": [gone], **routes})) as wire:
        flags = (
            "--provider",
            "ark",
            "--base-url",
            f"{wire.url}/api/v3",
            "--config",
            str(desk.write_config(time_scale=100)),
            *FOUR,
        )
        ran = [desk.call("create_and_wait", "--prompt", CAT, *flags) for _ in range(2)]
        saved = [Path(output["path"]) for output in ran[0].last["outputs"]]
        assert [(each.code, each.last["error"], len(each.last["outputs"])) for each in ran] == [
            (14, "output_gone", 2)
        ] * 2
        assert ran[1].last["outputs"] == ran[0].last["outputs"]
        record = json.loads(saved[0].with_suffix(".json").read_text(encoding="utf-8"))
        assert [row["path"] for row in record["outputs"]] == [path.name for path in saved]
        listed = desk.call("wait_generation", "--list", "--config", str(desk.home / "config.json")).last["jobs"][0]
        assert listed["files"] == list(map(str, saved))
        elsewhere = desk.call("create_and_wait", "--prompt", CAT, *flags, "--output-dir", "elsewhere")
        copied = [Path(output["path"]) for output in elsewhere.last["outputs"]]
        assert [path.read_bytes() for path in copied] == [path.read_bytes() for path in saved]
        copied[0].unlink()
        last = desk.call("create_and_wait", "--prompt", CAT, *flags, "--output-dir", "elsewhere").last["outputs"]
        assert [output["path"] for output in last] == [str(copied[1])]
        assert sum(request.startswith(b"POST") for request in wire.received) == 1


# what is asked of AGCloud, which documents no pictures
NO_PICTURES: list[tuple[str, ...]] = [
    ("--prompt", CAT),
    ("--prompt", CAT, "--kind", "image"),
    ("--prompt", CAT, "--image", "https://files.example/a.png"),
    ("--prompt", CAT, "--model", V45),
    ("--prompt", CAT, "--endpoint", "/images/generations"),
]


@pytest.mark.parametrize("asked", NO_PICTURES, ids=" ".join)
def test_a_clip_is_never_made_for_a_picture(desk: Desk, asked: tuple[str, ...]) -> None:
    ran = desk.run(*asked, provider="agcloud")
    assert (ran.code, ran.last["error"], desk.creates()) == (2, "kind_needed", 0), ran.out
    assert "--kind video" in ran.last["message"]


def test_a_clip_that_is_asked_for_is_one(desk: Desk) -> None:
    for asked in (("--kind", "video"), ("--duration", "5"), ("--model", "doubao-seedance-2-0-filter-off")):
        assert desk.run("--prompt", CAT, *asked, "--dry-run", provider="agcloud").last["kind"] == "video"
    assert ark(desk, "--model", "doubao-seedance-1-0-pro-250528", "--dry-run").last["kind"] == "video"
