"""Whole commands for fuzzing: a person with a home of their own, and what holds after every run, whatever went in.

What is right: no traceback, one last line (or one document), an exit code of the table, no key anywhere,
and never a second create where the first may have made a job. Nothing here is imported from the code under test.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from faults.hostile import KEY, spellings
from faults.zygote import ROOT, Ended, zygote
from wire import Said, Script, Wire

TIME_SCALE = 200.0
END_SECONDS = 60.0
"""Real seconds after which a command counts as one that does not end."""
EXIT_CODES = frozenset({0, 2, 10, 11, 12, 13, 14, 20, 21, 22, 23, 24, 25, 26})
LAST = frozenset({"terminal", "error", "summary", "dry_run", "list", "cancelled", "spent"})
DOCUMENTS = frozenset({"inspect_openapi", "handle_runtime_error", "ensure_api_key", "gallery"})
"""Scripts that print one document in place of lines."""
KEYS = ("SKILLS_VIDEO_API_KEY", "AGNES_API_KEY", "AGCLOUD_API_KEY", "ARK_API_KEY")


def default_config() -> dict[str, Any]:
    """The bundle's, in story time that runs fast."""
    config: dict[str, Any] = json.loads((ROOT / "config.json").read_text(encoding="utf-8"))
    return config | {"time_scale": TIME_SCALE}


@dataclass
class Home:
    """A folder with everything of one person: config, state, results; and what their commands printed."""

    folder: Path
    config: Path = field(init=False)
    work: Path = field(init=False)

    def __post_init__(self) -> None:
        self.work = self.folder / "work"
        self.work.mkdir()
        self.config = self.folder / "config.json"
        self.config.write_text(json.dumps(default_config()), encoding="utf-8")

    @property
    def environment(self) -> dict[str, str]:
        home = {"HOME": str(self.folder), "GENERATE_MEDIA_STATE_DIR": str(self.folder / "state")}
        return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **home, **dict.fromkeys(KEYS, KEY)}

    def run(self, script: str, *args: str, stdin: bytes = b"") -> Ended:
        """One command to its end, or to its kill when it has none."""
        run = zygote().start(script, list(args), env=self.environment, cwd=self.work, stdin=stdin)
        timer = threading.Timer(END_SECONDS, _kill, (run.pid,))
        timer.start()
        try:
            return run.wait()
        finally:
            timer.cancel()

    def checked(self, script: str, *args: str, stdin: bytes = b"") -> Ended:
        """The same, held against what is promised of every run."""
        ran = self.run(script, *args, stdin=stdin)
        wrong = [*_wrong(script, args, ran), *self._leaks(ran)]
        assert not wrong, "\n".join([*wrong, f"exit {ran.code}: {script} {args}", ran.out[-3000:], ran.err[-3000:]])
        return ran

    def _leaks(self, ran: Ended) -> Iterator[str]:
        kept = [path for path in self.folder.rglob("*") if path.is_file() and path.parent != self.folder]
        places = {
            "stdout": ran.out.encode(),
            "stderr": ran.err.encode(),
            **{str(path): path.read_bytes() for path in kept},
        }
        for spelling in spellings(KEY):
            yield from (
                f"the key stands in {place} as {spelling}" for place, data in places.items() if _utf8(spelling) in data
            )


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _wrong(script: str, args: Sequence[str], ran: Ended) -> Iterator[str]:
    if ran.code == -signal.SIGKILL:
        yield f"it did not end in {END_SECONDS:.0f} s"
        return
    if ran.code not in EXIT_CODES:
        yield f"exit code {ran.code} is not in the table"
    if "Traceback" in ran.out + ran.err:
        yield "a traceback"
    if "internal_error" in ran.out:
        yield "an error that nobody foresaw"
    try:
        lines = [json.loads(ran.out)] if script in DOCUMENTS else [json.loads(line) for line in ran.out.splitlines()]
    except ValueError as error:
        yield f"stdout is no JSON: {error}"
        return
    if not all(isinstance(line, dict) for line in lines):
        yield "a line that is no object"
    elif script not in DOCUMENTS:
        yield from _wrong_lines(args, ran, lines)


def _wrong_lines(args: Sequence[str], ran: Ended, lines: list[dict[str, Any]]) -> Iterator[str]:
    events = [line.get("event") for line in lines]
    if "--detach" in args and ran.code == 0 and events[-1:] in (["accepted"], ["attached"]):
        return
    if not lines or events[-1] not in LAST:
        yield f"the last line is {events[-1:]}"
        return
    last = lines[-1]
    ends = [line for line in lines if line["event"] in LAST]
    if last["event"] != "summary" and len(ends) != 1:
        yield f"{len(ends)} last lines"
    if last["event"] in ("terminal", "summary") and (ran.code == 0) is not (last.get("ok", True) is True):
        yield f"ok is {last.get('ok')} with exit code {ran.code}"
    if last["event"] == "error" and not (ran.code and last.get("error") and last.get("message")):
        yield "an error line without an error"
    if ran.code == 13 and last["event"] == "error" and last.get("may_have_been_created") is not True:
        yield "exit 13 that does not say that something may have been created"


class Server(Wire):
    """A provider that answers as it was drawn to, and keeps what it heard."""

    def __init__(self, creates: Sequence[Said], reads: Sequence[Said], files: Sequence[Said]) -> None:
        routes: Mapping[str, Sequence[Said]] = {
            "POST /v1/video-tasks": reads, "POST ": creates, "GET /file": files, "GET ": reads, "DELETE ": reads,
        }  # fmt: skip
        super().__init__(Script(routes))

    def __enter__(self) -> Server:
        super().__enter__()
        return self

    def creates(self) -> int:
        """Requests that may have made a job, those among them that their sender did not wait for."""
        until = time.monotonic() + 2.0
        while self.unheard and time.monotonic() < until:
            time.sleep(0.005)
        return sum(
            heard.startswith(b"POST ") and not heard.startswith(b"POST /v1/video-tasks") for heard in self.received
        )


@contextlib.contextmanager
def home() -> Iterator[Home]:
    """Gone with everything in it at the end."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        yield Home(Path(folder))
