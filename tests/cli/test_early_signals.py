"""SIGINT and SIGTERM before anything is at work: in the midst of any import, told by a line, lost by nobody."""

from __future__ import annotations

import json
import os
import random
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from calls import DEMO, ONE_OF_EACH, call, environment, forked
from conftest import Ran
from generate_media.beginning import _LINE
from generate_media.core.errors import Interrupted
from generate_media.core.paths import BUNDLE
from generate_media.events.printer import error_outcome
from generate_media.journal import Journal
from tools import require_tool

SEED = int(os.environ.get("GENERATE_MEDIA_SEED", "20261122"))
MOMENTS = 3
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}


def opened(script: str, args: tuple[str, ...], home: Path) -> list[str]:
    """The files that a call opens, in their order; the moments at which it can be hit exactly."""
    log = home / "opened"
    before = (require_tool("strace"), "-f", "--seccomp-bpf", "-qq", "-o", str(log), "-e", "trace=openat")
    assert call(script, *args, home=home, before=before).code in (0, 20, 21)
    text = log.read_text(encoding="utf-8", errors="replace")
    of_main_thread = rf'^{text.split()[0]} +openat\([^"]*"([^"]*)"'
    return re.findall(of_main_thread, text, re.MULTILINE)


def hit(script: str, args: tuple[str, ...], home: Path, number: int, moment: int) -> Ran:
    """The call, with a signal at its n-th file."""
    name = signal.Signals(number).name
    inject = (require_tool("strace"), "-qq", "-o", "/dev/null", "-e", "trace=openat", "-e")
    return call(script, *args, home=home, before=(*inject, f"inject=openat:signal={name}:when={moment}"))


@pytest.mark.parametrize("script", [name for name in ONE_OF_EACH if name != "sandbox"])
def test_a_signal_during_the_imports_is_told_and_obeyed(tmp_path: Path, script: str) -> None:
    """At files spread over the whole start, from our first import to the last."""
    args = ONE_OF_EACH[script]
    call(script, *args, home=tmp_path)  # compiles
    files = opened(script, args, tmp_path)
    first = next(index for index, name in enumerate(files) if "beginning" in name) + 2
    last = max(index for index, name in enumerate(files) if "/generate_media/" in name and name.endswith(".pyc"))
    stop = next((index for index, name in enumerate(files) if "journal.sqlite3" in name), last)
    rng = random.Random(SEED)
    for moment in rng.sample(range(first, min(last, stop)), MOMENTS):
        number = rng.choice(list(CODES))
        ran = hit(script, args, tmp_path, number, moment + 1)
        where = f"{signal.Signals(number).name} at file {moment + 1}, {files[moment]}"
        assert (ran.code, ran.err) == (CODES[number], ""), where
        assert (ran.last["event"], ran.last["error"]) == ("error", "interrupted"), where


@pytest.mark.parametrize(("language", "words"), [("en_US.UTF-8", "✗ stopped"), ("zh_CN.UTF-8", "✗ 已停止")])
def test_a_person_is_told_in_words_before_the_words_are_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)  # where the page goes
    terminal = pytest.importorskip("terminal")
    where = environment(tmp_path, LC_ALL=language, **dict.fromkeys(terminal.PROGRAMS))
    log, struck = tmp_path / "opened", tmp_path / "python"

    def gallery(*strace: str) -> Any:
        words = shlex.join([require_tool("strace"), "-qq", "-e", "trace=openat", *strace, sys.executable])
        struck.write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        struck.chmod(0o755)
        return terminal.at_terminal("gallery", *ONE_OF_EACH["gallery"], python=str(struck), environ=where)

    for _ in ("compiles", "is traced"):
        gallery("-o", str(log))
    names = re.findall(r'openat\([^"]*"([^"]*)"', log.read_text(encoding="utf-8", errors="replace"))
    moment = next(index for index, name in enumerate(names) if "/audience." in name) + 1
    seen = gallery("-o", "/dev/null", "-e", f"inject=openat:signal=SIGINT:when={moment}")
    assert (seen.code, len(seen.lines)) == (130, 2), seen.raw
    assert seen.lines[0].startswith(words)
    assert seen.lines[1].startswith("→ ")


@pytest.mark.parametrize("number", CODES)
def test_a_signal_while_the_create_connects_costs_nothing(tmp_path: Path, number: int) -> None:
    """It waits in the shield of the create, and is heard before the first byte."""
    before = (require_tool("strace"), "-qq", "-o", "/dev/null", "-e", "trace=connect", "-e")
    inject = f"inject=connect:signal={signal.Signals(number).name}:when=1"
    ran = call(*DEMO, home=tmp_path, before=(*before, inject))
    assert (ran.code, ran.err, ran.last["error"]) == (CODES[number], "", "interrupted"), ran.out
    assert ran.last["may_have_been_created"] is False
    assert not list((tmp_path / "state" / "sandbox" / "store").glob("job-*"))
    with Journal.open(tmp_path / "state" / "sandbox", read_only=True) as journal:
        assert list(journal.listed(9)) == [], "what was stopped before it was sent has not failed"
    assert forked(*DEMO, home=tmp_path).code == 0


@pytest.mark.parametrize("number", CODES)
def test_the_line_before_everything_is_the_line_of_every_interruption(number: int) -> None:
    early = json.loads(_LINE.format(error="interrupted", message="stopped by a signal"))
    assert early == error_outcome(Interrupted(number)).line
    assert error_outcome(Interrupted(number)).exit_code == CODES[number]


def run_python(code: str, home: Path) -> subprocess.CompletedProcess[str]:
    script = "import os, signal, sys, time\nfrom generate_media.events.signals import Signals\n" + code
    return subprocess.run(
        [sys.executable, "-c", script], cwd=home, capture_output=True, text=True, timeout=60, check=False,
        env=environment(home, PYTHONPATH=f"{BUNDLE / 'scripts'}{os.pathsep}{home}"),
    )  # fmt: skip


STRIKE = """
def strike():
    os.kill(os.getpid(), signal.SIGTERM)
    for _ in range(1000): pass
"""


@pytest.mark.parametrize("where", ["in an import", "in a destructor", "where any exception is dropped"])
def test_an_interruption_is_lost_nowhere(tmp_path: Path, where: str) -> None:
    """Python drops what a destructor raises; an import would keep half a module; libraries drop what they like."""
    (tmp_path / "half.py").write_text(STRIKE + "\nimport os, signal\nstrike()\nwhole = True\n", encoding="utf-8")
    ways = {
        "in an import": "import half\nassert half.whole",
        "in a destructor": "class Hit:\n    def __del__(self): strike()\nhit = Hit()\ndel hit",
        "where any exception is dropped": "try: strike()\nexcept Exception: print('dropped')",
    }
    code = STRIKE + "Signals().install()\ntry:\n"
    code += "".join(f"    {line}\n" for line in ways[where].splitlines())
    code += "    time.sleep(30)\nexcept KeyboardInterrupt as error:\n"
    code += "    print(error.exit_code.value, 'half' in sys.modules)"
    done = run_python(code, tmp_path)
    assert (done.stdout, done.stderr) == (f"143 {where == 'in an import'}\n", "")


def test_once_it_is_heard_it_is_not_raised_again(tmp_path: Path) -> None:
    code = STRIKE + (
        "signals = Signals()\nsignals.install()\n"
        "try:\n    strike()\nexcept KeyboardInterrupt:\n    signals.heard()\n"
        "time.sleep(2.5)\nprint('in peace')"
    )
    done = run_python(code, tmp_path)
    assert (done.stdout, done.stderr) == ("in peace\n", "")
