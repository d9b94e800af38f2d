"""A sandbox on loopback for each test process, and the scripts as a user would call them."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import signal
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import settings as hypothesis_settings

from generate_media.core import text as known_keys
from generate_media.core.paths import CONFIG_FILE
from generate_media.sandbox.embedded import Running, start

_NOBODYS = tempfile.TemporaryDirectory(prefix="generate-media-tests-")
os.environ["XDG_CONFIG_HOME"] = _NOBODYS.name  # no renewed contracts, a browser's own files away from here
if "PYTEST_XDIST_WORKER" not in os.environ:  # what one process of a run has compiled is there for all others
    os.environ["XDG_CACHE_HOME"] = f"{_NOBODYS.name}/.cache"
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
hypothesis_settings.register_profile("ci", deadline=None, derandomize=True, max_examples=60)
hypothesis_settings.load_profile("ci")

SANDBOX_SPEED = 100.0
TIME_SCALE = 20.0
KEY_VARIABLES = ("SKILLS_VIDEO_API_KEY", "AGNES_API_KEY", "AGNES_API_KEYS", "AGCLOUD_API_KEY", "ARK_API_KEY")
_numbers = itertools.count()


@dataclass(frozen=True)
class Ran:
    """What one call of a script left: exit code, stdout as JSON lines, stderr."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def last(self) -> dict[str, Any]:
        return self.lines[-1]

    def events(self, name: str) -> list[dict[str, Any]]:
        return [line for line in self.lines if line["event"] == name]


@dataclass
class Desk:
    """One user: a key, a state folder, a working folder, and the sandbox that they talk to."""

    sandbox: Running
    home: Path
    key: str
    capture: Callable[[], Any]
    config: dict[str, Any] = field(default_factory=dict)
    has_set_faults: bool = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.sandbox.port}"

    @property
    def state(self) -> Path:
        return self.home / "state"

    def faults(self, *names: str) -> None:
        self.has_set_faults = True
        requests.post(f"{self.url}/_faults", json={"faults": list(names)}, timeout=5).raise_for_status()

    def log(self, since: int = 0) -> dict[str, Any]:
        answer: dict[str, Any] = requests.get(f"{self.url}/_log?since={since}", timeout=10).json()
        return answer

    def _mine(self, what: str) -> int:
        fingerprint = hashlib.sha256(self.key.encode()).hexdigest()[:12]
        counts = self.log(since=99_999_999)  # without the requests of all tests before
        return sum(keys.get(fingerprint, 0) for keys in counts[what].values())

    def creates(self) -> int:
        """Create requests that the server received whole, with this user's key."""
        return self._mine("creates_by_key")

    def jobs(self) -> int:
        """Jobs that the server made for this user's key."""
        return self._mine("jobs_by_key")

    def rows(self) -> list[tuple[str, str | None]]:
        """State and id of every row of the journal, oldest first."""
        file = next(self.state.glob("journal*.sqlite3"), None) or next(self.state.glob("*.sqlite*"), None)
        if file is None:
            return []
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as db:
            return list(db.execute("SELECT state, generation_id FROM job ORDER BY row_id"))

    def column(self, name: str) -> list[Any]:
        """One column of every row of the journal, oldest first."""
        with closing(sqlite3.connect(f"file:{self.state / 'journal.sqlite3'}?mode=ro", uri=True)) as db:
            return [value for (value,) in db.execute(f"SELECT {name} FROM job ORDER BY row_id")]

    def write_config(self, **changes: Any) -> Path:
        """config.json with story time running fast, and with changes: top-level or ``provider={…}`` merged."""
        config = json.loads(CONFIG_FILE.read_text(encoding="utf-8")) | {"time_scale": TIME_SCALE}
        for block in config["providers"].values():  # story time runs slower here than the sandbox's jobs do
            block["typical_seconds"] = {kind: seconds / 10 for kind, seconds in block["typical_seconds"].items()}
        for name, value in changes.items():
            if name in config["providers"]:
                config["providers"][name] |= value
            else:
                config[name] = value
        path = self.home / "config.json"
        path.write_text(json.dumps(config), encoding="utf-8")
        return path

    def call(self, script: str, *args: str) -> Ran:
        """A script in this process, with exactly these arguments, and with no more keys known than it finds itself."""
        import importlib

        known_keys._known = known_keys.KnownKeys()
        self.capture()
        code = importlib.import_module(script).main(list(args))
        captured = self.capture()
        return Ran(code, captured.out, captured.err)

    def run(self, *args: str, provider: str = "skills.video", script: str = "create_and_wait") -> Ran:
        """A script against the sandbox's address for a provider."""
        config = self.home / "config.json"
        if not config.exists():
            self.write_config()
        base = ["--base-url", self.sandbox.base_urls[provider], "--config", str(config)]
        if script == "create_and_wait" and "--provider" not in args:
            base += ["--provider", provider]
        return self.call(script, *args, *base)


@pytest.fixture(scope="session")
def running() -> Iterator[Running]:
    with start(speed=SANDBOX_SPEED) as server:
        yield server


@pytest.fixture(autouse=True)
def _no_known_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test is a process of its own to the keys that are cut from what it prints."""
    monkeypatch.setattr(known_keys, "_known", known_keys.KnownKeys())


@pytest.fixture
def desk(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Desk]:
    """A user of their own for this test, who leaves the sandbox without faults."""
    key = f"test-user-{os.getpid()}-{next(_numbers)}"
    for name in KEY_VARIABLES:
        monkeypatch.setenv(name, key) if not name.endswith("S") else monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GENERATE_MEDIA_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    handlers = {number: signal.getsignal(number) for number in _signals()}
    user = Desk(running, tmp_path, key, capsys.readouterr)
    yield user
    if user.has_set_faults:
        user.faults()
    for number, handler in handlers.items():
        signal.signal(number, handler)


def _signals() -> Sequence[int]:
    names = ("SIGINT", "SIGTERM", "SIGALRM", "SIGPIPE")
    return [getattr(signal, name) for name in names if hasattr(signal, name)]
