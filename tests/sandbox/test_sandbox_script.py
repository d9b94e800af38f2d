"""scripts/sandbox.py as a user starts it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "sandbox.py"


def run(*flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, SCRIPT, *flags], capture_output=True, text=True, timeout=30)


@contextmanager
def standing(*flags: str, cwd: Path) -> Iterator[tuple[subprocess.Popen[str], Any]]:
    """A running script and its ready line."""
    process = subprocess.Popen(
        [sys.executable, SCRIPT, *flags], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=cwd
    )
    try:
        assert process.stdout is not None
        yield process, json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def test_the_ready_line_names_every_provider_and_any_key_works(tmp_path: Path) -> None:
    with standing("--port", "0", cwd=tmp_path) as (_, ready):
        assert ready["event"] == "ready"
        root = f"http://127.0.0.1:{ready['port']}"
        assert ready["providers"] == {
            "skills.video": root + "/api/v1",
            "agnes": root + "/v1",
            "agcloud": root + "/api/v3",
            "ark": root + "/api/v3",
            "byteplus": root + "/api/v3",
        }
        headers = {"Authorization": "Bearer whatever-test"}
        assert requests.get(root + "/api/v1/credits", headers=headers, timeout=10).status_code == 200


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_it_with_nothing_more_on_stdout(tmp_path: Path, number: int) -> None:
    with standing("--port", "0", cwd=tmp_path) as (process, _):
        process.send_signal(number)
        out, _ = process.communicate(timeout=10)
        assert (process.returncode, out) == (0, "")


def test_faults_and_speed_are_taken(tmp_path: Path) -> None:
    with standing("--port", "0", "--fault", "create-http-503*1", "--speed", "1000", cwd=tmp_path) as (_, ready):
        url = ready["providers"]["skills.video"] + "/generation/google/nano-banana-pro"
        headers = {"Authorization": "Bearer whatever-test"}
        statuses = [requests.post(url, json={"prompt": "x"}, headers=headers, timeout=10).status_code for _ in range(2)]
        assert statuses == [503, 202]


def test_jobs_survive_a_kill_with_state(tmp_path: Path) -> None:
    flags = ("--port", "0", "--state", "jobs", "--speed", "1000")
    headers = {"Authorization": "Bearer whatever-test"}
    with standing(*flags, cwd=tmp_path) as (_, ready):
        base = ready["providers"]["skills.video"]
        url = base + "/generation/google/nano-banana-pro"
        made = requests.post(url, json={"prompt": "x"}, headers=headers, timeout=10).json()["id"]
    with standing(*flags, cwd=tmp_path) as (_, again):
        assert again["providers"]["skills.video"] == base
        answer = requests.get(f"{base}/generation/{made}", headers=headers, timeout=10).json()
        assert answer["input"] == {"prompt": "x"}


@pytest.mark.parametrize(
    ("flags", "error"),
    [
        (("--fault", "no-such-fault"), "unknown_fault"),
        (("--port", "99999"), "cannot_serve"),
        (("--port", "x"), "usage"),
        (("--speed", "0"), "usage"),
        (("--unknown",), "usage"),
    ],
)
def test_usage_errors_are_one_object_and_exit_2(flags: tuple[str, ...], error: str) -> None:
    done = run(*flags)
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"] == error
    assert "Traceback" not in done.stderr


def test_a_taken_port_is_said(tmp_path: Path) -> None:
    with standing("--port", "0", cwd=tmp_path) as (_, ready):
        done = run("--port", str(ready["port"]))
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"] == "cannot_serve"


def test_list_faults_names_them_with_words() -> None:
    listed = json.loads(run("--list-faults").stdout)
    assert len(listed["faults"]) > 100
    assert all(fault["stage"] and fault["text"] for fault in listed["faults"].values())
    assert "reset" in listed["transport"]["actions"]


def test_help_imports_no_third_party_package() -> None:
    done = subprocess.run(
        [sys.executable, "-E", "-s", "-S", SCRIPT, "--help"],
        capture_output=True,
        text=True,
        timeout=30,
        env={**os.environ},
    )
    assert done.returncode == 0
    assert "--list-faults" in done.stdout
    assert len(done.stdout.splitlines()) <= 40
