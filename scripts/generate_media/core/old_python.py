"""What a Python before 3.10 is told, in words that it can still read and say: its grammar is 3.6's."""

import os
import sys

from .home import BUNDLE, GUARD, go_on_with, python_of, venvs
from .install import newer_python_commands, shell_line, uv_run


def newer_python_needed() -> "dict[str, object]":
    """Go on in the venv that has the packages, which a newer Python made; else the ``error`` that says what to do."""
    if not os.environ.get(GUARD):
        for venv in venvs(os.environ):
            if python_of(venv).exists():
                go_on_with(python_of(venv))
    commands = newer_python_commands(venvs(os.environ)[0], os.environ)
    run = "run install once, then the same command again: it goes on with that Python by itself"
    guidance = [
        *([run] if commands else []),
        "get Python 3.10 or newer (apt install python3, brew install python, "
        "https://www.python.org/downloads/) and use it in place of this one",
        uv_run(str(BUNDLE / "scripts" / os.path.basename(sys.argv[0])), os.environ),
    ]
    return {
        "event": "error",
        "error": "missing_dependency",
        "category": "validation",
        "message": "this is Python {}.{}.{}; 3.10 or newer is needed".format(*sys.version_info[:3]),
        "should_retry": bool(commands),
        "missing": ["Python 3.10 or newer"],
        "install": shell_line(commands) or None,
        "guidance": guidance,
    }
