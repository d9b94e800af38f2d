"""Runs rows of the matrix: a sandbox and a user for each, the command twice, the outcome held against the oracle."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import io
import json
import os
import random
import shlex
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import requests

from faults.doors import Door, write_authority
from faults.matrix import FLOWS, GOOD, LOST, Anatomy, Flow, Row, expect, rows
from generate_media.core import text as known_keys
from spellings import spellings

SPEED = 300.0
TIME_SCALE = 20.0
KEYS = ("SKILLS_VIDEO_API_KEY", "AGNES_API_KEY", "AGCLOUD_API_KEY", "ARK_API_KEY")
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Result:
    """What came of one row; ``wrong`` is empty when all is as it must be."""

    row: str
    wrong: tuple[str, ...]
    jobs: int
    code: int
    leaks: int
    seconds: float
    late: bool
    """The machine was busy: the first event told more than IN_QUEUE, so the cut fell into it."""


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def last(self) -> dict[str, Any]:
        return json.loads(self.out.splitlines()[-1]) if self.out.strip() else {}  # type: ignore[no-any-return]


def measure() -> dict[str, Anatomy]:
    """Lengths of each flow's answers, by plain requests: what a cut at every byte is counted by.

    The sandbox has a slow clock here, so that a first event says IN_QUEUE however busy the machine is.
    """
    from generate_media.sandbox.embedded import start

    with start(speed=10.0) as sandbox:
        return _measured(sandbox)


def _measured(sandbox: Any) -> dict[str, Anatomy]:
    bodies: dict[str, Any] = {
        "skills.video SSE": ("/generation/sse/google/nano-banana-pro", {"prompt": "a cat"}, "/generation/{id}"),
        "skills.video poll": ("/generation/google/nano-banana-pro", {"prompt": "a cat"}, "/generation/{id}"),
        "Agnes image": ("/images/generations", {"model": "agnes-image-2.1-flash", "prompt": "a cat"}, ""),
        "Agnes video": (
            "/videos", {"model": "agnes-video-2.5-flash", "prompt": "a cat", "mode": "text"}, "/videos/{id}",
        ),
        "AGCloud": (
            "/contents/generations/tasks",
            {"model": "doubao-seedance-2-0-filter-off", "content": [{"type": "text", "text": "a cat"}]},
            "/contents/generations/tasks/{id}",
        ),
        "Ark pictures": (
            "/images/generations", {"model": "doubao-seedream-5-0-pro-260628", "prompt": "a cat", "size": "1K"}, "",
        ),
    }  # fmt: skip
    session = requests.Session()
    session.headers["Authorization"] = "Bearer test-measure"
    found = {}
    for name, (path, body, query) in bodies.items():
        base = sandbox.base_urls[FLOWS[name].provider]
        made = session.post(base + path, json=body, timeout=20).content
        first = made.find(b"\n\n") + 2 if FLOWS[name].streams else len(made)
        text = made[len(b"data: ") : first] if FLOWS[name].streams else made
        asked = session.get(base + query.format(id=json.loads(text).get("id")), timeout=20).content if query else b""
        found[name] = Anatomy(len(made), first, len(asked))
    queued = found["skills.video poll"].poll_bytes  # asked at once; at the end of a stream the answer is another
    return found | {"skills.video SSE": replace(found["skills.video SSE"], poll_bytes=queued)}


class Bench:
    """One process's sandbox and its users, one after another."""

    def __init__(self) -> None:
        from generate_media.sandbox.embedded import start

        self.sandbox = start(speed=SPEED)

    def run(self, row: Row, anatomy: Anatomy) -> Result:
        """The row's fault, the command, the command again without it."""
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="faults-") as folder, _surroundings(Path(folder)) as key:
            user = _User(self.sandbox, Path(folder), key, FLOWS[row.flow], row)
            try:
                wrong = user.live(row, anatomy)
            finally:
                user.close()
            leaks = user.leaks()
            if leaks:
                wrong.append(f"the key was found in {leaks}")
            return Result(
                row.name, tuple(wrong), user.first_jobs, user.code, len(leaks), time.monotonic() - began, user.late
            )


