"""references/agnes.openapi.json against the facts' tables: what it takes, what it refuses, how flags fill it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from generate_media.contract.catalog import Contract, open_contract
from generate_media.contract.problems import Problem
from generate_media.core.errors import UsageError
from generate_media.core.paths import REFERENCES
from generate_media.core.readings import Json
from generate_media.media import local as media, views
from generate_media.request.build import Built, Wish, build_body

PICTURE, FLASH, PAID, OLD = "agnes-image-2.1-flash", "agnes-video-2.5-flash", "agnes-video-2.5", "agnes-video-v2.0"
IMAGE_MODELS = ("agnes-image-2.0-flash", PICTURE, "agnes-image-2.5-flash")
URL, URI = "https://example.com/a.png", "data:image/png;base64,AAAA"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360000002000001e221bc330000000049454e44ae426082"
)


@pytest.fixture(scope="module")
def contract() -> Contract:
    return open_contract("agnes")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((REFERENCES / "agnes.openapi.json").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> str:
    file: Path = tmp_path_factory.mktemp("media") / "photo.png"
    file.write_bytes(PNG)
    return str(file)


def check(contract: Contract, body: dict[str, Json]) -> tuple[Problem, ...]:
    path = "/images/generations" if "image" in str(body.get("model")) else "/videos"
    return contract.validate(contract.find_endpoint(f"POST {path}", create_only=True), body)


def errors(contract: Contract, body: dict[str, Json]) -> list[str]:
    return [problem.field for problem in check(contract, body) if problem.severity == "error"]


def picture(**fields: Json) -> dict[str, Json]:
    return {"model": PICTURE, "prompt": "x", **fields}


def old(**fields: Json) -> dict[str, Json]:
    return {"model": OLD, "prompt": "x", **fields}


def flash(mode: str = "text", **fields: Json) -> dict[str, Json]:
    return {"model": FLASH, "prompt": "x", "mode": mode, **fields}


FACT_EXAMPLES: dict[str, dict[str, Json]] = {
    "text-to-image with a null seed": picture(size="1024x768", seed=None),
    "img2img with tags": picture(tags=["img2img"], extra_body={"image": [URL], "response_format": "url"}),
    "video with an image": old(image=URL, num_frames=121, frame_rate=24, width=1152, height=768),
}
TAKEN: dict[str, dict[str, Json]] = FACT_EXAMPLES | {
    "tier and ratio": picture(size="4K", ratio="21:9", n=1),
    "other pixels": picture(size="1000x700"),
    "base64 on top": picture(return_base64=True),
    "data URI": picture(extra_body={"image": [URI, URL]}),
    "v2.0 smallest": old(num_frames=9, frame_rate=1, width=64, height=64),
    "v2.0 largest": old(num_frames=441, frame_rate=60, num_inference_steps=30, negative_prompt="blur", seed=1),
    "v2.0 raw base64": old(image="AAAA", mode="ti2vid"),
    "v2.0 keyframes": old(extra_body={"image": [URL, "AAAA"], "mode": "keyframes"}),
    "2.5 text": flash(seconds="12", size="720P", aspect_ratio="21:9", seed=1, n=1),
    "2.5 keyframe": flash("keyframe", first_frame=URL, last_frame=URI),
    "2.5 last frame alone": flash("keyframe", last_frame=URL),
    "2.5 reference": flash("reference", images=[URL] * 5, audios=[URL] * 3),
    "paid": {**flash("reference", images=[URL] * 8, videos=[URL], size="2K"), "model": PAID},
}


@pytest.mark.parametrize("name", TAKEN)
def test_taken(contract: Contract, name: str) -> None:
    assert errors(contract, TAKEN[name]) == []


@pytest.mark.parametrize("name", FACT_EXAMPLES)
def test_the_facts_examples_are_taken_without_a_word(contract: Contract, name: str) -> None:
    assert check(contract, FACT_EXAMPLES[name]) == ()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        *[
            (picture(**{name: "x"}), name)
            for name in ("negative_prompt", "quality", "output_format", "stream", "format", "images", "image")
        ],
        (picture(response_format="url"), "response_format"),
        (picture(n=2), "n"),
        (picture(size="big"), "size"),
        (picture(size="5K"), "size"),
        (picture(ratio="1:1"), "size"),
        (picture(size="1024x768", ratio="4:3"), "size"),
        (picture(size="1K", ratio="5:4"), "ratio"),
        (picture(prompt=""), "prompt"),
        (picture(extra_body={"image": URL}), "extra_body.image"),
        (picture(extra_body={"image": ["cat.png"]}), "extra_body.image[0]"),
        (picture(extra_body={"images": [URL]}), "extra_body.images"),
        ({"model": "agnes-image-9", "prompt": "x"}, "model"),
        *[(old(num_frames=count), "num_frames") for count in (1, 8, 120, 122, 449)],
        (old(num_frames="121"), "num_frames"),
        (old(width=1150), "width"),
        (old(height=700), "height"),
        (old(frame_rate=61), "frame_rate"),
        (old(frame_rate=0), "frame_rate"),
        (old(image=URI), "image"),
        (old(image="photo.png"), "image"),
        (old(mode="keyframes"), "extra_body"),
        (old(extra_body={"image": [URL], "mode": "keyframes"}), "extra_body.image"),
        (old(extra_body={"image": [URL, URL]}), "extra_body"),
        (old(image=URL, extra_body={"image": [URL, URL], "mode": "keyframes"}), "image"),
        (old(seconds="5"), "seconds"),
        (old(aspect_ratio="16:9"), "aspect_ratio"),
        (flash(seconds=5), "seconds"),
        (flash(seconds="3"), "seconds"),
        (flash(seconds="13"), "seconds"),
        (flash(size="1080P"), "size"),
        (flash(aspect_ratio="3:2"), "aspect_ratio"),
        (flash(n=2), "n"),
        (flash("film"), "mode"),
        *[
            ({**flash(), name: 1}, name)
            for name in (
                "width", "height", "num_frames", "frame_rate", "fps", "quality", "resolution", "duration",
                "num_inference_steps", "negative_prompt", "anything",
            )
        ],
        (flash(first_frame=URL), "first_frame"),
        (flash("keyframe", images=[URL], first_frame=URL), "images"),
        (flash("reference", images=[URL], last_frame=URL), "last_frame"),
        (flash("reference", images=[URL] * 6), "images"),
        (flash("reference", audios=[URL] * 4), "audios"),
        (flash("reference", videos=[URL]), "videos"),
        (flash("keyframe"), "first_frame"),
        (flash("keyframe", first_frame="data:image/png;base64," + "A" * 320_000), "first_frame"),
        ({"model": FLASH, "prompt": "x"}, "mode"),
        ({**flash("reference", images=[URL] * 9), "model": PAID}, "images"),
        ({"model": "agnes-video-9", "prompt": "x"}, "model"),
        ({"prompt": "x"}, "model"),
    ],
)  # fmt: skip
def test_refused(contract: Contract, body: dict[str, Json], field: str) -> None:
    assert field in errors(contract, body)


def test_every_documented_frame_count(contract: Contract) -> None:
    near = [8 * n + more for n in range(58) for more in (0, 1, 2)]
    taken = [count for count in near if not errors(contract, old(num_frames=count))]
    assert taken == [8 * n + 1 for n in range(1, 56)]


@pytest.mark.parametrize("model", IMAGE_MODELS)
def test_image_models_share_one_schema(contract: Contract, model: str) -> None:
    assert check(contract, {**picture(size="2K", ratio="1:1"), "model": model}) == ()


def test_seed_on_pictures_is_worth_a_word(contract: Contract) -> None:
    found = check(contract, picture(seed=7))
    assert [(problem.field, problem.severity) for problem in found] == [("seed", "warning")]
    assert check(contract, picture(seed=None)) == ()


def test_pixels_are_those_of_the_facts(document: dict[str, Any]) -> None:
    sizes = document["components"]["schemas"]["ImageRequest"]["properties"]["size"]["x-sizes"]
    shapes = ("1:1", "3:4", "16:9", "2:3", "21:9")
    assert {ratio: [sizes[tier][ratio] for tier in ("1K", "2K", "3K", "4K")] for ratio in shapes} == {
        "1:1": ["1024x1024", "2048x2048", "3072x3072", "4096x4096"],
        "3:4": ["864x1152", "1728x2304", "2592x3456", "3456x4608"],
        "16:9": ["1312x736", "2624x1472", "3936x2208", "5248x2944"],
        "2:3": ["832x1248", "1664x2496", "2496x3744", "3328x4992"],
        "21:9": ["1568x672", "3136x1344", "4704x2016", "6272x2688"],
    }
    for row in sizes.values():
        for ratio, reverse in (("3:4", "4:3"), ("16:9", "9:16"), ("2:3", "3:2")):
            assert row[ratio].split("x") == row[reverse].split("x")[::-1]


def test_every_field_says_where_it_comes_from(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    for name in ("ImageRequest", "VideoV20", "Video25Flash", "Video25"):
        for place, schema in _properties(schemas[name], name):
            assert schema.get("x-source"), f"{place} has no x-source"


def _properties(schema: Any, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for key, value in schema.get("properties", {}).items():
        yield f"{place}.{key}", value
    for branch in schema.get("oneOf", ()):
        yield from _properties(branch, f"{place}/{branch['title']}")


def test_schemas_are_schemas(document: dict[str, Any]) -> None:
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_models_kinds_and_modes(contract: Contract) -> None:
    found = {info.id: (info.kind, info.modes) for info in contract.models()}
    assert found == {
        **dict.fromkeys(IMAGE_MODELS, ("image", ("sync",))),
        **dict.fromkeys((FLASH, PAID, OLD), ("video", ("poll",))),
    }


def test_the_retired_model_names_its_successor(document: dict[str, Any]) -> None:
    rows = {row["id"]: row for row in document["paths"]["/videos"]["post"]["x-models"]}
    assert (rows[OLD]["x-end-of-service"]["replacement"], "retired" in rows[OLD]["note"]) == (FLASH, True)


def fill(contract: Contract, model: str, prompt: str | None = "x", **flags: object) -> Built:
    endpoint = contract.find_model(model)
    wish = Wish(prompt, {name.replace("_", "-"): value for name, value in flags.items()})
    return build_body(wish, contract.forms(endpoint, model), base={"model": model})


LOCAL = object()
"""Stands for the path of a local picture."""


@pytest.mark.parametrize(
    ("model", "flags", "fields"),
    [
        (PICTURE, {}, {}),
        (PICTURE, {"size": "1024x768"}, {"size": "1024x768"}),
        (PICTURE, {"aspect-ratio": "16:9"}, {"size": "1K", "ratio": "16:9"}),
        (PICTURE, {"aspect-ratio": "9:16", "size": "2K"}, {"size": "2K", "ratio": "9:16"}),
        (PICTURE, {"seed": "7"}, {"seed": 7}),
        (PICTURE, {"image": (LOCAL, URL)}, {"extra_body": {"image": [URI, URL]}}),
        (
            PICTURE,
            {"image": (URL,), "aspect-ratio": "1:1"},
            {"extra_body": {"image": [URL]}, "size": "1K", "ratio": "1:1"},
        ),
        (FLASH, {"duration": "5"}, {"mode": "text", "seconds": "5"}),
        (FLASH, {"duration": 3.2}, {"mode": "text", "seconds": "4"}),
        (
            FLASH,
            {"aspect-ratio": "9:16", "resolution": "720p"},
            {"mode": "text", "aspect_ratio": "9:16", "size": "720P"},
        ),
        (FLASH, {"first-frame": LOCAL}, {"mode": "keyframe", "first_frame": URI}),
        (FLASH, {"last-frame": URL}, {"mode": "keyframe", "last_frame": URL}),
        (FLASH, {"first-frame": URL, "last-frame": LOCAL}, {"mode": "keyframe", "first_frame": URL, "last_frame": URI}),
        (FLASH, {"image": (URL, LOCAL), "audio": (URL,)}, {"mode": "reference", "images": [URL, URI], "audios": [URL]}),
        (PAID, {"video": (URL,), "size": "1080p"}, {"mode": "reference", "videos": [URL], "size": "1080P"}),
        (OLD, {"duration": "5"}, {"num_frames": 121}),
        (OLD, {"duration": "10"}, {"num_frames": 241}),
        (OLD, {"frames": "161", "seed": 1}, {"num_frames": 161, "seed": 1}),
        (OLD, {"size": "1152x768"}, {"width": 1152, "height": 768}),
        (OLD, {"first-frame": LOCAL, "duration": 5}, {"image": "AAAA", "num_frames": 121}),
        (OLD, {"image": (LOCAL,)}, {"image": "AAAA"}),
        (OLD, {"first-frame": LOCAL, "last-frame": URL}, {"extra_body": {"mode": "keyframes", "image": ["AAAA", URL]}}),
        (OLD, {"image": (URL, LOCAL, URL)}, {"extra_body": {"mode": "keyframes", "image": [URL, "AAAA", URL]}}),
    ],
)
def test_flags_fill_the_documented_body(
    contract: Contract, photo: str, model: str, flags: dict[str, Any], fields: dict[str, Json]
) -> None:
    given = {name: _with(photo, value) for name, value in flags.items()}
    body = views.for_validation(fill(contract, model, **given).body)
    assert body == {"model": model, "prompt": "x", **fields}
    assert isinstance(body, dict)
    assert errors(contract, body) == []


def _with(photo: str, value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_with(photo, one) for one in value)
    return photo if value is LOCAL else value


@pytest.mark.parametrize(
    ("model", "flags"),
    [
        (OLD, {"duration": "5"}),
        (OLD, {"aspect-ratio": "16:9"}),
        (FLASH, {"duration": "5.4"}),
        (PICTURE, {"aspect-ratio": "1:1"}),
    ],
)
def test_what_was_chosen_is_told(contract: Contract, model: str, flags: dict[str, Any]) -> None:
    notes = fill(contract, model, **flags).notes
    assert len(notes) == 1
    assert notes[0].startswith(f"--{next(iter(flags))} ")


@pytest.mark.parametrize("ratio", ["1:1", "2:3", "3:2", "3:4", "4:3", "9:16", "16:9", "21:9"])
def test_each_ratio_of_the_old_model_is_exact(contract: Contract, ratio: str) -> None:
    body = fill(contract, OLD, **{"aspect-ratio": ratio}).body
    across, down = (int(part) for part in ratio.split(":"))
    assert (body["width"] * down, isinstance(body["width"], int)) == (body["height"] * across, True)  # type: ignore[operator]
    assert errors(contract, views.for_validation(body)) == []  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("model", "flags"),
    [
        (PICTURE, {"duration": 5}),
        (PICTURE, {"first-frame": URL}),
        (FLASH, {"frames": 121}),
        (FLASH, {"resolution": "1080p"}),
        (FLASH, {"duration": 60}),
        (FLASH, {"image": (URL,) * 6}),
        (FLASH, {"image": (URL,), "first-frame": URL}),
        (FLASH, {"video": (URL,)}),
        (OLD, {"duration": 5, "frames": 121}),
        (OLD, {"last-frame": URL}),
        (OLD, {"audio": (URL,)}),
        (OLD, {"first-frame": URI}),
    ],
)
def test_flags_that_a_model_cannot_honour(contract: Contract, model: str, flags: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as caught:
        fill(contract, model, **flags)
    assert caught.value.code in ("flag_not_supported", "bad_value")


def test_a_frame_beyond_the_limit_wants_fit(contract: Contract, tmp_path: Path) -> None:
    from PIL import Image

    large = tmp_path / "large.png"
    Image.effect_noise((700, 700), 90).save(large)
    assert large.stat().st_size > 225_000
    with pytest.raises(UsageError, match="225,000"):
        fill(contract, FLASH, **{"first-frame": str(large)})
    endpoint = contract.find_model(FLASH)
    wish = Wish("x", {"first-frame": str(large)}, fit=True)
    built = build_body(wish, contract.forms(endpoint, FLASH), base={"model": FLASH})
    sent = media.encode(built.body)
    assert isinstance(sent, dict)
    assert (errors(contract, sent), len(str(sent["first_frame"])) <= 307_200) == ([], True)
    assert "scaled" in built.notes[0]
