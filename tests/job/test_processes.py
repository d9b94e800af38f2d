"""Whole processes: signals at each stage, a stdout that is closed or cannot write, kill -9 at random moments."""

from __future__ import annotations

import json
import os
import random
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from calls import started
from conftest import Desk
from faults.zygote import Run
from generate_media.core.paths import BUNDLE

MODEL = "google/nano-banana-pro"
KILL_SEED = 20261121
KILLS = 2
"""In every test run; ``make kill`` does more with GENERATE_MEDIA_KILLS."""


def command(desk: Desk, *args: str) -> list[str]:
    desk.home.joinpath("config.json").exists() or desk.write_config()
    return [
        sys.executable, str(BUNDLE / "scripts/create_and_wait.py"), "--model", MODEL, *args,
        "--provider", "skills.video", "--base-url", desk.sandbox.base_urls["skills.video"],
        "--config", str(desk.home / "config.json"),
    ]  # fmt: skip


def start(desk: Desk, *args: str, **kwargs: object) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen(command(desk, *args), stdout=pipe, stderr=pipe, text=True, **kwargs)  # type: ignore[call-overload,no-any-return]


def fork(desk: Desk, *args: str) -> Run:
    """The same where its start is not asked about, and its lines are read at its end."""
    return started("create_and_wait", *command(desk, *args)[2:])


def finish(process: subprocess.Popen[str]) -> tuple[int, list[dict[str, object]], str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, [json.loads(line) for line in out.splitlines()], err


def wait_for_create(desk: Desk) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until and not desk.creates():
        time.sleep(0.02)
    assert desk.creates()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_the_job_runs_leaves_the_way_to_go_on(desk: Desk, number: int, code: int) -> None:
    desk.faults("never-ends")
    process = start(desk, "--prompt", "a cat")
    assert process.stdout is not None
    lines = [json.loads(process.stdout.readline()) for _ in range(2)]
    assert lines[1]["event"] == "accepted"
    process.send_signal(number)
    returncode, rest, err = finish(process)
    assert returncode == code
    assert rest[-1]["event"] == "error"
    assert rest[-1]["error"] == "interrupted"
    assert rest[-1]["generation_id"] == lines[1]["generation_id"]
    assert f"--generation-id={lines[1]['generation_id']}" in str(rest[-1]["resume"])
    assert "Traceback" not in err
    desk.faults()


def test_a_signal_in_the_midst_of_many_leaves_the_way_to_go_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.faults("never-ends")
    run = fork(desk, "--prompt", "a cat", "--count", "2")
    wait_for_create(desk)
    os.kill(run.pid, signal.SIGINT)
    ended = run.wait()
    assert (ended.code, ended.last["error"]) == (130, "interrupted")
    _, script, *words = shlex.split(str(ended.last["resume"]))
    monkeypatch.chdir("/")
    done = desk.call(Path(script).stem, *words, "--deadline=15")
    assert done.last["counts"]["jobs"] == 2, done
    assert desk.jobs() == 2, "each was made once, whichever run did it"


STAGES = {
    "polling": (("--endpoint", "/generation/google/nano-banana-pro"), "never-ends"),
    "a poll that hangs": (("--endpoint", "/generation/google/nano-banana-pro"), "poll:before:silence"),
    "downloading": ((), "download:body-100:silence"),
}


@pytest.mark.parametrize("stage", STAGES)
def test_a_signal_at_a_later_stage(desk: Desk, stage: str) -> None:
    args, fault = STAGES[stage]
    lasting = fault == "never-ends"
    desk.write_config(time_scale=1)
    desk.faults(fault)
    process = start(desk, "--prompt", "a cat", *args)
    assert process.stdout is not None
    lines = [json.loads(process.stdout.readline()) for _ in range(2)]
    time.sleep(1.0)
    process.send_signal(signal.SIGTERM)
    code, rest, err = finish(process)
    assert code == 143, (rest, err)
    assert rest[-1]["generation_id"] == lines[1]["generation_id"]
    assert rest[-1]["resume"]
    assert "Traceback" not in err
    desk.faults()
    desk.write_config()
    again = desk.run("--model", MODEL, "--prompt", "a cat", *args, "--deadline", "20" if lasting else "60")
    assert again.code == (11 if lasting else 0), again
    assert desk.jobs() == 1


def test_a_second_signal_does_not_wait(desk: Desk) -> None:
    desk.write_config(**{"skills.video": {"create_timeout_seconds": 2000}})
    desk.faults("create:request:silence")
    run = fork(desk, "--prompt", "a cat")
    wait_for_create(desk)
    os.kill(run.pid, signal.SIGINT)
    time.sleep(0.3)
    began = time.monotonic()
    os.kill(run.pid, signal.SIGINT)
    ended = run.wait()
    assert ended.code == 130
    assert ended.last["may_have_been_created"] is True
    assert "Traceback" not in ended.err
    assert time.monotonic() - began < 4, "well before the five seconds of the first"


def test_a_signal_while_the_create_is_out_waits_for_its_answer(desk: Desk) -> None:
    """The answer comes a moment after the signal: its id is on disk and on stdout all the same."""
    desk.faults("create:headers:drip*1")
    run = fork(desk, "--prompt", "a cat")
    wait_for_create(desk)
    os.kill(run.pid, signal.SIGTERM)
    ended = run.wait()
    assert ended.code == 143
    assert [state for state, _ in desk.rows()] in (["accepted"], ["unknown"])
    if desk.rows()[0][0] == "accepted":
        assert ended.last["generation_id"] == desk.rows()[0][1]


def test_a_create_that_never_answers_ends_five_seconds_after_the_signal(desk: Desk) -> None:
    desk.write_config(**{"skills.video": {"create_timeout_seconds": 2000}})
    desk.faults("create:request:silence")
    run = fork(desk, "--prompt", "a cat")
    wait_for_create(desk)
    os.kill(run.pid, signal.SIGINT)
    ended = run.wait()
    assert ended.code == 130
    assert ended.last["may_have_been_created"] is True
    assert [state for state, _ in desk.rows()] == ["unknown"]


def test_a_closed_stdout_does_not_stop_a_sent_job(desk: Desk) -> None:
    """``| head -1``: the reader goes away after the first line."""
    process = start(desk, "--prompt", "a cat")
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=60) == 0
    assert "Traceback" not in err
    assert "BrokenPipe" not in err
    assert [state for state, _ in desk.rows()] == ["collected"]
    assert len(list(Path("generated").glob("*.png"))) == 1


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_console_that_cannot_write_the_prompt(desk: Desk, encoding: str) -> None:
    """Chinese and a lone surrogate go out as escapes, to the provider as well as to the console."""
    payload = json.dumps({"prompt": "一只猫 \ud83d"})
    process = start(desk, "--payload", payload, env={**os.environ, "PYTHONIOENCODING": encoding})
    code, lines, err = finish(process)
    assert code == 0, (lines, err)
    assert lines[-1]["ok"] is True
    assert [state for state, _ in desk.rows()] == ["collected"]


