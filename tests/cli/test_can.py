"""``inspect_openapi.py --models --can``: which models make a wish, over all providers, and what they cost here last."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from conftest import Desk
from generate_media.core.errors import UsageError
from generate_media.journal.store import Journal
from journal_help import advance, end, job

FRAMES = "duration=10,first-frame,last-frame"
PICTURE = "https://example.com/a.png"


def can(desk: Desk, wish: str, *more: str) -> dict[str, Any]:
    ran = desk.call("inspect_openapi", "--models", "--can", wish, *more)
    assert ran.code == 0, ran.out
    return ran.last


def listed(found: dict[str, Any], provider: str, what: str = "models") -> dict[str, Any]:
    row: dict[str, Any] = next((row for row in found["providers"] if row["provider"] == provider), {})
    return {one["id"]: one for one in row.get("models", [])} if what == "models" else dict.fromkeys(row.get(what, []))


def test_the_whole_answer_about_ten_seconds_between_two_frames_is_short_and_true(desk: Desk) -> None:
    found = can(desk, FRAMES, "--kind", "video")
    assert len(json.dumps(found)) < 4000
    assert [row["provider"] for row in found["providers"]] == ["skills.video", "agnes", "agcloud", "ark", "byteplus"]
    assert all(row["pricing_url"].startswith("https://") for row in found["providers"])
    assert {"bytedance/seedance-1.5", "bytedance/seedance-2.0"} <= listed(found, "skills.video").keys()
    assert "openai/sora-2" not in json.dumps(found), "4, 8 or 12 seconds, and no last frame"
    assert listed(found, "agnes")["agnes-video-2.5-flash"]["free"] is True
    flags = ("--prompt", "x", "--duration", "10", "--first-frame", PICTURE, "--last-frame", PICTURE, "--dry-run")
    for row in found["providers"]:
        for model in [one["id"] for one in row.get("models", [])] + row.get("perhaps", []):
            ran = desk.call("create_and_wait", "--provider", row["provider"], "--model", model, *flags)
            assert ran.code == 0, (model, ran.out)
    ran = desk.call("create_and_wait", "--model", "openai/sora-2", *flags)
    assert ran.code == 2


def test_a_limit_that_nobody_knows_stands_apart(desk: Desk) -> None:
    found = can(desk, "duration=10", "--kind", "video", "--provider", "skills.video")
    assert "google/veo-3.1" in listed(found, "skills.video", "perhaps"), "its page gives no limit of the duration"
    assert "wan/wan-v2.6" in listed(found, "skills.video", "perhaps"), "nobody documented its fields"
    assert "google/veo-3.1" not in listed(found, "skills.video")
    assert any(note.startswith("perhaps: ") for note in found["notes"])


def test_what_changes_a_clip_by_its_name_is_no_answer_without_one(desk: Desk) -> None:
    only = ("--provider", "skills.video")
    changing = {"topaz/upscale/video", "veed/lipsync", "kling-ai/o3/edit"}
    assert not changing & listed(can(desk, "audio", "--kind", "video", *only), "skills.video", "perhaps").keys()
    assert changing <= listed(can(desk, "video,resolution=4k", *only), "skills.video", "perhaps").keys()


def test_what_must_come_with_a_wish_is_named(desk: Desk) -> None:
    found = can(desk, "last-frame", "--kind", "video", "--provider", "skills.video")
    assert listed(found, "skills.video")["kling-ai/o1/video"]["needs"] == ["first-frame"]
    assert "needs" not in listed(found, "skills.video")["bytedance/seedance-1.5"]


def test_the_cheapest_known_stands_first(desk: Desk) -> None:
    costs = {"kling-ai/v3/video": 90, "bytedance/seedance-2.0": 40, "bytedance/seedance-1.5": 60}
    desk.state.mkdir(mode=0o700, exist_ok=True)
    with closing(Journal.open(desk.state)) as journal:
        for number, (model, cost) in enumerate(costs.items()):
            row = journal.claim(job(number, model=model, fingerprint=f"f{number}")).row
            for stage in ("sending", "accepted"):
                advance(journal, row.row_id, stage)
            end(journal, row.row_id, usage={"total": cost})
    found = can(desk, FRAMES, "--kind", "video", "--provider", "skills.video")
    (row,) = found["providers"]
    assert row["unit"] == "credits"
    first = [(one["id"], one["last_cost"]) for one in row["models"][:3]]
    assert first == sorted(costs.items(), key=lambda pair: pair[1])
    assert all("last_cost" not in one for one in row["models"][3:])


def test_audio_is_sound_of_either_sort(desk: Desk) -> None:
    found = can(desk, "duration=10,last-frame,audio", "--kind", "video")
    assert "bytedance/seedance-1.5" in listed(found, "skills.video")
    assert listed(found, "ark")["doubao-seedance-2-0-260128"]["needs"] == ["first-frame"]


def test_a_size_is_asked_for_in_each_models_own_words(desk: Desk) -> None:
    found = can(desk, "size=2K,image=3", "--kind", "image")
    assert "bytedance/seedream-4.5" in listed(found, "skills.video")
    assert "doubao-seedream-4-5-251128" in listed(found, "ark")


@pytest.mark.parametrize("wish", ["length=10", "prompt", ",", "10"])
def test_what_is_no_flag_is_refused_with_the_flags(desk: Desk, wish: str) -> None:
    with pytest.raises(UsageError) as refused:
        desk.call("inspect_openapi", "--models", "--can", wish)
    assert "--can duration=10" in json.dumps([refused.value.message, *refused.value.guidance])


def test_a_users_own_document_is_asked_in_place_of_the_bundle(desk: Desk, tmp_path: Path) -> None:
    from contract.documents import body, document

    fields = {"prompt": {"type": "string"}, "seconds": {"type": "integer", "maximum": 8}}
    schema = {"type": "object", "properties": fields, "required": ["prompt"]}
    (tmp_path / "own.json").write_text(json.dumps(document({"/api/v1/generation/acme/clip-video": body(schema)})))
    own = ("--openapi", str(tmp_path / "own.json"))
    assert listed(can(desk, "duration=8", *own), "skills.video").keys() == {"acme/clip-video"}
    assert can(desk, "duration=9", *own)["providers"] == []
