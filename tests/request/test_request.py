"""Friendly flags by the contract's x-flags: every word of the rule language, every refusal, every bundled model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st
from PIL import Image

from generate_media.contract.catalog import open_contract
from generate_media.contract.flags import FlagForm
from generate_media.core.errors import UsageError
from generate_media.core.local_media import LocalMedia
from generate_media.core.requests import Encoding
from generate_media.media import local as media, views
from generate_media.request.build import Built, Wish, build_body
from generate_media.request.sets import apply_sets, parse_set

PROMPT: dict[str, Any] = {"prompt": {"to": "prompt"}}
URL = "https://files.example/a.png"


def form(name: str = "form", **parts: Any) -> FlagForm:
    parts["flags"] = {**PROMPT, **parts.get("flags", {})}
    return FlagForm(name=name, **parts)


def build(flags: dict[str, object], *forms: FlagForm, sets: Sequence[str] = (), **rest: Any) -> Built:
    wish = Wish("a cat", flags, tuple(parse_set(item) for item in sets), fit=rest.pop("fit", False))
    return build_body(wish, forms, base=rest.pop("base", {}), **rest)


def refused(flags: dict[str, object], *forms: FlagForm, **rest: Any) -> UsageError:
    with pytest.raises(UsageError) as caught:
        build(flags, *forms, **rest)
    return caught.value


@pytest.fixture
def cat(tmp_path: Path) -> Path:
    Image.new("RGB", (400, 200), (250, 150, 20)).save(tmp_path / "cat.png")
    return tmp_path / "cat.png"


@pytest.mark.parametrize(
    ("flag", "rule", "value", "body"),
    [
        ("duration", {"to": "seconds", "as": "string"}, 5, {"seconds": "5"}),
        ("duration", {"to": "seconds", "as": "string"}, 5.0, {"seconds": "5"}),
        ("duration", {"to": "duration", "as": "integer"}, "5", {"duration": 5}),
        ("duration", {"to": "duration", "as": "number"}, 5.0, {"duration": 5}),
        ("duration", {"to": "duration", "as": "number"}, "2.5", {"duration": 2.5}),
        ("duration", {"to": "duration"}, 7, {"duration": 7}),
        ("seed", {"to": "seed", "as": "integer"}, "9007199254740993", {"seed": 9007199254740993}),
        ("seed", {"to": "seed", "as": "integer"}, -1, {"seed": -1}),
        ("audio-track", {"to": "generate_audio", "as": "boolean"}, False, {"generate_audio": False}),
        ("audio-track", {"to": "generate_audio", "as": "boolean"}, "true", {"generate_audio": True}),
        ("size", {"to": "a.b.c"}, "x", {"a": {"b": {"c": "x"}}}),
        ("size", {"to": "size", "map": {"1K": "1k"}}, "1K", {"size": "1k"}),
        (
            "aspect-ratio",
            {"to": "", "map": {"16:9": {"width": 1024, "height": 576}}},
            "16:9",
            {"width": 1024, "height": 576},
        ),
        ("image", {"to": "image_url"}, (URL,), {"image_url": URL}),
        ("image", {"to": "image_url"}, "asset://asset-1", {"image_url": "asset://asset-1"}),
        ("image", {"to": "image_urls", "many": True}, URL, {"image_urls": [URL]}),
        ("image", {"to": "x.image", "many": True}, (URL, URL), {"x": {"image": [URL, URL]}}),
        (
            "image",
            {"to": "content[]", "many": True, "value": {"type": "i", "image": {"url": "$"}}},
            (URL, "https://x/2"),
            {"content": [{"type": "i", "image": {"url": URL}}, {"type": "i", "image": {"url": "https://x/2"}}]},
        ),
        ("seed", {"to": "seed", "as": "integer", "set": {"mode": "fixed"}}, 4, {"seed": 4, "mode": "fixed"}),
        ("duration", {"to": "s", "as": "string", "nearest": [4, 6, 8]}, 6.4, {"s": "6"}),
        ("duration", {"to": "s", "as": "integer", "nearest": [4, 6, 8]}, 5, {"s": 6}),
        ("duration", {"to": "s", "nearest": [4, 6, 8]}, 9, {"s": 8}),
        ("duration", {"to": "f", "times": {"field": "fps", "default": 24}}, 2, {"f": 48}),
    ],
)
def test_rules(flag: str, rule: dict[str, Any], value: object, body: dict[str, Any]) -> None:
    assert build({flag: value}, form(flags={flag: rule})).body == {"prompt": "a cat", **body}


@pytest.mark.parametrize(
    ("flag", "rule", "value", "words"),
    [
        ("duration", {"to": "d", "as": "integer"}, 5.5, "whole number"),
        ("duration", {"to": "d", "as": "number"}, "five", "takes a number, and five came"),
        ("duration", {"to": "d", "as": "number"}, "nan", "takes a number"),
        ("duration", {"to": "d", "as": "number"}, "1e999", "takes a number"),
        ("duration", {"to": "d", "as": "integer"}, True, "takes a number"),
        ("duration", {"to": "d", "nearest": [4, 5, 6]}, 60, "from 4 to 6"),
        ("duration", {"to": "d", "nearest": [4, 5, 6]}, -1, "from 4 to 6"),
        ("duration", {"to": "f", "times": {"field": "fps", "default": 20}, "nearest": [20, 40]}, 9, "from 1 to 2"),
        ("audio-track", {"to": "a", "as": "boolean"}, "maybe", "true or false"),
        ("size", {"to": "size", "map": {"1K": "1K", "2K": "2K"}}, "3K", "allowed: 1K, 2K"),
        ("image", {"to": "i"}, (URL, URL), "can be given once"),
        ("image", {"to": "i", "many": True, "max": 2}, (URL, URL, URL), "2 times at most"),
        ("image", {"to": "i", "many": True, "min": 2}, (URL,), "at least 2 times"),
        ("image", {"to": "i"}, "data:image/png;base64,AAAA", "no data: URI"),
    ],
)
def test_values_that_cannot_be(flag: str, rule: dict[str, Any], value: object, words: str) -> None:
    error = refused({flag: value}, form(flags={flag: rule}))
    assert error.code == "bad_value"
    assert words in error.message
    assert f"--{flag}" in error.message


@pytest.mark.parametrize(
    ("seconds", "sets", "frames"),
    # agnes.md: 81 ≈ 3 s, 121 ≈ 5 s, 241 ≈ 10 s, 441 ≈ 18 s at 24 fps; frames are 8n+1
    [(3, (), 73), (5, (), 121), (10, (), 241), (18, (), 433), (5, ("frame_rate=30",), 153), (5, ("frame_rate=8",), 41)],
)
def test_seconds_become_the_nearest_legal_number_of_frames(seconds: int, sets: Sequence[str], frames: int) -> None:
    legal = list(range(9, 442, 8))
    rule = {"to": "n", "as": "integer", "times": {"field": "frame_rate", "default": 24}, "nearest": legal}
    built = build({"duration": seconds}, form(flags={"duration": rule}), sets=sets)
    rate = int(sets[0].split("=")[1]) if sets else 24
    assert built.body["n"] == frames
    assert abs(frames / rate - seconds) == min(abs(n / rate - seconds) for n in legal)
    assert any(str(frames) in note for note in built.notes)


def test_an_exact_value_is_no_adjustment() -> None:
    assert build({"duration": 6}, form(flags={"duration": {"to": "d", "nearest": [4, 6]}})).notes == ()


def test_warnings_and_chosen_sizes_are_told() -> None:
    rules = {
        "seed": {"to": "seed", "warn": "the seed is accepted and ignored"},
        "size": {"to": "", "map": {"small": {"width": 64, "height": 32}}},
    }
    assert build({"seed": 1, "size": "small"}, form(flags=rules)).notes == (
        "the seed is accepted and ignored",
        "--size small: width 64, height 32",
    )


ONE = form("one", needs=("image",), flags={"image": {"to": "image"}})
SEVERAL = form("several", needs=("image",), flags={"image": {"to": "images", "many": True, "min": 2}})
TEXT = form("text", flags={"seed": {"to": "seed"}})
FRAMES = form(
    "frames", needs=("first-frame", "last-frame"), flags={"first-frame": {"to": "f"}, "last-frame": {"to": "l"}}
)


@pytest.mark.parametrize(
    ("flags", "name"),
    [
        ({}, "text"),
        ({"seed": 1}, "text"),
        ({"image": (URL,)}, "one"),
        ({"image": (URL, URL)}, "several"),
        ({"first-frame": (URL,), "last-frame": (URL,)}, "frames"),
    ],
)
def test_the_first_form_that_takes_what_is_given(flags: dict[str, object], name: str) -> None:
    assert build(flags, TEXT, ONE, SEVERAL, FRAMES).form.name == name


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"audio": (URL,)}, "--audio cannot be honoured by this model; it takes --prompt, --seed, --image"),
        ({"seed": 1, "image": (URL,)}, "cannot be combined"),
        ({"last-frame": (URL,)}, "needs --first-frame as well"),
    ],
)
def test_what_no_form_takes_names_what_can_be_taken(flags: dict[str, object], words: str) -> None:
    error = refused(flags, TEXT, ONE, SEVERAL, FRAMES, hint=lambda given: ["acme/other"] if given else [])
    assert error.code == "flag_not_supported"
    assert words in error.message
    assert "models that can: acme/other (--model)" in error.guidance


def test_the_hint_is_asked_for_everything_given() -> None:
    asked: list[frozenset[str]] = []
    refused({"audio": (URL,), "seed": 1}, TEXT, hint=lambda given: asked.append(given) or [])  # type: ignore[func-returns-value]
    assert asked == [frozenset({"prompt", "audio", "seed"})]


@pytest.mark.parametrize(
    "rules",
    [
        {"image": {"to": "image_url"}, "first-frame": {"to": "image_url"}},
        {"image": {"to": "a", "set": {"mode": "reference"}}, "first-frame": {"to": "b", "set": {"mode": "frames"}}},
    ],
)
def test_two_flags_cannot_decide_one_field(rules: dict[str, Any]) -> None:
    error = refused({"image": (URL,), "first-frame": (URL,)}, form(flags=rules))
    assert error.code == "flag_not_supported"
    assert "--image and --first-frame both decide" in error.message


def test_appending_flags_share_a_list_in_the_form_s_order() -> None:
    rules = {"first-frame": {"to": "x.image[]"}, "last-frame": {"to": "x.image[]"}}
    built = build({"last-frame": ("https://x/2",), "first-frame": (URL,)}, form(set={"x": {"m": 1}}, flags=rules))
    assert built.body == {"x": {"m": 1, "image": [URL, "https://x/2"]}, "prompt": "a cat"}


def test_order_is_base_constants_flags_sets() -> None:
    built = build(
        {"seed": 1},
        form(set={"mode": "text", "extra": {"a": 1}}, flags={"seed": {"to": "seed"}}),
        base={"model": "m"},
        sets=("seed=2", "extra.b=3"),
    )
    assert built.body == {"model": "m", "mode": "text", "extra": {"a": 1, "b": 3}, "prompt": "a cat", "seed": 2}
    assert next(iter(built.body)) == "model"


def test_the_contract_itself_is_never_changed() -> None:
    one = form(set={"list": [1], "o": {"k": [1]}}, flags={"image": {"to": "list[]"}, "seed": {"to": "o.k.0"}})
    before = deepcopy(one)
    build({"image": (URL,), "seed": 5}, one, sets=("o.k.0=7",))
    assert one == before


@pytest.mark.parametrize("prompt", ["", " ", "\n\t", "\u3000"])
def test_a_blank_prompt_is_an_error(prompt: str) -> None:
    with pytest.raises(UsageError) as caught:
        build_body(Wish(prompt), [TEXT], base={})
    assert caught.value.code == "missing_prompt"


def test_nothing_at_all_is_an_error_and_media_or_fields_alone_are_not() -> None:
    with pytest.raises(UsageError) as caught:
        build_body(Wish(None, {"seed": 1}), [TEXT], base={})
    assert caught.value.code == "missing_prompt"
    assert build_body(Wish(None, {"image": (URL,)}), [ONE], base={}).body == {"image": URL}
    assert build_body(Wish(None, sets=(("prompt", "x"),)), [TEXT], base={}).body == {"prompt": "x"}


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("a=1", ("a", 1)),
        ("a.b=true", ("a.b", True)),
        ("a=", ("a", "")),
        ("style=anime", ("style", "anime")),
        ("a=b=c", ("a", "b=c")),
        ('a="1"', ("a", "1")),
        ("a=null", ("a", None)),
        ('tools=[{"type":"web_search"}]', ("tools", [{"type": "web_search"}])),
        ("a=NaN", ("a", "NaN")),
        ("a={broken", ("a", "{broken")),
        ("a=" + "[" * 100_000, ("a", "[" * 100_000)),
    ],
)
def test_parse_set(text: str, pair: tuple[str, Any]) -> None:
    assert parse_set(text) == pair


@pytest.mark.parametrize("text", ["", "a", "=1", ".a=1", "a..b=1", "a.=1"])
def test_parse_set_names_what_is_wrong(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_set(text)
    assert caught.value.code == "bad_set"


@given(st.text(st.characters(exclude_characters="."), min_size=1), st.text())
def test_parse_set_takes_any_text_as_it_is_or_as_json(key: str, value: str) -> None:
    if "=" in key or not key.strip():
        return
    name, found = parse_set(f"{key}={value}")
    assert name == key.strip()
    assert found == value or found == json.loads(value)


@pytest.mark.parametrize(
    ("body", "key", "after"),
    [
        ({"a": {"b": 1}}, "a.b", {"a": {"b": 9}}),
        ({}, "a.b.c", {"a": {"b": {"c": 9}}}),
        ({"a": [{"b": 1}, {}]}, "a.1.b", {"a": [{"b": 1}, {"b": 9}]}),
        ({"a": None}, "a.b", {"a": {"b": 9}}),
    ],
)
def test_apply_sets_copies(body: dict[str, Any], key: str, after: dict[str, Any]) -> None:
    before = deepcopy(body)
    assert apply_sets(body, [(key, 9)]) == after
    assert body == before


@pytest.mark.parametrize(("body", "key"), [({"a": 1}, "a.b"), ({"a": [1]}, "a.1"), ({"a": [1]}, "a.x.y")])
def test_apply_sets_refuses_what_leads_nowhere(body: dict[str, Any], key: str) -> None:
    with pytest.raises(UsageError) as caught:
        apply_sets(body, [(key, 9)])
    assert caught.value.code == "bad_set"


@pytest.mark.parametrize(("encode", "multipart"), [("data-uri", False), ("base64", False), ("multipart", True)])
def test_local_files_travel_as_the_rule_says(cat: Path, encode: str, multipart: bool) -> None:
    built = build({"image": (str(cat), URL)}, form(flags={"image": {"to": "i", "many": True, "encode": encode}}))
    items: Any = built.body["i"]
    file, url = items
    assert isinstance(file, LocalMedia)
    assert (file.encoding, file.width, url) == (Encoding(encode), 400, URL)
    assert built.multipart is multipart


def test_urls_alone_need_no_multipart() -> None:
    assert not build({"image": (URL,)}, form(flags={"image": {"to": "i", "encode": "multipart"}})).multipart


def test_a_local_file_is_refused_with_the_reason(cat: Path) -> None:
    rule = {"to": "v", "local": "a reference video goes by URL only"}
    error = refused({"image": (str(cat),)}, form(flags={"image": rule}))
    assert error.code == "local_file_refused"
    assert "by URL only" in error.message


def test_a_file_that_the_provider_made_goes_by_its_url(cat: Path) -> None:
    digest = media.load(cat, Encoding.DATA_URI).sha256
    found = {digest: "https://cdn.example/cat.png"}
    for rule in ({"to": "i"}, {"to": "i", "encode": "data-uri", "max_bytes": 10}):
        built = build({"image": (str(cat),)}, form(flags={"image": rule}), known_url=found.get)
        assert media.encode(built.body) == {"prompt": "a cat", "i": "https://cdn.example/cat.png"}
        assert views.canonical(built.body) == {"prompt": "a cat", "i": f"sha256:{digest}"}
    sent = build({"image": (str(cat),)}, form(flags={"image": {"to": "i", "encode": "multipart"}}), known_url=found.get)
    assert sent.multipart
    assert media.multipart_fields(sent.body)[1] == ("i", media.load(cat, Encoding.MULTIPART))


def test_a_data_uri_is_taken_as_given_where_data_uris_are_sent() -> None:
    rule = {"to": "i", "encode": "data-uri"}
    uri = "data:image/png;base64,iVBORw0KGgo="
    assert build({"image": (uri,)}, form(flags={"image": rule})).body["i"] == uri


@pytest.mark.parametrize(
    ("limits", "words"),
    [
        ({"max_bytes": 100}, "at most 100 are allowed"),
        ({"side": [300, 6000]}, "at least 300"),
        ({"side": [10, 399]}, "at most 399"),
        ({"aspect": [0.4, 1.5]}, "width over height"),
        ({"types": ["image/jpeg"]}, "allowed are image/jpeg"),
    ],
)
def test_limits_are_checked_before_anything_is_sent(cat: Path, limits: dict[str, Any], words: str) -> None:
    rule = {"to": "i", "encode": "data-uri", **limits}
    error = refused({"image": (str(cat),)}, form(flags={"image": rule}))
    assert error.code == "bad_media"
    assert words in error.message


def test_fit_scales_where_the_rule_allows_and_says_so(cat: Path, tmp_path: Path) -> None:
    rule = {"to": "i", "encode": "data-uri", "side": [10, 100], "fit": True}
    error = refused({"image": (str(cat),)}, form(flags={"image": rule}))
    assert error.guidance == ("--fit scales it down",)
    built = build({"image": (str(cat),)}, form(flags={"image": rule}), fit=True, folder=tmp_path)
    file = built.body["i"]
    assert isinstance(file, LocalMedia)
    assert (file.width, file.height) == (100, 50)
    assert "400x200" in built.notes[0]
    assert "100x50" in built.notes[0]
    never = {**rule, "fit": False}
    for fits in (True, False):
        error = refused({"image": (str(cat),)}, form(flags={"image": never}), fit=fits)
        assert error.code == "bad_media"
        assert "--fit" not in " ".join(error.guidance)
    for hopeless in ({"aspect": [0.9, 1.1]}, {"side": [300, 6000]}):
        for fits in (True, False):
            error = refused({"image": (str(cat),)}, form(flags={"image": {**rule, **hopeless}}), fit=fits)
            assert error.message.startswith(f"--image {cat} is 400x200")
            assert "--fit" not in " ".join(error.guidance)


def test_fit_leaves_a_picture_that_fits(cat: Path) -> None:
    rule = {"to": "i", "encode": "data-uri", "side": [10, 1000], "fit": True}
    built = build({"image": (str(cat),)}, form(flags={"image": rule}), fit=True)
    assert isinstance(built.body["i"], LocalMedia)
    assert built.body["i"].path == str(cat)
    assert built.notes == ()


SKILLS = open_contract("skills_video")
SKILLS_MODELS = sorted({info.id for info in SKILLS.models()})
SOURCES = Path(__file__).resolve().parents[2] / "tools" / "sources"
TABLES = [SOURCES / f"skills-video-models{which}.json" for which in ("", "-2")]
ROWS = [row for table in TABLES for row in json.loads(table.read_text(encoding="utf-8"))["models"]]
FIELDS = {row["path"]: row["fields"] for row in ROWS}
VALUES: dict[str, Any] = {"prompt": "a cat", "duration": 6, "seed": 7, "audio-track": True}


def usual(model: str, flag: str) -> Any:
    """A value that this model allows: the first of the field's enum, else a usual one."""
    rule = SKILLS.forms(SKILLS.find_model(model))[0].flags[flag]
    choices = FIELDS.get(model, {}).get(rule["to"], {}).get("enum")
    return choices[0] if choices else VALUES.get(flag, (URL,) if "encode" in rule else "1:1")


