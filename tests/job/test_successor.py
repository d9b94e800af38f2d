"""The same job for the model that took a gone one's place: read back from the body, filled anew."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from generate_media.contract.catalog import Contract, open_contract
from generate_media.core.local_media import LocalMedia
from generate_media.core.requests import Body, Encoding, EndOfService, Request
from generate_media.job.successor import find_successor

OLD, FLASH, PAID = "agnes-video-v2.0", "agnes-video-2.5-flash", "agnes-video-2.5"
OFFERED = ("agnes-image-2.1-flash", FLASH, PAID)
URL = "https://example.com/a.png"
V15, V20, V25 = "doubao-seedance-1-5-pro-251215", "doubao-seedance-2-0-260128", "doubao-seedance-2-5-260628"
TASKS = "/contents/generations/tasks"


@pytest.fixture(scope="module")
def contract() -> Contract:
    return open_contract("agnes")


def request(fields: Mapping[str, Body] = MappingProxyType({}), model: str = OLD, kind: str = "video") -> Request:
    body: Mapping[str, Body] = {"model": model, "prompt": "a cat", **fields}
    path = "/videos" if kind == "video" else "/images/generations"
    return Request("agnes", path, path, model, kind, False, body)


@pytest.mark.parametrize(
    ("fields", "flags", "left_out"),
    [
        ({}, {}, ()),
        ({"num_frames": 121}, {"duration": "5"}, ()),
        ({"num_frames": 121, "frame_rate": 12}, {"duration": "10.1"}, ()),
        ({"num_frames": 441}, {"duration": "12"}, ()),
        ({"num_frames": 9, "seed": 3}, {"duration": "4", "seed": 3}, ()),
        ({"width": 1024, "height": 576}, {"aspect-ratio": "16:9"}, ()),
        ({"width": 1152, "height": 768}, {}, ("--aspect-ratio",)),
        ({"image": URL}, {"first-frame": URL}, ()),
        (
            {"extra_body": {"image": [URL, URL + "2"], "mode": "keyframes"}},
            {"first-frame": URL, "last-frame": URL + "2"},
            (),
        ),
    ],
)
def test_old_clips_in_the_new_models_words(
    contract: Contract, fields: dict[str, Body], flags: dict[str, Any], left_out: tuple[str, ...]
) -> None:
    found = find_successor(contract, request(fields), OFFERED)
    assert found is not None
    assert (found.model, found.flags, found.left_out) == (FLASH, {"prompt": "a cat", **flags}, left_out)


def test_local_files_go_by_their_path(contract: Contract, tmp_path: Path) -> None:
    from PIL import Image

    photo = tmp_path / "photo.png"
    Image.new("RGB", (64, 64), "teal").save(photo)
    local = LocalMedia(str(photo), "image/png", photo.stat().st_size, "0" * 64, Encoding.BASE64, 64, 64)
    found = find_successor(contract, request({"image": local}), OFFERED)
    assert found is not None
    assert found.flags["first-frame"] == str(photo)


def test_more_keyframes_than_the_new_model_can_end_in_references(contract: Contract) -> None:
    frames = [URL, URL + "2", URL + "3"]
    found = find_successor(contract, request({"extra_body": {"image": frames, "mode": "keyframes"}}), OFFERED)
    assert found is not None
    assert found.flags["image"] == tuple(frames)


@pytest.mark.parametrize(
    ("offered", "preferred", "model"),
    [
        (OFFERED, (), FLASH),
        ((), (), FLASH),
        ((PAID,), (), PAID),
        (("agnes-image-2.1-flash",), (), None),
        (("somebody-elses-model",), (), None),
    ],
)
def test_only_what_is_offered(
    contract: Contract, offered: tuple[str, ...], preferred: tuple[str, ...], model: str
) -> None:
    found = find_successor(contract, request(), offered, preferred)
    assert (found.model if found else None) == model


def test_a_model_without_named_successor_gives_way_to_the_default(contract: Contract) -> None:
    gone, default = "agnes-image-2.0-flash", "agnes-image-2.1-flash"
    offered = ("agnes-image-2.5-flash", default)
    found = find_successor(contract, request({"size": "1K", "ratio": "16:9"}, gone, "image"), offered, (gone, default))
    assert found is not None
    assert found.model == default
    assert found.flags == {"prompt": "a cat", "size": "1K", "aspect-ratio": "16:9"}
    assert find_successor(contract, request({}, gone, "image"), (), (default,)) is None


def test_bytes_in_the_body_leave_only_the_models_name(contract: Contract) -> None:
    found = find_successor(contract, request({"image": "AAAA"}), OFFERED)
    assert found is not None
    assert (found.model, found.flags) == (FLASH, {})


TEXT = {"type": "text", "text": "a cat"}
FIRST = {"type": "image_url", "role": "first_frame", "image_url": {"url": URL}}
REFERENCE = {"type": "image_url", "role": "reference_image", "image_url": {"url": URL}}
CLIP = {"type": "video_url", "role": "reference_video", "video_url": {"url": URL}}


@pytest.mark.parametrize(
    ("model", "fields", "flags", "left_out"),
    [
        (V20, {"content": [TEXT], "duration": 9, "ratio": "9:16"}, {"duration": 9, "aspect-ratio": "9:16"}, ()),
        (V20, {"content": [TEXT, FIRST], "ratio": "9:16"}, {"first-frame": URL}, ("--aspect-ratio",)),
        (V20, {"content": [REFERENCE, TEXT, REFERENCE, CLIP]}, {"image": (URL, URL), "video": (URL,)}, ()),
        (V20, {"content": [TEXT], "resolution": "4k"}, {}, ("--resolution",)),
        (V15, {"content": [TEXT], "seed": 3}, {}, ("--seed",)),
    ],
)
def test_clips_of_parts_in_the_new_models_words(
    model: str, fields: dict[str, Body], flags: dict[str, Any], left_out: tuple[str, ...]
) -> None:
    asked = request(fields, model)._replace(
        provider="ark", path=TASKS, ended=EndOfService("2026-10-01T00:00:00Z", 0.0, V25)
    )
    found = find_successor(open_contract("agcloud"), asked, ())
    assert found is not None
    assert (found.model, found.flags, found.left_out) == (V25, {"prompt": "a cat", **flags}, left_out)


def test_what_no_flag_says_is_left_out_and_said() -> None:
    asked = request(
        {"size": "4K", "sequential_image_generation": "auto"}, "doubao-seedream-5-0-260128", "image"
    )._replace(ended=EndOfService("2026-10-01T00:00:00Z", 0.0, "doubao-seedream-5-0-pro-260628"))
    found = find_successor(open_contract("agcloud"), asked, ())
    assert found is not None
    assert found.left_out == ("--size", "sequential_image_generation")


def test_a_replacement_that_the_contract_does_not_list_is_named_all_the_same() -> None:
    asked = request({"content": [TEXT]}, V20)._replace(path=TASKS, ended=EndOfService(replacement="seedance-9"))
    found = find_successor(open_contract("agcloud"), asked, (), (V25,))
    assert found is not None
    assert (found.model, found.flags) == ("seedance-9", {})