class _User:
    def __init__(self, sandbox: Any, home: Path, key: str, flow: Flow, row: Row) -> None:
        self.sandbox, self.home, self.key, self.flow, self.row = sandbox, home, key, flow, row
        self.said = ""
        self.first_jobs = 0
        self.code = -1
        self.late = False
        self.door: Door | None = None
        if row.operation in ("connect", "tls"):
            times = None if row.lasting else 1
            self.door = Door(sandbox.port, tls=row.operation == "tls", action=row.action, times=times)
            os.environ["REQUESTS_CA_BUNDLE"] = str(write_authority(home))
        self.port = self.door.port if self.door else sandbox.port
        """Where the commands find their provider."""

    def live(self, row: Row, anatomy: Anatomy) -> list[str]:
        right = expect(row, anatomy)
        answer_is_silent = row.action == "silence" and row.operation != "connect"  # a connection has its own time-out
        self.write_config(create_seconds=20.0 if answer_is_silent else 400.0)
        self.faults(*(["create:id:close*1"] if row.operation == "poll" and self.flow.streams else []),
                    *([] if self.door else [row.fault]))  # fmt: skip
        cut_short = (row.lasting and row.operation == "poll") or (row.operation == "download" and row.action == "drip")
        first = self.command(*(("--deadline", "60") if cut_short else ()))
        self.code, self.first_jobs = first.code, self.jobs()
        if right.perhaps_lost and first.code == 13:
            right, self.late = LOST, True
        if (
            row.operation == "poll" and first.last.get("source") == "sse"
        ):  # the first event told the end already: nothing was asked
            right, self.late = GOOD, True
        states = tuple(state for state, _ in self.rows())
        wrong = [f"{what}: {got}, not {meant}" for what, got, meant, bad in (
            ("exit code", first.code, right.codes, first.code not in right.codes),
            ("jobs at the server", self.first_jobs, right.jobs, self.first_jobs != right.jobs),
            ("journal", states, right.states, len(states) != 1 or states[0] not in right.states),
        ) if bad]  # fmt: skip
        wrong += self.whole(first)
        self.faults()
        if self.door:
            self.door.open()
        self.write_config(create_seconds=400.0)
        again = self.command()
        jobs = self.jobs()
        if (again.code, jobs) != (right.then, right.jobs + right.more):
            wrong.append(f"next run: exit {again.code} and {jobs} jobs, not {right.then} and {right.jobs + right.more}")
        wrong += self.whole(again)
        if self.flow.listed and again.code == 13:
            wrong += self.settle(again, jobs)
        if wrong:
            wrong += [first.out[-1500:], again.out[-800:], first.err[-600:]]
        return wrong

    def settle(self, ran: Ran, jobs: int) -> list[str]:
        """A job whose answer was lost is the one candidate; its command settles the create, which then has its file."""
        shown = ran.last.get("candidates", [])
        if len(shown) != jobs:
            return [f"{len(shown)} candidates for {jobs} jobs"]
        wrong = []
        for candidate in shown:
            script, *args = shlex.split(candidate["attach"])[1:]
            ends = [self.command(*args, script=Path(script).stem), self.command()]
            if [(end.code, end.last.get("generation_id")) for end in ends] != [(0, candidate["generation_id"])] * 2:
                wrong.append(f"attached: {[end.out[-500:] for end in ends]}")
            wrong += self.whole(ends[-1])
        return wrong if self.jobs() == jobs else [*wrong, "attaching made a job"]

    def whole(self, ran: Ran) -> list[str]:
        """What holds after every run, whatever happened: no traceback, a last line, a file for each collected row."""
        wrong = ["a traceback"] if "Traceback" in ran.err else []
        if ran.last.get("event") not in ("terminal", "error"):
            wrong.append("no last line")
        files = [path for path in self.home.glob("work/generated/*") if path.suffix in (".png", ".jpg", ".mp4")]
        collected = sum(state == "collected" for state, _ in self.rows())
        if len(files) != collected:
            wrong.append(f"{len(files)} files for {collected} collected rows")
        if left := [path.name for path in self.home.glob("work/generated/*") if ".part" in path.name]:
            wrong.append(f"left behind: {left}")
        return wrong

    def command(self, *more: str, script: str = "create_and_wait") -> Ran:
        args = [*self.flow.args, "--prompt", "a cat", "--provider", self.flow.provider, "--base-url", self.base_url,
                "--config", str(self.home / "config.json"), *more]  # fmt: skip
        if script != "create_and_wait":
            args = list(more)
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = importlib.import_module(script).main(args)
        self.said += out.getvalue() + err.getvalue()
        return Ran(code, out.getvalue(), err.getvalue())

    @property
    def base_url(self) -> str:
        scheme = "https" if self.row.operation == "tls" else "http"
        url: str = self.sandbox.base_urls[self.flow.provider]
        return url.replace(f"http://127.0.0.1:{self.sandbox.port}", f"{scheme}://127.0.0.1:{self.port}")

    def write_config(self, create_seconds: float) -> None:
        config = json.loads((ROOT / "config.json").read_text(encoding="utf-8")) | {"time_scale": TIME_SCALE}
        for provider in config["providers"].values():
            provider |= {"create_timeout_seconds": create_seconds, "poll_interval": 3, "min_poll_interval": 1}
            if "sync_create_timeout_seconds" in provider:
                provider["sync_create_timeout_seconds"] = create_seconds
        (self.home / "config.json").write_text(json.dumps(config), encoding="utf-8")

    def faults(self, *names: str) -> None:
        url = f"http://127.0.0.1:{self.sandbox.port}/_faults"
        requests.post(url, json=list(names), timeout=20).raise_for_status()

    def jobs(self) -> int:
        url = f"http://127.0.0.1:{self.sandbox.port}/_log?since=99999999"
        mine = hashlib.sha256(self.key.encode()).hexdigest()[:12]
        by_key = requests.get(url, timeout=20).json()["jobs_by_key"]
        return sum(keys.get(mine, 0) for keys in by_key.values())

    def rows(self) -> list[tuple[str, str | None]]:
        file = self.home / "state/journal.sqlite3"
        if not file.exists():
            return []
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
            return list(db.execute("SELECT state, generation_id FROM job ORDER BY row_id"))

    def leaks(self) -> list[str]:
        """Everything that the runs printed or left on disk in which a spelling of the key stands."""
        canaries = [text.encode() for text in spellings(self.key).values()]
        files = ((str(path), path.read_bytes()) for path in self.home.rglob("*") if path.is_file())
        looked_through = (("what was printed", self.said.encode("utf-8", "surrogatepass")), *files)
        return [name for name, data in looked_through if any(canary in data for canary in canaries)]

    def close(self) -> None:
        self.faults()
        if self.door:
            self.door.close()


