"""Processes started, timed and weighed; servers of their own; one environment for everybody."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent
SCRIPTS = ROOT / "scripts"
DOCUMENT = ROOT / "references" / "skills-video.openapi.json"
MODEL = "google/nano-banana-pro"
PEERS_PYTHON = ROOT / ".cache" / "bench-peers" / "bin" / "python"
PYTHON = sys.executable
T = TypeVar("T")


@dataclass(frozen=True)
class Row:
    """One line of the table. ``holds`` None: told for comparison, no target."""

    name: str
    ours: str
    reference: str = ""
    ratio: str = ""
    target: str = ""
    holds: bool | None = None
    note: str = ""


@dataclass(frozen=True)
class Done:
    """A process that ended. Seconds of CLOCK_MONOTONIC, CPU seconds, MiB; ``lines`` with the moment each came."""

    started: float
    ended: float
    cpu: float
    peak_mib: float
    code: int
    lines: tuple[tuple[float, str], ...]

    @property
    def seconds(self) -> float:
        return self.ended - self.started

    def at(self, word: str) -> float:
        """When the last line that holds ``word`` came."""
        found = [moment for moment, line in self.lines if word in line]
        if not found:
            raise RuntimeError(f"no line with {word!r} in {[line for _, line in self.lines]}")
        return found[-1]


@dataclass
class Desk:
    """A folder of its own, and the environment that all measured processes share."""

    folder: Path
    runs: int
    environ: dict[str, str] = field(default_factory=dict)

    @classmethod
    def at(cls, folder: Path, runs: int) -> Desk:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        environ |= {
            "SKILLS_VIDEO_API_KEY": "dummy-test-key-bench",
            "GENERATE_MEDIA_STATE_DIR": str(folder / "state"),
            # As installed: compiled once. One place for all, so that nothing depends on who compiled before.
            "XDG_CACHE_HOME": str(folder / "cache"),
            "NO_PROXY": "127.0.0.1,localhost",
        }
        return cls(folder, runs, environ)

    def run(
        self,
        command: Sequence[str],
        *,
        code: int = 0,
        while_it_runs: Callable[[subprocess.Popen[str]], None] | None = None,
    ) -> Done:
        """Run to the end. Raises RuntimeError when it ends with another exit code than ``code``."""
        started = time.monotonic()
        process = subprocess.Popen(
            command, env=self.environ, cwd=self.folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        lines: list[tuple[float, str]] = []
        reader = threading.Thread(target=lambda: lines.extend(_stamped(process)), daemon=True)
        reader.start()
        if while_it_runs is not None:
            while_it_runs(process)
        _, status, usage = os.wait4(process.pid, 0)
        ended = time.monotonic()
        process.returncode = os.waitstatus_to_exitcode(status)
        reader.join()
        assert process.stdout is not None
        process.stdout.close()
        if process.returncode != code:
            raise RuntimeError(f"{command} ended with {process.returncode}: {lines}")
        cpu = usage.ru_utime + usage.ru_stime
        return Done(started, ended, cpu, usage.ru_maxrss / 1024, process.returncode, tuple(lines))

    def alternate(self, actions: Mapping[str, Callable[[], T]]) -> dict[str, list[T]]:
        """Each action once unmeasured (unless one run of each is all), then all of them in turn, ``runs`` times."""
        for action in actions.values() if self.runs > 1 else ():
            action()
        found: dict[str, list[T]] = {name: [] for name in actions}
        for _ in range(self.runs):
            for name, action in actions.items():
                found[name].append(action())
        return found


def _stamped(process: subprocess.Popen[str]) -> Iterator[tuple[float, str]]:
    assert process.stdout is not None
    for line in iter(process.stdout.readline, ""):
        yield time.monotonic(), line


@contextmanager
def desk(runs: int) -> Iterator[Desk]:
    """A desk on this disk (fsync must mean something), gone afterwards."""
    place = ROOT / ".cache"
    place.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=place))
    try:
        yield Desk.at(folder, runs)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Site:
    """A running server of bench/server.py."""

    url: str
    context: Any = None

    def base(self, framing: str = "chunked", newline: str = "lf", number: int = 0) -> str:
        return f"{self.url}/{framing}-{newline}-{number}/api/v1"

    def stamps(self) -> dict[str, Any]:
        """What it saw since the last call."""
        with urllib.request.urlopen(f"{self.url}/_stamps", timeout=10, context=self.context) as answer:
            seen: dict[str, Any] = json.load(answer)
        return seen


@contextmanager
def site(certificate: Path | None = None, context: Any = None) -> Iterator[Site]:
    """The fast server, a process of its own."""
    command = [PYTHON, str(BENCH / "server.py"), *([str(certificate)] if certificate else [])]
    process = subprocess.Popen(command, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        yield Site(f"http{'s' if certificate else ''}://localhost:{port}", context)
    finally:
        process.terminate()
        process.communicate()


@contextmanager
def tls_site(folder: Path) -> Iterator[tuple[Site, Path]]:
    """The fast server behind TLS, and the authority to trust."""
    import ssl

    import trustme

    authority = trustme.CA()
    certificate, trusted = folder / "server.pem", folder / "authority.pem"
    authority.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(certificate)
    authority.cert_pem.write_to_path(trusted)
    with site(certificate, ssl.create_default_context(cafile=trusted)) as running:
        yield running, trusted


def ours(base_url: str, *flags: str, prompt: str = "a cat") -> list[str]:
    """create_and_wait.py against a server; always a new job."""
    script = str(SCRIPTS / "create_and_wait.py")
    provider = ["--provider", "skills.video", "--base-url", base_url]
    return [PYTHON, script, *provider, "--model", MODEL, "--prompt", prompt, "--new", *flags]


def bare(base_url: str) -> list[str]:
    """The bare requests script."""
    return [PYTHON, str(BENCH / "bare_requests.py"), base_url, str(DOCUMENT), MODEL, "a cat"]


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def ms(seconds: float, digits: int = 0) -> str:
    return f"{seconds * 1000:.{digits}f} ms"


def table(rows: Sequence[Row]) -> str:
    """The rows in Markdown."""
    lines = ["| what | ours | reference | ratio | target | holds |", "|---|---|---|---|---|---|"]
    words = {True: "yes", False: "**no**", None: ""}
    lines += [f"| {r.name} | {r.ours} | {r.reference} | {r.ratio} | {r.target} | {words[r.holds]} |" for r in rows]
    notes = [f"- {row.name}: {row.note}" for row in rows if row.note]
    return "\n".join([*lines, *(["", *notes] if notes else [])])
