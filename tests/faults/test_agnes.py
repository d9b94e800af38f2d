"""Agnes's table of errors and what its users complain of most, end to end: one table, a new fault is a new row.

What is right comes from the facts: at most one task a run unless the provider proved that none was made, the exit
code, and what the next run of the same command does.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests

from conftest import TIME_SCALE, Desk

PICTURE = ("--prompt", "一只可爱的小猫在绿茵足球场上踢足球")
CLIP = ("--kind", "video", "--prompt", "a cat", "--duration", "5")
OLD = ("--model", "agnes-video-v2.0", "--prompt", "a cat", "--duration", "5")
SOON = ("--deadline", "100")


@dataclass(frozen=True)
class Row:
    """``jobs``: how many the server may have made. ``then``: exit code of the same command again, without faults,
    and ``more`` the jobs that it makes. ``waits``: the least and the most that any announced retry may wait."""

    faults: tuple[str, ...]
    code: int = 0
    jobs: int = 1
    args: tuple[str, ...] = CLIP
    then: int = 0
    more: int = 0
    word: str = ""
    retries: int | None = None
    waits: tuple[float, float] | None = None
    last: dict[str, Any] = field(default_factory=dict)


def ended(fault: str, code: int, *, args: tuple[str, ...] = CLIP, word: str = "", jobs: int = 0) -> Row:
    """A refusal that proves that nothing was made (or a job that ended badly): the next run makes a new one."""
    return Row((fault,), code, jobs, args, more=1, word=word, retries=0)


QUEUE, MINUTE = (30.0, 60.0), (60.0, 120.0)
TABLE = {
    # nothing wrong, and what is normal there
    "a clip": Row(()),
    "a picture": Row((), args=PICTURE),
    "v2.0": Row((), args=OLD),
    "404s on a fresh task": Row(("agnes-early-404=6",), retries=0),
    "the oldest create answer": Row(("agnes-old-create",)),
    "progress jumps": Row(("agnes-progress-jumps",)),
    "the URL at video_url": Row(("agnes-url-at=video_url",)),
    "the URL at metadata.url": Row(("agnes-url-at=metadata.url",)),
    "the URL at data.url": Row(("agnes-url-at=data.url",)),
    "the URL at remixed_from_video_id": Row(("agnes-url-at=remixed_from_video_id",)),
    "success for completed": Row(("agnes-done-word=success",)),
    "the newer route down": Row(("agnes-route-down=video",), retries=0),
    "the older route down": Row(("agnes-route-down=task",), retries=0),
    "completed without a URL on one route": Row(("agnes-no-url=video",)),
    # refused, and proved that nothing was made: tried again
    "the video queue is full, three times": Row(("agnes-queue-full*3",), retries=3, waits=QUEUE),
    "the image queue is full, twice": Row(("agnes-queue-full*2",), args=PICTURE, retries=2, waits=QUEUE),
    "the queue stays full": Row(("agnes-queue-full",), 24, 0, (*CLIP, *SOON), more=1, word="not_created", waits=QUEUE,
                                last={"may_have_been_created": False}),
    "the limit a minute": Row(("agnes-minute-limit*1",), retries=1, waits=MINUTE),
    "the limit a minute, pictures": Row(("agnes-minute-limit*1",), args=PICTURE, retries=1, waits=MINUTE),
    "rate_limit_check_failed": Row(("agnes-rate-check-failed*1",), retries=1, waits=MINUTE),
    # refused for good
    "400 content_policy_violation": ended("agnes-content-policy", 26),
    "400 sensitive_words_detected": ended("agnes-sensitive-words", 26, args=PICTURE),
    "401": ended("agnes-token-refused", 21),
    "403 quota": ended("agnes-quota-spent", 20),
    "403 quota in Chinese": ended("agnes-quota-spent-zh", 20, args=PICTURE),
    "403 from Cloudflare": ended("agnes-cloudflare-403", 25),
    "a retired model": ended("agnes-retired", 23, args=OLD, word="model_not_found"),
    "a data URI refused": ended("agnes-data-uri-refused", 22, args=(*CLIP, "--first-frame", "PHOTO")),
    # no proof: perhaps made, never sent again
    "502 HTML, nothing made": Row(("agnes-html-502",), 13, 0, then=13, word="outcome_unknown", retries=0),
    "502 HTML, made": Row(("agnes-html-502-after",), 13, 1, then=13, word="outcome_unknown", retries=0),
    "504 JSON, made": Row(("agnes-504-after",), 13, 1, then=13, word="outcome_unknown", retries=0),
    "522": Row(("agnes-html-522",), 13, 0, then=13, word="outcome_unknown", retries=0),
    "a free picture whose answer was lost": Row(("agnes-504-after",), 13, 1, PICTURE, more=1, word="outcome_unknown"),
    # following
    "429 while polling": Row(("agnes-poll-429*3",), waits=(5.0, 60.0)),
    "HTML while polling": Row(("agnes-poll-html-502*4",)),
    "fail_to_fetch_task": Row(("agnes-poll-fetch-failed*4",)),
    "404 for ever": Row(("agnes-poll-404",), 12, 1, (*CLIP, *SOON)),
    # ends
    "failed in HTTP 200": ended("agnes-failed", 10, word="failed", jobs=1),
    "failed by moderation": ended("agnes-failed=sensitive_words_detected", 26, word="failed", jobs=1),
    "completed without a URL": Row(("agnes-no-url",), 14, 1, then=14, word="no_output"),
    "half a clip that says it is whole": Row(("download-half",), 14, word="output_truncated", retries=2),
    "all of a clip but five bytes": Row(("download-cut=5",), 14, word="output_truncated", retries=2),
    "the same of a picture": Row(("download-cut=5",), 14, args=PICTURE, word="output_truncated", retries=2),
}  # fmt: skip
HURRIED = 60.0
"""Story seconds a second where a row's are many; a read has a real one for its answer there too."""


