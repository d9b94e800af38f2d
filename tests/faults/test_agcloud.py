"""AGCloud's and Ark's errors and quirks, end to end: each code of the facts on a create, each kind on every call.

What is right comes from the facts (agcloud.md): at most one task a run unless the code proves that none was made,
the exit code, and what the next run of the same command does.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from conftest import Desk, Ran
from tools import require_tool

MODEL = "doubao-seedance-2-0-filter-off"
TASKS = "/contents/generations/tasks"
# code → (exit code of a create that it refuses, tasks made in all when it comes once)
CODES: dict[str, tuple[int, int]] = {
    "MissingParameter": (22, 0),
    "InvalidParameter": (22, 0),
    "InvalidParameter.TaskTypeConstraint": (22, 0),
    "InputTextSensitiveContentDetected": (26, 0),
    "InputImageSensitiveContentDetected": (26, 0),
    "InputImageSensitiveContentDetected.PolicyViolation": (26, 0),
    "InputVideoSensitiveContentDetected": (26, 0),
    "OutputImageSensitiveContentDetected": (26, 0),
    "OutputVideoSensitiveContentDetected": (26, 0),
    "InvalidEndpoint.ClosedEndpoint": (23, 0),
    "AuthenticationError": (21, 0),
    "InvalidAccountStatus": (21, 0),
    "AccessDenied": (21, 0),
    "OperationDenied.ServiceNotOpen": (21, 0),
    "AccountOverdueError": (20, 0),
    "InvalidEndpointOrModel.NotFound": (23, 0),
    "ModelNotOpen": (23, 0),
    "ResourceNotFound": (23, 0),
    "RateLimitExceeded.EndpointRPMExceeded": (0, 1),
    "ModelAccountRpmRateLimitExceeded": (0, 1),
    "ServerOverloaded": (0, 1),
    "RequestBurstTooFast": (0, 1),
    "InflightBatchsizeExceeded": (0, 1),
    "QuotaExceeded": (20, 0),
    "QuotaExceeded:queued": (0, 1),
    "SetLimitExceeded": (20, 0),
    "SetLimitExceeded:queued": (0, 1),
    "InternalServiceError": (13, 0),
}
ONE_A_KIND = [*{ends: code for code, ends in CODES.items()}.values(), "RateLimitExceeded.EndpointRPMExceeded"]
"""A code for each way in which a create can end; what each code means to the other calls is tests/providers'."""
AGCLOUDS_BODY = ("MissingParameter", "AccountOverdueError", "ServerOverloaded", "InternalServiceError")
REFUSALS = [*((code, ()) for code in CODES), *((code, ("agcloud-error-body",)) for code in AGCLOUDS_BODY)]


def make(desk: Desk, *args: str, prompt: str = "a paper boat", provider: str = "agcloud") -> Ran:
    return desk.run("--kind", "video", "--prompt", prompt, *args, provider=provider)


def wait(desk: Desk, *args: str) -> Ran:
    return desk.run(*args, provider="agcloud", script="wait_generation")


def detached(desk: Desk, fault: str = "agcloud-queued-forever") -> str:
    """A task that stays as it is, recorded and not followed."""
    desk.faults(fault)
    ran = make(desk, "--detach")
    assert ran.code == 0, ran.out
    desk.faults()
    return str(ran.events("accepted")[0]["generation_id"])


def deletes(desk: Desk, identity: str) -> int:
    rows = desk.log()["requests"]
    return sum(row["method"] == "DELETE" and row["path"].endswith(identity) for row in rows)


