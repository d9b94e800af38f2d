"""A second process that looks at a request: it may say that nothing objects, and nothing else that it does counts."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from calls import environment
from conftest import Desk
from generate_media.core.paths import BUNDLE
from generate_media.request.apart import is_quicker, nothing_objects

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="no process with a thread may fork elsewhere")
AT_REST = """
import os, runpy, sys
os.sched_getaffinity, os.cpu_count = lambda pid: {0, 1}, lambda: 1_000_000
sys.argv = sys.argv[1:]
sys.path.insert(0, os.path.dirname(sys.argv[0]))
real = os._exit
def leave(code):
    os.write(2, (f"{os.getpid() == first} {'jsonschema' in sys.modules} {'dataclasses' in sys.modules};").encode())
    real(code)
first, os._exit = os.getpid(), leave
runpy.run_path(sys.argv[0], run_name="__main__")
"""
"""A script on a machine that has nothing else to do; each process says at its end: the first? with jsonschema? with
dataclasses, which cost 8 ms and are jsonschema's alone?"""


def raises() -> bool:
    raise RuntimeError


def killed() -> bool:
    os.kill(os.getpid(), signal.SIGKILL)
    return True


def stopped() -> bool:
    signal.raise_signal(signal.SIGTERM)
    return True


def hangs() -> bool:
    time.sleep(600)
    return True


def speaks() -> bool:
    return os.write(1, b"a line") + os.write(2, b"a word") > 0


def fails_to_load() -> None:
    raise SyntaxError


@pytest.mark.parametrize(
    ("look", "said"),
    [(lambda: True, True), (lambda: False, False), (raises, False), (killed, False), (stopped, False), (speaks, True)],
)
def test_only_its_word_counts_that_nothing_objects(
    look: Callable[[], bool], said: bool, capfd: pytest.CaptureFixture[str]
) -> None:
    done: list[int] = []
    open_before = len(os.listdir("/proc/self/fd"))
    handler = signal.signal(signal.SIGTERM, lambda *_: print("a handler of the first process"))
    try:
        assert nothing_objects(look, lambda: done.append(os.getpid())) is said
    finally:
        signal.signal(signal.SIGTERM, handler)
    assert done == [os.getpid()]
    assert capfd.readouterr() == ("", "")
    assert len(os.listdir("/proc/self/fd")) == open_before
    assert not signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_it_looks_in_another_process_which_is_gone_afterwards(tmp_path: Path) -> None:
    seen = tmp_path / "pid"
    assert nothing_objects(lambda: bool(seen.write_text(str(os.getpid()))), fails_to_load)
    assert int(seen.read_text()) != os.getpid()
    with pytest.raises(ProcessLookupError):
        os.kill(int(seen.read_text()), 0)


def test_one_that_hangs_is_given_up() -> None:
    assert not nothing_objects(hangs, lambda: None, seconds=0.05)


@pytest.mark.parametrize(("room", "said"), [(0, False), (1, False), (1100, True)])
def test_descriptors_that_are_high_or_all_in_use(room: int, said: bool) -> None:
    """Of 1,100 the pipe's are beyond what select(2) takes; where there is none for it, this process looks itself."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with ExitStack() as stack:
        stack.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
        top = max(stack.enter_context(open(os.devnull, "rb")).fileno() for _ in range(max(room, 100)))
        if room < 100:
            resource.setrlimit(resource.RLIMIT_NOFILE, (top + 1 + room, hard))
        assert nothing_objects(lambda: True, lambda: None) is said


@pytest.mark.parametrize(("loads", "quicker"), [("0.0 0.0 0.0 1/9 7", True), ("0.0 0.0 0.0 9/9 7", False), ("", False)])
def test_it_helps_where_a_processor_is_at_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, loads: str, quicker: bool
) -> None:
    monkeypatch.delitem(sys.modules, "jsonschema", raising=False)
    processors = len(os.sched_getaffinity(0))
    (tmp_path / "loads").write_text(loads.replace("9/9", f"{os.cpu_count()}/9"))
    assert is_quicker(tmp_path / "loads") is (quicker and processors > 1)


@pytest.mark.parametrize(
    ("flags", "code", "end"),
    [((), 0, "True False False"), (("--set", "prompt=7"), 22, "True True True")],
)
def test_a_request_that_nothing_is_wrong_with_is_looked_at_there(
    desk: Desk, flags: tuple[str, ...], code: int, end: str
) -> None:
    """The process that sends it never loads jsonschema; one that is refused is looked at by both."""
    where = ("--base-url", desk.sandbox.base_urls["skills.video"], "--config", str(desk.write_config()))
    what = ("--provider", "skills.video", "--model", "google/nano-banana-pro", "--prompt", "a cat", "--detach")
    command = [sys.executable, "-c", AT_REST, str(BUNDLE / "scripts" / "create_and_wait.py"), *where, *what, *flags]
    key = {"SKILLS_VIDEO_API_KEY": desk.key}
    done = subprocess.run(command, cwd=desk.home, env=environment(desk.home, **key), capture_output=True, check=False)
    assert done.returncode == code, done.stdout
    assert [said for said in done.stderr.decode().split(";") if said.startswith("True")] == [end]
    assert desk.creates() == (1 if code == 0 else 0)
