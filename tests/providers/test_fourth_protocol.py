"""A fourth protocol, made up in tests/ alone (see lumen/): its jobs, refusals, kills and links, by the bundle as it is.

Answers are made by Lumen's sandbox side, on loopback; of the commands is expected what they promise for every provider.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from conftest import SANDBOX_SPEED, Desk, Ran
from generate_media.providers import PROTOCOLS
from generate_media.sandbox.embedded import Running, start
from generate_media.sandbox.world import Clock
from providers.lumen import BLOCK, LUMEN

LAUNCH = Path(__file__).parent / "lumen/launch.py"
CLIP = ("--prompt", "a paper boat", "--duration", "5")
TWO_HOURS = 7200.0


class ShiftedClock(Clock):
    """The time of day, and what a test adds to it."""

    ahead = 0.0

    def now(self) -> float:
        return super().now() + self.ahead


@pytest.fixture
def clock() -> ShiftedClock:
    return ShiftedClock()


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch, clock: ShiftedClock) -> Iterator[Running]:
    monkeypatch.setitem(PROTOCOLS, LUMEN.name, LUMEN)
    with start(speed=SANDBOX_SPEED, clock=clock) as server:
        yield server


@pytest.fixture
def lumen(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A user whose config.json has Lumen alone."""
    desk.write_config(providers={"lumen": BLOCK})
    monkeypatch.setenv("LUMEN_API_KEY", desk.key)
    return desk


def words(desk: Desk) -> tuple[str, ...]:
    return ("--base-url", desk.sandbox.protocol_urls["lumen"], "--config", str(desk.home / "config.json"))


def make(desk: Desk, *args: str) -> Ran:
    return desk.call("create_and_wait", *CLIP, "--kind", "video", *args, *words(desk))


def test_a_job_comes_to_its_file(lumen: Desk) -> None:
    ran = make(lumen, "--provider", "lumen")
    assert ran.code == 0, ran.out
    (output,) = ran.last["outputs"]
    assert Path(output["path"]).stat().st_size == output["bytes"] > 1000
    assert output["media_type"] == "video/mp4"
    assert lumen.jobs() == lumen.creates() == 1
    again = make(lumen)
    assert (again.code, again.last["reused"], lumen.creates()) == (0, True, 1)


def test_a_job_whose_create_is_its_end_comes_to_its_file(lumen: Desk) -> None:
    lumen.faults("lumen-at-once", "lumen-link=5000*1")
    ran = make(lumen)
    assert ran.code == 0, ran.out
    assert Path(ran.last["outputs"][0]["path"]).exists()


def test_it_runs_with_the_embedded_sandbox(lumen: Desk) -> None:
    config = ("--config", str(lumen.home / "config.json"))
    ran = lumen.call("create_and_wait", *CLIP, "--kind", "video", "--sandbox", *config)
    assert (ran.code, ran.last["sandbox"]) == (0, True), ran.out
    assert ran.events("start")[0]["provider"] == "lumen"


REFUSALS = [
    (4000, "validation", 22),
    (4010, "auth", 21),
    (4020, "insufficient_credits", 20),
    (4040, "not_found", 23),
    (4060, "content_rejected", 26),
    (5000, "outcome_unknown", 13),
    (7777, "unknown", 25),
]


@pytest.mark.parametrize(("number", "category", "code"), REFUSALS)
def test_a_refusal_in_http_200(lumen: Desk, number: int, category: str, code: int) -> None:
    lumen.faults(f"lumen-create={number}")
    ran = make(lumen)
    assert (ran.code, ran.last["category"]) == (code, category), ran.out
    assert (lumen.jobs(), lumen.creates()) == (0, 1)
    lumen.faults()
    again = make(lumen)
    assert again.code == (13 if code == 13 else 0), "a refusal leaves nothing behind, an unknown outcome does"


@pytest.mark.parametrize("fault", ["lumen-create=4290*2", "create-refused-429*2", "create-refused-503*2"])
def test_a_busy_provider_is_asked_again(lumen: Desk, fault: str) -> None:
    lumen.faults(fault)
    ran = make(lumen)
    assert (ran.code, lumen.creates(), lumen.jobs()) == (0, 3, 1), ran.out
    assert [line["operation"] for line in ran.events("retry")] == ["create", "create"]


@pytest.mark.parametrize("fault", ["lumen-state=5000*2", "lumen-link=5000*2", "lumen-html*2", "lumen-link=4040*1"])
def test_a_read_that_is_refused_costs_nothing(lumen: Desk, fault: str) -> None:
    lumen.faults(fault)
    ran = make(lumen)
    assert (ran.code, lumen.creates()) == (0, 1), ran.out
    assert ran.events("retry")