@pytest.mark.parametrize("model", SKILLS_MODELS)
def test_every_flag_of_every_skills_video_model_makes_a_valid_request(model: str) -> None:
    endpoint = SKILLS.find_model(model)
    forms = SKILLS.forms(endpoint)
    required = {flag for flag, rule in forms[0].flags.items() if rule["to"] in needed(model)}
    if "first_frame_url" in needed(model):
        required -= {"image"}
    for flag in forms[0].flags:
        given = {name: usual(model, name) for name in {*required, flag} if not clash(forms[0], flag, name)}
        built = build_body(Wish(given.pop("prompt", None), given), forms, base={})
        problems = SKILLS.validate(endpoint, views.for_validation(built.body))
        objections = [one.message for one in problems if one.severity == "error" or one.inferred]
        assert objections == [], (flag, built.body)


def needed(model: str) -> set[str]:
    """Required fields by the field tables."""
    return {name for name, field in FIELDS.get(model, {}).items() if field.get("required")} | {"prompt"}


def clash(one: FlagForm, flag: str, other: str) -> bool:
    return flag != other and one.flags[flag]["to"] == one.flags[other]["to"]


@pytest.mark.parametrize(
    ("model", "flags", "body"),
    [
        (
            "google/nano-banana-pro",
            {"image": (URL,), "aspect-ratio": "1:1"},
            {"image_urls": [URL], "aspect_ratio": "1:1"},
        ),
        ("openai/gpt-image-1.5", {"size": "1024x1024"}, {"image_size": "1024x1024"}),
        ("openai/sora-2-pro", {"duration": 8}, {"seconds": 8}),
        ("bytedance/seedance-1.5", {"last-frame": (URL,)}, {"end_frame_url": URL}),
        ("google/veo-3.1", {"last-frame": (URL,)}, {"last_frame_url": URL, "mode": "frames"}),
        ("google/veo-3.1", {"image": (URL,)}, {"reference_image_urls": [URL], "mode": "reference"}),
        ("lightricks/ltx-2.3", {"first-frame": (URL,), "last-frame": (URL,)}, {"image_url": URL, "end_image_url": URL}),
        ("minimax/hailuo-2.3", {"image": (URL,)}, {"first_frame_url": URL}),
        ("bytedance/seedance-2.0", {"image": (URL,)}, {"image_urls": [URL], "feature": "text-image-to-video"}),
        ("bytedance/seedance-2.0", {"image": (URL, URL)}, {"image_urls": [URL, URL], "feature": "reference-to-video"}),
        ("bytedance/seedance-2.0", {"first-frame": (URL,)}, {"first_frame_url": URL, "feature": "frame-to-video"}),
        ("kling-ai/o3/video", {"first-frame": (URL,)}, {"first_frame_url": URL, "feature": "frame-to-video"}),
        ("happyhorse/happyhorse-1.0", {"image": (URL,)}, {"image_url": URL, "feature": "image-to-video"}),
        ("google/nano-banana-2", {"image": (URL,)}, {"image_urls": [URL]}),
        ("google/nano-banana", {"image": (URL,)}, {"image_input": [URL]}),
        ("vidu/q3", {"audio-track": False}, {"generate_audio": False}),
        ("pixverse/lipsync", {"video": (URL,), "audio": (URL,)}, {"video_url": URL, "audio_url": URL}),
    ],
)
def test_skills_video_fields(model: str, flags: dict[str, object], body: dict[str, Any]) -> None:
    endpoint = SKILLS.find_model(model)
    prompt = None if model == "pixverse/lipsync" else "a cat"
    built = build_body(Wish(prompt, flags), SKILLS.forms(endpoint), base={})
    assert built.body == {**({"prompt": prompt} if prompt else {}), **body}


