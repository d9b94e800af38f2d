"""Programs outside: those that some tests need (skipped by name where missing, a failure under CI=true), and ours."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest


def require_tool(name: str) -> str:
    """The path of a program from the Debian packages that the README names."""
    path = shutil.which(name)
    if path is None:
        reason = f"{name} is not installed (the README names its Debian package)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return path


_WATCHED = """
import re, runpy, sys
from pathlib import Path
told, script = Path(sys.argv[1]), sys.argv[2]
sys.argv = sys.argv[2:]
sys.path.insert(0, str(Path(script).parent))
from generate_media.events.ending import at_end
at_end.callback(lambda: told.write_text(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]))
runpy.run_path(script, run_name="__main__")
"""


def run_watched(script: Path, *args: str, seconds: float = 300) -> tuple[subprocess.CompletedProcess[bytes], int]:
    """A script in a process of its own, and the most memory that it had resident, in MiB."""
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "kilobytes"
        command = [sys.executable, "-c", _WATCHED, str(told), str(script), *args]
        ran = subprocess.run(command, capture_output=True, timeout=seconds, check=False)
        return ran, int(told.read_text()) >> 10
