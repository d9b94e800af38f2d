"""skills.video in the sandbox: shapes after facts/skills-video, seen by requests and by curl."""

from __future__ import annotations

import io
import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image

from sandbox_help import KEY, Site, events
from tools import require_tool


def test_create_answers_with_the_newer_shape(site: Site) -> None:
    answer = site.create({"prompt": "a cat", "aspect_ratio": "16:9"})
    assert answer.status_code == 202
    body = answer.json()
    assert set(body) == {"id", "status", "input", "usage"}
    assert (body["status"], body["input"]) == ("IN_QUEUE", {"prompt": "a cat", "aspect_ratio": "16:9"})
    assert set(body["usage"]) == {"total", "subscription", "permanent"}


def test_a_job_goes_from_queue_to_progress_to_completed(begin: Callable[..., Site]) -> None:
    site = begin(speed=10)
    began = time.monotonic()
    seen = events(site.create(sse=True).content)
    took = time.monotonic() - began
    words = [event["status"] for event in seen]
    assert list(dict.fromkeys(words)) == ["IN_QUEUE", "IN_PROGRESS", "COMPLETED"]
    assert 0.95 < took < 5
    assert all(event["data"] is None for event in seen[:-1])
    assert site.query(seen[0]["id"]).json() == seen[-1]


def test_a_stream_never_ends_before_its_end_is_told(begin: Callable[..., Site]) -> None:
    site = begin(speed=20_000)  # half a millisecond a job: the clock goes on while an event is being made
    ends = [events(site.create(sse=True).content)[-1]["status"] for _ in range(150)]
    assert set(ends) == {"COMPLETED"}


def test_completed_image_data_is_as_documented(site: Site) -> None:
    data = site.finished({"prompt": "a cat"})["data"]
    assert {"type", "n", "actual_prompt", "images", "image"} <= set(data)
    assert data["image"] == data["images"][0]
    assert set(data["image"]) == {"url", "file_name", "content_type", "width", "height"}
    assert (data["type"], data["n"], data["actual_prompt"]) == ("image", 1, "a cat")


def test_the_numbers_told_are_those_of_the_file(site: Site) -> None:
    image = site.finished({"prompt": "a cat", "aspect_ratio": "16:9", "resolution": "2K"})["data"]["image"]
    with Image.open(io.BytesIO(requests.get(image["url"], timeout=10).content)) as picture:
        assert picture.size == (image["width"], image["height"]) == (2048, 1152)
        assert picture.format == "PNG"


def test_several_outputs_are_several_different_files(site: Site) -> None:
    data = site.finished({"prompt": "a cat", "num_images": 3}, model="openai/gpt-image-1.5")["data"]
    files = {requests.get(image["url"], timeout=10).content for image in data["images"]}
    assert len(files) == data["n"] == 3


@pytest.mark.parametrize(("asked", "made"), [("png", "PNG"), ("jpeg", "JPEG"), ("webp", "WEBP")])
def test_output_format(site: Site, asked: str, made: str) -> None:
    end = site.finished({"prompt": "a cat", "output_format": asked}, model="openai/gpt-image-1.5")
    with Image.open(io.BytesIO(requests.get(end["data"]["image"]["url"], timeout=10).content)) as picture:
        assert picture.format == made


def test_a_clip_is_a_real_one(site: Site, tmp_path: Path) -> None:
    data = site.finished({"prompt": "a cat"}, model="bytedance/seedance-1.5")["data"]
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(requests.get(data["video"]["url"], timeout=10).content)
    probe = [
        require_tool("ffprobe"),
        "-v",
        "error",
        "-show_entries",
        "stream=codec_name,width,height:format=duration",
        "-of",
        "json",
    ]
    found = json.loads(subprocess.run([*probe, clip], capture_output=True, check=True).stdout)
    video = next(stream for stream in found["streams"] if "width" in stream)
    assert (video["codec_name"], video["width"], video["height"]) == (
        "h264",
        data["video"]["width"],
        data["video"]["height"],
    )
    assert 4.9 < float(found["format"]["duration"]) < 5.1


