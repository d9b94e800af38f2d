"""Showing a result with the system's own viewer."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping

from ..core import holds_key

_OPENERS = {"darwin": "open", "cygwin": "cygstart", "win32": "explorer"}
_SECRET = re.compile("KEYS?$|KEY_|TOKEN|SECRET|PASSW|CREDENTIAL", re.IGNORECASE)


def show(target: str) -> bool:
    """Open a file or a URL as a double click would, and do not wait; False where this machine has no viewer to ask."""
    program = shutil.which(_OPENERS.get(sys.platform, "xdg-open"))
    if program is None:
        return False
    nowhere = subprocess.DEVNULL
    try:
        viewer = subprocess.Popen(  # noqa: S603 - found on PATH
            [program, target],
            env=without_secrets(os.environ),
            start_new_session=True,
            stdin=nowhere,
            stdout=nowhere,
            stderr=nowhere,
        )
    except OSError:
        return False
    viewer.returncode = 0  # nobody will ask it for one
    return True


def without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for a program that needs none of our keys, nor those of others."""
    return {name: value for name, value in environ.items() if not _SECRET.search(name) and not holds_key(value)}
