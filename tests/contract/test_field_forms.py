"""Friendly flags for documents that carry no flag forms: from the fields themselves, each branch by itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from contract.documents import body, document
from generate_media.contract.catalog import Contract, open_contract
from generate_media.core.errors import UsageError
from generate_media.media import for_validation
from generate_media.providers import PROTOCOLS
from generate_media.request.build import Wish, build_body

URL, TEXT, MAYBE = "https://files.example/a.png", {"type": "string"}, {"type": ["string", "null"]}
KLING = "kling-ai/o3/video"


def own(folder: Path, schema: Any, model: str = "acme/maker-video", protocol: str = "skills_video", **more: Any) -> Any:
    """A user's document of one model over the snapshot."""
    path = f"/v1/generation/{model}" if protocol == "skills_video" else model
    (folder / "mine.json").write_text(json.dumps(document({path: body(schema, **more)})))
    return open_contract(protocol, [folder / "mine.json"])


def sent(made: Contract, model: str, **flags: Any) -> Any:
    """The body of a request by flags."""
    endpoint = made.find_model(model)
    base = {} if endpoint.model else {"model": model}
    given = {name.replace("_", "-"): value for name, value in flags.items()}
    return build_body(Wish("a cat", given), made.forms(endpoint, model), base=base).body


def object_of(required: tuple[str, ...] = (), **fields: Any) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": fields}


