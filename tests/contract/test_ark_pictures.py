"""Seedream's models in Ark's document against the facts (ark-images.md): a line each, its own limits."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import pytest

from generate_media.contract.catalog import Contract, open_contract
from generate_media.contract.operations import Endpoint
from generate_media.core.paths import REFERENCES

PRO, FLASH = "doubao-seedream-5-0-pro-260628", "doubao-seedream-5-0-flash-260915"
LITE, V45, V40 = "doubao-seedream-5-0-260128", "doubao-seedream-4-5-251128", "doubao-seedream-4-0-250828"
URL = "https://files.example/a.png"
SET = {"sequential_image_generation": "auto", "sequential_image_generation_options": {"max_images": 4}}
WEB = {"tools": [{"type": "web_search"}]}
FAST = {"optimize_prompt_options": {"mode": "fast"}}


@cache
def contract() -> Contract:
    return open_contract("agcloud")


@cache
def pictures() -> Endpoint:
    return contract().find_endpoint("/images/generations", create_only=True)


def judge(model: str, **fields: Any) -> tuple[list[str], list[str]]:
    """(fields with an error, fields with a warning) of a body."""
    problems = contract().validate(pictures(), {"model": model, "prompt": "a cat", **fields})
    return (
        [p.field for p in problems if p.severity == "error"],
        [p.field for p in problems if p.severity == "warning"],
    )


# model → what it takes, what it refuses and at which field
TAKES: dict[str, list[dict[str, Any]]] = {
    PRO: [
        *({"size": size} for size in ("1K", "1.5K", "2K", "1280x720", "2848x1600", "2144x2144")),
        {"image": [URL] * 10}, {"image": URL}, {"output_format": "png"}, {"watermark": False},
        {"sequential_image_generation": "disabled"}, {"optimize_prompt_options": {"mode": "standard"}},
        {"response_format": "b64_json"}, {"stream": False},
    ],
    FLASH: [{"size": "1.5K"}, {"image": [URL] * 10}, {"output_format": "png"}],
    LITE: [{"size": "2K"}, {"size": "3K"}, {"size": "4K"}, {"size": "2560x1440"}, {"size": "4096x4096"},
           {"image": [URL] * 14}, SET, WEB, {"output_format": "png"}],
    V45: [{"size": "2K"}, {"size": "4K"}, {"size": "2560x1440"}, {"size": "7680x480"}, {"image": [URL] * 14},
          SET, SET | {"image": [URL] * 11}],
    V40: [{"size": "1K"}, {"size": "2K"}, {"size": "4K"}, {"size": "1024x1024"}, {"image": [URL] * 14}, SET, FAST],
}  # fmt: skip
REFUSES: dict[str, list[tuple[dict[str, Any], str]]] = {
    PRO: [
        *(({"size": size}, "size") for size in ("3K", "4K", "2k", "512x512", "4096x4096", "921600", "9999x100", "x")),
        ({"image": [URL] * 11}, "image"), (SET, "sequential_image_generation"), (WEB, "tools"),
        (FAST, "optimize_prompt_options.mode"), ({"seed": 7}, "seed"), ({"guidance_scale": 2.5}, "guidance_scale"),
        ({"stream": True}, "stream"), ({"image": "cat.png"}, "image"), ({"image": []}, "image"),
        ({"watermark": "no"}, "watermark"), ({"response_format": "file"}, "response_format"), ({"n": 2}, "n"),
        ({"prompt": " "}, "prompt"),
    ],
    FLASH: [({"size": "3K"}, "size"), (SET, "sequential_image_generation"), (FAST, "optimize_prompt_options.mode")],
    LITE: [({"size": "1K"}, "size"), ({"size": "2048x1024"}, "size"), (FAST, "optimize_prompt_options.mode"),
           ({"layer_decomposition": True}, "layer_decomposition"), ({"background": "transparent"}, "background")],
    V45: [({"size": "1K"}, "size"), ({"size": "3K"}, "size"), ({"size": "4096x4100"}, "size"),
          ({"size": "8192x480"}, "size"), ({"image": [URL] * 15}, "image"), ({"output_format": "png"}, "output_format"),
          (WEB, "tools"), (FAST, "optimize_prompt_options.mode"),
          (SET | {"image": [URL] * 12}, "sequential_image_generation_options.max_images"),
          (SET | {"sequential_image_generation_options": {"max_images": 16}},
           "sequential_image_generation_options.max_images")],
    V40: [({"size": "3K"}, "size"), ({"size": "1000x1000"}, "size"), ({"output_format": "png"}, "output_format")],
}  # fmt: skip
EVERY = [(model, fields) for model, rows in TAKES.items() for fields in rows]
NONE = [(model, fields, field) for model, rows in REFUSES.items() for fields, field in rows]


@pytest.mark.parametrize(("model", "fields"), EVERY)
def test_what_a_model_takes_passes_at_ark_and_at_byteplus(model: str, fields: dict[str, Any]) -> None:
    assert judge(model, **fields) == ([], [])
    assert judge(model.removeprefix("doubao-"), **fields) == ([], [])


@pytest.mark.parametrize(("model", "fields", "field"), NONE)
def test_what_a_model_has_not_is_refused_at_its_field(model: str, fields: dict[str, Any], field: str) -> None:
    assert field in judge(model, **fields)[0]
    assert field in judge(model.removeprefix("doubao-"), **fields)[0]


@pytest.mark.parametrize("model", ["ep-20261101-abcde", "doubao-seedream-9-0-270101", "doubao-seedream-3-0-t2i-250415"])
def test_a_model_that_nobody_knows_here_passes_with_one_warning(model: str) -> None:
    fields = {"size": "512x512", "image": [URL] * 11, "output_format": "png", "seed": 7, **SET}
    assert judge(model, **fields) == ([], ["model"])


def test_a_size_out_of_bounds_is_told_with_one_within() -> None:
    (problem,) = contract().validate(pictures(), {"model": V45, "prompt": "x", "size": "1500x1000"})
    near = re.search(r"try (\d+)x(\d+)$", problem.message)
    assert near is not None
    width, height = int(near[1]), int(near[2])
    assert 3_686_400 <= width * height <= 16_777_216
    assert width / height == pytest.approx(1.5, abs=0.02)


@pytest.mark.parametrize("size", ["0x0", "00000x1", "16x1", "99999x1"])
def test_an_odd_size_is_an_objection_and_no_crash(size: str) -> None:
    assert judge(V45, size=size)[0] == ["size"]


def test_each_ratio_of_each_tier_is_a_size_that_the_model_takes() -> None:
    """Every size that --aspect-ratio can become, with its tier, is legal, of its ratio, and of about its tier."""
    document = json.loads((REFERENCES / "agcloud.openapi.json").read_text(encoding="utf-8"))
    seen = 0
    for form in document["paths"]["/images/generations"]["post"]["x-flags"]:
        for tier, sizes in form["flags"]["aspect-ratio"]["map"].items():
            for ratio, size in sizes.items():
                wide, high = map(int, ratio.split(":"))
                width, height = map(int, size.split("x"))
                assert width / height == pytest.approx(wide / high, rel=0.04), (tier, ratio, size)
                assert (width * height) ** 0.5 == pytest.approx(1024 * float(tier[:-1]), rel=0.09), (tier, ratio, size)
                for model in form.get("models", [V45, V40, LITE, PRO]):
                    assert judge(model, size=size)[0] == []
                    seen += 1
    assert seen > 100


def test_every_model_is_a_line_and_the_one_that_ends_says_when_and_what_then() -> None:
    rows = pictures().operation.node["x-models"]  # type: ignore[union-attr]
    assert {row["id"] for row in rows} == {name for model in TAKES for name in (model, model.removeprefix("doubao-"))}
    ends = {row["id"]: row["x-end-of-service"] for row in rows if "x-end-of-service" in row}
    assert ends == {LITE: {"date": "2026-11-24T14:00:00+08:00", "replacement": PRO}}


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("doubao-seedream-9-9-991231", "/images/generations"),
        ("doubao-seededit-3-0-i2i-250628", "/images/generations"),
        ("doubao-seedance-1-0-pro-250528", "/contents/generations/tasks"),
        ("kkcc-new", "/contents/generations/tasks"),
        ("ep-20261101-abcde", None),
    ],
)
def test_a_newer_model_is_told_by_its_family(model: str, path: str | None) -> None:
    found = contract().family_of(model)
    assert (found and found.path) == path
