"""A batch against a sandbox that breaks a fifth of everything, both killed again and again: every job accounted for.

Lines whose create was lost end with 13 and are then asked for again with --new, as their guidance says; lines whose
file could not be fetched (14) are run again as they are. At the end there is a file and a sidecar for each line, and
each job that the server made is either an id of the journal or belongs to a line with an unknown row.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parents[2]
SEED = 20261121
KEYS = ("SKILLS_VIDEO_API_KEY", "AGNES_API_KEY", "AGCLOUD_API_KEY")
MODELS = (
    *(("skills.video", "google/nano-banana-pro"),) * 5,
    *(("agnes", "agnes-image-2.1-flash"),) * 2,
    ("agcloud", "doubao-seedance-2-0-filter-off"),
)


@dataclass
class Account:
    """What a chaos run left, counted."""

    lines: int
    kills: int = 0
    files: int = 0
    sidecars: int = 0
    jobs: int = 0
    known: int = 0
    unknown: int = 0
    lost_and_made: int = 0
    asked_again: int = 0
    duplicates: int = 0
    exit_codes: list[int] = field(default_factory=list)
    faults: int = 0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.lines} lines, {self.kills} kills, exit codes {self.exit_codes}; {self.files} files, "
            f"{self.sidecars} sidecars; the server made {self.jobs} jobs = {self.known} ids in the journal + "
            f"{self.lost_and_made} whose answer was lost ({self.unknown} unknown rows, {self.asked_again} lines asked "
            f"again); {self.faults} requests broken; duplicates {self.duplicates}, wrong {len(self.wrong)}"
        )


class Chaos:
    """One run: a sandbox process, a user, a batch file."""

    def __init__(self, home: Path, *, lines: int, seed: int, share: float, concurrency: int) -> None:
        self.home, self.lines, self.seed, self.share, self.concurrency = home, lines, seed, share, concurrency
        self.key = f"test-chaos-{seed}"
        self.port = 0
        self.logs: list[dict[str, Any]] = []

    def run(self, kills: int) -> Account:
        """The batch, killed so many times at even steps of its work, then to its end, then the lost lines anew."""
        account = Account(self.lines)
        rng = random.Random(self.seed)
        for number in range(kills):
            with self._sandbox():
                self._write()
                self._killed_at(int(self.lines * (number + rng.uniform(0.3, 1.0)) / (kills + 1)))
                account.kills += 1
        with self._sandbox():
            account.exit_codes.append(self._command("--batch", "jobs.jsonl"))
            account.exit_codes.append(self._command("--batch", "jobs.jsonl"))
            lost, unfetched = self._in_state("unknown"), self._in_state("ended")
            account.asked_again = len(lost)
            with ThreadPoolExecutor(6) as pool:
                account.exit_codes += pool.map(lambda prompt: self._again(prompt, "--new"), lost)
                account.exit_codes += pool.map(self._again, unfetched)
        self._audit(account)
        account.exit_codes = sorted(set(account.exit_codes))
        return account

    @contextlib.contextmanager
    def _sandbox(self) -> Iterator[None]:
        """The server, on the same port and with the same jobs as the last one."""
        command = [sys.executable, str(ROOT / "scripts/sandbox.py"), "--port", str(self.port), "--speed", "100",
                   "--state", str(self.home / "server"), "--fault", f"chaos={self.share}",
                   "--seed", str(self.seed + len(self.logs))]  # fmt: skip
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
            assert process.stdout is not None
            try:
                ready = json.loads(process.stdout.readline())
                self.port, self.bases = ready["port"], ready["providers"]
                yield
                self.logs.append(self._settled_log())
            finally:
                process.kill()

    def _settled_log(self) -> dict[str, Any]:
        """The log once every create that arrived is answered: a job is counted before its request's row names it,
        and on a crowded machine the requests of a client that was just killed take their time to come to their end."""
        until = time.monotonic() + 60
        while True:
            time.sleep(0.5)
            log: dict[str, Any] = requests.get(f"http://127.0.0.1:{self.port}/_log", timeout=120).json()
            if time.monotonic() > until or not any(map(_in_hand, log["requests"])):
                return log

    def _write(self) -> None:
        config = json.loads((ROOT / "config.json").read_text(encoding="utf-8")) | {"time_scale": 20}
        for name, provider in config["providers"].items():
            provider |= {"base_url": self.bases[name], "poll_interval": 5, "rate_limits": {}, "mirror_base_urls": []}
            # Real seconds are a twentieth: a busy machine must not look like a lost answer.
            provider |= {"create_timeout_seconds": 600, "sync_create_timeout_seconds": 600}
        (self.home / "config.json").write_text(json.dumps(config), encoding="utf-8")
        rows = []
        for number in range(self.lines):
            provider, model = MODELS[number % len(MODELS)]
            rows.append({"provider": provider, "model": model, "prompt": f"job {number:05d}"})
        text = "".join(json.dumps(row) + "\n" for row in rows)
        (self.home / "jobs.jsonl").write_text(text, encoding="utf-8")

    def _start(self, *args: str) -> subprocess.Popen[bytes]:
        env = os.environ | dict.fromkeys(KEYS, self.key)
        env |= {"HOME": str(self.home), "GENERATE_MEDIA_STATE_DIR": str(self.home / "state")}
        command = [sys.executable, str(ROOT / "scripts/create_and_wait.py"), *args, "--config", "config.json",
                   "--poll-request-timeout", "400"]  # fmt: skip
        if "--batch" in args:
            command += ["--concurrency", str(self.concurrency), "--yes"]
        with (self.home / "out.jsonl").open("ab") as out, (self.home / "err.txt").open("ab") as err:
            return subprocess.Popen(command, cwd=self.home, env=env, stdout=out, stderr=err)

    def _command(self, *args: str) -> int:
        return self._start(*args).wait(timeout=3600)

    def _killed_at(self, files: int) -> None:
        """Run the batch until so many files are there, then SIGKILL."""
        process = self._start("--batch", "jobs.jsonl")
        while process.poll() is None and len(self._media()) < files:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.wait()

    def _in_state(self, state: str) -> list[str]:
        """Prompts whose newest row is in a state: unknown, or ended without its file (one run in fifty fetches a
        page in place of a picture here, and says: run the same command again)."""
        return sorted(prompt for prompt, rows in self._journal().items() if rows[-1][0] == state)

    def _again(self, prompt: str, *flags: str) -> int:
        """One line alone, with --new where it is lost, until it is done."""
        provider, model = MODELS[int(prompt.split()[1]) % len(MODELS)]
        args = ("--provider", provider, "--model", model, "--prompt", prompt)
        code = self._command(*args, *flags)
        for _ in range(8):
            if code == 0:
                break
            code = self._command(*args, *(("--new",) if code == 13 else ()))
        return code

    def _journal(self) -> dict[str, list[tuple[str, str | None]]]:
        found: dict[str, list[tuple[str, str | None]]] = defaultdict(list)
        with contextlib.closing(sqlite3.connect(f"file:{self.home / 'state/journal.sqlite3'}?mode=ro", uri=True)) as db:
            for prompt, state, identity in db.execute("SELECT prompt, state, generation_id FROM job ORDER BY row_id"):
                found[prompt].append((state, identity))
        return found

    def _media(self) -> list[Path]:
        folder = self.home / "generated"
        return [path for path in folder.glob("*") if path.suffix in (".png", ".mp4")] if folder.exists() else []

    def _audit(self, account: Account) -> None:
        """Each job that the server made, held against the journal, line by line."""
        mine = hashlib.sha256(self.key.encode()).hexdigest()[:12]
        requests_ = [row for log in self.logs for row in log["requests"]]
        account.jobs = sum(keys.get(mine, 0) for log in self.logs for keys in log["jobs_by_key"].values())
        account.faults = sum(bool(row.get("faults")) for row in requests_)
        journal = self._journal()
        account.known = sum(identity is not None for rows in journal.values() for _, identity in rows)
        account.unknown = sum(state == "unknown" for rows in journal.values() for state, _ in rows)
        for prompt, made in _made(requests_).items():
            self._audit_line(account, prompt, made, journal.get(prompt, []))
        if account.jobs != account.known + account.lost_and_made:
            account.wrong.append("the sum of the lines is not the server's count")
        account.files = len(self._media())
        account.sidecars = len(list((self.home / "generated").glob("*.json")))
        if (account.files, account.sidecars) != (self.lines, self.lines):
            account.wrong.append(f"{account.files} files and {account.sidecars} sidecars")
        account.wrong += [f"the sandbox itself failed: {error}" for log in self.logs for error in log["errors"][:1]]
        if left := [path.name for path in (self.home / "generated").iterdir() if ".part" in path.name]:
            account.wrong.append(f"left behind: {left[:5]}")
        said = (self.home / "err.txt").read_text(encoding="utf-8")
        if "Traceback" in said:
            account.wrong.append(said[said.index("Traceback") :][:2000])
        everything = [path for path in self.home.rglob("*") if path.is_file() and "server" not in path.parts]
        account.wrong += [f"the key is in {path}" for path in everything if self.key.encode() in path.read_bytes()]

    def _audit_line(self, account: Account, prompt: str, made: int, rows: list[tuple[str, str | None]]) -> None:
        states = Counter(state for state, _ in rows)
        known = sum(identity is not None for _, identity in rows)
        account.lost_and_made += made - known
        if made > known + states["unknown"]:
            account.duplicates += 1
            account.wrong.append(f"{prompt}: {made} jobs for {rows}")
        if states["collected"] != 1:
            account.wrong.append(f"{prompt}: rows {rows}")


def _in_hand(row: dict[str, Any]) -> bool:
    """Whether the sandbox is still making what a create asks for; one broken off before that never gets a status."""
    broken_off = any(":before:" in name for name in row.get("faults", ()))
    return row["operation"] == "create" and row["complete"] and row["status"] is None and not broken_off


def _made(log: list[dict[str, Any]]) -> dict[str, int]:
    """Prompt → jobs that the server made for it."""
    made: Counter[str] = Counter()
    for row in log:
        if row["operation"] == "create" and row.get("job"):
            body = row["body"]
            made[body["prompt"] if "prompt" in body else body["content"][0]["text"]] += 1
    return made


def chaos(lines: int, *, kills: int, seed: int = SEED, share: float = 0.2, concurrency: int = 64) -> Account:
    """One whole run in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        return Chaos(Path(folder), lines=lines, seed=seed, share=share, concurrency=concurrency).run(kills)


def main(argv: list[str]) -> int:
    """``python -m faults.chaos [lines] [kills] [seed]``; exit 1 when anything was wrong."""
    lines, kills, seed = (int(argv[at]) if len(argv) > at else other for at, other in enumerate((2000, 5, SEED)))
    began = time.monotonic()
    account = chaos(lines, kills=kills, seed=seed)
    print(*account.wrong[:20], sep="\n")
    print(f"seed {seed}: {account}; {time.monotonic() - began:.0f} s")
    return 1 if account.wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
