"""Where things lie that outlive an update: the user's own folders, the bundle's, and the python with the packages.

Python 3.6 reads this file too: it is what tells such a Python where a newer one may be. So it
has no `from __future__ import annotations`, and quotes stand around what only newer ones understand.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

BUNDLE = Path(__file__).resolve().parents[3]
"""The folder with SKILL.md; only ever read."""
REQUIREMENTS = BUNDLE / "requirements.txt"
FILM_REQUIREMENTS = BUNDLE / "requirements-film.txt"
"""For joined clips and their last frames alone; nothing else needs it."""
GUARD = "GENERATE_MEDIA_IN_VENV"
"""Set for the second interpreter, so that a broken venv cannot start itself for ever."""


def home_folder(environ: "Mapping[str, str]") -> "Path | None":
    """The user's own folder, absolute and perhaps not there; None where the user has none.

    ``$HOME``, else what the system's list of users says: a container's user may stand in neither.
    """
    home = environ.get("HOME", "") if os.name == "posix" else ""
    home = home or os.path.expanduser("~")
    return Path(home) if os.path.isabs(home) else None


def dotenvs(home: "Path | None") -> "list[Path]":
    """Where a .env with keys may be, the one to name first: the user's own, which no update touches, the bundle's."""
    return [*([home / ".config" / "generate-media" / ".env"] if home else []), BUNDLE / ".env"]


def venvs(environ: "Mapping[str, str]") -> "list[Path]":
    """Where packages may be, best first: the user's own place, shared by all installed copies, then the bundle's."""
    home = home_folder(environ)
    return [*([home / ".local" / "share" / "generate-media" / "venv"] if home else []), BUNDLE / ".venv"]


def python_of(venv: Path) -> Path:
    """The interpreter of a virtual environment, perhaps not there."""
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def go_on_with(python: Path) -> None:
    """Replace this process by the same call in another interpreter. Returns where that cannot be started."""
    environ = dict(os.environ, **{GUARD: "1"})
    command = [str(python), *sys.argv]
    if os.name == "nt":
        import subprocess

        sys.exit(subprocess.call(command, env=environ))  # noqa: S603
    sys.stdout.flush()
    try:  # noqa: SIM105 - contextlib is loaded later
        os.execve(command[0], command, environ)  # noqa: S606
    except OSError:  # made for another machine
        pass