def test_an_undocumented_model_takes_common_flags_and_says_that_nothing_was_checked() -> None:
    endpoint = SKILLS.find_model("google/veo-2")
    forms = SKILLS.forms(endpoint)
    built = build_body(Wish("x", {"duration": 5, "aspect-ratio": "16:9"}, sets=(("n", 2),)), forms, base={})
    assert built.body == {"prompt": "x", "duration": 5, "aspect_ratio": "16:9", "n": 2}
    (problem,) = SKILLS.validate(endpoint, built.body)
    assert problem.severity == "unchecked"
    assert "undocumented" in problem.message


@pytest.mark.parametrize(
    ("model", "body", "said"),
    [
        ("google/nano-banana-2", {"prompt": "x", "resolution": "8K"}, "resolution must be 1K, 2K or 4K"),
        ("google/nano-banana-2", {"prompt": "x", "n": 9}, "n must be at most 4"),
        ("google/nano-banana-2", {"aspect_ratio": "1:1"}, "prompt is required"),
        ("google/nano-banana-2", {"prompt": "x", "aspect_ratio": "1:1"}, "inferred, not documented"),
        ("black-forest-labs/flux-2-pro", {"prompt": "x", "aspect_ratio": "21:9"}, "aspect_ratio must be"),
        ("bytedance/seedance-2.0", {"prompt": "x", "feature": "frame-to-video"}, "first_frame_url is required"),
        ("wan/wan-v2.7-video", {"prompt": "x", "feature": "frames"}, "inferred, not documented"),
    ],
)
def test_what_is_inferred_warns_and_never_refuses(model: str, body: dict[str, Any], said: str) -> None:
    problems = SKILLS.validate(SKILLS.find_model(model), body)
    assert {problem.severity for problem in problems} == {"warning"}
    assert said in " ".join(problem.message for problem in problems)


