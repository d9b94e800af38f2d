"""A job that was accepted exists: no number of 404s ends it, at no provider.

It ends by the provider's word, by the deadline, or as gone once the provider's documented retention is over.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from conftest import Desk, Ran

DEADLINE = ("--deadline", "30")
LONG_AGO = {"task_retention_seconds": 5}
"""Story seconds: over before three 404s have come."""


@dataclass(frozen=True)
class Flow:
    """One way of making a job, and how its provider says that it does not know one."""

    provider: str
    args: tuple[str, ...]
    unknown: str
    first: tuple[str, ...] = ()
    """What sends a stream to the queries."""


CLIP = ("--kind", "video", "--prompt", "a cat")
NANO = "google/nano-banana-pro"
FLOWS = {
    "skills.video": Flow("skills.video", ("--endpoint", f"/generation/{NANO}", "--prompt", "a cat"), "poll-http-404"),
    "skills.video SSE": Flow(
        "skills.video", ("--model", NANO, "--prompt", "a cat"), "poll-http-404", ("create:id:reset",)
    ),
    "Agnes, a bare 404": Flow("agnes", CLIP, "poll-http-404"),
    "Agnes, task not found": Flow("agnes", CLIP, "agnes-poll-404"),
    "AGCloud": Flow("agcloud", CLIP, "agcloud-poll-error=ResourceNotFound"),
    "AGCloud's kkcc": Flow("agcloud", (*CLIP, "--model", "kkcc"), "agcloud-poll-error=ResourceNotFound"),
    "Ark": Flow("ark", CLIP, "agcloud-poll-error=InvalidEndpointOrModel.NotFound"),
    "BytePlus, a bare 404": Flow("byteplus", CLIP, "poll-http-404"),
}


@pytest.fixture
def hasty(desk: Desk) -> Desk:
    """Without Agnes's grace, so that its 404s count as everybody's do."""
    desk.write_config(agnes={"not_found_grace_seconds": 0})
    return desk


def make(desk: Desk, flow: Flow, *args: str) -> Ran:
    return desk.run(*flow.args, *args, provider=flow.provider)


def wait(desk: Desk, *args: str) -> Ran:
    return desk.call("wait_generation", *args, "--config", str(desk.home / "config.json"))


@pytest.mark.parametrize("name", ["skills.video SSE", "Agnes, task not found", "AGCloud's kkcc"])
def test_six_404s_in_a_row_end_nothing(hasty: Desk, name: str) -> None:
    flow = FLOWS[name]
    routes = 2 if flow.provider == "agnes" or "kkcc" in flow.args else 1  # each look asks that many
    hasty.faults(*flow.first, f"{flow.unknown}*{6 * routes}")
    ran = make(hasty, flow)
    assert (ran.code, hasty.creates()) == (0, 1), ran.out
    assert [line["category"] for line in ran.events("retry")] == ["not_found"] * 6


@pytest.mark.parametrize("name", FLOWS)
def test_404s_end_by_the_deadline_and_the_job_stays_open(hasty: Desk, name: str) -> None:
    flow = FLOWS[name]
    hasty.faults(*flow.first, flow.unknown)
    made = make(hasty, flow, *DEADLINE)
    identity = made.events("accepted")[0]["generation_id"]
    again = wait(hasty, f"--generation-id={identity}", *DEADLINE)
    for ran in (made, again):
        assert (ran.code, ran.last["error"], ran.last["generation_id"]) == (12, "deadline", identity), ran.out
        assert ran.last["resume"]
        assert "accepted" in ran.last["message"]
    assert hasty.rows() == [("accepted", identity)]
    hasty.faults()
    assert wait(hasty, f"--generation-id={identity}").code == 0
    assert hasty.creates() == 1


@pytest.mark.parametrize("name", ["AGCloud", "Ark", "BytePlus, a bare 404"])
def test_after_the_documented_retention_it_is_gone(hasty: Desk, name: str) -> None:
    flow = FLOWS[name]
    hasty.write_config(**{flow.provider: LONG_AGO})
    hasty.faults(flow.unknown)
    made = make(hasty, flow)
    identity = made.last["generation_id"]
    again = wait(hasty, f"--generation-id={identity}")
    for ran in (made, again):
        assert (ran.code, ran.last["event"], ran.last["error"]) == (10, "terminal", "gone"), ran.out
        assert (ran.last["ok"], ran.last["result"], ran.last["may_have_been_created"]) == (False, "expired", True)
    assert hasty.rows() == [("ended", identity)]
    hasty.faults()
    assert wait(hasty, "--all").last["counts"] == {"open": 0}
    assert make(hasty, flow).code == 0
    assert hasty.creates() == 2


def test_a_task_that_answers_is_never_gone(hasty: Desk) -> None:
    """Neither its age nor a 404 now and then ends a job that the provider still shows."""
    flow = FLOWS["Ark"]
    hasty.write_config(ark=LONG_AGO)
    hasty.faults("agcloud-running-forever")
    identity = make(hasty, flow, *DEADLINE).last["generation_id"]
    hasty.faults(f"{flow.unknown}*2")
    ran = wait(hasty, f"--generation-id={identity}", *DEADLINE)
    assert (ran.code, ran.last["status"]) == (11, "running"), ran.out


def test_the_retention_is_the_documented_one(desk: Desk) -> None:
    """Facts: AGCloud's protocol shows the tasks of the last 7 days; the others document none."""
    from generate_media.config.settings import load_settings
    from generate_media.core.paths import CONFIG_FILE

    kept = {name: block.task_retention_seconds for name, block in load_settings(CONFIG_FILE).providers.items()}
    week = 7 * 24 * 3600.0
    assert kept == {"skills.video": 0.0, "agnes": 0.0, "agcloud": week, "ark": week, "byteplus": week}


