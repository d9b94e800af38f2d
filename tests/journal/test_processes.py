"""Several processes on one journal, and processes that are killed: what the next run finds."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from threading import Barrier, Thread

import pytest

from generate_media.journal import schema
from generate_media.journal.failures import IllegalTransition
from generate_media.journal.locks import Writer
from generate_media.journal.rows import Claim, ClaimKind, State
from generate_media.journal.store import Journal
from journal_help import advance, integrity, job, writer

SEED = 20260320
WRITE_AND_HANG = """
journal = Journal.open(Path(sys.argv[1]))
row_id = journal.claim(job()).row.row_id
advance(journal, row_id, sys.argv[2])
print(row_id, flush=True)
sys.stdin.read()
"""
RACE = """
journal = Journal.open(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
print(*[journal.claim(job(n)).kind.value for n in range(5)], flush=True)
sys.stdin.readline()
"""
FIRST_USE = """
sys.stdin.readline()
print(Journal.open(Path(sys.argv[1])).claim(job()).kind.value, flush=True)
sys.stdin.readline()
"""
MANY_JOBS = """
journal = Journal.open(Path(sys.argv[1]))
print("ready", flush=True)
for n in range(1000):
    row_id = journal.claim(job(n), force_new=True).row.row_id
    for stage in ("sending", "accepted", "ended", "collected"):
        print("before", row_id, stage, flush=True)
        {"sending": lambda: journal.sending(row_id),
         "accepted": lambda: journal.accepted(row_id, generation_id=f"gen-{row_id}"),
         "ended": lambda: end(journal, row_id),
         "collected": lambda: journal.collected(row_id, saved=[], output_dir="o")}[stage]()
        print("after", row_id, stage, flush=True)
"""
AFTER_DEATH = {
    "intent": (ClaimKind.CREATED, State.INTENT, 0),
    "sending": (ClaimKind.UNKNOWN, State.UNKNOWN, 0),
    "accepted": (ClaimKind.ATTACHED, State.ACCEPTED, 0),
    "ended": (ClaimKind.FINISHED, State.ENDED, 0),
    "collected": (ClaimKind.FINISHED, State.COLLECTED, 0),
    "rejected": (ClaimKind.CREATED, State.INTENT, 1),
    "unknown": (ClaimKind.UNKNOWN, State.UNKNOWN, 0),
}


@pytest.mark.parametrize("stage", AFTER_DEATH)
def test_killed_in_each_state(tmp_path: Path, stage: str) -> None:
    with Journal.open(tmp_path) as journal:
        with writer(WRITE_AND_HANG, tmp_path, stage) as process:
            assert process.stdout is not None
            row_id = int(process.stdout.readline())
            if stage in ("intent", "sending"):
                assert journal.claim(job()).kind is ClaimKind.BUSY
                assert journal.get(row_id).state.value == stage
            process.send_signal(signal.SIGKILL)
            process.wait()
        seen = {"intent": State.REJECTED, "sending": State.UNKNOWN}.get(stage, State(stage))
        assert journal.get(row_id).state is seen
        assert journal.counts() == {seen: 1}
        assert [row.row_id for row in journal.open_rows()] == (
            [row_id] if seen in (State.UNKNOWN, State.ACCEPTED) else []
        )
        kind, state, ordinal = AFTER_DEATH[stage]
        claim = journal.claim(job())
        assert (claim.kind, claim.row.state, claim.row.ordinal) == (kind, state, ordinal)
    assert integrity(tmp_path) == "ok"


def test_the_lock_files_of_the_dead_are_swept(tmp_path: Path) -> None:
    for _ in range(2):
        with writer(WRITE_AND_HANG, tmp_path, "intent") as process:
            assert process.stdout is not None
            process.stdout.readline()
    with Journal.open(tmp_path) as journal:
        journal.claim(job())
        assert len(list((tmp_path / "locks").glob("*.lock"))) == 1
    assert list((tmp_path / "locks").glob("*.lock")) == []


@pytest.mark.parametrize("moment", range(4))
def test_a_journal_made_by_another_process_at_any_moment_of_a_look_is_none_of_a_stranger(
    tmp_path: Path, moment: int
) -> None:
    file = tmp_path / "journal.sqlite3"
    seen: list[str] = []

    def another_makes_it(statement: str) -> None:
        seen.append(statement)
        if len(seen) == moment + 1:
            other = sqlite3.connect(file, isolation_level=None, timeout=0.05)
            with closing(other), suppress(sqlite3.OperationalError):  # locked out while we look: as good
                schema.migrate(other)

    with closing(sqlite3.connect(file, isolation_level=None)) as db:
        db.set_trace_callback(another_makes_it)
        assert schema.version(db) in (0, len(schema.STEPS))


@pytest.mark.parametrize("code", [RACE, FIRST_USE], ids=["claim", "first use"])
def test_of_many_processes_exactly_one_creates(tmp_path: Path, code: str) -> None:
    folder = tmp_path / "state"
    from contextlib import ExitStack

    with ExitStack() as stack:
        processes = [stack.enter_context(writer(code, folder)) for _ in range(6)]
        for process in processes:
            if code is RACE:
                assert process.stdout is not None
                assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        answers = [process.stdout.readline().split() for process in processes if process.stdout]
    for of_one_job in zip(*answers, strict=True):
        assert sorted(of_one_job) == ["busy"] * 5 + ["created"]
    assert len(answers[0]) == (5 if code is RACE else 1)


def test_of_many_threads_exactly_one_creates(tmp_path: Path) -> None:
    claims: list[Claim] = []
    barrier = Barrier(50)
    with Journal.open(tmp_path) as journal:

        def run() -> None:
            barrier.wait()
            claims.append(journal.claim(job()))

        threads = [Thread(target=run) for _ in range(50)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(claim.kind.value for claim in claims) == ["busy"] * 49 + ["created"]


def test_killed_at_random_moments(tmp_path: Path) -> None:
    """What was said to be written is written; what was not begun is not; the file is whole."""
    rng = random.Random(SEED)
    order = ["intent", "sending", "accepted", "ended", "collected"]
    for _ in range(12):
        with writer(MANY_JOBS, tmp_path) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            time.sleep(rng.uniform(0, 0.15))
            process.send_signal(signal.SIGKILL)
            said = [line.split() for line in process.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
            process.wait()
        with Journal.open(tmp_path) as journal:
            least: dict[int, str] = {}
            most: dict[int, str] = {}
            for when, number, stage in said:
                (least if when == "after" else most)[int(number)] = stage
            for row_id, stage in most.items():
                state = journal.get(row_id).state.value
                state = {"rejected": "intent", "unknown": "sending"}.get(state, state)
                assert order.index(least.get(row_id, "intent")) <= order.index(state) <= order.index(stage)
        assert integrity(tmp_path) == "ok"


def test_a_row_taken_over_is_lost_to_its_first_writer(tmp_path: Path) -> None:
    with Journal.open(tmp_path) as first, Journal.open(tmp_path) as second:
        row_id = first.claim(job()).row.row_id
        for lock in (tmp_path / "locks").glob("*.lock"):
            lock.unlink()
        assert second.claim(job()).kind is ClaimKind.CREATED
        with pytest.raises(IllegalTransition):
            first.sending(row_id)
        second.sending(row_id)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_child_is_a_writer_of_its_own(tmp_path: Path) -> None:
    code = """
journal = Journal.open(Path(sys.argv[1]))
journal.claim(job(0))
child = os.fork()
if child == 0:
    sys.stdin.readline()   # until the parent is dead
    print(journal.claim(job(1)).kind.value, journal.claim(job(0)).kind.value, flush=True)
    time.sleep(60)
print(child, journal.claim(job(0)).kind.value, flush=True)
os.kill(os.getpid(), 9)
"""
    with writer(code, tmp_path) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        child, kind = process.stdout.readline().split()
        assert kind == "busy"
        process.wait()
        process.stdin.write("\n")
        process.stdin.flush()
        try:
            assert process.stdout.readline().split() == ["created", "created"]
            with Journal.open(tmp_path) as journal:
                assert journal.claim(job(1)).kind is ClaimKind.BUSY
        finally:
            os.kill(int(child), signal.SIGKILL)
    assert integrity(tmp_path) == "ok"


def test_retreat_makes_the_death_harmless_again(tmp_path: Path) -> None:
    with Journal.open(tmp_path) as dying:
        row_id = dying.claim(job()).row.row_id
        advance(dying, row_id, "sending")
        dying.retreat(row_id)
    with Journal.open(tmp_path) as journal:
        claim = journal.claim(job(0, output_dir="elsewhere"))
        assert (claim.kind, claim.row.row_id, claim.row.output_dir) == (ClaimKind.CREATED, row_id, "elsewhere")


def test_threads_that_ask_for_the_writer_first_get_one_name(tmp_path: Path) -> None:
    """Jobs of a batch claim at the same moment: all rows of a process are held under one name."""
    for attempt in range(20):
        held = Writer(tmp_path)
        barrier = Barrier(8)

        def ask(held: Writer = held, barrier: Barrier = barrier) -> str:
            barrier.wait()
            return held.name()

        with ThreadPoolExecutor(8) as pool:
            names = {future.result() for future in [pool.submit(ask) for _ in range(8)]}
        assert len(names) == 1, attempt
        held.close()