@pytest.mark.parametrize(
    ("model", "body"),
    [
        ("bytedance/seedance-2.0", {"prompt": "x", "feature": "frame-to-video", "first_frame_url": 5}),
        ("bytedance/seedance-1-pro", {"prompt": "x", "duration": 13}),
        ("bytedance/seedance-2.0", {"prompt": "x", "feature": "text-image-to-video", "resolution": "8K"}),
    ],
)
def test_what_is_documented_beside_it_refuses(model: str, body: dict[str, Any]) -> None:
    assert any(problem.severity == "error" for problem in SKILLS.validate(SKILLS.find_model(model), body))


AGNES = open_contract("agnes")
AGCLOUD = open_contract("agcloud")


# agnes.md: the video tables
@pytest.mark.parametrize(
    ("model", "flags", "body"),
    [
        ("agnes-video-v2.0", {"duration": 5}, {"num_frames": 121}),
        ("agnes-video-2.5-flash", {"duration": 5}, {"mode": "text", "seconds": "5"}),
        ("agnes-video-2.5-flash", {"first-frame": (URL,)}, {"mode": "keyframe", "first_frame": URL}),
        ("agnes-video-v2.0", {"image": (URL, URL)}, {"extra_body": {"mode": "keyframes", "image": [URL, URL]}}),
    ],
)
def test_agnes_fields(model: str, flags: dict[str, object], body: dict[str, Any]) -> None:
    endpoint = AGNES.find_endpoint("/videos", create_only=True)
    built = build_body(Wish("a cat", flags), AGNES.forms(endpoint, model), base={"model": model})
    assert built.body == {"model": model, "prompt": "a cat", **body}
    assert [
        p.message for p in AGNES.validate(endpoint, views.for_validation(built.body)) if p.severity == "error"
    ] == []


# agcloud.md: the example of the create body
def test_agcloud_parts() -> None:
    endpoint = AGCLOUD.find_endpoint("/contents/generations/tasks", create_only=True)
    flags = {"image": (URL, URL), "video": ("https://x/v.mp4",), "audio": ("https://x/a.mp3",), "aspect-ratio": "16:9"}
    wish = Wish("a cat", {**flags, "duration": 11, "watermark": True, "audio-track": True})
    built = build_body(wish, AGCLOUD.forms(endpoint, "kkcc"), base={"model": "kkcc"})

    def part(kind: str, role: str, url: str) -> dict[str, Any]:
        return {"type": kind, "role": role, kind: {"url": url}}

    assert built.body == {
        "model": "kkcc",
        "content": [
            {"type": "text", "text": "a cat"},
            part("image_url", "reference_image", URL),
            part("image_url", "reference_image", URL),
            part("video_url", "reference_video", "https://x/v.mp4"),
            part("audio_url", "reference_audio", "https://x/a.mp3"),
        ],
        "ratio": "16:9",
        "duration": 11,
        "generate_audio": True,
        "watermark": True,
    }
    assert [p.message for p in AGCLOUD.validate(endpoint, views.for_validation(built.body))] == []
