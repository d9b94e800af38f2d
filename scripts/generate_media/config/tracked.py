"""Whether git tracks a file: a key in a tracked config.json ends up on a server sooner or later."""

from __future__ import annotations

from functools import cache
from pathlib import Path

GIT_SECONDS = 5.0


@cache
def is_tracked(file: Path) -> bool:
    """Asks git itself; False where there is no git, no repository, or no answer."""
    import subprocess

    place = file.absolute()
    command = ["git", "-C", str(place.parent), "ls-files", "--error-unmatch", "--", place.name]
    try:
        asked = subprocess.run(  # noqa: S603 - a fixed command, the file's own name after --
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=GIT_SECONDS, check=False
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return False
    return asked.returncode == 0
