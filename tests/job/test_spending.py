"""What jobs cost: told before they are made, limited by run and by day, and summed from the journal."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from conftest import Desk, Ran
from generate_media.cli.again import same_command
from generate_media.cli.flags import create_parser
from generate_media.core.paths import BUNDLE
from generate_media.journal.store import Journal
from journal_help import advance, end, job

MODEL = "google/nano-banana-pro"
DAY = 24 * 3600.0


def make(desk: Desk, prompt: str, *args: str) -> Ran:
    return desk.run("--prompt", prompt, "--model", MODEL, *args)


def ledger(desk: Desk, *args: str) -> dict[str, Any]:
    ran = desk.call("wait_generation", *args)
    assert (ran.code, len(ran.lines)) == (0, 1)
    return ran.last


def capped(desk: Desk, most: float) -> None:
    desk.write_config(**{"skills.video": {"max_cost_per_day": most}})


def test_a_dry_run_says_what_such_jobs_cost_and_what_is_left(desk: Desk) -> None:
    assert make(desk, "a cat", "--dry-run").last["cost"] == {
        "unit": "credits",
        "jobs_of_unknown_cost": 1,
        "pricing_url": "https://skills.video/pricing",
    }
    make(desk, "a cat")
    assert desk.run("--provider", "skills.video", "--verify", script="ensure_api_key").code == 0
    asked = desk.log()
    cost = make(desk, "a dog", "--dry-run").last["cost"]
    assert cost["last_usage"] == {"total": 20, "subscription": 20, "permanent": 0}
    assert cost["balance"]["account"]
    told = datetime.fromisoformat(cost["balance"]["at"])
    assert abs((datetime.now(timezone.utc) - told).total_seconds()) < 600
    assert desk.log() == asked, "nothing is asked for it"
    assert (desk.state / "balances.json").stat().st_mode & 0o777 == 0o600
    assert desk.key not in (desk.state / "balances.json").read_text()
    several = make(desk, "a dog", "--dry-run", "--count", "4").last
    assert (several["jobs"], several["cost"]["last_usage"]["total"]) == (4, 80)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"skills.video": 7}', '{"skills.video": {"at": "soon"}}', "\x00\xff"])
def test_a_damaged_balance_is_none(desk: Desk, text: str) -> None:
    desk.state.mkdir(mode=0o700)
    (desk.state / "balances.json").write_bytes(text.encode("latin-1"))
    told = make(desk, "a cat", "--dry-run")
    assert told.code == 0
    assert "balance" not in told.last["cost"]


def test_a_dry_run_of_a_batch_sums_what_is_known(desk: Desk) -> None:
    make(desk, "a cat")
    new = {"prompt": "a dog", "model": "google/nano-banana"}
    lines = [{"prompt": "a cat", "model": MODEL}, {"prompt": "a dog", "model": MODEL}, new]
    Path("jobs.jsonl").write_text("\n".join(map(json.dumps, lines)))
    told = desk.run("--batch", "jobs.jsonl", "--dry-run").last
    cost = told["cost"]
    assert (told["jobs"], told["made_before"]) == (3, 1), "what is there already costs nothing again"
    assert (cost["last_usage"]["total"], cost["jobs_of_unknown_cost"]) == (20, 1)
    free = {"prompt": "a fox", "provider": "agnes"}
    Path("jobs.jsonl").write_text("\n".join(map(json.dumps, [*lines, free])))
    ran = desk.call("create_and_wait", "--batch", "jobs.jsonl", "--dry-run")
    assert ran.last["cost"]["by_provider"]["skills.video"]["pricing_url"] == cost["pricing_url"]
    assert ran.last["cost"]["by_provider"]["agnes"]["free"] is True


def test_the_models_say_what_they_cost_last(desk: Desk) -> None:
    make(desk, "a cat")
    listed = desk.call("inspect_openapi", "--models", "--provider", "skills.video").last
    row = next(row for row in listed["models"]["image"] if isinstance(row, dict) and row["id"] == MODEL)
    assert row["last_usage"]["total"] == 20
    assert listed["pricing_url"] == "https://skills.video/pricing"


@pytest.mark.parametrize(
    ("known", "args", "counts"),
    [
        (False, ("--max-cost", "100"), {"cost_unknown": 3}),
        (False, ("--max-cost", "100", "--yes"), {"succeeded": 3}),
        (True, ("--max-cost", "60"), {"succeeded": 3}),
        (True, ("--max-cost", "59"), {"succeeded": 2, "cost_limit": 1}),
        (True, ("--max-cost", "19", "--yes"), {"cost_limit": 3}),
        (True, (), {"succeeded": 3}),
    ],
)
def test_a_run_stops_before_the_job_that_would_pass_its_sum(
    desk: Desk, known: bool, args: tuple[str, ...], counts: dict[str, int]
) -> None:
    if known:
        make(desk, "a cat")
    ran = make(desk, "a dog", "--count", "3", *args)
    assert ran.last["counts"] == {**counts, "jobs": 3}
    assert desk.creates() == known + counts.get("succeeded", 0)
    assert len(desk.rows()) == desk.creates(), "what was not sent is no job"
    refused = [line for line in ran.events("error") if line["error"] != "cost_unknown"]
    assert ran.code == (0 if set(counts) == {"succeeded"} else 2)
    for line in refused:
        assert (line["last_cost"], line["unit"], line["may_have_been_created"]) == (20, "credits", False)
        assert "--max-cost" in line["guidance"][0]


def test_what_is_there_already_costs_nothing_and_passes_no_limit(desk: Desk) -> None:
    make(desk, "a cat")
    assert make(desk, "a cat", "--max-cost", "0").last["reused"]
    assert make(desk, "a dog", "--max-cost", "0").last["error"] == "cost_limit"
    free = desk.run("--prompt", "a fox", "--max-cost", "0", provider="agnes")
    assert free.last["ok"], "a free model needs no --yes"


@pytest.mark.parametrize("way", ["count", "batch"])
def test_to_go_on_raises_no_limit(desk: Desk, way: str) -> None:
    """Neither by the same command nor by another one of the same jobs: what they cost before counts."""
    make(desk, "a cat")
    Path("jobs.txt").write_text("a dog\na fox\na hen\n")
    args = ("--count", "3", "--prompt", "a dog") if way == "count" else ("--batch", "jobs.txt")
    runs = [desk.run(*args, "--model", MODEL, "--max-cost", most).last["counts"] for most in ("40", "40", "60")]
    assert runs[0] == {"succeeded": 2, "cost_limit": 1, "jobs": 3}
    assert runs[1] == {"reused": 2, "cost_limit": 1, "jobs": 3}
    assert runs[2] == {"reused": 2, "succeeded": 1, "jobs": 3}


def test_to_go_on_counts_lines_that_wait_for_others(desk: Desk) -> None:
    """What a follower cost before counts before it is known again what it is."""
    make(desk, "a cat")
    edit = {"id": "next", "prompt": "at night", "model": MODEL, "image": "@dog"}
    lines = [{"prompt": "a hen", "model": MODEL}, {"id": "dog", "prompt": "a dog", "model": MODEL}, edit]
    film = Path("film.jsonl")
    counts = []
    for batch in (lines[1:], lines):
        film.write_text("\n".join(map(json.dumps, batch)))
        ran = desk.run("--batch", "film.jsonl", "--max-cost", "40", "--concurrency", "1")
        counts.append(ran.last["counts"])
    assert counts == [{"succeeded": 2, "jobs": 2}, {"cost_limit": 1, "reused": 2, "jobs": 3}]


def test_what_failed_and_cost_counts_until_it_is_made_anew(desk: Desk) -> None:
    make(desk, "a cat")
    desk.faults("sv-failed")
    runs = [make(desk, "a dog", "--max-cost", "40", *more) for more in ((), (), (), ("--new",), ())]
    assert [ran.last.get("spent") for ran in runs] == [None, None, 40, None, 60]
    assert [ran.code for ran in runs] == [10, 10, 2, 10, 2]
    assert ledger(desk, "--spent")["rows"][0]["failed"] == {"jobs": 3, "cost": 60}
    desk.faults()
    assert make(desk, "a dog", "--new").code == 0
    assert make(desk, "a dog", "--new").code == 0
    counts = make(desk, "a dog", "--count", "2", "--max-cost", "40").last["counts"]
    assert counts == {"reused": 1, "succeeded": 1, "jobs": 2}, "what --new made again is another wish"


@pytest.mark.parametrize("limit", ["run", "day"])
def test_a_cost_that_is_told_late_passes_no_limit(desk: Desk, limit: str) -> None:
    make(desk, "a cat")
    desk.faults("never-ends", "sv-late-usage")
    if limit == "day":
        capped(desk, 60)
    most = ("--max-cost", "40") if limit == "run" else ()
    ran = make(desk, "a dog", "--count", "4", "--concurrency", "2", "--detach", *most)
    refused = "cost_limit" if limit == "run" else "daily_cost_limit"
    assert ran.last["counts"] == {"detached": 2, refused: 2, "jobs": 4}
    assert {line["last_cost"] for line in ran.events("error")} == {20}


def test_what_another_run_makes_meanwhile_of_the_same_lines_counts(desk: Desk) -> None:
    """The batch waits at its first line, which this process holds, while its second one is made by another run."""
    make(desk, "a cat")
    desk.faults("sv-content-rejected")
    make(desk, "a cow")
    desk.faults()
    Path("jobs.txt").write_text("a cow\na dog\na fox\n")
    script = str(BUNDLE / "scripts/create_and_wait.py")
    command = [sys.executable, script, "--provider", "skills.video", "--model", MODEL, "--batch", "jobs.txt"]
    command += ["--max-cost", "40", "--concurrency", "1", "--poll-timeout", "100000"]
    command += ["--base-url", desk.sandbox.base_urls["skills.video"], "--config", str(desk.home / "config.json")]
    with closing(Journal.open(desk.state)) as journal:
        held = journal.claim(job(model=MODEL, fingerprint=desk.column("fingerprint")[-1])).row
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as run:
            assert run.stdout is not None
            assert json.loads(run.stdout.readline())["event"] == "start"
            assert make(desk, "a dog").code == 0
            journal.rejected(held.row_id, {"code": "x"})
            summary = json.loads(run.communicate(timeout=60)[0].splitlines()[-1])
    assert summary["counts"] == {"succeeded": 1, "reused": 1, "cost_limit": 1, "jobs": 3}


def test_a_days_limit_holds_for_runs_after_one_another(desk: Desk) -> None:
    capped(desk, 50)
    assert make(desk, "a cat").last["error"] == "cost_unknown"
    assert make(desk, "a cat", "--yes").code == 0
    assert make(desk, "a dog").code == 0
    refused = make(desk, "a fox", "--yes")
    assert (refused.code, refused.last["error"], refused.last["spent"]) == (2, "daily_cost_limit", 40)
    assert DAY - 600 < refused.last["room_in_seconds"] <= DAY
    assert "--spent" in refused.last["guidance"][1]
    assert desk.creates() == 2
    assert make(desk, "a cat").last["reused"], "what is there already is given all the same"


def test_two_processes_cannot_both_pass_a_days_limit(desk: Desk) -> None:
    make(desk, "a cat")
    capped(desk, 60)
    script = str(BUNDLE / "scripts/create_and_wait.py")
    where = ["--base-url", desk.sandbox.base_urls["skills.video"], "--config", str(desk.home / "config.json")]
    commands = [
        [sys.executable, script, "--provider", "skills.video", "--prompt", f"dog {number}", *where]
        for number in range(5)
    ]
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
    last = [json.loads(run.communicate(timeout=60)[0].splitlines()[-1]) for run in runs]
    assert Counter(line.get("error", "made") for line in last) == {"made": 2, "daily_cost_limit": 3}
    assert desk.creates() == 3


@pytest.mark.parametrize(
    ("stage", "usage", "hours", "counts_for"),
    [
        ("collected", {"total": 7}, 0, 7),
        ("collected", {"total": 7}, 23, 7),
        ("collected", {"total": 7}, 25, 0),
        ("collected", None, 0, 20),
        ("collected", {"total": "many"}, 0, 20),
        ("collected", {"total": -100}, 0, 20),
        ("accepted", None, 0, 20),
        ("accepted", {"total": 0}, 0, 20),
        ("accepted", {"total": 7}, 0, 20),
        ("accepted", {"total": 30}, 0, 30),
        ("unknown", None, 0, 20),
        ("sending", None, 0, 20),
        ("intent", None, 0, 20),
        ("rejected", None, 0, 0),
        ("failed", {"total": 7}, 0, 7),
        ("failed", None, 0, 0),
    ],
)
def test_what_counts_towards_a_day(desk: Desk, stage: str, usage: Any, hours: float, counts_for: float) -> None:
    """A job of each fate stands in the journal, whose like cost 20 two days ago; the limit leaves room for one more."""
    now = [time.time() - 2 * DAY]
    with closing(Journal.open(desk.state, wall=lambda: now[0])) as journal:
        new = [job(number, model=MODEL, copy=number) for number in range(2)]
        old = journal.claim(new[0]).row
        advance(journal, old.row_id, "accepted")
        end(journal, old.row_id, usage={"total": 20})
        now[0] += 2 * DAY - hours * 3600
        row = journal.claim(new[1]).row
        advance(journal, row.row_id, "accepted" if stage in ("failed", "collected") else stage)
        if stage == "accepted":
            journal.accepted(row.row_id, generation_id=f"gen-{row.row_id}", usage=usage)
        if stage in ("failed", "collected"):
            end(journal, row.row_id, "failed" if stage == "failed" else "succeeded", usage=usage)
        if counts_for:
            capped(desk, counts_for + 19)
            told = make(desk, "a dog", "--yes").last
            newest_price = 7 if usage == {"total": 7} and stage == "collected" else 20
            assert (told.get("error"), told.get("spent")) == (
                ("daily_cost_limit", counts_for) if newest_price == 20 else (None, None)
            )
        capped(desk, counts_for + 20)
        assert make(desk, "a dog", "--yes").last["ok"]


def test_spent_sums_by_provider_model_and_day(desk: Desk) -> None:
    make(desk, "a cat")
    make(desk, "a dog")
    desk.run("--prompt", "a fox", provider="agnes")
    desk.faults("sv-failed")
    make(desk, "a bird")
    told = ledger(desk, "--spent")
    day = datetime.now(timezone.utc).date().isoformat()
    mine = next(row for row in told["rows"] if row["model"] == MODEL)
    assert mine.items() >= {"provider": "skills.video", "day": day, "jobs": 2, "cost": 40, "unit": "credits"}.items()
    assert mine["failed"]["jobs"] == 1
    totals = {row["provider"]: (row["jobs"], row["cost"], row["unit"]) for row in told["totals"]}
    assert totals == {"skills.video": (2, 40, "credits"), "agnes": (1, 1, "images")}
    assert ledger(desk, "--spent", "--provider", "agnes")["totals"][0]["jobs"] == 1
    assert ledger(desk, "--spent", "--since", "1h")["rows"] == told["rows"]
    assert ledger(desk, "--spent", "--since", "2099-01-01")["rows"] == []


def test_an_empty_ledger_is_a_line_too_and_makes_no_journal(desk: Desk) -> None:
    assert ledger(desk, "--spent") == {"event": "spent", "rows": [], "totals": []}
    assert not desk.state.exists()


@pytest.mark.parametrize(
    "args",
    [("--since", "7d", "--all"), ("--spent", "--list"), ("--spent", "--since", "soon"), ("--cancel",),
     ("--cancel", "x", "--all"), ("--cancel", "--all", "--list"), ("--failed", "--spent"), ("--limit", "5", "--spent"),
     ("--model", MODEL, "--spent"), ("--model", MODEL, "--list"), ("--model", MODEL, "--cancel", "--all")],
)  # fmt: skip
def test_one_question_at_a_time(desk: Desk, args: tuple[str, ...]) -> None:
    ran = desk.call("wait_generation", *args)
    assert (ran.code, ran.last["error"]) == (2, "usage")
    if args[0] in ("--model", "--limit", "--failed"):
        assert f"{args[0]} only goes with --" in ran.last["message"]


def test_a_provider_chooses_among_all_jobs(desk: Desk) -> None:
    desk.faults("never-ends")
    make(desk, "a dog", "--detach")
    for provider, jobs in (("skills.video", 1), ("agnes", 0)):
        assert len(ledger(desk, "--list", "--provider", provider)["jobs"]) == jobs
    agnes = ("--provider", "agnes", "--config", str(desk.home / "config.json"))
    for question in (("--all",), ("--cancel", "--all")):
        assert desk.call("wait_generation", *question, *agnes).last["counts"] == {"open": 0}
    assert desk.call("wait_generation", "--list", "--provider", "nobody").last["error"] == "unknown_provider"


def test_an_open_job_says_how_long_it_runs_and_how_long_its_like_took(desk: Desk) -> None:
    make(desk, "a cat")
    desk.faults("never-ends")
    make(desk, "a dog", "--detach")
    rows = {row["state"]: row for row in ledger(desk, "--list")["jobs"]}
    assert 0 <= rows["accepted"]["running_seconds"] < 600
    assert 0 <= rows["accepted"]["usual_seconds"] < 600
    assert "running_seconds" not in rows["collected"]


def test_cancel_all_stops_what_can_be_stopped_and_says_what_cannot(desk: Desk) -> None:
    desk.faults("agcloud-queued-forever", "never-ends")
    clip = ("--prompt", "a boat", "--detach", "--kind", "video")
    stopped = desk.run(*clip, provider="ark").events("accepted")[0]["generation_id"]
    kept = make(desk, "a cat", "--detach").events("accepted")[0]["generation_id"]
    ran = desk.call("wait_generation", "--cancel", "--all", "--config", str(desk.home / "config.json"))
    assert ran.events("cancelled")[0]["generation_id"] == stopped
    refused = ran.events("error")[0]
    assert (refused["error"], refused["generation_id"]) == ("cancel_not_offered", kept)
    assert ran.last["event"] == "summary"
    assert ran.last["counts"] == {"cancelled": 1, "cancel_not_offered": 1, "jobs": 2}
    assert desk.call("wait_generation", "--list").last["counts"] == {"ended": 1, "accepted": 1}, "the journal knows"


def test_large_sums_are_said_whole(desk: Desk) -> None:
    with closing(Journal.open(desk.state)) as journal:
        row = journal.claim(job(1, model=MODEL)).row
        advance(journal, row.row_id, "accepted")
        end(journal, row.row_id, usage={"total": 1_234_567})
    capped(desk, 1_234_568)
    told = make(desk, "a cat").last["message"]
    assert "1,234,567 credits" in told
    assert "the limit is 1,234,568:" in told
    args = create_parser().parse_args(["--prompt", "a cat", "--max-cost", "1234567"])
    assert "--max-cost=1234567 " in f"{same_command('create_and_wait.py', create_parser(), args)} "
