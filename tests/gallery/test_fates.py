"""Every job has its card, whatever became of it; and the command on it does what the card says."""

from __future__ import annotations

import json
import re
import shlex
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from conftest import Desk, Ran
from generate_media.gallery.cards import Card
from generate_media.gallery.page import all_cards

CAT = ("--model", "google/nano-banana-pro", "--prompt", "a cat")
CLIP = ("--kind", "video", "--prompt", "a train", "--poll-interval", "2")
DAY = 86_400.0


@dataclass(frozen=True)
class Story:
    """How a job ends without a file, and what its card says. ``way``: what the card's command costs to run."""

    faults: tuple[str, ...]
    head: str
    kind: str = "failed"
    way: str = "a new job"
    provider: str = "skills.video"
    args: tuple[str, ...] = CAT
    then: Callable[[Desk], None] = lambda desk: None
    sidecar: bool = True


def remove_file(desk: Desk) -> None:
    for path in Path("generated").glob("*.png"):
        path.unlink()


def remove_sidecar(desk: Desk) -> None:
    for path in Path("generated").glob("*.json"):
        path.unlink()


def change_row(desk: Desk, columns: str, *values: Any) -> None:
    with sqlite3.connect(desk.state / "journal.sqlite3") as db:
        db.execute(f"UPDATE job SET {columns}", values)
    db.close()


def kill_before_sending(desk: Desk) -> None:
    """As a writer leaves the row that dies before it sends."""
    change_row(desk, "state = 'intent', writer = 'dead', generation_id = NULL, saved = NULL")
    for path in Path("generated").iterdir():
        path.unlink()


def wait_a_day(desk: Desk) -> None:
    change_row(desk, "ended_at = ?", time.time() - 1.1 * DAY)


def lose_the_task(desk: Desk) -> None:
    desk.write_config(agcloud={**home(desk, "agcloud"), "task_retention_seconds": 1, "not_found_grace_seconds": 0})
    desk.faults("agcloud-poll-error=ResourceNotFound")
    identity = desk.rows()[0][1]
    desk.call("wait_generation", f"--generation-id={identity}", "--config", str(desk.home / "config.json"))


NOTHING_PAID = "nothing"
STORIES = {
    "refused at create": Story(("create-http-422",), "Request refused"),
    "refused by moderation at create": Story(("sv-content-rejected",), "Refused by moderation"),
    "refused for lack of credits": Story(("sv-insufficient-credits",), "Out of credits"),
    "refused key": Story(("create-http-401",), "Key refused"),
    "refused model": Story(("create-http-404",), "Model not found"),
    "no room, tries spent": Story(("create-refused-503",), "Not created", args=(*CAT, "--deadline", "30")),
    "killed before sending": Story((), "Never sent", then=kill_before_sending),
    "answer to the create lost": Story(("create-made-http-502",), "Outcome unknown", "open", "unknown"),
    "still running": Story((), "Still running", "open", NOTHING_PAID, args=(*CAT, "--detach")),
    "failed": Story(("sv-failed",), "Failed"),
    "failed, its sidecar gone": Story(("sv-failed",), "Failed", then=remove_sidecar),
    "failed by moderation": Story(("sv-failed=CONTENT_REJECTED",), "Refused by moderation"),
    "cancelled": Story(("sv-canceled",), "Cancelled"),
    "expired": Story(("agcloud-expired",), "Expired", provider="agcloud", args=CLIP),
    "gone at the provider": Story(
        ("agcloud-running-forever",), "Gone", provider="agcloud", args=(*CLIP, "--detach"), then=lose_the_task
    ),
    "completed without data": Story(("sv-completed-null",), "Completed without a file", "missing", NOTHING_PAID),
    "file cut short": Story(("download-cut",), "File cut short", "missing", NOTHING_PAID),
    "file that could not be saved": Story(("download-html",), "Completed, not saved", "missing", NOTHING_PAID),
    "file on its way": Story(
        ("download:headers:silence",), "Being fetched", "open", NOTHING_PAID, args=(*CAT, "--deadline", "60")
    ),
    "file never fetched": Story(
        ("download:headers:silence",),
        "Completed, not fetched", "missing", NOTHING_PAID, args=(*CAT, "--deadline", "60"), then=wait_a_day,
    ),
    "result that was lost": Story(
        ("download:headers:silence",),
        "Completed, then deleted", "missing", NOTHING_PAID, "agcloud", (*CLIP, "--deadline", "60"), wait_a_day,
    ),
    "file removed": Story((), "File not here", "missing", NOTHING_PAID, then=remove_file),
    "file and sidecar removed": Story(
        (), "File not here", "missing", NOTHING_PAID, then=lambda desk: (remove_file(desk), remove_sidecar(desk))[0]
    ),
}  # fmt: skip


