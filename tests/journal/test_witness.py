"""A journal that lost rows while the file beside it knows of them: said once, and never said for nothing."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import stat
import time
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import pytest

from generate_media.core.errors import ExitCode, StorageError
from generate_media.journal.rows import ClaimKind
from generate_media.journal.store import Journal
from journal_help import advance, job, writer

FILE = "journal.sqlite3"
SEED = int(os.environ.get("GENERATE_MEDIA_SEED", "20261122"))


def fill(folder: Path, numbers: range) -> None:
    with Journal.open(folder) as journal:
        for number in numbers:
            advance(journal, journal.claim(job(number)).row.row_id, "accepted")


def remove(folder: Path, *suffixes: str) -> None:
    for suffix in suffixes:
        (folder / f"{FILE}{suffix}").unlink(missing_ok=True)


def older_copy(folder: Path) -> None:
    with closing(sqlite3.connect(folder / FILE)) as db:
        db.execute("DELETE FROM job WHERE row_id > 2")
        db.commit()


LOSSES: dict[str, Callable[[Path], object]] = {
    "emptied": lambda folder: (folder / FILE).write_bytes(b""),
    "gone": lambda folder: remove(folder, "", "-wal", "-shm"),
    "an older copy": older_copy,
    "all rows deleted": lambda folder: sqlite3.connect(folder / FILE).executescript("DELETE FROM job"),
}


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize("name", LOSSES)
def test_lost_rows_are_said_once(tmp_path: Path, name: str, read_only: bool) -> None:
    fill(tmp_path, range(5))
    LOSSES[name](tmp_path)
    with pytest.raises(StorageError) as caught:
        Journal.open(tmp_path, read_only=read_only)
    error = caught.value
    left = 2 if name == "an older copy" else 0
    assert (error.code, error.exit_code) == ("journal_lost", ExitCode.USAGE)
    assert (error.details["last_row"], error.details["last_row_known"]) == (left, 5)
    assert str(tmp_path / FILE) in error.message
    assert error.guidance
    fill(tmp_path, range(10, 11))
    with Journal.open(tmp_path) as journal:
        assert len(journal.recent()) == left + 1


def test_rows_lost_again_are_said_again(tmp_path: Path) -> None:
    for _ in range(3):
        fill(tmp_path, range(2))
        remove(tmp_path, "")
        with pytest.raises(StorageError, match="known to have had row 2"):
            Journal.open(tmp_path)


def test_what_was_not_checkpointed_is_missed_too(tmp_path: Path) -> None:
    """The journal's newest rows may stand in its -wal file alone."""
    fill(tmp_path, range(3))
    code = "journal = Journal.open(Path(sys.argv[1]))\njournal.claim(job(3))\nos._exit(0)"
    with writer(code, tmp_path) as dying:
        dying.wait(timeout=20)
    remove(tmp_path, "-wal", "-shm")
    with pytest.raises(StorageError, match="ends at row 3 and is known to have had row 4"):
        Journal.open(tmp_path)


def test_a_corrupt_journal_is_said_once_in_all(tmp_path: Path) -> None:
    fill(tmp_path, range(3))
    (tmp_path / FILE).write_bytes(b"none" * 5000)
    with pytest.raises(StorageError, match="is damaged"):
        Journal.open(tmp_path)
    fill(tmp_path, range(1))


@pytest.mark.parametrize("content", [b"", b"x", b"9" * 19, b"-1", b"\xff" * 20, b"12\n"])
def test_a_witness_of_another_hand_stops_nothing_for_long(tmp_path: Path, content: bytes) -> None:
    fill(tmp_path, range(3))
    (tmp_path / "last-row").write_bytes(content)
    with suppress(StorageError):  # it may say that rows are lost, once
        Journal.open(tmp_path).close()
    fill(tmp_path, range(3, 5))
    assert int((tmp_path / "last-row").read_text()) == 5


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_a_witness_that_cannot_be_kept_stops_nothing(tmp_path: Path, kind: str) -> None:
    place, elsewhere = tmp_path / "last-row", tmp_path / "elsewhere"
    elsewhere.write_text("mine")
    if kind == "link":
        place.symlink_to(elsewhere)
    elif kind == "pipe":
        os.mkfifo(place)
    else:
        place.mkdir()
    fill(tmp_path, range(2))
    Journal.open(tmp_path).close()
    assert elsewhere.read_text() == "mine"


@pytest.mark.parametrize("umask", [0o000, 0o777])
def test_nobody_else_can_read_it(tmp_path: Path, umask: int) -> None:
    code = "os.umask(int(sys.argv[2]))\nJournal.open(Path(sys.argv[1])).claim(job())"
    with writer(code, tmp_path / "state", umask) as process:
        assert process.wait(timeout=20) == 0
    assert stat.S_IMODE((tmp_path / "state/last-row").stat().st_mode) == 0o600


def test_an_id_that_is_forgotten_again_is_no_loss(tmp_path: Path) -> None:
    fill(tmp_path, range(2))
    with Journal.open(tmp_path) as journal:
        journal.disown(journal.adopt(job(fingerprint=""), "a-slip").row_id)
    with Journal.open(tmp_path) as journal:
        assert [row.row_id for row in journal.recent()] == [2, 1]


def test_a_journal_from_before_there_was_a_witness(tmp_path: Path) -> None:
    fill(tmp_path, range(3))
    (tmp_path / "last-row").unlink()
    fill(tmp_path, range(3, 4))
    remove(tmp_path, "", "-wal", "-shm")
    with pytest.raises(StorageError, match="row 4"):
        Journal.open(tmp_path)


MANY_OPEN_AND_CLAIM = """
sys.stdin.readline()
for number in range(30):
    with Journal.open(Path(sys.argv[1])) as journal:
        journal.claim(job(int(sys.argv[2]) * 1000 + number))
print("no loss seen")
"""


def test_many_processes_at_once_see_no_loss(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    with ExitStack() as stack:
        processes = [stack.enter_context(writer(MANY_OPEN_AND_CLAIM, folder, number)) for number in range(4)]
        said = [process.communicate("go\n", timeout=120) for process in processes if process.stdin is not None]
    assert [out for out, _ in said] == ["no loss seen\n"] * 4, said
    known = int((folder / "last-row").read_text())
    with Journal.open(folder) as journal:
        assert 1 <= known <= journal.recent(1)[0].row_id == 120


CLAIM_FOR_EVER = """
print("ready", flush=True)
journal = Journal.open(Path(sys.argv[1]))
for number in range(10_000):
    journal.claim(job(int(sys.argv[2]) * 10_000 + number))
"""


def test_killed_at_any_moment_it_never_knows_more_than_the_journal(tmp_path: Path) -> None:
    rng = random.Random(SEED)
    for attempt in range(8):
        with writer(CLAIM_FOR_EVER, tmp_path, attempt) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(rng.uniform(0, 0.2))
            process.send_signal(signal.SIGKILL)
            process.wait()
        with Journal.open(tmp_path) as journal:  # else it would say that rows are lost
            assert journal.claim(job(attempt * 10_000)).kind in (ClaimKind.CREATED, ClaimKind.BUSY)