WORKFLOWS = {
    "oneOf": [
        object_of(("feature", "image_url"), feature={"const": "picture"}, prompt=TEXT, image_url=TEXT),
        object_of(("feature", "prompt"), feature={"const": "text"}, prompt=TEXT, duration={"enum": ["5", "10"]}),
        object_of(
            ("feature", "first_frame_url"), feature={"const": "frames"}, prompt=TEXT, first_frame_url=TEXT,
            end_frame_url=TEXT, duration={"type": "integer"},
        ),
    ]
}  # fmt: skip
CASES: list[tuple[str, Any, dict[str, Any], dict[str, Any]]] = [
    ("the first branch that needs nothing more", WORKFLOWS, {}, {"feature": "text"}),
    ("the value's type is that branch's", WORKFLOWS, {"duration": 5}, {"feature": "text", "duration": "5"}),
    ("a field of the flag's own", WORKFLOWS, {"first_frame": URL}, {"feature": "frames", "first_frame_url": URL}),
    (
        "both frames", WORKFLOWS, {"first_frame": URL, "last_frame": URL, "duration": "5"},
        {"feature": "frames", "first_frame_url": URL, "end_frame_url": URL, "duration": 5},
    ),
    ("a picture", WORKFLOWS, {"image": URL}, {"feature": "picture", "image_url": URL}),
    ("nothing has a first frame", object_of(prompt=TEXT, image_url=TEXT), {"first_frame": URL}, {"image_url": URL}),
    (
        "an enum tells size from ratio",
        object_of(prompt=TEXT, size={"enum": ["16:9", "1:1"]}, resolution={"enum": ["1K", "2K"]}),
        {"aspect_ratio": "1:1", "size": "2K"}, {"size": "1:1", "resolution": "2K"},
    ),
    (
        "one picture and several", object_of(prompt=TEXT, image_url=TEXT, reference_image_urls={"type": "array"}),
        {"image": (URL, URL)}, {"reference_image_urls": [URL, URL]},
    ),
    (
        "items with a url", object_of(prompt=TEXT, images={"type": "array", "items": object_of(("url",), url=TEXT)}),
        {"image": URL}, {"images": [{"url": URL}]},
    ),
    (
        "a type tells sound from a sound file", object_of(prompt=TEXT, audio={"anyOf": [TEXT, {"type": "null"}]}),
        {"audio": URL}, {"audio": URL},
    ),
    (
        "sound on or off", object_of(prompt=TEXT, audio={"type": "boolean"}), {"audio_track": True}, {"audio": True},
    ),
    (
        "required defaults and nulls", object_of(("n", "mask"), prompt=TEXT, n={"default": 1}, mask=MAYBE),
        {}, {"n": 1, "mask": None},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "flags", "wanted"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_flags_are_read_from_fields(tmp_path: Path, schema: Any, flags: Any, wanted: Any) -> None:
    made = own(tmp_path, schema)
    found = sent(made, "acme/maker-video", **flags)
    assert {name: value for name, value in found.items() if name != "prompt"} == wanted
    endpoint = made.find_model("acme/maker-video")
    assert not [p for p in made.validate(endpoint, for_validation(found)) if p.severity == "error"]


def test_a_discriminator_by_mapping_is_set(tmp_path: Path) -> None:
    schemas = {"Cat": object_of(("way",), way=TEXT, prompt=TEXT), "Dog": object_of(("way",), way=TEXT, video_url=TEXT)}
    union = {
        "oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in schemas],
        "discriminator": {"propertyName": "way", "mapping": {"c": "Cat", "d": "#/components/schemas/Dog"}},
    }
    root = document({"/v1/generation/a/b": body(union)}, components={"schemas": schemas})
    (tmp_path / "mine.json").write_text(json.dumps(root))
    made = open_contract("skills_video", [tmp_path / "mine.json"])
    assert sent(made, "a/b")["way"] == "c"


def test_a_stale_constant_of_the_snapshot_is_not_sent(tmp_path: Path) -> None:
    assert "feature" in sent(open_contract("skills_video"), KLING), "the snapshot's own form sets it"
    made = own(tmp_path, object_of(("prompt",), prompt=TEXT, image_url=TEXT), KLING)
    assert sent(made, KLING) == {"prompt": "a cat"}


AGNES_IMAGES = "/images/generations"


def agnes(folder: Path, **changed: Any) -> Contract:
    """Agnes's picture endpoint as a user's document: the bundle's fields, without a mark of ours, some changed."""
    root = json.loads(PROTOCOLS["agnes"].document.read_text(encoding="utf-8"))
    marks = [key for key in root["paths"][AGNES_IMAGES]["post"] if key.startswith("x-")]
    for mark in marks:
        del root["paths"][AGNES_IMAGES]["post"][mark]
    for branch in [value for value in root["components"]["schemas"].values() if "properties" in value]:
        branch["properties"] |= {name: schema for name, schema in changed.items() if name in branch["properties"]}
    paths = {AGNES_IMAGES: root["paths"][AGNES_IMAGES]}
    (folder / "mine.json").write_text(json.dumps({**root, "paths": paths}))
    return open_contract("agnes", [folder / "mine.json"])


def test_a_form_of_the_snapshot_goes_on_where_its_fields_are_what_they_were(tmp_path: Path) -> None:
    model, snapshot = "agnes-image-2.1-flash", open_contract("agnes")
    assert sent(agnes(tmp_path), model, aspect_ratio="16:9") == sent(snapshot, model, aspect_ratio="16:9")
    changed = sent(agnes(tmp_path, size={"enum": ["small"]}), model, aspect_ratio="16:9")
    assert "size" not in changed, "the snapshot's form would set it to 1K"
    assert changed["ratio"] == "16:9"


def test_what_no_branch_takes_is_refused_with_what_they_take(tmp_path: Path) -> None:
    made = own(tmp_path, WORKFLOWS)
    with pytest.raises(UsageError, match="--audio-track cannot be honoured") as caught:
        sent(made, "acme/maker-video", audio_track=True)
    assert "--first-frame" in caught.value.details["allowed"]


def test_a_local_file_travels_as_it_does_for_the_siblings(tmp_path: Path) -> None:
    made = own(tmp_path, WORKFLOWS)
    (form,) = [form for form in made.forms(made.find_model("acme/maker-video")) if form.name == "frames"]
    assert form.flags["first-frame"]["encode"] == "multipart"