def test_a_job_that_fails(lumen: Desk) -> None:
    lumen.faults("lumen-broken=4060")
    ran = make(lumen)
    assert (ran.code, ran.last["result"], ran.last["error"]) == (26, "failed", "4060")


def kill_at(desk: Desk, operation: str) -> str:
    """Make the job in a process of its own, SIGKILL it once the server saw a call; the journal's word for the job."""
    command = [sys.executable, str(LAUNCH), "create_and_wait", *CLIP, "--kind", "video", *words(desk)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        until = time.monotonic() + 60
        while time.monotonic() < until and operation not in {row["operation"] for row in desk.log()["requests"]}:
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert process.returncode == -signal.SIGKILL
    ((state, _),) = desk.rows()
    return state


def recorded_url(desk: Desk) -> str:
    return str(json.loads(desk.column("remote")[0])[0]["url"])


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_a_killed_run_is_taken_up(lumen: Desk) -> None:
    lumen.faults("poll:before:silence")
    assert kill_at(lumen, "poll") == "accepted"
    lumen.faults()
    ran = make(lumen)
    assert (ran.code, lumen.creates()) == (0, 1), ran.out
    assert ran.events("attached")
    assert Path(ran.last["outputs"][0]["path"]).exists()


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
@pytest.mark.parametrize("way", ["the same command", "--all", "the id", "URLs alone"])
def test_a_link_that_expired_meanwhile_is_given_anew(lumen: Desk, clock: ShiftedClock, way: str) -> None:
    lumen.faults("download:body-100:silence")
    assert kill_at(lumen, "download") == "ended"
    lumen.faults()
    clock.ahead = TWO_HOURS  # the provider's; to the client a link's life is over as soon as config.json says so
    lumen.write_config(providers={"lumen": BLOCK | {"result_ttl_seconds": 0.1}})
    assert requests.get(recorded_url(lumen), timeout=10).status_code == 403
    ran = _fetched(lumen, way)
    assert (ran.code, lumen.creates()) == (0, 1), ran.out
    assert not ran.events("warning")
    (output,) = ran.last["outputs"]
    if way == "URLs alone":
        assert requests.get(output["url"], timeout=10).status_code == 200
    else:
        assert Path(output["path"]).stat().st_size == output["bytes"]


def _fetched(desk: Desk, way: str) -> Ran:
    if way == "the same command":
        return make(desk)
    if way == "URLs alone":
        return make(desk, "--no-download")
    which = "--all" if way == "--all" else f"--generation-id={desk.rows()[0][1]}"
    return desk.call("wait_generation", which, *words(desk))


def document(ran: Ran) -> Any:
    return json.loads(ran.out)


def test_a_key_that_nothing_cheap_can_check_is_said_to_be_unchecked(lumen: Desk) -> None:
    ran = lumen.call("ensure_api_key", "--provider", "lumen", "--verify", *words(lumen))
    row = document(ran)["providers"]["lumen"]
    assert (row["ok"], row["verified"]) == (False, False)
    assert "no call that would check it" in row["message"]
    assert lumen.log()["requests"] == []
    assert document(lumen.call("ensure_api_key", "--provider", "lumen", *words(lumen)))["ok"] is True


def test_the_other_scripts_know_it(lumen: Desk) -> None:
    config = ("--config", str(lumen.home / "config.json"))
    listed = lumen.call("inspect_openapi", "--provider", "lumen", "--models", *config)
    assert "lumen-drift-1" in listed.out
    body = json.dumps({"verdict": {"no": 4020, "text": "empty"}})
    told = lumen.call("handle_runtime_error", "--provider", "lumen", "--status", "200", "--body", body, *config)
    assert (told.code, document(told)["category"]) == (20, "insufficient_credits")
    refused = make(lumen, "--set", "seconds=3")
    assert (refused.code, lumen.creates()) == (22, 0)


def test_the_sandbox_script_lists_its_faults(lumen: Desk) -> None:
    faults = document(lumen.call("sandbox", "--list-faults"))["faults"]
    assert faults["lumen-create"]["stage"] == "create"


def test_a_config_of_an_unknown_protocol_names_the_known_ones(lumen: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    lumen.write_config(providers={"lumen": BLOCK | {"protocol": "lumin"}})
    ran = make(lumen)
    assert ran.code == 2
    assert "'lumin' is not one of" in ran.last["message"]
    assert "'lumen'" in ran.last["message"]
