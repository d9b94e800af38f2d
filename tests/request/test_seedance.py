"""The table of Seedance's models (2026-11), row by row: what a model takes passes, what it has not costs nothing.

One request of each kind goes the whole way from flags to the contract; that nothing is sent is the exit code's word.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest

from generate_media.config.settings import load_settings
from generate_media.core.errors import InvalidRequest, UsageError
from generate_media.core.paths import CONFIG_FILE
from generate_media.core.requests import Request
from generate_media.request.choose import Chooser
from generate_media.request.prepare import prepare_request, wanted_from
from label_samples import box

SETTINGS = load_settings(CONFIG_FILE)
V25, V20 = "doubao-seedance-2-5-260628", "doubao-seedance-2-0-260128"
FAST, MINI = "doubao-seedance-2-0-fast-260128", "doubao-seedance-2-0-mini-260615"
V15, B15 = "doubao-seedance-1-5-pro-251215", "seedance-1-5-pro-251215"
D25, D20 = "dreamina-seedance-2-5-260628", "dreamina-seedance-2-0-260128"
DFAST, DMINI = "dreamina-seedance-2-0-fast-260128", "dreamina-seedance-2-0-mini-260615"
ALL = (V25, V20, FAST, MINI, V15, D25, D20, DFAST, DMINI, B15)
TWENTY = (V20, FAST, MINI, D20, DFAST, DMINI)
PNG, MP4, MP3 = "https://h.example/a.png", "https://h.example/a.mp4", "https://h.example/a.mp3"
Flags = dict[str, Any]


def given(**flags: Any) -> Flags:
    return flags


def with_set(*pairs: str, **flags: Any) -> Flags:
    return {"set": list(pairs), **flags}


def references(images: int = 0, videos: int = 0, audios: int = 0, *pairs: str, **flags: Any) -> Flags:
    found = {"image": [PNG] * images, "video": [MP4] * videos, "audio": [MP3] * audios, "set": list(pairs)}
    return {name: value for name, value in found.items() if value} | flags


OMNI = "omni_reference_task_type"
# (row, models, requests that pass, requests that are refused), from the facts' table
ROWS: list[tuple[str, tuple[str, ...], list[Flags], list[Flags]]] = [
    ("duration", (V25, D25), [given(duration="4"), given(duration="30"), given(duration="-1")],
     [given(duration="3"), given(duration="31")]),
    ("duration", TWENTY, [given(duration="4"), given(duration="15"), given(duration="-1")], [given(duration="16")]),
    ("duration", (V15, B15), [given(duration="12"), given(duration="-1")], [given(duration="13")]),
    ("resolution", (V25, D25), [given(resolution="480p"), given(resolution="1080p")], [given(resolution="4k")]),
    ("resolution", (V20, D20), [given(resolution="1080p"), given(resolution="4k")], [given(resolution="8k")]),
    ("resolution", (FAST, MINI, DFAST, DMINI), [given(resolution="720p")],
     [given(resolution="1080p"), given(resolution="4k")]),
    ("resolution", (V15, B15), [given(resolution="1080p")], [given(resolution="4k")]),
    ("references", (V25, D25), [references(30, 10, 10)], [references(31), references(0, 11), references(1, 0, 11)]),
    ("references", TWENTY, [references(9, 3, 3)], [references(10), references(0, 4), references(1, 0, 4)]),
    ("references", (V15, B15), [given(first_frame=[PNG])], [references(1), references(0, 1)]),
    ("audio alone", (V25, D25), [references(0, 0, 1)], [references(0, 0, 11)]),
    ("audio alone", TWENTY, [references(1, 0, 1), references(0, 1, 1)], [references(0, 0, 1)]),
    ("frames, 2.5", (V25, D25),
     [given(first_frame=[PNG]), given(first_frame=[PNG], last_frame=[PNG], aspect_ratio="adaptive")],
     [given(first_frame=[PNG], aspect_ratio="16:9"), given(last_frame=[PNG])]),
    ("frames", (*TWENTY, V15, B15), [given(first_frame=[PNG], last_frame=[PNG], aspect_ratio="16:9")],
     [given(last_frame=[PNG])]),
    ("scenes", ALL, [given(first_frame=[PNG])], [given(first_frame=[PNG], image=[PNG])]),
    ("seed", (V25, D25, *TWENTY), [given()], [given(seed="7"), with_set("seed=7")]),
    ("seed", (V15, B15), [given(seed="7")], [given(seed="-2")]),
    ("frames field", ALL, [given(duration="5")], [given(frames="120"), with_set("frames=120")]),
    (OMNI, (V25, D25),
     [with_set(f"{OMNI}=auto"), references(1, 0, 0, f"{OMNI}=reference"), references(0, 1, 0, f"{OMNI}=extend"),
      references(0, 1, 0, f"{OMNI}=extend", duration="10", aspect_ratio="adaptive"),
      references(0, 1, 0, f"{OMNI}=edit"), references(0, 1, 0, f"{OMNI}=edit", duration="-1")],
     [with_set(f"{OMNI}=longer"), with_set(f"{OMNI}=extend"), references(1, 0, 0, f"{OMNI}=edit"),
      references(0, 1, 0, f"{OMNI}=extend", aspect_ratio="16:9"), references(0, 1, 0, f"{OMNI}=edit", duration="5")]),
    (OMNI, (*TWENTY, V15, B15), [given()], [with_set(f"{OMNI}=auto")]),
    ("output_format", (V25, D25), [with_set("output_format=mov")], [with_set("output_format=gif")]),
    ("output_format", (*TWENTY, V15, B15), [with_set("output_format=mp4")], [with_set("output_format=mov")]),
    ("draft", (V25, D25, V15, B15), [with_set("draft=true", resolution="480p")],
     [with_set("draft=true", resolution="720p")]),
    ("draft", TWENTY, [with_set("draft=false")], [with_set("draft=true", resolution="480p")]),
    ("flex", (V15, B15), [with_set("service_tier=flex")], [with_set("service_tier=fast")]),
    ("flex", (V25, D25, *TWENTY), [with_set("service_tier=default")], [with_set("service_tier=flex")]),
    ("fixed camera", (V15, B15), [with_set("camera_fixed=true")], [with_set("camera_fixed=1")]),
    ("fixed camera", (V25, D25, *TWENTY), [given()], [with_set("camera_fixed=true")]),
    ("ratio", ALL, [given(aspect_ratio="21:9"), given(aspect_ratio="3:4")], [given(aspect_ratio="3:3")]),
]  # fmt: skip
CASES = [
    pytest.param(model, flags, good, id=f"{name}-{model}-{'passes' if good else 'refused'}-{number}")
    for name, models, passing, refused in ROWS
    for model in models
    for good, found in ((True, passing), (False, refused))
    for number, flags in enumerate(found)
]


def prepared(model: str, flags: Flags, *, now: float = 0.0, **more: Any) -> Request:
    chooser = Chooser(SETTINGS, lambda: (), lambda: now)
    wanted = wanted_from({"prompt": "a cat on a roof", "model": model, **flags, **more})
    return prepare_request(wanted, chooser, lambda provider, digest: None).request


@pytest.fixture(scope="module")
def chooser() -> Chooser:
    """One for all rows: the document is read once."""
    return Chooser(SETTINGS, lambda: (), lambda: 0.0)


@pytest.mark.parametrize(("model", "flags", "good"), CASES)
def test_each_row_passes_what_the_model_takes_and_refuses_the_rest(
    chooser: Chooser, model: str, flags: Flags, good: bool
) -> None:
    wanted = wanted_from({"prompt": "a cat on a roof", "model": model, **flags})
    if good:
        request = prepare_request(wanted, chooser, lambda provider, digest: None).request
        assert request.provider == ("ark" if model.startswith("doubao") else "byteplus")
        assert request.body["model"] == model
        return
    with pytest.raises((InvalidRequest, UsageError)) as caught:
        prepare_request(wanted, chooser, lambda provider, digest: None, suggesting=False)
    assert caught.value.guidance
    assert "models that can" not in " ".join(caught.value.guidance), "nobody asked for others"


@pytest.mark.parametrize(("model", "taken"), [(V25, True), (V20, True), (MINI, True), (D25, True), (V15, False)])
def test_heic_pictures_where_the_model_takes_them(tmp_path: Path, model: str, taken: bool) -> None:
    size = box(b"ispe", struct.pack(">4xII", 640, 480))
    meta = box(b"meta", bytes(4) + box(b"hdlr", bytes(20)) + box(b"iprp", box(b"ipco", size)))
    photo = tmp_path / "photo.heic"
    photo.write_bytes(box(b"ftyp", b"heic\0\0\0\0mif1heic") + meta + box(b"mdat", bytes(99)))
    flags = given(first_frame=[str(photo)])
    if taken:
        assert prepared(model, flags).warnings == ()
        return
    with pytest.raises(InvalidRequest, match="HEIC"):
        prepared(model, flags)


def test_a_flag_that_a_model_has_not_names_the_providers_models_that_have_it() -> None:
    with pytest.raises(UsageError) as caught:
        prepared(D25, given(seed="7"))
    assert caught.value.code == "flag_not_supported"
    assert "--seed" not in caught.value.details["allowed"]
    assert caught.value.guidance[0] == f"models that can: {B15} (--model)"


def test_where_the_clients_differ_the_wider_one_is_sent_and_said() -> None:
    assert [line for line in prepared(V25, given(resolution="1080p")).warnings if "1080p" in line]
    assert prepared(V25, given(resolution="720p")).warnings == ()


def test_a_draft_without_its_resolution_is_only_warned_of() -> None:
    (warning,) = prepared(V25, with_set("draft=true")).warnings
    assert "480p" in warning


@pytest.mark.parametrize("model", ["ep-20260101-abcde", "doubao-seedance-3-0-270101"])
@pytest.mark.parametrize("provider", ["ark", "byteplus"])
def test_an_endpoint_id_passes_and_says_that_its_model_was_not_checked(provider: str, model: str) -> None:
    request = prepared(model, given(seed="7", duration="10"), provider=provider, kind="video")
    assert request.body["seed"] == 7
    assert [line for line in request.warnings if "nothing specific to its model was checked" in line]


@pytest.mark.parametrize("model", ["doubao-seedance-2-0-filter-off", "doubao-seedance-2-0-fast-filter-off"])
def test_agclouds_models_keep_what_agcloud_documents(model: str) -> None:
    request = prepared(model, given(seed="7", duration="15", resolution="720p"))
    assert (request.provider, request.warnings) == ("agcloud", ())


@pytest.mark.parametrize(
    ("provider", "model"),
    [("ark", V25), ("byteplus", D25), ("agcloud", "doubao-seedance-2-0-filter-off")],
)
def test_the_default_is_the_newest_that_the_documentation_has(provider: str, model: str) -> None:
    wanted = wanted_from({"prompt": "a cat", "provider": provider, "kind": "video"})
    request = prepare_request(wanted, Chooser(SETTINGS, lambda: ()), lambda name, digest: None).request
    assert request.model == model


def test_byteplus_has_a_second_region() -> None:
    wanted = wanted_from({"prompt": "a cat", "kind": "video", "base_url": "https://ark.eu-west.bytepluses.com/api/v3"})
    found = Chooser(SETTINGS, lambda: ()).choose(wanted.ask)
    assert (found.provider.name, found.base_url) == ("byteplus", wanted.ask.base_url)
    assert found.provider.key_space_of(found.base_url) != found.provider.key_space_of(found.provider.base_url)
