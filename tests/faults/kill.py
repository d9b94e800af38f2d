"""Kills: at every call, at random moments, in a crowd; and every write, fsync and rename that fails.

After each, the same command runs again. What must hold: jobs at the server are never more than the journal's known
ids and unknown rows; never two for one command (a free picture whose answer was lost is the one exception, and the
run says so); each known id ends with its file.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import shlex
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from faults.matrix import FLOWS
from faults.zygote import ROOT, Ended, Zygote

SEED = 20261121
SPEED = 300.0
TIME_SCALE = 20.0
KILLED_AT = ("connect", "sendto", "recvfrom", "write", "pwrite64", "fsync", "fdatasync", "rename", "link", "linkat",
             "unlink", "openat", "ftruncate", "mkdir", "flock")  # fmt: skip
FAILING = ("write", "pwrite64", "fsync", "fdatasync", "rename", "link", "linkat")
ERRORS = ("EIO", "ENOSPC", "EPERM")
PROVIDERS = ("skills.video SSE", "Agnes image", "Agnes video", "AGCloud")
KEYS = ("SKILLS_VIDEO_API_KEY", "AGNES_API_KEY", "AGCLOUD_API_KEY", "ARK_API_KEY")


@dataclass
class Tally:
    """Counts of a run, and what was wrong."""

    seen: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        self.seen.update(other.seen)
        self.wrong += other.wrong

    def report(self, what: str, began: float) -> str:
        counts = ", ".join(f"{name} {count}" for name, count in sorted(self.seen.items()))
        return f"{what}: {counts}; wrong {len(self.wrong)}; {time.monotonic() - began:.0f} s"


@dataclass(frozen=True)
class Blow:
    """What happens to the first run: a call that kills or fails it, or a moment."""

    call: str = ""
    number: int = 0
    error: str = ""
    after_seconds: float | None = None

    @property
    def strace(self) -> list[str]:
        what = f"error={self.error}" if self.error else "signal=SIGKILL"
        return ["-e", f"trace={self.call}", "-e", f"inject={self.call}:{what}:when={self.number}"]

    def __str__(self) -> str:
        if self.after_seconds is not None:
            return f"kill after {self.after_seconds:.3f} s"
        return f"{self.error or 'SIGKILL'} at {self.call} {self.number}"


class Person:
    """A user with a home of their own, who types one command again and again."""

    def __init__(
        self, sandbox: Any, zygote: Zygote, home: Path, flow: str, prompt: str = "a cat", *, seat: str = ""
    ) -> None:
        self.sandbox, self.zygote, self.home, self.flow, self.prompt = sandbox, zygote, home, FLOWS[flow], prompt
        self.key = f"test-{home.name}"
        self.work = home / f"work{seat}" / "here"
        self.work.mkdir(parents=True, exist_ok=True)
        if not (home / "config.json").exists():
            self._write_config()

    def _write_config(self) -> None:
        config = json.loads((ROOT / "config.json").read_text(encoding="utf-8")) | {"time_scale": TIME_SCALE}
        for provider in config["providers"].values():
            provider |= {"create_timeout_seconds": 400, "poll_interval": 3, "min_poll_interval": 1}
        (self.home / "config.json").write_text(json.dumps(config), encoding="utf-8")

    @property
    def env(self) -> dict[str, str]:
        keep = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        home = {"HOME": str(self.home), "GENERATE_MEDIA_STATE_DIR": str(self.home / "state")}
        return keep | home | dict.fromkeys(KEYS, self.key)

    @property
    def args(self) -> list[str]:
        base = self.sandbox.base_urls[self.flow.provider]
        return [*self.flow.args, "--prompt", self.prompt, "--provider", self.flow.provider, "--base-url", base,
                "--config", str(self.home / "config.json"), "--output-dir", str(self.home / "generated")]  # fmt: skip

    def run(self, blow: Blow | None = None) -> Ended:
        """The command, perhaps struck."""
        traced = blow is not None and blow.after_seconds is None
        run = self.zygote.start("create_and_wait", self.args, env=self.env, cwd=self.work, stop=traced)
        if blow is not None and traced:
            with attached(run.pid, blow.strace):
                return run.wait()
        if blow is not None:
            timer = threading.Timer(blow.after_seconds or 0.0, kill_quietly, (run.pid,))
            timer.start()
            try:
                return run.wait()
            finally:
                timer.cancel()
        return run.wait()

    def count_calls(self) -> Counter[str]:
        """How often a whole run makes each call."""
        log = self.home / "strace.log"
        run = self.zygote.start("create_and_wait", self.args, env=self.env, cwd=self.work, stop=True)
        with attached(run.pid, ["-o", str(log), "-e", f"trace={','.join(KILLED_AT)}"]):
            ended = run.wait()
        assert ended.code == 0, ended
        threads: dict[str, Counter[str]] = {}
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
            pid, _, rest = line.partition(" ")
            name = rest.strip().split("(")[0]
            if name in KILLED_AT:
                threads.setdefault(pid, Counter())[name] += 1
        # strace counts for each thread by itself.
        return Counter({name: max(thread[name] for thread in threads.values()) for name in KILLED_AT})

    def jobs(self) -> int:
        url = f"http://127.0.0.1:{self.sandbox.port}/_log?since=99999999"
        mine = hashlib.sha256(self.key.encode()).hexdigest()[:12]
        return sum(keys.get(mine, 0) for keys in requests.get(url, timeout=60).json()["jobs_by_key"].values())

    def rows(self) -> list[tuple[str, str | None, str | None]]:
        file = self.home / "state/journal.sqlite3"
        if not file.exists():
            return []
        with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
            try:
                return list(db.execute("SELECT state, generation_id, result FROM job ORDER BY row_id"))
            except sqlite3.OperationalError:  # killed while the file was made
                return []

    def files(self) -> list[str]:
        return sorted(path.name for path in (self.home / "generated").glob("*"))


def kill_quietly(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


@contextlib.contextmanager
def attached(pid: int, options: list[str]) -> Iterator[None]:
    """strace on a stopped process, which then goes on."""
    command = ["strace", "-f", *options, "-p", str(pid)]
    if "-o" not in options:
        command[2:2] = ["-o", "/dev/null"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
        assert tracer.stderr is not None
        said = tracer.stderr.readline()
        assert "attached" in said, said
        os.kill(pid, signal.SIGCONT)
        drain = threading.Thread(target=tracer.stderr.read, daemon=True)
        drain.start()
        try:
            yield
        finally:
            tracer.wait(30)
            drain.join(5)


def strike(sandbox: Any, zygote: Zygote, flow: str, blow: Blow, second: Blow | None = None) -> Tally:
    """One command struck once (or its second run as well), then run to its end, then once more."""
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="kill-") as folder:
        person = Person(sandbox, zygote, Path(folder), flow)
        first = person.run(blow)
        tally.seen["struck"] += 1
        tally.seen["ended before the blow" if first.code == 0 and not blow.error else f"exit {first.code}"] += 1
        wrong = _after(person, first, blow)
        if second is not None:
            person.run(second)
            tally.seen["struck twice"] += 1
        final = person.run()
        if final.code == 13 and person.flow.listed and person.jobs():
            wrong += _attached(person, final)
            tally.seen["attached"] += 1
            final = person.run()
        wrong += _settled(person, final, tally)
        before = person.jobs()
        again = person.run()
        if (again.code, person.jobs()) != (final.code, before):
            wrong.append(f"once more: exit {again.code}, {person.jobs()} jobs after {before}")
        if wrong:
            said = [first.out[-900:], final.out[-900:], again.out[-300:], first.err[-1500:], final.err[-1500:]]
            rows = f"{person.rows()} {person.files()}"
            tally.wrong.append("\n    ".join([f"{flow} | {blow} | {second}", *wrong, rows, *said]))
    return tally


def _after(person: Person, first: Ended, blow: Blow) -> list[str]:
    """What holds right after the blow."""
    wrong = ["a traceback"] if "Traceback" in first.err or "internal_error" in first.out else []
    if not blow.error:
        return wrong
    unknown = not any(identity for _, identity, _ in person.rows())
    if person.jobs() and unknown and first.code != 13 and "generation_id" not in first.out and not person.flow.free:
        wrong.append("a job was made, its id could not be written and was not shown either")
    return wrong


def _attached(person: Person, final: Ended) -> list[str]:
    """The lost job is the one candidate, and its command takes it."""
    shown = final.last.get("candidates", [])
    if len(shown) != person.jobs():
        return [f"{len(shown)} candidates for {person.jobs()} jobs"]
    script, *args = shlex.split(shown[0]["attach"])[1:]
    taken = person.zygote.start(Path(script).stem, args, env=person.env, cwd=person.work).wait()
    return [] if taken.code == 0 else [f"attach: exit {taken.code}", taken.out[-600:]]


def _settled(person: Person, final: Ended, tally: Tally) -> list[str]:
    """What holds once the command has run undisturbed."""
    wrong = ["a traceback"] if "Traceback" in final.err else []
    rows, jobs, files = person.rows(), person.jobs(), person.files()
    known = [identity for _, identity, _ in rows if identity]
    unknown = [state for state, _, _ in rows if state == "unknown"]
    tally.seen["jobs at the server"] += jobs
    tally.seen["ids known"] += len(known)
    tally.seen["rows unknown"] += len(unknown)
    if jobs > len(known) + len(unknown):
        wrong.append(f"{jobs} jobs for {len(known)} known ids and {len(unknown)} unknown rows")
    if jobs > 1 + (len(unknown) if person.flow.free else 0):
        tally.seen["duplicates"] += 1
        wrong.append(f"{jobs} jobs for one command")
    if final.code not in (0, 13) or (final.code == 13 and (known or not unknown)):
        wrong.append(f"exit {final.code} at the end, rows {rows}")
    media = [name for name in files if name.endswith((".png", ".mp4"))]
    if final.code == 0 and (len(media) != 1 or len([name for name in files if name.endswith(".json")]) != 1):
        tally.seen["lost"] += 1
        wrong.append(f"files: {files}")
    if left := [name for name in files if not name.endswith((".png", ".mp4", ".json"))]:
        wrong.append(f"left behind: {left}")
    tally.seen["files"] += len(media)
    tally.seen["exit 13 at the end"] += final.code == 13
    return wrong


class Field:
    """A sandbox and some zygotes, worked by as many threads."""

    def __init__(self, hands: int) -> None:
        from generate_media.sandbox.embedded import start

        self.sandbox = start(speed=SPEED)
        self._zygotes = [Zygote() for _ in range(hands)]
        self._free = list(self._zygotes)
        self._lock = threading.Lock()
        self._counts: dict[str, Counter[str]] = {}

    @contextlib.contextmanager
    def zygote(self) -> Iterator[Zygote]:
        with self._lock:
            taken = self._free.pop()
        try:
            yield taken
        finally:
            with self._lock:
                self._free.append(taken)

    def strike(self, task: tuple[str, Blow, Blow | None]) -> Tally:
        with self.zygote() as zygote:
            return strike(self.sandbox, zygote, *task)

    def count(self, flow: str) -> Counter[str]:
        """Calls of an undisturbed run; counted once."""
        if flow not in self._counts:
            with self.zygote() as zygote, tempfile.TemporaryDirectory(prefix="kill-") as folder:
                self._counts[flow] = Person(self.sandbox, zygote, Path(folder), flow).count_calls()
        return self._counts[flow]

    def duration(self, flow: str) -> float:
        """Real seconds of an undisturbed run."""
        with self.zygote() as zygote, tempfile.TemporaryDirectory(prefix="kill-") as folder:
            began = time.monotonic()
            Person(self.sandbox, zygote, Path(folder), flow).run()
            return time.monotonic() - began

    def strike_all(self, tasks: list[tuple[str, Blow, Blow | None]], *, tell: bool = False) -> Tally:
        total = Tally()
        with ThreadPoolExecutor(len(self._zygotes)) as pool:
            for done, tally in enumerate(pool.map(self.strike, tasks), 1):
                total.add(tally)
                if tell and tally.wrong:
                    print("WRONG", *tally.wrong, flush=True)
                if tell and done % 200 == 0:
                    print(f"{done} of {len(tasks)}", flush=True)
        return total

    def close(self) -> None:
        for zygote in self._zygotes:
            zygote.close()
        self.sandbox.close()

    def __enter__(self) -> Field:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def at_every_call(field_: Field, flow: str) -> list[tuple[str, Blow, Blow | None]]:
    """SIGKILL at each call that a run makes after its imports."""
    calls = field_.count(flow)
    return [(flow, Blow(name, number), None) for name in KILLED_AT for number in range(1, calls[name] + 1)]


def failing_calls(field_: Field, flow: str) -> list[tuple[str, Blow, Blow | None]]:
    """Each write, sync and rename fails in each way, once."""
    calls = field_.count(flow)
    return [
        (flow, Blow(name, number, error), None)
        for name in FAILING
        for number in range(1, calls[name] + 1)
        for error in ERRORS
    ]


def random_kills(field_: Field, count: int, seed: int) -> list[tuple[str, Blow, Blow | None]]:
    """Moments within a run, over the providers in turn; every third time the next run is killed as well."""
    rng = random.Random(seed)
    spans = {flow: field_.duration(flow) * 1.1 for flow in PROVIDERS}
    tasks: list[tuple[str, Blow, Blow | None]] = []
    for number in range(count):
        flow = PROVIDERS[number % len(PROVIDERS)]
        blows = [Blow(after_seconds=rng.uniform(0, spans[flow])) for _ in range(2)]
        tasks.append((flow, blows[0], blows[1] if number % 3 == 0 else None))
    return tasks


def crowd(ground: Field, rounds: int, seed: int, people: int = 4) -> Tally:
    """Several processes on one journal: some type the same command, some others; some are killed at random."""
    rng, total = random.Random(seed), Tally()
    spans = {flow: ground.duration(flow) * 1.5 for flow in PROVIDERS}
    for _ in range(rounds):
        flow = rng.choice(PROVIDERS)
        prompts = [f"cat {rng.randrange(3)}" for _ in range(people)]
        moments = [rng.uniform(0, spans[flow]) if rng.random() < 0.6 else None for _ in range(people)]
        total.add(_one_crowd(ground, flow, prompts, moments))
    return total


def _one_crowd(ground: Field, flow: str, prompts: list[str], moments: list[float | None]) -> Tally:
    tally = Tally()
    with tempfile.TemporaryDirectory(prefix="crowd-") as folder, ground.zygote() as last:

        def one(number: int) -> Ended:
            with ground.zygote() as zygote:
                person = Person(ground.sandbox, zygote, Path(folder), flow, prompts[number], seat=str(number))
                moment = moments[number]
                return person.run(None if moment is None else Blow(after_seconds=moment))

        with ThreadPoolExecutor(len(prompts)) as pool:
            firsts = list(pool.map(one, range(len(prompts))))
        tally.seen["processes"] += len(firsts)
        tally.seen["killed"] += sum(first.code == -signal.SIGKILL for first in firsts)
        codes = []
        for prompt in sorted(set(prompts)):
            person = Person(ground.sandbox, last, Path(folder), flow, prompt)
            codes.append(person.run().code)
        wrong = [f"traceback: {first.err[-800:]}" for first in firsts if "Traceback" in first.err]
        rows, jobs = person.rows(), person.jobs()
        known = {identity for _, identity, _ in rows if identity}
        unknown = sum(state == "unknown" for state, _, _ in rows)
        most = len(codes) + (unknown if person.flow.free else 0)
        tally.seen["jobs at the server"] += jobs
        tally.seen["ids known"] += len(known)
        tally.seen["rows unknown"] += unknown
        files = [name for name in person.files() if name.endswith((".png", ".mp4"))]
        if jobs > len(known) + unknown or jobs > most or set(codes) - {0, 13} or len(files) != codes.count(0):
            wrong.append(f"{jobs} jobs, exit codes {codes}, files {files}, rows {rows}")
        if wrong:
            tally.wrong.append(f"crowd {flow} {prompts} {moments}: {wrong}")
    return tally


def main(argv: list[str]) -> int:
    """``python -m faults.kill [hands] [random kills] [seed]``; exit 1 when anything was wrong."""
    hands, kills, seed = (int(argv[at]) if len(argv) > at else other for at, other in enumerate((6, 1000, SEED)))
    total = Tally()
    with Field(hands) as ground:
        parts = {
            "SIGKILL at every call": [task for flow in PROVIDERS for task in at_every_call(ground, flow)],
            "EIO, ENOSPC, EPERM": [task for flow in PROVIDERS for task in failing_calls(ground, flow)],
            f"SIGKILL at random moments, seed {seed}": random_kills(ground, kills, seed),
        }
        for name, tasks in parts.items():
            began = time.monotonic()
            tally = ground.strike_all(tasks, tell=True)
            print(tally.report(name, began), flush=True)
            total.add(tally)
        began = time.monotonic()
        tally = crowd(ground, rounds=kills // 10, seed=seed)
        print(*tally.wrong, tally.report(f"several processes on one journal, {kills // 10} rounds", began), sep="\n")
        total.add(tally)
    return 1 if total.wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