@pytest.mark.parametrize("name", ["skills.video", "Agnes, task not found", "AGCloud"])
def test_an_id_that_the_journal_never_saw_is_not_found(hasty: Desk, name: str) -> None:
    provider = FLOWS[name].provider
    ran = hasty.run("--provider", provider, "--generation-id", "nosuch", provider=provider, script="wait_generation")
    assert (ran.code, ran.last["category"]) == (23, "not_found"), ran.out
    assert (ran.last["should_retry"], ran.last["may_have_been_created"]) == (False, False)
    assert (len(ran.events("retry")), hasty.rows()) == (2, [])


def test_an_id_made_elsewhere_exists_once_its_provider_has_told_of_it(hasty: Desk) -> None:
    flow = FLOWS["AGCloud"]
    hasty.faults("agcloud-running-forever")
    identity = make(hasty, flow, "--detach").last["generation_id"]
    hasty.state.rename(hasty.home / "another-machine")
    named = ("--generation-id", identity, "--provider", "agcloud", *DEADLINE)
    first = hasty.run(*named, provider="agcloud", script="wait_generation")
    hasty.faults(flow.unknown)
    then = hasty.run(*named, provider="agcloud", script="wait_generation")
    assert (first.code, then.code) == (11, 12), first.out + then.out
    assert hasty.rows() == [("accepted", identity)]


def test_a_read_that_is_refused_says_that_the_job_exists(hasty: Desk) -> None:
    hasty.faults("poll-http-401")
    ran = make(hasty, FLOWS["skills.video"])
    assert (ran.code, ran.last["may_have_been_created"]) == (21, True), ran.out
    assert hasty.rows()[0][0] == "accepted"


def test_a_job_that_is_not_shown_is_not_cancelled_and_not_missing(hasty: Desk) -> None:
    flow = FLOWS["AGCloud"]
    identity = make(hasty, flow, "--detach").last["generation_id"]
    hasty.faults(flow.unknown)
    ran = wait(hasty, "--cancel", identity)
    assert (ran.code, ran.last["generation_id"], ran.last["may_have_been_created"]) == (24, identity, True), ran.out
    assert hasty.rows() == [("accepted", identity)]
