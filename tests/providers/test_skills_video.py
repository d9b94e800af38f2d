"""skills.video's adapter against the facts (skills-video.md): shapes, words, where results stand and where not."""

from __future__ import annotations

from typing import Any

import pytest

from generate_media.core.readings import JobRef, Result
from generate_media.core.requests import Request
from generate_media.providers.registry import adapter_for

SKILLS = adapter_for("skills_video")
A, B, C = "https://h.example/a.png", "https://h.example/b.mp4?sign=1", "http://h.example/c"


@pytest.mark.parametrize(
    ("answer", "identity", "word"),
    [
        ({"id": "gen_123", "status": "IN_QUEUE", "input": {}, "usage": {"total": 20}}, "gen_123", "IN_QUEUE"),
        ({"id": "gen_123", "status": "starting"}, "gen_123", "starting"),
        ({"id": 17, "status": "queued"}, "17", "queued"),
        ({"id": 0}, "0", ""),
        ({"id": ""}, None, ""),
        ({"id": None}, None, ""),
        ({"id": True}, None, ""),
        ({"id": ["gen_1"]}, None, ""),
        ({"data": {"id": "gen_1", "status": "COMPLETED"}}, None, ""),
        ({"id": "gen_1", "status": 3}, "gen_1", ""),
        (["gen_1"], None, ""),
        ("gen_1", None, ""),
        (None, None, ""),
    ],
)
def test_the_id_and_the_word_stand_at_the_top(answer: Any, identity: str | None, word: str) -> None:
    reading = SKILLS.read(answer, model="")
    assert (reading.generation_id, reading.status, reading.result) == (identity, word, None)


@pytest.mark.parametrize(
    ("word", "result"),
    [
        *((word, None) for word in ("IN_QUEUE", "IN_PROGRESS", "starting", "processing", "queued", "running")),
        *((word, Result.SUCCEEDED) for word in ("COMPLETED", "completed", "succeeded")),
        *((word, Result.FAILED) for word in ("FAILED", "failed")),
        *((word, Result.CANCELED) for word in ("CANCELED", "canceled")),
        *((word, None) for word in ("", "POLISHING", "complete", "done", "error", "[DONE]")),
    ],
)
def test_each_documented_word(word: str, result: Result | None) -> None:
    assert SKILLS.read({"id": "gen_1", "status": word}, model="").result is result


@pytest.mark.parametrize("place", ["input", "data"])
@pytest.mark.parametrize("name", ["status", "state"])
def test_a_word_elsewhere_decides_nothing(place: str, name: str) -> None:
    answer = {"id": "gen_1", "status": "IN_PROGRESS", place: {name: "COMPLETED"}, "state": "failed"}
    assert SKILLS.read(answer, model="").result is None


IMAGE = {"url": A, "file_name": "a.png", "content_type": "image/png", "width": 64, "height": 48}


@pytest.mark.parametrize(
    ("data", "found"),
    [
        # the documented example: the same picture twice
        ({"type": "image", "n": 1, "actual_prompt": "a cat", "images": [IMAGE], "image": IMAGE}, [(A, "image")]),
        ({"images": [{"url": C}, {"url": A}, {"url": C}]}, [(C, "image"), (A, "image")]),
        ({"videos": [{"url": B}]}, [(B, "video")]),
        ({"video": B, "audio_url": C}, [(B, "video"), (C, "audio")]),
        ([A, {"url": B}], [(A, ""), (B, "")]),
        (A, [(A, "")]),
        ({"url": A}, [(A, "")]),
        # what was asked for is no result, wherever under data it is said back
        ({"prompt": A, "actual_prompt": A, "input": {"image_urls": [A]}, "image": B}, [(B, "image")]),
        ({"Prompt": A, "INPUT": {"video": A}}, []),
        ({"result": {"input": A, "prompt": A, "video": B}}, [(B, "video")]),
        # what is no address
        ({"images": [{"url": f"see {A}"}, {"url": f"{A} {B}"}, {"url": ""}, {"url": None}, {"url": 3}]}, []),
        ({"image": "file:///etc/passwd", "video": "data:video/mp4;base64,AAAA", "audio": "//h.example/a"}, []),
        (None, []),
        ({}, []),
    ],
)
def test_results_are_found_by_shape_under_data_alone(data: Any, found: list[tuple[str, str]]) -> None:
    answer = {"id": "gen_1", "status": "COMPLETED", "input": {"image_urls": [C]}, "image": C, "url": C, "data": data}
    assert [(output.url, output.kind) for output in SKILLS.read(answer, model="").outputs] == found


def test_a_failure_has_its_code_and_words_and_no_result() -> None:
    """HTTP 200 with ``data: null``."""
    answer: Any = {"id": "gen_1", "status": "FAILED", "data": None, "code": "VIDEO_GENERATION_FAILED", "message": "no"}
    reading = SKILLS.read(answer, model="")
    assert (reading.failure, reading.outputs) == (("VIDEO_GENERATION_FAILED", "no"), ())
    assert SKILLS.read({"id": "gen_1", "status": "CANCELED", "code": 5}, model="").failure == ("", "")
    for word in ("COMPLETED", "IN_PROGRESS"):
        assert SKILLS.read({**answer, "status": word}, model="").failure is None


def test_what_is_charged_and_the_answer_are_kept() -> None:
    answer: Any = {"id": "gen_1", "status": "IN_QUEUE", "usage": {"total": 20, "subscription": 20, "permanent": 0}}
    reading = SKILLS.read(answer, model="")
    assert (reading.usage, reading.response) == (answer["usage"], answer)


@pytest.mark.parametrize(
    ("query_path", "path"),
    [(None, "/generation/gen%2F1%20%3F"), ("/predictions/{generationId}/state", "/predictions/gen%2F1%20%3F/state")],
)
def test_where_a_job_is_asked_about(query_path: str | None, path: str) -> None:
    """By the user's own document where it names a place; an id is no path."""
    calls = SKILLS.queries(JobRef("gen/1 ?", "m", "image", query_path=query_path))
    assert [(call.method, call.path, call.query, call.body) for call in calls] == [("GET", path, (), None)]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("multipart", [False, True])
def test_the_create(stream: bool, multipart: bool) -> None:
    request = Request(
        "skills.video", "/generation/x", "/generation/x", "x", "image", stream, {"a": 1}, multipart=multipart
    )
    call = SKILLS.create(request)
    assert (call.method, call.path, call.body) == ("POST", "/generation/x", {"a": 1})
    assert (call.stream, call.multipart, call.at_host_root) == (stream, multipart, False)


def test_there_is_no_list_and_no_cancel() -> None:
    """None is documented: an answer that is lost stays lost, and nothing is deleted."""
    assert (SKILLS.recent("x"), SKILLS.cancel(JobRef("gen_1", "x", "image")), SKILLS.available_models()) == (None,) * 3
    assert (SKILLS.account().method, SKILLS.account().path) == ("GET", "/credits")
