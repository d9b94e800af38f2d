"""A canary key through whole processes: every script, developer mode, a debugger's traceback, proxies, broken keys."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from calls import forked
from conftest import Desk
from faults.canary import all_tasks, run_tasks
from generate_media.core.paths import BUNDLE
from wire import Peer, Wire, answer

CANARY = "canary-test-5d1f77e0-canary"
SEED = int(os.environ.get("GENERATE_MEDIA_SEED", "20261121"))
VARIABLES = ("SKILLS_VIDEO_API_KEY", "AGNES_API_KEY", "AGCLOUD_API_KEY", "ARK_API_KEY")
MAIN = ("create_and_wait.py", "--model", "google/nano-banana-pro", "--prompt", "a cat", "--provider", "skills.video")
DEBUGGER = """
import os, runpy, signal, sys, traceback

def stop(number, frame):
    shown = traceback.StackSummary.extract(traceback.walk_stack(frame), capture_locals=True)
    print("".join(shown.format()), file=sys.stderr)
    raise RuntimeError("the debugger's stop")

signal.signal(signal.SIGUSR1, stop)
sys.argv = sys.argv[1:]
sys.path.insert(0, os.path.dirname(sys.argv[0]))
try:
    runpy.run_path(sys.argv[0], run_name="__main__")
except BaseException as error:
    shown = traceback.TracebackException.from_exception(error, capture_locals=True)
    print("".join(shown.format(chain=True)), file=sys.stderr)
