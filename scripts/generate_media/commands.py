"""Commands that we print for somebody to run: only checked words in them, quoted for the shell."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence

from .handles import in_a_command
from .paths import BUNDLE

SAFE_WORD = re.compile(r"[A-Za-z0-9._:/+=-]{1,512}\Z")


def resume_command(
    generation_id: str | None,
    *,
    provider: str,
    sandbox: bool = False,
    config: str | None = None,
    deadline: float | None = None,
) -> str | None:
    """How to go on with a job of the journal, for as long at a time as now; None without an id."""
    if not generation_id:
        return None
    extra = ["--sandbox"] if sandbox else []
    if config is not None:
        extra += ["--config", config]
    if deadline is not None:
        extra += ["--deadline", f"{deadline:g}"]
    return command("wait_generation.py", [f"--generation-id={in_a_command(provider, generation_id)}", *extra])


def command(script: str, arguments: Sequence[str]) -> str:
    """``python3 <script> …``, every word quoted; the script by its own place, so that it works from anywhere.

    Under ``uv run`` (which sets the variable) the packages are uv's, so the command goes through it again.
    """
    runner = ["uv", "run"] if os.environ.get("UV_RUN_RECURSION_DEPTH") else ["python3"]
    return shlex.join([*runner, str(BUNDLE / "scripts" / script), *arguments])
