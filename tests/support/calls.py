"""Whole processes, as a user's shell starts them: a home of their own, no keys, any locale, any descriptors."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from conftest import Ran
from faults.zygote import Run, zygote
from generate_media.core.paths import BUNDLE

DEMO = ("create_and_wait", "--sandbox", "--prompt", "a cat")
ONE_OF_EACH: dict[str, tuple[str, ...]] = {
    "create_and_wait": ("--sandbox", "--prompt", "a cat"),
    "wait_generation": ("--list",),
    "inspect_openapi": ("--models", "--provider", "ark"),
    "ensure_api_key": ("--provider", "agnes"),
    "handle_runtime_error": ("--status", "402"),
    "gallery": (".",),
    "sandbox": ("--list-faults",),
}
"""A harmless call of every script."""


def environment(home: Path, **more: str | None) -> dict[str, str]:
    """No keys, no proxies, nothing of Python's; None takes a variable away."""
    words = ("_API_KEY", "_API_KEYS", "_PROXY", "_proxy")
    plain = {
        name: value
        for name, value in os.environ.items()
        if not name.endswith(words) and not name.startswith(("PYTHON", "LC_", "GENERATE_MEDIA"))
    }
    plain |= {"HOME": str(home), "GENERATE_MEDIA_STATE_DIR": str(home / "state")}
    return {name: value for name, value in {**plain, **more}.items() if value is not None}


def call(
    script: str,
    *args: str,
    home: Path,
    before: tuple[str, ...] = (),
    redirect: str = "",
    bundle: Path = BUNDLE,
    python: str = sys.executable,
    **environ: str | None,
) -> Ran:
    """One call, ``before`` in front of it, its descriptors redirected by a shell as ``redirect`` says."""
    command = [*before, python, str(bundle / "scripts" / f"{script}.py"), *args]
    if redirect:
        command = ["sh", "-c", f'exec "$0" "$@" {redirect}', *command]
    done = subprocess.run(
        command, cwd=home, env=environment(home, **environ), capture_output=True, timeout=240, check=False
    )
    return Ran(done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8", "replace"))


def forked(script: str, *args: str, home: Path, stdin: bytes = b"", **environ: str | None) -> Ran:
    """The same, in a fork of a process that has everything imported: where a start is not what is asked about."""
    ended = zygote().start(script, list(args), env=environment(home, **environ), cwd=home, stdin=stdin).wait()
    return Ran(ended.code, ended.out, ended.err)


def started(script: str, *args: str, stop: bool = False) -> Run:
    """Such a fork under way, in this test's own environment and folder; ``stop``: it waits for SIGCONT."""
    return zygote().start(script, list(args), env=dict(os.environ), cwd=Path.cwd(), stop=stop)


def sidecars(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(path.read_bytes()) for path in sorted(folder.glob("*.json"))]


def copy_bundle(target: Path) -> Path:
    """The bundle as it is installed."""
    for name in ("scripts", "references"):
        shutil.copytree(BUNDLE / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("config.json", "config.schema.json", "requirements.txt"):
        shutil.copy(BUNDLE / name, target / name)
    return target