"""


def environment(home: Path, key: str = CANARY, **more: str) -> dict[str, str]:
    keep = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    state = {"HOME": str(home), "GENERATE_MEDIA_STATE_DIR": str(home / "state")}
    return keep | dict.fromkeys(VARIABLES, key) | state | more


def script(name: str, *args: str) -> list[str]:
    return [sys.executable, "-X", "dev", "-W", "ignore", str(BUNDLE / "scripts" / name), *args]


def assert_clean(home: Path, *texts: str, canary: str = CANARY) -> None:
    """Neither what was printed nor any file below ``home`` holds the key."""
    for text in texts:
        assert canary not in text
    holding = [str(path) for path in home.rglob("*") if path.is_file() and canary.encode() in path.read_bytes()]
    assert not holding


def test_a_sample_of_the_canary_run() -> None:
    """``make canary`` does all: every fault, every flow, every script."""
    chosen = random.Random(SEED).sample(all_tasks(), 10)
    seen = list(run_tasks(chosen, processes=1))
    assert len(seen) == len(chosen)
    assert not [one for one in seen if one.places]
    assert all(one.bytes_searched > 10_000 for one in seen), "there was something to look through"


@pytest.mark.parametrize(
    "command",
    [
        MAIN,
        (*MAIN, "--verbose", "--new"),
        ("wait_generation.py", "--list"),
        ("wait_generation.py", "--generation-id", "gen_nobody", "--provider", "skills.video", "--deadline", "5"),
        ("ensure_api_key.py", "--verify", "--provider", "skills.video"),
        ("inspect_openapi.py", "--provider", "skills.video", "--models"),
        ("handle_runtime_error.py", "--status", "500", "--body", "{}"),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_scripts_in_developer_mode(desk: Desk, command: tuple[str, ...]) -> None:
    """``-X dev`` and PYTHONFAULTHANDLER print more than usual; the process's title is looked at as well."""
    args = list(command)
    if command[0] in ("create_and_wait.py", "wait_generation.py", "ensure_api_key.py"):
        args += ["--config", str(desk.write_config())]
        if "--list" not in args:
            args += ["--base-url", desk.sandbox.base_urls["skills.video"]]
    process = subprocess.Popen(
        script(*args), env=environment(desk.home, PYTHONFAULTHANDLER="1"), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    title = Path(f"/proc/{process.pid}/cmdline").read_text(encoding="utf-8") if sys.platform == "linux" else ""
    out, err = process.communicate(timeout=60)
    assert out
    assert_clean(desk.home, out, err, title)


@pytest.mark.parametrize("blow", ["SIGUSR1", "SIGABRT"])
def test_a_debuggers_traceback_from_within_the_request(tmp_path: Path, blow: str) -> None:
    """Stopped inside requests, with the locals of every frame; and a fault handler's dump."""
    import signal

    arrived: list[bytes] = []

    def handle(peer: Peer) -> None:
        arrived.append(peer.request())
        peer.until_gone()

    with Wire(handle) as wire:
        run = [str(BUNDLE / "scripts" / MAIN[0]), *MAIN[1:], "--base-url", f"{wire.url}/api/v1"]
        process = subprocess.Popen(
            [sys.executable, "-X", "dev", "-W", "ignore", "-c", DEBUGGER, *run],
            env=environment(tmp_path, PYTHONFAULTHANDLER="1"), text=True, cwd=tmp_path,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        until = time.monotonic() + 30
        while not arrived and time.monotonic() < until:
            time.sleep(0.02)
        time.sleep(0.1)
        process.send_signal(getattr(signal, blow))
        out, err = process.communicate(timeout=60)
    assert CANARY.encode() in arrived[0], "the key did go to its host"
    assert "urllib3" in err, "the traceback goes through the libraries"
    assert_clean(tmp_path, out, err)


BROKEN = {
    "newline": f"{CANARY}\nX-Evil: 1",
    "quotes": f'"{CANARY}"',
    "smart quotes": f"“{CANARY}”",
    "spaces": f" {CANARY} {CANARY} ",
    "BOM": f"\ufeff{CANARY}",
    "10 kB": CANARY * 400,
    "Cyrillic": f"{CANARY}ключ",
    "control": f"{CANARY}\x07",
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_key_is_named_and_goes_nowhere(how: str, tmp_path: Path) -> None:
    with Wire(lambda peer: peer.send(answer(b"{}"))) as wire:
        for name, *args in (("ensure_api_key.py", "--verify", "--provider", "skills.video"), MAIN):
            words, keys = (*args, "--base-url", f"{wire.url}/api/v1"), dict.fromkeys(VARIABLES, BROKEN[how])
            ran = forked(Path(name).stem, *words, home=tmp_path, **keys)
            assert ran.code == 21, ran.out
            assert "Traceback" not in ran.err
            assert_clean(tmp_path, ran.out, ran.err)
        assert not b"".join(wire.received), "a connection may have been opened, with nothing on it"


def echo(key: bytes) -> Callable[[Peer], None]:
    """A server that says the key back: in a header, an error, an id, a status."""

    def handle(peer: Peer) -> None:
        sent = peer.request()
        if b"GET" in sent[:4]:
            peer.send(answer(b'{"id":"gen_1","status":"FAILED","data":null,"code":"X","message":"key ' + key + b'"}'))
        elif b"/sse/" in sent.split(b"\r\n")[0]:
            peer.send(answer(b'{"error":"X","code":"X","message":"bad key: Bearer ' + key + b'"}', status="400 Bad"))
        else:
            body = b'{"id":"gen_1","status":"IN_QUEUE","input":{"authorization":"Bearer ' + key + b'"}}'
            peer.send(answer(body, "Content-Type: application/json", f"X-Key: {key.decode()}"))

    return handle


@pytest.mark.parametrize("how", [("--model", "google/nano-banana-pro"), ("--endpoint", "/generation/wan/wan-v2.7")])
def test_a_server_that_says_the_key_back(how: tuple[str, str], tmp_path: Path) -> None:
    """In an error, in a job's answer, in a header: cut out before anything is printed or kept."""
    command = ("create_and_wait.py", *how, "--prompt", "a cat", "--provider", "skills.video", "--verbose")
    with Wire(echo(CANARY.encode())) as wire:
        done = subprocess.run(
            script(*command, "--base-url", f"{wire.url}/api/v1", "--deadline", "10"), env=environment(tmp_path),
            capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path,
        )  # fmt: skip
        assert any(CANARY.encode() in request for request in wire.received)
    assert done.returncode in (10, 22, 25), done.stdout
    assert_clean(tmp_path, done.stdout, done.stderr)


def test_a_proxy_of_the_environment_sees_no_key(tmp_path: Path) -> None:
    """It is asked to connect to the provider; what comes after is TLS or nothing."""

    def handle(peer: Peer) -> None:
        peer.request()
        peer.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        peer.sock.settimeout(3)
        seen.append(peer.sock.recv(65536))

    seen: list[bytes] = []
    with Wire(handle) as wire:
        done = subprocess.run(
            script(*MAIN, "--deadline", "1"),
            env=environment(tmp_path, HTTPS_PROXY=wire.url, HTTP_PROXY=wire.url, ALL_PROXY=wire.url),
            capture_output=True, text=True, timeout=60, check=False, cwd=tmp_path,
        )  # fmt: skip
        assert done.returncode == 24, done.stdout
        assert wire.received
        assert all(request.startswith(b"CONNECT open.skills.video:443 ") for request in wire.received)
        assert not [data for data in (*wire.received, *seen) if CANARY.encode() in data]
    assert_clean(tmp_path, done.stdout, done.stderr)
