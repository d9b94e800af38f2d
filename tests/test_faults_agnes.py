"""Agnes's error table and what users of its clients complain of most (facts, agnes): a row each."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from conftest import Desk

PICTURE = ("--prompt", "a cat")
CLIP = ("--model", "agnes-video-2.5-flash", "--prompt", "a cat")
SOON = ("--deadline", "100")


@dataclass(frozen=True)
class Row:
    """``jobs``: how many tasks or pictures the server may have made."""

    faults: tuple[str, ...]
    code: int
    jobs: int
    args: tuple[str, ...] = CLIP
    word: str | None = None
    category: str | None = None
    retries: bool = False


TABLE = {
    # nothing was created: wait and ask again
    "queue full, twice": Row(("agnes-queue-full*2",), 0, 1, retries=True),
    "picture queue full": Row(("agnes-queue-full*2",), 0, 1, PICTURE, retries=True),
    "queue full for ever": Row(("agnes-queue-full",), 24, 0, (*CLIP, *SOON), "not_created", retries=True),
    "the limit per minute": Row(("agnes-minute-limit*1",), 0, 1, retries=True),
    "rate_limit_check_failed": Row(("agnes-rate-check-failed*1",), 0, 1, retries=True),
    # refusals
    "quota": Row(("agnes-quota-spent",), 20, 0, category="insufficient_credits"),
    "quota, in Chinese": Row(("agnes-quota-spent-zh",), 20, 0, category="insufficient_credits"),
    "content policy": Row(("agnes-content-policy",), 26, 0, category="content_rejected"),
    "sensitive words": Row(("agnes-sensitive-words",), 26, 0, PICTURE, category="content_rejected"),
    "Cloudflare's 403": Row(("agnes-cloudflare-403",), 25, 0),
    "a key of another host": Row(("agnes-token-refused",), 21, 0, category="auth"),
    "data URIs refused": Row(("agnes-data-uri-refused",), 0, 1),
    # a create whose outcome is unknown is never sent again
    "504 after the task was made": Row(("agnes-504-after",), 13, 1, category="outcome_unknown"),
    "504 after the picture was made": Row(("agnes-504-after",), 13, 1, PICTURE, category="outcome_unknown"),
    "HTML 502": Row(("agnes-html-502",), 13, 0, category="outcome_unknown"),
    "HTML 502 after the task was made": Row(("agnes-html-502-after",), 13, 1, category="outcome_unknown"),
    "HTML 522": Row(("agnes-html-522",), 13, 0, category="outcome_unknown"),
    # reads
    "404 just after the create": Row(("agnes-early-404=3",), 0, 1),
    "one route down": Row(("agnes-route-down",), 0, 1),
    "the other route down": Row(("agnes-route-down=task",), 0, 1),
    "asked too often": Row(("agnes-poll-429*2",), 0, 1, retries=True),
    "HTML 502 while polling": Row(("agnes-poll-html-502*4",), 0, 1, retries=True),
    "fail_to_fetch_task": Row(("agnes-poll-fetch-failed*4",), 0, 1, retries=True),
    # shapes that moved
    "the oldest create answer": Row(("agnes-old-create",), 0, 1),
    "video_url": Row(("agnes-url-at=video_url",), 0, 1),
    "metadata.url": Row(("agnes-url-at=metadata.url",), 0, 1),
    "data.url": Row(("agnes-url-at=data.url",), 0, 1),
    "remixed_from_video_id": Row(("agnes-url-at=remixed_from_video_id",), 0, 1),
    "succeeded in place of completed": Row(("agnes-done-word=succeeded",), 0, 1),
    "progress that jumps": Row(("agnes-progress-jumps",), 0, 1),
    # ends
    "completed without a URL": Row(("agnes-no-url",), 14, 1, word="no_output"),
    "failed in HTTP 200": Row(("agnes-failed",), 10, 1, word="failed"),
    "stuck_inference": Row(("agnes-stuck-inference",), 10, 1, word="failed"),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLE)
def test_fault(desk: Desk, name: str) -> None:
    row = TABLE[name]
    desk.write_config(agnes={"create_timeout_seconds": 60, "sync_create_timeout_seconds": 60})
    desk.faults(*row.faults)
    ran = desk.run(*row.args, provider="agnes")
    assert ran.code == row.code, ran.out
    assert desk.jobs() == row.jobs, ran.out
    assert "Traceback" not in ran.err
    if row.word:
        assert row.word in (ran.last.get("error"), ran.last.get("result"))
    if row.category:
        assert ran.last["category"] == row.category
    if row.retries:
        assert ran.events("retry"), ran.out
    if row.code:
        assert ran.last["guidance"]
    if row.code == 24:
        assert ran.last["may_have_been_created"] is False


def test_queue_full_waits_as_long_as_the_provider_asks(desk: Desk) -> None:
    """Facts: 30–60 s between tries; 60 s for the limit per minute."""
    desk.faults("agnes-queue-full*1")
    (retry,) = desk.run(*CLIP, provider="agnes").events("retry")
    assert 30 <= retry["wait_seconds"] <= 60
    desk.faults("agnes-minute-limit*1")
    (retry,) = desk.run("--model", "agnes-video-2.5-flash", "--prompt", "a dog", provider="agnes").events("retry")
    assert retry["wait_seconds"] >= 60


def test_polls_are_never_closer_than_five_seconds(desk: Desk) -> None:
    ran = desk.run(*CLIP, "--poll-interval", "1", provider="agnes")
    assert ran.code == 0
    assert any("raised to 5" in line["message"] for line in ran.events("warning"))


def test_a_404_beyond_the_grace_ends_the_waiting_and_not_the_job(desk: Desk) -> None:
    desk.write_config(agnes={"not_found_grace_seconds": 30})
    desk.faults("agnes-early-404=500")
    ran = desk.run(*CLIP, provider="agnes")
    assert ran.code == 23, ran.out
    assert ran.last["resume"]
    assert [state for state, _ in desk.rows()] == ["accepted"]