@pytest.mark.parametrize("name", TABLE)
def test_fault(desk: Desk, name: str) -> None:
    row = TABLE[name]
    grace = {"not_found_grace_seconds": 60} if name == "404 for ever" else {}
    hurried = row.waits and "--deadline" not in row.args
    desk.write_config(time_scale=HURRIED if hurried else TIME_SCALE, agnes=grace)
    args = (*_with_photo(desk, row.args), "--poll-request-timeout", "60")
    desk.faults(*row.faults)
    ran = desk.run(*args, provider="agnes")
    assert (ran.code, desk.jobs()) == (row.code, row.jobs), ran.out
    assert "Traceback" not in ran.err
    if row.word:
        assert row.word in (ran.last.get("error"), ran.last.get("result")), ran.out
    assert {name: ran.last.get(name) for name in row.last} == row.last
    retries = ran.events("retry")
    if row.retries is not None:
        assert len(retries) == row.retries, ran.out
    if row.waits:
        assert retries
        assert all(row.waits[0] <= retry["wait_seconds"] <= row.waits[1] for retry in retries), ran.out
    if row.waits == QUEUE and len(retries) > 2:  # without jitter, all who were turned away come back at once
        assert len({retry["wait_seconds"] for retry in retries}) > 1, ran.out
    desk.faults()
    again = desk.run(*args, provider="agnes")
    assert (again.code, desk.jobs()) == (row.then, row.jobs + row.more), again.out


def test_a_retired_model_names_what_there_is_and_the_way_on(desk: Desk) -> None:
    desk.faults("agnes-retired")
    ran = desk.run(*_with_photo(desk, (*OLD, "--first-frame", "PHOTO")), provider="agnes")
    assert set(ran.last["available_models"]) >= {"agnes-image-2.1-flash", "agnes-video-2.5-flash"}
    found, _, words = ran.last["guidance"][0].partition(" takes its place: ")
    given = [word for word in shlex.split(words)[2:] if not word.startswith(("--config", "--provider"))]
    assert found == "agnes-video-2.5-flash"
    assert given == [f"--model={found}", "--prompt=a cat", f"--first-frame={desk.home / 'photo.png'}", "--duration=5"]
    assert desk.run(*given, provider="agnes").code == 0
    assert desk.jobs() == 1


def test_a_spent_key_gives_way_before_acceptance(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGNES_API_KEYS", "test-spare-key")
    desk.faults("agnes-quota-spent*1")
    ran = desk.run(*CLIP, provider="agnes")
    assert ran.code == 0, ran.out
    assert [event["message"] for event in ran.events("warning")]
    log = desk.log()["jobs_by_key"]["agnes"]
    assert desk.jobs() == 0
    assert sum(log.values()) >= 1


def test_a_picture_made_here_goes_back_by_its_own_url(desk: Desk) -> None:
    """Not by its bytes: the provider has it already."""
    made = desk.run(*PICTURE, provider="agnes").last["outputs"][0]
    ran = desk.run("--prompt", "at night", "--image", made["path"], "--dry-run", provider="agnes")
    desk.run("--prompt", "at night", "--image", made["path"], provider="agnes")
    sent = [
        row for row in requests.get(f"{desk.url}/_log", timeout=5).json()["requests"] if row["operation"] == "create"
    ]
    assert ran.code == 0
    assert made["url"].split("?")[0] in str(sent[-1].get("body", sent[-1]))


def _with_photo(desk: Desk, args: tuple[str, ...]) -> tuple[str, ...]:
    from PIL import Image

    photo = desk.home / "photo.png"
    Image.new("RGB", (64, 48), "teal").save(photo)
    return tuple(str(photo) if arg == "PHOTO" else arg for arg in args)


def test_polls_are_never_closer_than_five_seconds(desk: Desk) -> None:
    ran = desk.run(*CLIP, "--poll-interval", "1", provider="agnes")
    assert ran.code == 0
    assert any("raised to 5" in line["message"] for line in ran.events("warning"))