def test_killed_at_random_moments_it_never_makes_two(desk: Desk) -> None:
    """SIGKILL anywhere, then the same command: one job and its file; 13 only where nobody can know."""
    rng = random.Random(int(os.environ.get("GENERATE_MEDIA_KILL_SEED", KILL_SEED)))
    kills = int(os.environ.get("GENERATE_MEDIA_KILLS", KILLS))
    counts = {"kills": 0, "ended before": 0, "unknown": 0, "files": 0}
    for number in range(4 * kills):
        if counts["kills"] == kills:
            break
        before = desk.jobs()
        prompt = f"cat number {number}"
        process = start(desk, "--prompt", prompt)
        try:
            process.communicate(timeout=rng.uniform(0.1, 0.9))
            counts["ended before"] += 1
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            counts["kills"] += 1
        again = desk.run("--model", MODEL, "--prompt", prompt)
        state, identity = desk.rows()[-1]
        assert again.code in (0, 13), again
        assert desk.jobs() - before <= 1
        if again.code == 13:
            assert (state, identity) == ("unknown", None)
            counts["unknown"] += 1
        else:
            assert state == "collected"
            assert desk.jobs() - before == 1
            counts["files"] += 1
    print(f"seed {KILL_SEED}: {counts}")
    assert counts["kills"] == kills
    assert len(list(Path("generated").glob("*.png"))) == counts["files"]
    assert not list(Path("generated").glob("*.part*"))
