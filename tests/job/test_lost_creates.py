"""A create whose answer was lost: what the provider's list is good for, and how somebody settles it.

What is right comes from the contract (exit 13 with candidates, nothing attached by itself) and from the sandbox's own
count of jobs; the commands are run as they are printed.
"""

from __future__ import annotations

import json
import os
import shlex
import sqlite3
import subprocess
import time
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from conftest import Desk, Ran
from generate_media.cli.flags import wait_parser
from generate_media.config.keys import SecretKey
from generate_media.core.paths import BUNDLE
from generate_media.journal.rows import NewJob
from generate_media.journal.store import Journal
from generate_media.providers.registry import adapter_for
from wire import Peer, Wire, answer

MODEL = "doubao-seedance-2-0-filter-off"
TASKS = "/contents/generations/tasks"
MADE, NOT_MADE = "create:request:reset*1", "create:before:reset*1"


def make(desk: Desk, *args: str, prompt: str = "a paper boat", provider: str = "agcloud") -> Ran:
    return desk.run("--kind", "video", "--prompt", prompt, *args, provider=provider)


def wait(desk: Desk, *args: str, provider: str = "agcloud") -> Ran:
    return desk.run(*args, provider=provider, script="wait_generation")


def lost(desk: Desk, *args: str, fault: str = MADE, prompt: str = "a paper boat") -> Ran:
    """A create whose answer never came."""
    desk.faults(fault)
    ran = make(desk, *args, prompt=prompt)
    desk.faults()
    assert (ran.code, ran.last["error"], ran.last["may_have_been_created"]) == (13, "outcome_unknown", True), ran.out
    return ran


def post(desk: Desk, prompt: str = "somebody else's", model: str = MODEL) -> str:
    """A job that another machine makes with this user's key."""
    body = {"model": model, "content": [{"type": "text", "text": prompt}]}
    made = requests.post(
        desk.sandbox.base_urls["agcloud"] + TASKS,
        json=body,
        headers={"Authorization": f"Bearer {desk.key}"},
        timeout=10,
    )
    made.raise_for_status()
    return str(made.json()["id"])


def shown(ran: Ran) -> list[str]:
    return [candidate["generation_id"] for candidate in ran.last["candidates"]]


def attach(ran: Ran, number: int = 0) -> list[str]:
    """The arguments of a candidate's command."""
    words = shlex.split(ran.last["candidates"][number]["attach"])
    at = words.index(str(BUNDLE / "scripts/wait_generation.py"))
    return words[at + 1 :]