_counter = iter(range(1_000_000))


@contextlib.contextmanager
def _surroundings(home: Path) -> Iterator[str]:
    """A user's environment and working folder; gives their key."""
    before, folder = dict(os.environ), Path.cwd()
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGPIPE)}
    key = f"canary-test/{os.getpid()}+{next(_counter)}/canary=="
    known_keys._known = known_keys.KnownKeys()  # as in a process of this user's own
    os.environ |= dict.fromkeys(KEYS, key) | {"HOME": str(home), "GENERATE_MEDIA_STATE_DIR": str(home / "state")}
    (home / "work").mkdir()
    os.chdir(home / "work")
    try:
        yield key
    finally:
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(before)
        for number, handler in handlers.items():  # the pool ends its workers by SIGTERM
            signal.signal(number, handler)


Task = tuple[Row, Anatomy]
_bench: Bench | None = None


def run_row(task: Task) -> Result:
    """In a worker process, whose bench is made with its first row."""
    global _bench
    if _bench is None:
        _bench = Bench()
    return _bench.run(*task)


def all_tasks() -> list[Task]:
    """The whole matrix, by the lengths of this sandbox's answers."""
    anatomies = measure()
    return [(row, anatomies[row.flow]) for row in rows(anatomies)]


def sample(count: int, seed: int) -> list[Task]:
    """Some rows: as many of each flow and operation as the count allows, chosen by the seed."""
    rng = random.Random(seed)
    groups: dict[tuple[object, ...], list[Task]] = {}
    for task in all_tasks():
        row = task[0]
        slow = row.action in ("silence", "drip")
        if not (slow and row.lasting):  # many seconds each: for the whole matrix only
            groups.setdefault((row.flow, row.operation, row.lasting, slow), []).append(task)
    for group in groups.values():
        rng.shuffle(group)
    order = list(groups.values())
    rng.shuffle(order)
    return [group[turn] for turn in range(count) for group in order if turn < len(group)][:count]


def run_rows(chosen: Iterable[Task], processes: int) -> Iterator[Result]:
    """Rows side by side, results as they come: most of a row's time is waiting."""
    end = (signal.SIGTERM, signal.SIG_DFL)  # by which a pool ends its workers; ignored, where a script ran before here
    with get_context("spawn").Pool(processes, signal.signal, end) as pool:
        yield from pool.imap_unordered(run_row, chosen)


def main(argv: list[str]) -> int:
    """``python -m faults.bench [processes] [part of a row's name]``: every row; exit 1 when one is wrong."""
    processes = int(argv[0]) if argv else 10
    chosen = [task for task in all_tasks() if len(argv) < 2 or argv[1] in task[0].name]
    random.Random(0).shuffle(chosen)  # long and short ones side by side
    began, results = time.monotonic(), []
    for result in run_rows(chosen, processes):
        results.append(result)
        if result.wrong:
            print(f"WRONG {result.row}", *result.wrong, sep="\n    ", flush=True)
        if len(results) % 500 == 0:
            print(f"{len(results)} of {len(chosen)} rows, {time.monotonic() - began:.0f} s", flush=True)
    bad = sum(bool(result.wrong) for result in results)
    codes = dict(sorted(Counter(result.code for result in results).items()))
    print(f"{len(results)} rows, {bad} wrong, {sum(result.leaks for result in results)} leaks, "
          f"{sum(result.late for result in results)} cuts in a late event, "
          f"first runs by exit code {codes}, jobs {sum(result.jobs for result in results)}, "
          f"{time.monotonic() - began:.0f} s")  # fmt: skip
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
