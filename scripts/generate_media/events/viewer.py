"""Showing a result with the system's own viewer."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

_OPENERS = {"darwin": "open", "cygwin": "cygstart"}


def show(target: str) -> bool:
    """Open a file or a URL as a double click would; False where this machine has no viewer to ask."""
    if sys.platform == "win32":
        os.startfile(target)  # noqa: S606 - what the user asked for
        return True
    program = shutil.which(_OPENERS.get(sys.platform, "xdg-open"))
    if program is None:
        return False
    silent = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    try:
        subprocess.Popen([program, target], start_new_session=True, **silent)  # noqa: S603 - found on PATH
    except OSError:
        return False
    return True
