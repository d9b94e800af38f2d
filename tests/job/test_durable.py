"""What is on the disk itself before the next step begins: the order of a whole run's calls, as strace saw them."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import pytest

from calls import started
from conftest import Desk
from faults.kill import attached
from tools import require_tool

CALLS = "trace=fsync,fdatasync,link,linkat,rename,renameat,renameat2,sendto,write"
SYNC = r"f(data)?sync\(\d+<"
STREAM = ("--model", "google/nano-banana-pro")
POLLED = ("--endpoint", "/generation/google/nano-banana-pro")


def calls(desk: Desk, *args: str) -> list[str]:
    """The calls of one run that succeeds, in their order."""
    trace = desk.home / "trace"
    require_tool("strace")
    base = ["--provider", "skills.video", "--base-url", desk.sandbox.base_urls["skills.video"]]
    words = ["--prompt", "a cat", *args, *base, "--config", str(desk.write_config())]
    run = started("create_and_wait", *words, stop=True)
    with attached(run.pid, ["-y", "-s", "96", "-e", CALLS, "-o", str(trace)]):
        done = run.wait()
    assert done.code == 0, done
    return [line.partition(" ")[2].strip() for line in trace.read_text("utf-8", "replace").splitlines()]


def assert_order(seen: Sequence[str], *steps: str) -> None:
    """Each step (a regular expression) comes after the one before it."""
    at = 0
    for step in steps:
        found = next((place for place, call in enumerate(seen[at:], at) if re.match(step, call)), None)
        assert found is not None, f"no {step} after call {at}:\n" + "\n".join(seen[max(0, at - 1) :])
        at = found + 1


@pytest.mark.parametrize("args", [STREAM, POLLED], ids=["streamed", "polled"])
def test_each_step_is_on_disk_before_the_next(desk: Desk, args: tuple[str, ...]) -> None:
    """Intent and sending before the first byte, the id before it is told, bytes before a name, both before the end."""
    folder = re.escape(str(Path.cwd() / "generated"))
    journal = SYNC + re.escape(str(desk.state / "journal"))
    assert desk.run(*args, "--prompt", "another cat").code == 0
    seen = calls(desk, *args)
    told = r'write\(1<.*\{\\"event\\":\\"'
    opened = rf"{SYNC}{re.escape(str(desk.state))}>"  # SQLite has made its -wal file; what follows are our own steps
    assert_order(seen, opened, journal, journal, r'sendto\(.*"POST ', journal, told + "accepted")
    named = r'(link|rename)\w*\(.*"' + folder + r'/[^".][^"]*\.'
    file = (rf"{SYNC}{folder}/\.[^>]*\.part", named + 'png"', rf"{SYNC}{folder}>")
    record = (rf"{SYNC}{folder}/\.[^>]*json", named + 'json"', rf"{SYNC}{folder}>")
    recorded = next(place for place, call in enumerate(seen) if re.match(record[1], call))
    assert_order(seen[:recorded], told + "accepted", *file)
    assert_order(seen, file[1], *record, told + "terminal")


def test_a_file_that_a_killed_run_put_there_is_made_sure_of(desk: Desk) -> None:
    """Its name may not be on the disk yet: the run that found the name was killed before it synced the folder."""
    assert desk.run(*STREAM, "--prompt", "a cat").code == 0
    with sqlite3.connect(desk.state / "journal.sqlite3") as db:
        db.execute("UPDATE job SET state = 'ended', saved = NULL, collected_at = NULL")
    db.close()
    folder = re.escape(str(Path.cwd() / "generated"))
    seen = calls(desk, *STREAM)
    assert_order(seen, rf'link(at)?\(.*"{folder}/[^"]*\.png"\) = -1 EEXIST', rf"{SYNC}{folder}>", r"(link|rename)")
    assert len(list(Path("generated").glob("*.png"))) == 1
