"""A process with everything imported that forks one run of a script at a time: what is killed is only our own work.

The child is a real process: it may be stopped, traced, killed. Requests and answers are JSON lines on stdin and stdout:
``{"script", "args", "env", "cwd", "out", "stop", "stdin", "terminal"}`` gives ``{"pid"}`` (stopped if asked for) and,
at its end, ``{"status"}`` as of waitpid. A script runs as ``__main__``, to the end of its process.
"""

from __future__ import annotations

import atexit
import importlib
import json
import os
import pkgutil
import runpy
import signal
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ("create_and_wait", "wait_generation", "inspect_openapi", "handle_runtime_error", "ensure_api_key", "gallery")
THIRD_PARTY = ("requests", "urllib3", "sseclient", "jsonschema", "referencing", "dotenv", "yaml", "PIL.Image",
               "requests_toolbelt", "sqlite3", "PIL.PngImagePlugin", "encodings.idna")  # fmt: skip


@dataclass(frozen=True)
class Ended:
    """How a run ended: exit code (negative: the signal), what it printed."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Whole lines only: a killed run may leave a torn last one."""
        whole = self.out[: self.out.rfind("\n") + 1]
        return [json.loads(line) for line in whole.splitlines()]

    @property
    def last(self) -> dict[str, Any]:
        return self.lines[-1] if self.lines else {}


class Run:
    """A run under way."""

    def __init__(self, zygote: Zygote, pid: int, printed: Path) -> None:
        self._zygote, self.pid, self._printed = zygote, pid, printed

    def wait(self) -> Ended:
        status = self._zygote.read()["status"]
        files = (self._printed, self._printed.with_suffix(".err"))  # none yet where it was killed at once
        texts = [path.read_text(encoding="utf-8") if path.exists() else "" for path in files]
        return Ended(os.waitstatus_to_exitcode(status), *texts)


class Zygote:
    """The caller's side. One run at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__))], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT / "scripts")},
        )  # fmt: skip
        self.read()

    def read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())  # type: ignore[no-any-return]

    def start(
        self, script: str, args: list[str], *, env: dict[str, str], cwd: Path, stop: bool = False, stdin: bytes = b"",
        terminal: str = "",
    ) -> Run:  # fmt: skip
        """Fork; the run's stdout and stderr go to files beside ``cwd``, and its stdin comes from one. ``terminal``: all
        three are that device, whose Ctrl-C reaches it."""
        assert self._process.stdin is not None
        printed = cwd.parent / "printed.out"
        printed.unlink(missing_ok=True)
        printed.with_suffix(".err").unlink(missing_ok=True)
        given = printed.with_suffix(".in")
        given.write_bytes(stdin)
        order = {"script": script, "args": args, "env": env, "cwd": str(cwd), "out": str(printed), "stop": stop,
                 "stdin": terminal or str(given), "terminal": terminal}  # fmt: skip
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return Run(self, self.read()["pid"], printed)

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@cache
def zygote() -> Zygote:
    """One for the process."""
    made = Zygote()
    atexit.register(made.close)
    return made


def _import_everything() -> None:
    import generate_media

    for module in pkgutil.walk_packages(generate_media.__path__, "generate_media."):
        if not module.name.startswith("generate_media.sandbox"):
            importlib.import_module(module.name)
    for name in (*THIRD_PARTY, *SCRIPTS):
        importlib.import_module(name)


def _child(order: dict[str, Any]) -> None:
    printed = Path(order["out"])
    if order["terminal"]:
        os.setsid()
    os.dup2(os.open(order["stdin"], os.O_RDONLY), 0)  # a terminal becomes the new session's own
    for descriptor, file in (1, printed), (2, printed.with_suffix(".err")):
        os.dup2(os.open(order["terminal"] or file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), descriptor)
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["cwd"])
    if order["stop"]:
        os.kill(os.getpid(), signal.SIGSTOP)
    path = str(ROOT / "scripts" / f"{order['script']}.py")
    sys.argv = [path, *order["args"]]
    code: object = 0
    try:
        runpy.run_path(path, run_name="__main__")
    except SystemExit as end:
        code = end.code or 0
    except BaseException:
        import traceback

        traceback.print_exc()
        code = 99
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            code = code or 98
    os._exit(code if isinstance(code, int) else 1)


def _serve() -> None:
    _import_everything()
    replies = os.fdopen(os.dup(1), "w")

    def reply(**fields: int) -> None:
        replies.write(json.dumps(fields) + "\n")
        replies.flush()

    reply(ready=1)
    for line in sys.stdin:
        order = json.loads(line)
        # Held from before the answer on, so that nobody who watches the terminal takes it for left.
        held = os.open(order["terminal"], os.O_RDWR | os.O_NOCTTY) if order["terminal"] else os.dup(0)
        pid = os.fork()
        if not pid:
            _child(order)
        os.close(held)
        if order["stop"]:
            os.waitpid(pid, os.WUNTRACED)
        reply(pid=pid)
        reply(status=os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    _serve()
