"""The sandbox as Ark's pictures: requests of its official SDKs replayed, sets, and what is no task."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from PIL import Image

from generate_media.contract.catalog import open_contract
from generate_media.core.json import without_nulls
from generate_media.sandbox.embedded import start

RECORDED = sorted((Path(__file__).parents[1] / "recorded" / "ark-pictures").glob("*/*.json"))
PICTURES = "/images/generations"
PRO, V45 = "doubao-seedream-5-0-pro-260628", "doubao-seedream-4-5-251128"
KEY = {"Authorization": "Bearer example-test-key"}
SET = {"model": V45, "sequential_image_generation": "auto"}


class Ark:
    """The service at the end of a wire."""

    def __init__(self, base: str) -> None:
        self.base = base

    def post(self, body: Any, fault: str = "") -> requests.Response:
        headers = KEY | ({"X-Sandbox-Fault": fault} if fault else {})
        return requests.post(self.base + PICTURES, json=body, headers=headers, timeout=20)

    def get(self, path: str) -> requests.Response:
        return requests.get(self.base + path, headers=KEY, timeout=20)

    def made(self, fault: str = "", **fields: Any) -> dict[str, Any]:
        answer = self.post({"model": PRO, "prompt": "a cat", **fields}, fault)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture(scope="module")
def ark() -> Iterator[Ark]:
    with start(speed=2000.0) as running:
        yield Ark(running.base_urls["ark"])


def test_there_are_recordings_of_both_official_clients() -> None:
    found = {(file.parent.name, file.stem) for file in RECORDED}
    scenes = ("single", "reference", "references", "set")
    assert found == {(client, scene) for client in ("volcengine", "arkruntime") for scene in scenes}


@pytest.mark.parametrize("file", RECORDED, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_a_recorded_request_passes_the_contract_and_is_answered(ark: Ark, file: Path) -> None:
    (row,) = json.loads(file.read_text(encoding="utf-8"))["requests"]
    assert (row["method"], row["path"]) == ("POST", "{base}" + PICTURES)
    contract = open_contract("agcloud")
    assert contract.validate(contract.find_endpoint(PICTURES), without_nulls(row["body"])) == ()
    answer = ark.post(row["body"])
    assert answer.status_code == 200, answer.text
    assert len(answer.json()["data"]) == (4 if file.stem == "set" else 1)
    assert {"model", "created", "data", "usage"} <= set(answer.json())


# fields → pixels and format of the file
FILES: list[tuple[dict[str, Any], tuple[int, int], str]] = [
    ({}, (2048, 2048), "JPEG"),
    ({"size": "1K"}, (1024, 1024), "JPEG"),
    ({"size": "1.5K", "output_format": "png"}, (1536, 1536), "PNG"),
    ({"size": "2848x1600"}, (2848, 1600), "JPEG"),
    ({"model": V45, "size": "4K"}, (4096, 4096), "JPEG"),
]


@pytest.mark.parametrize(("fields", "pixels", "kind"), FILES)
def test_a_picture_has_the_size_and_format_asked_for(
    ark: Ark, fields: dict[str, Any], pixels: tuple[int, int], kind: str
) -> None:
    answer = ark.made(**fields)
    (row,) = answer["data"]
    assert row["size"] == f"{pixels[0]}x{pixels[1]}"
    with Image.open(io.BytesIO(requests.get(row["url"], timeout=20).content)) as picture:
        assert (picture.size, picture.format) == (pixels, kind)
    tokens = pixels[0] * pixels[1] // 256
    assert answer["usage"] == {"generated_images": 1, "output_tokens": tokens, "total_tokens": tokens}


URL = "https://files.example/a.png"
COUNTS: list[tuple[dict[str, Any], int]] = [
    ({"sequential_image_generation_options": {"max_images": 6}}, 6),
    ({}, 4),
    ({"image": [URL] * 13}, 2),
    ({"image": URL, "sequential_image_generation_options": {"max_images": 14}}, 14),
    ({"sequential_image_generation": "disabled"}, 1),
]


@pytest.mark.parametrize(("fields", "count"), COUNTS)
def test_how_many_a_set_holds(ark: Ark, fields: dict[str, Any], count: int) -> None:
    assert len(ark.made(**SET | fields)["data"]) == count


@pytest.mark.parametrize(("which", "bad"), [("2", {2}), ("all", {1, 2, 3, 4})])
def test_elements_of_a_set_fail_alone(ark: Ark, which: str, bad: set[int]) -> None:
    answer = ark.made(f"agcloud-picture-failed={which}", **SET)
    for place, row in enumerate(answer["data"], start=1):
        assert ("error" in row, "url" in row) == (place in bad, place not in bad)
    assert answer["usage"]["generated_images"] == 4 - len(bad)


def test_a_refusal_names_the_field(ark: Ark) -> None:
    answer = ark.post({"model": PRO, "prompt": "a cat", "size": "512x512"})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["param"]) == (400, "InvalidParameter", "size")
    missing = ark.post({"model": PRO}).json()["error"]
    assert (missing["code"], missing["param"]) == ("MissingParameter", "prompt")
    assert ark.post([]).status_code == 400


def test_a_picture_is_no_task(ark: Ark) -> None:
    ark.made()
    tasks = "/contents/generations/tasks"
    assert ark.get(tasks).json()["items"] == []
    assert ark.get(f"{tasks}/img-x").status_code == 404
