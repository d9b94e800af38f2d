"""AGCloud's and Ark's document against the facts: scenes, ranges, hints, and what only warns."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from generate_media.contract.catalog import Contract, open_contract
from generate_media.contract.operations import Endpoint
from generate_media.contract.refs import closure
from generate_media.core.paths import REFERENCES

AGCLOUD = "doubao-seedance-2-0-filter-off"
TEXT: dict[str, Any] = {"type": "text", "text": "a cat on a roof"}
VIDEO: dict[str, Any] = {
    "type": "video_url",
    "video_url": {"url": "https://h.example/a.mp4"},
    "role": "reference_video",
}
AUDIO: dict[str, Any] = {
    "type": "audio_url",
    "audio_url": {"url": "https://h.example/a.mp3"},
    "role": "reference_audio",
}
CREATE = "/contents/generations/tasks"


def image(role: str | None, url: str = "https://h.example/a.png") -> dict[str, Any]:
    part: dict[str, Any] = {"type": "image_url", "image_url": {"url": url}}
    return part if role is None else part | {"role": role}


FIRST, LAST, REFERENCE = image("first_frame"), image("last_frame"), image("reference_image")


@cache
def contract() -> Contract:
    return open_contract("agcloud")


@cache
def create() -> Endpoint:
    return contract().find_endpoint(CREATE, create_only=True)


def judge(content: Any = None, *, model: str = AGCLOUD, **fields: Any) -> tuple[list[str], list[str]]:
    """(fields with an error, fields with a warning) of a body."""
    body = {"model": model, "content": [TEXT] if content is None else content, **fields}
    problems = contract().validate(create(), body)
    return (
        [p.field for p in problems if p.severity == "error"],
        [p.field for p in problems if p.severity == "warning"],
    )


LEGAL_SCENES = {
    "text": [TEXT],
    "a first frame": [TEXT, FIRST],
    "a first frame without words": [FIRST],
    "first and last frame": [TEXT, FIRST, LAST],
    "a last frame named first": [LAST, FIRST, TEXT],
    "nine reference images": [TEXT, *[REFERENCE] * 9],
    "all three kinds": [TEXT, REFERENCE, REFERENCE, VIDEO, AUDIO],
    "three videos and three audios": [TEXT, *[VIDEO] * 3, *[AUDIO] * 3],
    "a picture as data": [TEXT, image("reference_image", "data:image/webp;base64,AAAA")],
    "a sound as data": [TEXT, REFERENCE, AUDIO | {"audio_url": {"url": "data:audio/wav;base64,AAAA"}}],
}
ILLEGAL_SCENES = {
    "nothing": [],
    "only a last frame": [TEXT, LAST],
    "two first frames": [FIRST, FIRST],
    "two last frames": [FIRST, LAST, LAST],
    "a frame and a reference image": [TEXT, FIRST, REFERENCE],
    "a frame and a reference video": [TEXT, FIRST, VIDEO],
    "a frame and a sound": [TEXT, FIRST, AUDIO],
    "a sound alone": [AUDIO],
    "a sound with words": [TEXT, AUDIO],
    "ten reference images": [TEXT, *[REFERENCE] * 10],
    "four videos": [TEXT, *[VIDEO] * 4],
    "four sounds": [TEXT, REFERENCE, *[AUDIO] * 4],
}
ILLEGAL_PARTS = {
    "no role": (image(None), "content[1].role"),
    "a video's role": (image("reference_video"), "content[1].role"),
    "a video as data": (VIDEO | {"video_url": {"url": "data:video/mp4;base64,AAAA"}}, "content[1].video_url.url"),
    "a picture of no kind": (image("reference_image", "data:text/html;base64,AAAA"), "content[1].image_url.url"),
    "a local path": (image("reference_image", "/home/me/cat.png"), "content[1].image_url.url"),
    "a bare URL": ({"type": "image_url", "image_url": "https://h/a", "role": "first_frame"}, "content[1].image_url"),
    "a placeholder": (image("first_frame", "<path-to-your-image-url>"), "content[1].image_url.url"),
    "an unknown type": ({"type": "image", "image_url": {"url": "https://h/a"}}, "content[1].type"),
    "blank words": ({"type": "text", "text": "  "}, "content[1].text"),
}


@pytest.mark.parametrize("content", LEGAL_SCENES.values(), ids=LEGAL_SCENES)
def test_a_legal_scene_passes(content: list[Any]) -> None:
    assert judge(content) == ([], [])


@pytest.mark.parametrize("content", ILLEGAL_SCENES.values(), ids=ILLEGAL_SCENES)
def test_an_illegal_scene_is_one_error_at_content(content: list[Any]) -> None:
    assert judge(content)[0] == ["content"]


@pytest.mark.parametrize(("part", "field"), ILLEGAL_PARTS.values(), ids=ILLEGAL_PARTS)
def test_an_illegal_part_is_one_error_at_its_place(part: dict[str, Any], field: str) -> None:
    assert judge([TEXT, part])[0] == [field]


V10, V15, V20, V25 = (
    "doubao-seedance-1-0-pro-250528",
    "seedance-1-5-pro-251215",
    "doubao-seedance-2-0-260128",
    "doubao-seedance-2-5-pro",
)
V20_FAST = "doubao-seedance-2-0-fast-260128"
FAST = "doubao-seedance-2-0-fast-filter-off"
# (model, field, values that pass, values that are refused), from the table of fields in the facts
BOUNDS: list[tuple[str, str, list[Any], list[Any]]] = [
    *((model, "duration", [-1, 4, 11, 15], [0, 3, 16, -2, 4.5, "5"]) for model in (AGCLOUD, FAST, "kkcc", V20)),
    (V10, "duration", [-1, 2, 12], [1, 13]),
    (V15, "duration", [4, 12], [3, 13]),
    (V25, "duration", [4, 30], [3, 31]),
    (V10, "frames", [29, 33, 289], [25, 30, 293]),
    (AGCLOUD, "frames", [1, 120], [0, "x", 1.5]),
    (V15, "frames", [], [29]),
    (V20, "frames", [], [29]),
    (V25, "frames", [], [29]),
    (AGCLOUD, "ratio", ["adaptive", "16:9", "4:3", "1:1", "3:4", "9:16", "21:9"], ["3:3", "9:21", "16/9", 1]),
    (V10, "ratio", ["3:4"], ["3:3"]),
    ("ep-20260101-abcde", "ratio", ["3:4"], ["3:3"]),
    (AGCLOUD, "resolution", ["480p", "720p", "1080p"], ["4k", "2k", "1080"]),
    (V20, "resolution", ["1080p", "4k"], ["8k"]),
    (V20_FAST, "resolution", ["480p", "720p"], ["1080p"]),
    (V15, "resolution", ["1080p"], ["4k"]),
    (AGCLOUD, "seed", [-1, 0, 2**32 - 1], [-2, 2**32, "1"]),
    (AGCLOUD, "execution_expires_after", [3600, 172800, 259200], [3599, 259201]),
    (AGCLOUD, "generate_audio", [True, False], ["yes"]),
    (AGCLOUD, "watermark", [True], [1]),
    (AGCLOUD, "return_last_frame", [True], ["true"]),
    (AGCLOUD, "callback_url", ["https://h.example/hook"], ["hook", "ftp://h.example/"]),
    (AGCLOUD, "tools", [[{"type": "web_search"}], []], ["web_search", [{}]]),
    (AGCLOUD, "safety_identifier", ["u" * 64], ["u" * 65]),
    (V15, "service_tier", ["default", "flex"], ["fast"]),
    (V20, "priority", [0, 9], [-1, 10]),
    (V25, "output_format", ["mp4", "mov"], ["gif"]),
]
LEGAL_VALUES = [(model, field, value) for model, field, legal, _ in BOUNDS for value in legal]
ILLEGAL_VALUES = [(model, field, value) for model, field, _, illegal in BOUNDS for value in illegal]


@pytest.mark.parametrize(("model", "field", "value"), LEGAL_VALUES)
def test_a_value_in_range_passes(model: str, field: str, value: Any) -> None:
    assert judge(model=model, **{field: value})[0] == []


@pytest.mark.parametrize(("model", "field", "value"), ILLEGAL_VALUES)
def test_a_value_out_of_range_is_refused(model: str, field: str, value: Any) -> None:
    assert {f.split("[")[0] for f in judge(model=model, **{field: value})[0]} == {field}


@pytest.mark.parametrize("images", [10, 30])
def test_seedance_2_5_takes_thirty_images(images: int) -> None:
    assert judge([TEXT, *[REFERENCE] * images], model=V25) == ([], [])
    assert judge([TEXT, *[REFERENCE] * 31], model=V25)[0] == ["content"]


@pytest.mark.parametrize("model", ["ep-20260101-abcde", "seedance-9-pro", "my-own"])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("duration", 20),
        ("duration", 2),
        ("resolution", "8k"),
        ("ratio", "9:21"),
        ("frames", 30),
        ("content", [TEXT, *[REFERENCE] * 10]),
        ("content", [TEXT, image(None)]),
    ],
)
def test_limits_only_warn_where_the_model_is_unknown(model: str, field: str, value: Any) -> None:
    content = value if field == "content" else None
    fields = {} if field == "content" else {field: value}
    assert judge(content, model=model, **fields) == ([], [field, "model"])


@pytest.mark.parametrize(
    "words",
    ["a cat --dur 5", "--ratio 16:9 a cat", "a cat --rs 720p", "a cat\n--seed 3", "a cat --watermark true --cf false"],
)
def test_an_inline_command_in_the_prompt_warns(words: str) -> None:
    assert judge([{"type": "text", "text": words}]) == ([], ["content"])


@pytest.mark.parametrize("words", ["a cat -- during rain", "well--dur 5", "durian --durian", "the ratio 16:9"])
def test_words_that_are_no_command_do_not_warn(words: str) -> None:
    assert judge([{"type": "text", "text": words}]) == ([], [])


def test_frames_with_duration_says_which_one_wins() -> None:
    problems = contract().validate(create(), {"model": AGCLOUD, "content": [TEXT], "frames": 100, "duration": 5})
    assert [(p.severity, p.field) for p in problems] == [("warning", "frames")]
    assert "frames wins" in problems[0].message


@pytest.mark.parametrize(
    ("fields", "model"),
    [
        ({"priority": 3}, V20),
        ({"service_tier": "flex"}, V15),
        ({"draft": True, "resolution": "480p"}, V25),
        ({"output_format": "mov"}, V25),
    ],
)
def test_arks_own_fields_warn_at_agcloud(fields: dict[str, Any], model: str) -> None:
    assert judge(**fields) == ([], ["model"])
    assert judge(model=model, **fields) == ([], [])


def test_three_to_three_is_refused_with_the_hint() -> None:
    (problem,) = contract().validate(create(), {"model": AGCLOUD, "content": [TEXT], "ratio": "3:3"})
    assert "slip for 3:4" in problem.message


def test_a_null_is_an_absent_field() -> None:
    nulls: dict[str, Any] = dict.fromkeys(("ratio", "seed", "frames", "callback_url", "tools", "draft"))
    nothing: Any = None
    assert judge([TEXT | {"role": None}, FIRST], duration=5, **nulls) == ([], [])
    assert judge(model=nothing)[0] == ["model"]


def test_a_misspelt_field_is_named() -> None:
    (problem,) = contract().validate(create(), {"model": AGCLOUD, "content": [TEXT], "ratoi": "16:9"})
    assert (problem.field, problem.severity) == ("ratoi", "error")
    assert "ratio" in problem.message


def test_the_documents_example_passes_once_its_placeholders_are_filled() -> None:
    content = [TEXT, REFERENCE, REFERENCE, VIDEO, AUDIO]
    assert judge(content, generate_audio=True, ratio="16:9", duration=11, watermark=False) == ([], [])


def test_the_calls_are_all_there() -> None:
    calls = {(e.method, e.path) for e in contract().endpoints}
    assert calls == {
        ("POST", CREATE),
        ("GET", CREATE),
        ("GET", CREATE + "/{task_id}"),
        ("DELETE", CREATE + "/{task_id}"),
        ("POST", "/v1/video-tasks/query"),
        ("POST", "/images/generations"),
    }
    assert create().kind == "video"
    assert create().query_path == CREATE + "/{task_id}"


@pytest.mark.parametrize("model", ["doubao-seedance-2-0-filter-off", "doubao-seedance-2-0-fast-filter-off", "kkcc"])
def test_agclouds_models_are_listed(model: str) -> None:
    assert contract().find_model(model, kind="video").path == CREATE


def test_every_field_has_its_source() -> None:
    properties = create().operation.schema["$defs"]["VideoTask"]["properties"]  # type: ignore[union-attr]
    assert [name for name, field in properties.items() if not field.get("x-source")] == []


def test_the_bodies_schema_is_a_schema() -> None:
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(closure(create().operation.schema))  # type: ignore[union-attr]


FLAGS = {
    "text": {"prompt"},
    "first-frame": {"prompt", "first-frame"},
    "first-and-last-frame": {"prompt", "first-frame", "last-frame"},
    "reference": {"prompt", "image", "video", "audio"},
}
COMMON = {
    "aspect-ratio": "ratio",
    "resolution": "resolution",
    "duration": "duration",
    "frames": "frames",
    "seed": "seed",
    "audio-track": "generate_audio",
    "watermark": "watermark",
    "return-last-frame": "return_last_frame",
    "expires-after": "execution_expires_after",
}


def test_the_flags_reach_their_fields_in_each_scene() -> None:
    forms = contract().forms(create(), AGCLOUD)
    assert {form.name: set(form.flags) - set(COMMON) for form in forms} == FLAGS
    for form in forms:
        assert {flag: form.flags[flag]["to"] for flag in COMMON} == COMMON


def test_a_local_video_is_refused_with_the_reason() -> None:
    rule = contract().forms(create(), AGCLOUD)[-1].flags["video"]
    assert "encode" not in rule
    assert "URL only" in str(rule["local"])


def test_the_page_is_short() -> None:
    bpe_openai = pytest.importorskip("bpe_openai")
    page = (REFERENCES / "agcloud.md").read_text(encoding="utf-8")
    assert len(bpe_openai.get_encoding("o200k_base").encode(page)) <= 3100