def home(desk: Desk, provider: str) -> dict[str, Any]:
    return {"base_url": desk.sandbox.base_urls[provider]}


def told(desk: Desk, story: Story) -> Card:
    """The one card of the folder after the story, as the page shows it too."""
    desk.write_config(**{story.provider: home(desk, story.provider)})
    desk.faults(*story.faults)
    Path("generated").mkdir(exist_ok=True)
    create(desk, "--provider", story.provider, *story.args)
    story.then(desk)
    desk.faults()
    (card,) = all_cards(Path("generated"), config=desk.home / "config.json")
    return card


def create(desk: Desk, *args: str) -> Ran:
    return desk.call("create_and_wait", *args, "--config", str(desk.home / "config.json"))


def again(desk: Desk, command: str) -> Ran:
    """A printed command, word for word."""
    _, script, *words = shlex.split(command)
    return desk.call(Path(script).stem, *words)


CUT = {"one": ("--prompt", "a cat"), "copies": ("--prompt", "a cat", "--count", "2"), "a batch": ("--batch", "j.txt")}


@pytest.mark.parametrize("name", CUT)
def test_what_a_deadline_left_unsent_is_nowhere_a_failure(name: str, desk: Desk) -> None:
    """Before, between and after: neither the journal's list nor the page has a job that never was one."""
    desk.write_config(time_scale=1, **{"skills.video": home(desk, "skills.video")})
    Path("j.txt").write_text("a cat\na dog\n")
    for _ in range(2):
        cut = create(desk, *CUT[name], "--provider", "skills.video", "--deadline", "0.001")
        assert (cut.code, desk.jobs()) == (24, 0), cut.out
        assert not cut.last.get("may_have_been_created")
        for question in (("--list",), ("--list", "--failed"), ("--spent",)):
            told = desk.call("wait_generation", *question).last
            assert not any(told.get(name) for name in ("jobs", "rows", "counts")), told
        assert all_cards(Path("generated"), config=desk.home / "config.json") == ()
    done = create(desk, *CUT[name], "--provider", "skills.video")
    assert done.code == 0, done.out
    rows = desk.call("wait_generation", "--list").last["jobs"]
    assert [row["state"] for row in rows] == ["collected"] * desk.jobs()


@pytest.mark.parametrize("name", STORIES)
def test_every_end_has_its_card_and_the_command_that_helps(name: str, desk: Desk) -> None:
    story = STORIES[name]
    card = told(desk, story)
    assert (card.kind, card.fate.head) == (story.kind, story.head), card
    assert card.prompt in ("a cat", "a train")
    assert card.fate.words
    assert card.fate.next
    shown = desk.call("gallery", "generated", "--config", str(desk.home / "config.json"))
    page = Path(shown.last["path"]).read_text(encoding="utf-8")
    (figure,) = re.findall(r"<figure class=\"card (\w+)\"", page)
    assert (figure == "failed") is (story.kind == "failed"), "what the provider completed is never red"
    assert f"<strong data-t>{story.head}</strong>" in page
    command = card.ways.fetch if card.fate.way == "fetch" else card.ways.again
    assert json.dumps(command, ensure_ascii=False) in unescape(page), "the page holds the command, as JSON"
    before = desk.jobs()
    ran = again(desk, command)
    if story.way == "unknown":
        assert (ran.code, desk.jobs()) == (13, before), "a lost create is looked for, and not repeated"
    elif name == "gone at the provider" or story.way == "a new job":
        assert (ran.code, desk.jobs()) == (0, before + 1), ran.out
    else:
        assert desk.jobs() == before, "nothing is paid"
        assert ran.code == (14 if name == "completed without data" else 0), ran.out
        assert all(item.kind in ("image", "video") for item in all_cards(Path("generated"))) is (ran.code == 0)