def in_a_shell(desk: Desk, command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """A command as it was printed, from another folder, with a bare PATH."""
    environ = {
        name: value for name, value in os.environ.items() if name.endswith("_API_KEY") or name.startswith("GENERATE_")
    }
    environ |= {"HOME": str(desk.home), "PATH": "/usr/local/bin:/usr/bin:/bin"}
    return subprocess.run(command, shell=True, cwd=folder, env=environ, capture_output=True, text=True, check=False)


def test_the_candidate_is_shown_and_its_command_settles_the_create(desk: Desk, tmp_path: Path) -> None:
    known = make(desk, "--no-download", prompt="an earlier one")
    ran = lost(desk)
    (candidate,) = ran.last["candidates"]
    assert set(candidate) == {"generation_id", "created_at", "model", "attach"}
    assert candidate["generation_id"] != known.last["generation_id"]
    assert candidate["model"] == MODEL
    assert "resume" not in ran.last
    assert [row[0] for row in desk.rows()] == ["ended", "unknown"]

    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = in_a_shell(desk, candidate["attach"], elsewhere)
    last = json.loads(done.stdout.splitlines()[-1])
    assert (done.returncode, last["ok"], last["generation_id"]) == (0, True, candidate["generation_id"]), done.stdout
    assert Path(last["outputs"][0]["path"]).parent == Path("generated").absolute()

    again = make(desk)
    assert (again.code, again.last["reused"], again.last["generation_id"]) == (0, True, candidate["generation_id"])
    assert again.last["outputs"] == last["outputs"]
    assert (desk.creates(), desk.jobs()) == (2, 2)


@pytest.mark.parametrize("run", ["the first", "the next"])
def test_a_job_of_another_machine_is_never_taken_for_ours(desk: Desk, run: str) -> None:
    theirs = [post(desk)] if run == "the first" else []
    ran = lost(desk, fault=NOT_MADE)
    theirs = theirs or [post(desk)]
    for once_more in (ran, make(desk), make(desk), wait(desk, "--all")):
        assert not once_more.events("terminal"), once_more.out
    assert shown(make(desk)) == theirs
    assert [row for row in desk.rows() if row[1]] == []
    assert not list(Path().glob("generated/*"))


def test_candidates_are_of_the_model_and_made_about_then(desk: Desk) -> None:
    post(desk, model="doubao-seedance-2-0-fast-filter-off")
    before = [post(desk) for _ in range(3)]
    ran = lost(desk, fault=NOT_MADE)
    assert sorted(shown(ran)) == sorted(before)
    for _ in range(12):
        post(desk)
    assert len(shown(make(desk))) == 10
    row_sent_at(desk, -3600.0)
    assert make(desk).last["candidates"] == []


def test_what_a_list_may_hold(desk: Desk) -> None:
    """Each item is a candidate or not by its own id, time and model; the nearest to the sending comes first."""
    now = int(time.time())
    items = [
        {"id": "late", "model": MODEL, "created_at": now + 100},
        {"id": "early", "model": MODEL, "created_at": now - 60},
        {"id": "near", "created_at": now + 1},
        {"id": "hours ago", "model": MODEL, "created_at": now - 7200},
        {"id": "tomorrow", "model": MODEL, "created_at": now + 86400},
        {"id": "no time", "model": MODEL},
        {"model": MODEL, "created_at": now},
        "no job at all",
    ]

    def handle(peer: Peer) -> None:
        if peer.request().startswith(b"GET"):
            peer.send(answer(json.dumps({"total": len(items), "items": items}).encode()))

    with Wire(handle) as wire:
        config = ("--config", str(desk.write_config()))
        ran = desk.call(
            "create_and_wait",
            "--kind",
            "video",
            "--prompt",
            "x",
            "--provider",
            "agcloud",
            "--base-url",
            wire.url,
            *config,
        )
    assert shown(ran) == ["near", "early", "late"]
    assert [candidate["model"] for candidate in ran.last["candidates"]] == [MODEL] * 3
    made = datetime.fromisoformat(ran.last["candidates"][0]["created_at"])
    assert made.timestamp() == now + 1


def row_sent_at(desk: Desk, shift: float) -> None:
    with closing(sqlite3.connect(desk.state / "journal.sqlite3")) as db, db:
        db.execute("UPDATE job SET sending_at = sending_at + ?", (shift,))


@pytest.mark.parametrize("fault", ["agcloud-list-absent=404", "agcloud-list-absent=405", "list:before:reset"])
def test_without_a_list_there_are_no_candidates(desk: Desk, fault: str) -> None:
    desk.faults(MADE, fault)
    ran = make(desk)
    assert (ran.code, "candidates" in ran.last) == (13, False), ran.out
    assert "--new" in " ".join(ran.last["guidance"])


def test_an_id_that_no_shell_may_see_has_no_command(desk: Desk) -> None:
    desk.faults("hostile-id")
    post(desk)
    desk.faults("hostile-id", NOT_MADE)
    (candidate,) = make(desk).last["candidates"]
    assert candidate["attach"] is None
    assert candidate["generation_id"].isprintable()


def test_a_create_without_a_list_is_settled_by_the_id_from_the_dashboard(desk: Desk) -> None:
    desk.faults(MADE)
    command = ("--prompt", "a cat", "--endpoint", "/generation/google/nano-banana-pro")
    ran = desk.run(*command)
    assert (ran.code, "candidates" in ran.last, desk.jobs()) == (13, False, 1), ran.out
    desk.faults()
    (name,) = [word for word in " ".join(ran.last["guidance"]).split() if word.startswith("--settles=")]
    mine = [row["job"] for row in desk.log()["requests"] if row.get("job")][-1]
    done = wait(desk, f"--generation-id={mine}", name, provider="skills.video")
    assert (done.code, done.last["generation_id"]) == (0, mine), done.out
    again = desk.run(*command)
    assert (again.code, again.last["reused"], desk.jobs()) == (0, True, 1), again.out


def test_a_batch_line_has_its_candidates(desk: Desk) -> None:
    (desk.home / "jobs.jsonl").write_text('{"prompt": "a paper boat", "kind": "video"}\n', encoding="utf-8")
    desk.faults(MADE)
    ran = desk.run("--batch", str(desk.home / "jobs.jsonl"), provider="agcloud")
    desk.faults()
    (line,) = ran.events("error")
    assert (ran.code, line["line"], len(line["candidates"])) == (13, 1, 1), ran.out
    words = shlex.split(line["candidates"][0]["attach"])
    assert wait(desk, *words[2:4]).code == 0
    assert desk.run("--batch", str(desk.home / "jobs.jsonl"), provider="agcloud").code == 0
    assert desk.jobs() == 1


def test_all_tells_of_it_and_settles_nothing(desk: Desk) -> None:
    ran = lost(desk)
    told = wait(desk, "--all")
    (warning,) = [event for event in told.events("warning") if "answer was lost" in event["message"]]
    assert warning["candidates"] == ran.last["candidates"]
    assert [row[0] for row in desk.rows()] == ["unknown"]


# -- what --settles refuses, and what it leaves behind ----------------------------------------------------------


@pytest.fixture
def two_lost(desk: Desk) -> tuple[Ran, Ran]:
    """Two lost creates; the jobs of both are candidates of each."""
    lost(desk, prompt="one")
    two = lost(desk, prompt="two")
    one = make(desk, prompt="one")
    assert sorted(shown(one)) == sorted(shown(two))
    assert len(shown(one)) == 2
    return one, two


def test_a_job_belongs_to_one_create_only(desk: Desk, two_lost: tuple[Ran, Ran]) -> None:
    one, two = two_lost
    assert wait(desk, *attach(one)).code == 0
    taken = shown(one)[0]
    refused = wait(desk, *attach(two, shown(two).index(taken)))
    assert (refused.code, refused.last["error"], refused.last["received"]) == (2, "id_of_another_job", taken)
    assert f"--generation-id={taken}" in refused.last["resume"]
    assert sorted(row[0] for row in desk.rows()) == ["collected", "unknown"]
    assert len(shown(make(desk, prompt="two"))) == 1, "what is known is no candidate any more"


def test_a_create_that_is_settled_says_so(desk: Desk, two_lost: tuple[Ran, Ran]) -> None:
    one, _ = two_lost
    first = wait(desk, *attach(one))
    same = wait(desk, *attach(one))
    assert (same.code, same.last["reused"], same.last["generation_id"]) == (0, True, first.last["generation_id"])
    assert "settled" in same.events("warning")[0]["message"]
    other = wait(desk, *attach(one, 1))
    assert (other.code, other.last["error"]) == (2, "already_settled"), other.out
    assert first.last["generation_id"] in other.last["message"]
    assert f"--generation-id={first.last['generation_id']}" in other.last["resume"]


def test_a_create_that_was_refused_is_not_lost(desk: Desk) -> None:
    identity = post(desk)
    lost(desk)
    with closing(sqlite3.connect(desk.state / "journal.sqlite3")) as db, db:
        db.execute("UPDATE job SET state = 'rejected'")
    ran = wait(desk, f"--generation-id={identity}", f"--settles={handle(desk)}")
    assert (ran.code, ran.last["error"], ran.last["state"]) == (2, "already_settled", "rejected"), ran.out


def test_a_create_that_another_process_has_out_is_not_lost(desk: Desk) -> None:
    identity, url = post(desk), desk.sandbox.base_urls["agcloud"]
    key = SecretKey(desk.key, "a test").fingerprint
    new = NewJob("f" * 64, 0, "agcloud", url, url, key, TASKS, None, MODEL, "video", "a boat", None, "")
    with Journal.open(desk.state) as journal:
        journal.sending(journal.claim(new).row.row_id)
        busy = wait(desk, f"--generation-id={identity}", f"--settles={handle(desk)}")
    assert (busy.code, busy.last["error"], busy.last["state"]) == (2, "already_settled", "sending"), busy.out
    assert desk.rows() == [("sending", None)]


def handle(desk: Desk) -> str:
    """The newest row's name, by its columns alone."""
    with closing(sqlite3.connect(desk.state / "journal.sqlite3")) as db:
        fingerprint, ordinal = db.execute("SELECT fingerprint, ordinal FROM job ORDER BY row_id DESC").fetchone()
    return f"local-{fingerprint[:12]}-{ordinal}"


# arguments after --generation-id=ID --settles=ROW → exit code and error
SLIPS: dict[str, tuple[str, str, int, str]] = {
    "an id that the provider does not know": ("cgt-typo", "ROW", 23, "ResourceNotFound"),
    "a job of another model": ("OTHER", "ROW", 2, "not_this_job"),
    "a create that nobody knows": ("MINE", "local-0123456789ab-0", 23, "row_not_found"),
    "no name of a create": ("MINE", "7", 23, "row_not_found"),
}


@pytest.mark.parametrize("name", SLIPS)
def test_a_slip_settles_nothing(desk: Desk, name: str) -> None:
    identity, row, code, error = SLIPS[name]
    ran = lost(desk)
    other = post(desk, model="doubao-seedance-2-0-fast-filter-off")
    identity = {"OTHER": other, "MINE": shown(ran)[0]}.get(identity, identity)
    slip = wait(desk, f"--generation-id={identity}", f"--settles={handle(desk) if row == 'ROW' else row}")
    assert (slip.code, slip.last["error"]) == (code, error), slip.out
    assert desk.rows() == [("unknown", None)]
    assert wait(desk, *attach(ran)).code == 0


@pytest.mark.parametrize(
    "args",
    [
        ("--settles=local-0123456789ab-0",),
        ("--settles=local-0123456789ab-0", "--all"),
        ("--settles=local-0123456789ab-0", "--list"),
        ("--settles=local-0123456789ab-0", "--cancel", "cgt-1"),
        ("--settles=local-0123456789ab-0", "--generation-id=a", "--generation-id=b"),
    ],
)
def test_one_job_settles_one_create(desk: Desk, args: tuple[str, ...]) -> None:
    ran = wait(desk, *args)
    assert (ran.code, ran.last["error"]) == (2, "usage"), ran.out


def test_a_job_that_cannot_be_asked_for_settles_nothing(desk: Desk) -> None:
    ran = lost(desk)
    desk.faults("poll-http-500")
    refused = wait(desk, *attach(ran))
    assert (refused.code, refused.last["should_retry"]) == (24, True), refused.out
    assert refused.last["may_have_been_created"] is True
    assert desk.rows() == [("unknown", None)]


def test_the_help_says_what_settles_does() -> None:
    assert "--settles ROW" in wait_parser().format_help()


@pytest.mark.parametrize(
    ("told", "model", "may_be"),
    [
        (MODEL, MODEL, True),
        (None, MODEL, True),
        ("doubao-seedance-2-0-fast-filter-off", MODEL, False),
        ("doubao-seedance-1-0-pro", "ep-20260101-abcde", True),
    ],
)
def test_an_endpoint_of_ones_own_may_be_told_by_its_models_name(told: str | None, model: str, may_be: bool) -> None:
    adapter = adapter_for("agcloud")
    reading = adapter.read({"id": "cgt-1", "model": told}, model="")
    assert adapter.may_be_of(model, reading) is may_be


# -- a failed generation as the answer to its create ------------------------------------------------------------

FAILED: dict[str, tuple[dict[str, Any], bool]] = {
    "without an id": ({"error": "FAILED", "code": "IMAGE_GENERATION_FAILED", "message": "it broke"}, False),
    "an older body": ({"error": "VIDEO_GENERATION_FAILED", "message": "it broke"}, False),
    "with an id": ({"id": "gen_9", "status": "FAILED", "code": "IMAGE_GENERATION_FAILED", "message": "it broke"}, True),
}


@pytest.mark.parametrize("mode", ["--model=google/nano-banana-pro", "--endpoint=/generation/google/nano-banana-pro"])
@pytest.mark.parametrize("name", FAILED)
def test_a_create_answered_by_a_failed_generation(desk: Desk, name: str, mode: str) -> None:
    body, has_id = FAILED[name]
    flag, _, value = mode.partition("=")
    command = (flag, value, "--prompt", "a cat", "--provider", "skills.video", "--config", str(desk.write_config()))

    with Wire(lambda peer: peer.request() and peer.send(answer(json.dumps(body).encode(), status="502 No"))) as wire:
        for made in (1, 2):
            ran = desk.call("create_and_wait", *command, "--base-url", wire.url)
            last = ran.last
            assert (ran.code, last["event"], last["ok"], last["result"]) == (10, "terminal", False, "failed"), ran.out
            assert (last["source"], last["message"]) == ("create", "it broke")
            assert bool(ran.events("accepted")) is has_id
            assert "never pays twice" not in ran.out
            assert "new job" in " ".join(last["guidance"])
            assert [row[0] for row in desk.rows()] == ["ended"] * made, "the same command makes a new job"
    assert len(wire.received) == 2


def test_the_explanation_of_such_an_answer(desk: Desk) -> None:
    body = '{"error":"FAILED","code":"VIDEO_GENERATION_FAILED","message":"it broke"}'
    ran = desk.call("handle_runtime_error", "--status", "502", "--body", body)
    document = json.loads(ran.out)
    assert (ran.code, document["should_retry"], document["may_have_been_created"]) == (10, False, False)
    assert "new job" in " ".join(document["guidance"])
    assert "never pays twice" not in ran.out