@pytest.mark.parametrize(("code", "body"), REFUSALS)
def test_a_create_refused_with_a_code(desk: Desk, code: str, body: tuple[str, ...]) -> None:
    expected, jobs = CODES[code]
    desk.faults(f"agcloud-create-error={code}*1", *body)
    ran = make(desk, "--no-download")
    assert (ran.code, desk.jobs()) == (expected, jobs), ran.out
    assert len(ran.events("retry")) == (expected == 0)
    assert ran.last["event"] == ("terminal" if expected == 0 else "error")
    assert ran.last.get("may_have_been_created", False) is (expected == 13)
    again = make(desk, "--no-download")
    if expected == 13:
        assert (again.code, desk.jobs()) == (13, 0), "a list proves nothing"
    else:
        assert (again.code, desk.jobs()) == (0, 1), again.out


@pytest.mark.parametrize("code", ONE_A_KIND)
def test_a_picture_refused_with_a_code(desk: Desk, code: str) -> None:
    expected, jobs = CODES[code]
    desk.faults(f"agcloud-create-error={code}*1")
    ran = desk.run("--prompt", "a paper boat", "--size", "1K", provider="ark")
    assert (ran.code, desk.jobs(), len(ran.events("retry"))) == (expected, jobs, int(expected == 0)), ran.out
    assert ran.last.get("may_have_been_created", False) is (expected == 13)
    assert "candidates" not in ran.last, "pictures are in no list"
    again = desk.run("--prompt", "a paper boat", "--size", "1K", provider="ark")
    assert (again.code, desk.jobs()) == ((13, 0) if expected == 13 else (0, 1)), again.out


@pytest.mark.parametrize("code", ONE_A_KIND)
def test_a_query_refused_twice_ends_nothing(desk: Desk, code: str) -> None:
    desk.faults(f"agcloud-poll-error={code}*2")
    ran = make(desk, "--no-download")
    assert (ran.code, desk.jobs()) == (0, 1), ran.out


@pytest.mark.parametrize("code", ONE_A_KIND)
def test_a_list_that_is_refused_leaves_the_outcome_unknown(desk: Desk, code: str) -> None:
    desk.faults("create:request:reset*1", f"agcloud-list-error={code}")
    lost = make(desk, "--no-download")
    assert (lost.code, desk.jobs(), lost.last["error"]) == (13, 1, "outcome_unknown"), lost.out
    assert "candidates" not in lost.last
    desk.faults()
    listed = make(desk, "--no-download")
    assert (listed.code, desk.jobs(), desk.creates()) == (13, 1, 1), listed.out
    assert len(listed.last["candidates"]) == 1


@pytest.mark.parametrize("code", ONE_A_KIND)
def test_a_cancel_that_is_refused_changes_nothing(desk: Desk, code: str) -> None:
    identity = detached(desk)
    desk.faults(f"agcloud-cancel-error={code}")
    refused = wait(desk, "--cancel", identity)
    expected = CODES[code][0] if CODES[code][0] not in (0, 13) else 24
    assert refused.code == expected, refused.out
    desk.faults()
    cancelled = wait(desk, "--cancel", identity)
    assert (cancelled.code, cancelled.last["status"]) == (0, "cancelled"), cancelled.out


def test_a_404_on_the_create_tells_about_the_base_url(desk: Desk) -> None:
    desk.faults("agcloud-create-absent")
    ran = make(desk)
    assert (ran.code, desk.jobs()) == (23, 0)
    assert "base URL is inferred" in " ".join(ran.last["guidance"])


# faults → exit code, the provider's word
ENDS: dict[str, tuple[tuple[str, ...], int, str]] = {
    "as Ark": ((), 0, "succeeded"),
    "as AGCloud": (("agcloud-task-id", "agcloud-other-words", "agcloud-error-body"), 0, "success"),
    "an unknown word on the way": (("agcloud-unknown-status",), 0, "succeeded"),
    "queued behind others": (("agcloud-concurrency=1",), 0, "succeeded"),
    "failed": (("agcloud-failed",), 10, "failed"),
    "failed by moderation": (("agcloud-failed=OutputVideoSensitiveContentDetected",), 26, "failed"),
    "cancelled by somebody": (("agcloud-cancelled",), 10, "cancelled"),
    "expired": (("agcloud-expired",), 10, "expired"),
    "nothing to show": (("agcloud-no-output",), 14, "succeeded"),
    "24 hours over": (("agcloud-result-gone",), 14, "succeeded"),
}


