"""A canary key through every fault of the sandbox and every script, and said back by a parrot in every spelling: nobody
reads it in anything that is printed or kept."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import io
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import requests

from faults.bench import SPEED, _surroundings, _User
from faults.matrix import ACTIONS, FLOWS, Row
from generate_media.events.printer import run_document
from parrot import Parrot
from spellings import leaks, reveals

ARGUMENTS = {"chaos": "0.5", "chaos-known": "0.5", "result-url": "http://169.254.169.254/latest"}
PREFIXES = {"sse-": "skills.video", "sv-": "skills.video", "agnes-": "agnes", "agcloud-": "agcloud"}
SCRIPTS: tuple[tuple[str, ...], ...] = (
    ("wait_generation", "--all", "--deadline", "20", "--verbose"),
    ("wait_generation", "--list"),
    ("ensure_api_key",),
    ("ensure_api_key", "--verify", "--provider", "{provider}", "--base-url", "{base}"),
    ("inspect_openapi", "--provider", "{provider}", "--models"),
    ("inspect_openapi", "--provider", "agnes", "--models", "--live", "--base-url", "{agnes}"),
    ("handle_runtime_error", "--status", "401", "--body", "no such key: {key}", "--provider", "{provider}"),
    ("gallery", "generated"),
    ("create_and_wait", "--dry-run", "--provider", "{provider}", "--prompt", "a cat"),
)


@dataclass(frozen=True)
class Seen:
    """One fault in one flow: what was looked through, and where the key was found."""

    name: str
    places: tuple[str, ...]
    runs: int
    bytes_searched: int


class Task(NamedTuple):
    """A flow under a fault; with a parrot, whose relay takes the place of the network's faults."""

    flow: str
    fault: str
    parrot: bool = False


def tasks(named: list[str]) -> list[Task]:
    """Every named fault where it can happen, with and without the parrot, and every action at every operation."""
    found = [
        Task(flow, f"{name}={ARGUMENTS[name]}" if name in ARGUMENTS else name)
        for name in named
        for flow, it in FLOWS.items()
        if it.provider == next((owner for prefix, owner in PREFIXES.items() if name.startswith(prefix)), it.provider)
    ]
    said_back = [task._replace(parrot=True) for task in found if not task.fault.startswith(("download-", "sse-"))]
    broken = [f"{operation}:headers:{action}*2" for operation in ("create", "poll", "download") for action in ACTIONS]
    return found + said_back + [Task(flow, fault) for flow in FLOWS for fault in broken]


class Cage:
    """One process's sandbox."""

    def __init__(self) -> None:
        from generate_media.sandbox.embedded import start

        self.sandbox = start(speed=SPEED)
        self.parrot = Parrot(self.sandbox.port)
        self.parrot.__enter__()  # as long as the process, like the sandbox

    def run(self, flow: str, fault: str, parrot: bool) -> Seen:
        """The main job under the fault, verbosely, then every other script; everything that is left is searched."""
        with tempfile.TemporaryDirectory(prefix="canary-") as folder, _surroundings(Path(folder)) as key:
            user = _User(self.sandbox, Path(folder), key, FLOWS[flow], Row(flow, "create", "request", "none"))
            user.port = self.parrot.port if parrot else user.port
            user.write_config(create_seconds=20.0)
            user.faults(fault)
            user.command("--verbose", "--deadline", "40")
            agnes = self.sandbox.base_urls["agnes"].replace(str(self.sandbox.port), str(user.port))
            words = {"provider": FLOWS[flow].provider, "base": user.base_url, "agnes": agnes, "key": key}
            for script, *args in SCRIPTS:
                user.said += _call(script, [arg.format(**words) for arg in args], user.home)
            user.faults()
            places = leaks(user.home, key, user.said) + self._downloads_with_headers(key)
            files = [path.stat().st_size for path in user.home.rglob("*") if path.is_file()]
        name = f"{flow} | {fault}" + (" | parrot" if parrot else "")
        return Seen(name, tuple(places), 1 + len(SCRIPTS), sum(files) + len(user.said))

    def _downloads_with_headers(self, key: str) -> list[str]:
        log: dict[str, Any] = requests.get(f"http://127.0.0.1:{self.sandbox.port}/_log", timeout=60).json()
        mine = hashlib.sha256(key.encode()).hexdigest()[:12]
        found = [row for row in log["requests"] if row["side"] == "files"]
        bad = [
            row["path"] for row in found if row["key"] == mine or {"authorization", "cookie"} & set(row["header_names"])
        ]
        return bad + (["the sandbox's log"] if reveals(json.dumps(log), key) else [])


def _call(script: str, args: list[str], home: Path) -> str:
    """What a script prints, in this process."""
    out, err = io.StringIO(), io.StringIO()
    if script in ("wait_generation", "create_and_wait", "ensure_api_key"):
        args = [*args, "--config", str(home / "config.json")]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), contextlib.suppress(SystemExit):
        run_document(importlib.import_module(script).main, args)
    return out.getvalue() + err.getvalue()


_cage: Cage | None = None


def run_task(task: Task) -> Seen:
    """In a worker process."""
    global _cage
    if _cage is None:
        _cage = Cage()
    return _cage.run(*task)


def all_tasks() -> list[Task]:
    from generate_media.sandbox.embedded import known_faults

    return tasks(sorted(known_faults()))


def run_tasks(chosen: list[Task], processes: int) -> Iterator[Seen]:
    with get_context("spawn").Pool(processes) as pool:
        yield from pool.imap_unordered(run_task, chosen)


def main(argv: list[str]) -> int:
    """``python -m faults.canary [processes] [how many]``; exit 1 when the key was found anywhere."""
    began = time.monotonic()
    chosen = all_tasks()
    random.Random(0).shuffle(chosen)
    chosen = chosen[: int(argv[1])] if len(argv) > 1 else chosen
    seen = []
    for one in run_tasks(chosen, int(argv[0]) if argv else 8):
        seen.append(one)
        if one.places:
            print(f"LEAK {one.name}: {one.places}", flush=True)
    leaks = sum(len(one.places) for one in seen)
    searched = sum(one.bytes_searched for one in seen) / 1e6
    print(f"{len(seen)} faults and flows, {sum(one.runs for one in seen)} runs of scripts, {searched:.0f} MB searched, "
          f"{leaks} leaks, {time.monotonic() - began:.0f} s")  # fmt: skip
    return 1 if leaks else 0


if __name__ == "__main__":
    os.environ.setdefault("PYTHONFAULTHANDLER", "1")
    sys.exit(main(sys.argv[1:]))