@pytest.mark.parametrize(
    ("model", "body", "code", "word"),
    [
        ("google/nano-banana-pro", {}, "IMAGE_GENERATION_INVALID_INPUT", "prompt"),
        ("openai/gpt-image-1.5", {"prompt": "x", "num_images": 11}, "IMAGE_GENERATION_INVALID_INPUT", "num_images"),
        ("openai/gpt-image-1.5", {"prompt": "x", "quality": "best"}, "IMAGE_GENERATION_INVALID_INPUT", "quality"),
        ("openai/sora-2-pro", {"prompt": 3}, "VIDEO_GENERATION_INVALID_INPUT", "prompt"),
        ("no/such-model", {"prompt": "x"}, "IMAGE_GENERATION_UNSUPPORTED_MODEL", "no/such-model"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("sse", [False, True])
def test_bad_requests_get_the_providers_error_body_and_cost_nothing(
    site: Site, model: str, body: Any, code: str, word: str, sse: bool
) -> None:
    before = requests.get(site.base + "/credits", headers=KEY, timeout=5).json()
    answer = site.create(body, model=model, sse=sse)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/json"
    assert set(answer.json()) == {"error", "code", "message"}
    assert answer.json()["code"] == code
    assert word in answer.json()["message"]
    assert requests.get(site.base + "/credits", headers=KEY, timeout=5).json() == before
    assert site.jobs() == 0


def test_credits_go_down_by_what_usage_says(site: Site) -> None:
    before = requests.get(site.base + "/credits", headers=KEY, timeout=5).json()["total"]
    usage = site.create().json()["usage"]["total"]
    assert usage > 0
    assert requests.get(site.base + "/credits", headers=KEY, timeout=5).json()["total"] == before - usage


def test_multipart_takes_files_beside_urls(site: Site) -> None:
    parts: Any = [
        ("prompt", (None, "put 1 hat on")),
        ("image_urls", ("cat.png", b"\x89PNG\r\n\x1a\n\r\n--x", "image/png")),
        ("image_urls", (None, "https://example.com/hat.png")),
        ("aspect_ratio", (None, "1:1")),
    ]
    url = site.base + "/generation/google/nano-banana-pro"
    answer = requests.post(url, files=parts, headers=KEY, timeout=5)
    assert answer.status_code == 202
    urls = ["https://local.file/cat.png", "https://example.com/hat.png"]
    assert answer.json()["input"] == {"prompt": "put 1 hat on", "image_urls": urls, "aspect_ratio": "1:1"}


def test_multipart_single_values_get_their_types(site: Site) -> None:
    parts: Any = [("prompt", (None, "7")), ("image_urls", ("a.png", b"x")), ("num_images", (None, "2"))]
    answer = requests.post(site.base + "/generation/openai/gpt-image-1.5", files=parts, headers=KEY, timeout=5)
    body = {"prompt": "7", "image_urls": ["https://local.file/a.png"], "num_images": 2}
    assert answer.json()["input"] == body


@pytest.mark.parametrize("body", [b"", b"--b\r\n", b"--b\r\nX: y\r\n\r\nz\r\n--b--\r\n"])
def test_a_broken_form_is_an_invalid_request(site: Site, body: bytes) -> None:
    headers = {**KEY, "Content-Type": "multipart/form-data; boundary=b"}
    answer = requests.post(site.base + "/generation/google/nano-banana-pro", data=body, headers=headers, timeout=5)
    assert answer.status_code == 400


def test_nulls_count_as_absent(site: Site) -> None:
    assert site.create({"prompt": "x", "aspect_ratio": None}).status_code == 202


def test_curl_streams_and_downloads(site: Site, tmp_path: Path) -> None:
    curl = require_tool("curl")
    url = site.base + "/generation/sse/google/nano-banana-pro"
    body = json.dumps({"prompt": "a matte black coffee grinder"})
    command = [curl, "-sSN", "-H", f"Authorization: {KEY['Authorization']}", "-H", "Content-Type: application/json"]
    stream = subprocess.run([*command, "-d", body, url], capture_output=True, check=True, timeout=20).stdout
    end = events(stream)[-1]
    assert end["status"] == "COMPLETED"
    file = tmp_path / "a.png"
    subprocess.run([curl, "-sSf", "-o", file, end["data"]["image"]["url"]], check=True, timeout=20)
    with Image.open(file) as picture:
        assert picture.size == (1024, 1024)


def test_a_first_event_arrives_at_once(begin: Callable[..., Site]) -> None:
    site = begin(speed=1)
    url = site.base + "/generation/sse/google/nano-banana-pro"
    site.create({"prompt": "the contract is loaded now"})
    began = time.monotonic()
    with requests.post(url, json={"prompt": "x"}, headers=KEY, stream=True, timeout=10) as stream:
        assert stream.raw.read1(10) == b'data: {"id'
        assert time.monotonic() - began < 0.5
