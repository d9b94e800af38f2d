"""Seedance 2.5 through the whole command: the default, a clip made longer, and QuickTime."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import Desk


@pytest.mark.parametrize(
    ("provider", "model"), [("ark", "doubao-seedance-2-5-260628"), ("byteplus", "dreamina-seedance-2-5-260628")]
)
def test_the_first_line_says_the_default_model(desk: Desk, provider: str, model: str) -> None:
    ran = desk.run("--prompt", "a boat", "--kind", "video", "--duration", "20", provider=provider)
    assert ran.code == 0, ran.out
    assert (ran.lines[0]["event"], ran.lines[0]["model"], ran.last["model"]) == ("start", model, model)


@pytest.mark.parametrize("task", ["extend", "edit"])
def test_a_clip_made_here_is_made_longer_or_changed_by_its_path(desk: Desk, task: str) -> None:
    made = desk.run("--prompt", "a boat", "--kind", "video", provider="ark")
    clip = made.last["outputs"][0]["path"]
    how = ("--prompt", "into the fog", "--video", clip, "--set", f"omni_reference_task_type={task}")
    ran = desk.run(*how, "--set", "output_format=mov", provider="ark")
    assert ran.code == 0, ran.out
    body = [row.get("body") for row in desk.log()["requests"] if row["operation"] == "create"][-1]
    assert body["omni_reference_task_type"] == task
    assert body["content"][1]["video_url"]["url"].startswith("http")
    made_file = Path(ran.last["outputs"][0]["path"])
    assert (made_file.suffix, made_file.read_bytes()[4:12]) == (".mov", b"ftypqt  ")


def test_a_file_that_no_provider_has_is_refused_with_what_to_give(desk: Desk) -> None:
    made = desk.run("--prompt", "a boat", "--kind", "video", provider="ark")
    clip = Path(made.last["outputs"][0]["path"])
    other = clip.with_name("other.mp4")
    other.write_bytes(clip.read_bytes() + b"\0\0\0\x08free")
    ran = desk.run("--prompt", "x", "--video", str(other), "--set", "omni_reference_task_type=extend", provider="ark")
    assert (ran.code, ran.last["error"], desk.creates()) == (2, "local_file_refused", 1)
    assert "URL" in ran.last["guidance"][0]