@pytest.mark.parametrize("name", ENDS)
def test_how_a_task_ends(desk: Desk, name: str) -> None:
    faults, code, word = ENDS[name]
    desk.faults(*faults)
    ran = make(desk)
    assert (ran.code, ran.last["status"], desk.jobs()) == (code, word, 1), ran.out
    assert ran.last["ok"] is (code == 0)


def test_kkcc_is_followed_at_its_own_place(desk: Desk) -> None:
    ran = make(desk, "--model", "kkcc")
    assert (ran.code, ran.last["status"]) == (0, "success"), ran.out
    asked = {(row["method"], row["path"]) for row in desk.log()["requests"] if row["operation"] == "poll"}
    assert ("POST", "/v1/video-tasks/query") in asked


@pytest.mark.parametrize("provider", ["ark", "byteplus"])
def test_ark_and_byteplus_are_configuration_alone(desk: Desk, provider: str) -> None:
    ran = make(desk, "--model", "ep-20260101-abcde", "--duration", "20", provider=provider)
    assert ran.code == 0, ran.out
    said = " ".join(line["message"] for line in ran.events("warning"))
    assert "most models take 4-15 s" in said
    assert "nothing specific to its model was checked" in said


def test_a_queued_task_is_cancelled_by_one_delete(desk: Desk) -> None:
    identity = detached(desk)
    ran = wait(desk, "--cancel", identity)
    assert (ran.code, ran.last["status"], deletes(desk, identity)) == (0, "cancelled", 1), ran.out


def test_a_cancelled_task_stays_cancelled(desk: Desk) -> None:
    identity = detached(desk)
    wait(desk, "--cancel", identity)
    ran = wait(desk, f"--generation-id={identity}")
    assert (ran.code, ran.last["result"]) == (10, "canceled"), ran.out


def test_a_running_task_is_left_alone(desk: Desk) -> None:
    """DELETE would destroy its record, should it end just then."""
    identity = detached(desk, "agcloud-running-forever")
    time.sleep(0.1)
    ran = wait(desk, "--cancel", identity)
    assert (ran.code, ran.last["event"], deletes(desk, identity)) == (24, "error", 0), ran.out
    assert "cannot be cancelled" in " ".join([ran.last["message"], *ran.last["guidance"]])


def test_a_finished_task_is_saved_and_never_deleted(desk: Desk) -> None:
    identity = str(make(desk, "--detach").events("accepted")[0]["generation_id"])
    wait(desk, f"--generation-id={identity}", "--no-download")
    ran = wait(desk, "--cancel", identity)
    assert (ran.code, deletes(desk, identity)) == (0, 0), ran.out
    assert Path(ran.last["outputs"][0]["path"]).is_file()


def test_the_time_left_is_listed(desk: Desk) -> None:
    identity = detached(desk)
    rows = wait(desk, "--list").last["jobs"]
    (left,) = [row["expires_in_seconds"] for row in rows if row["generation_id"] == identity]
    assert 0 < left <= 86400


