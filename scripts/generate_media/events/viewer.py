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
    nowhere = subprocess.DEVNULL
    try:
        subprocess.Popen(  # noqa: S603 - found on PATH
            [program, target], start_new_session=True, stdin=nowhere, stdout=nowhere, stderr=nowhere
        )
    except OSError:
        return False
    return True