def test_each_scene_by_flags_and_the_last_frame_goes_on(desk: Desk) -> None:
    ffprobe = require_tool("ffprobe")
    first = make(desk, "--return-last-frame", "--aspect-ratio", "9:16", "--duration", "4")
    assert [output.get("role", "") for output in first.last["outputs"]] == ["", "last_frame"], first.out
    frame = first.last["outputs"][1]["path"]
    runs = [
        first,
        make(desk, "--first-frame", frame, prompt="it sails on"),
        make(desk, "--first-frame", frame, "--last-frame", frame, "--no-audio-track", prompt="and back"),
        make(desk, "--image", frame, "--image", "https://files.example/b.png", "--video", "https://files.example/a.mp4",
             "--audio", "https://files.example/a.mp3", prompt="in this style"),
    ]  # fmt: skip
    for ran in runs:
        assert ran.code == 0, ran.out
        command = [ffprobe, "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0"]
        shown = subprocess.run([*command, ran.last["outputs"][0]["path"]], check=True, capture_output=True, text=True)
        assert float(shown.stdout) > 1
    roles = [[part.get("role") for part in row["body"]["content"]] for row in creates(desk)]
    assert roles == [
        [None],
        [None, "first_frame"],
        [None, "first_frame", "last_frame"],
        [None, "reference_image", "reference_image", "reference_video", "reference_audio"],
    ]


def creates(desk: Desk) -> list[dict[str, Any]]:
    """The log's rows of this user's creates, in order."""
    key = hashlib.sha256(desk.key.encode()).hexdigest()[:12]
    return [row for row in desk.log()["requests"] if row["operation"] == "create" and row["key"] == key]


def test_the_documented_example_goes_through_as_it_is(desk: Desk) -> None:
    def part(kind: str, role: str, name: str) -> dict[str, Any]:
        return {"type": kind, kind: {"url": f"https://files.example/{name}"}, "role": role}

    payload = {
        "model": MODEL,
        "content": [
            {"type": "text", "text": "a paper boat in the style of both pictures"},
            part("image_url", "reference_image", "a.png"),
            part("image_url", "reference_image", "b.png"),
            part("video_url", "reference_video", "a.mp4"),
            part("audio_url", "reference_audio", "a.mp3"),
        ],
        "generate_audio": True,
        "ratio": "16:9",
        "duration": 11,
        "watermark": False,
    }
    ran = desk.run("--payload", json.dumps(payload), provider="agcloud")
    assert (ran.code, ran.events("warning")) == (0, []), ran.out
    assert creates(desk)[-1]["body"] == payload


# arguments → exit code, words of the message
REFUSED: dict[str, tuple[tuple[str, ...], int, str]] = {
    "3:3": (("--aspect-ratio", "3:3"), 22, "slip for 3:4"),
    "twenty seconds": (("--duration", "20"), 22, "duration"),
    "a sound with words only": (("--audio", "https://files.example/a.mp3"), 22, "audio"),
    "a frame and a reference": (("--first-frame", "https://h.example/a", "--image", "https://h.example/b"), 2, ""),
    "a local video": (("--video", "CLIP"), 2, "URL only"),
    "a placeholder": (("--first-frame", "<path-to-your-image-url>"), 2, ""),
    "a misspelt field": (("--set", "ratoi=16:9"), 22, "ratio"),
    "an expiry too short": (("--expires-after", "60"), 22, "execution_expires_after"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_before_anything_is_sent(desk: Desk, name: str) -> None:
    args, code, words = REFUSED[name]
    clip = Path(__file__).parents[2] / "scripts/generate_media/sandbox/assets/landscape.mp4.dat"
    ran = make(desk, *(str(clip) if arg == "CLIP" else arg for arg in args))
    assert (ran.code, desk.creates()) == (code, 0), ran.out
    assert words in ran.last["message"]


@pytest.mark.parametrize(
    ("args", "words"), [(("--frames", "100", "--duration", "5"), "frames wins"), (("--set", "priority=3"), "Ark's")]
)
def test_what_only_warns(desk: Desk, args: tuple[str, ...], words: str) -> None:
    ran = make(desk, *args, "--no-download")
    assert ran.code == 0, ran.out
    assert words in ran.events("warning")[0]["message"]


def test_an_inline_command_warns(desk: Desk) -> None:
    ran = make(desk, "--no-download", prompt="a paper boat --dur 5 --ratio 16:9")
    assert ran.code == 0
    assert "inline command" in ran.events("warning")[0]["message"]
