"""Where things lie: the bundle's own files, found from this file's place, and the user's state folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from .errors import StorageError
from .home import BUNDLE, home_folder

REFERENCES = BUNDLE / "references"
ELSEWHERE = "GENERATE_MEDIA_STATE_DIR=$PWD/.generate-media"
"""What to set where the journal's folder cannot be used."""
CONFIG_FILE = BUNDLE / "config.json"


def contracts_dir(environ: Mapping[str, str]) -> Path | None:
    """Where renewed contracts are kept: ``$XDG_CONFIG_HOME`` or ``~/.config``, then ``generate-media/contracts``; None
    where the user has no home. A relative ``XDG_CONFIG_HOME`` is ignored, as the specification asks."""
    own, home = environ.get("XDG_CONFIG_HOME", ""), home_folder(environ)
    base = own if os.path.isabs(own) else home and os.path.join(home, ".config")
    return Path(base) / "generate-media" / "contracts" if base else None


def state_dir(environ: Mapping[str, str]) -> Path:
    """The folder of the journal, absolute and perhaps not there yet.

    ``GENERATE_MEDIA_STATE_DIR`` as it is, else ``$XDG_STATE_HOME`` or ``~/.local/state``, then
    ``generate-media``. A relative ``XDG_STATE_HOME`` is ignored, as the XDG base directory
    specification asks. Raises StorageError ``state_unwritable`` where the user has no home.
    """
    own = environ.get("GENERATE_MEDIA_STATE_DIR", "")
    if own:
        return Path(os.path.expanduser(own)).absolute()
    base = environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(base):
        base = os.path.join(_needed(home_folder(environ)), ".local", "state")
    return Path(base) / "generate-media"


def _needed(home: Path | None) -> Path:
    if home is None:
        raise StorageError(
            "state_unwritable",
            "this user has no home folder, so there is no place for the journal",
            guidance=(f"Name a writable folder: {ELSEWHERE}",),
            details={"try": ELSEWHERE},
        )
    return home


def journal_dir(environ: Mapping[str, str], *, sandbox: bool) -> Path:
    """Where the journal lives; the sandbox has one of its own, never beside real jobs."""
    root = state_dir(environ)
    return root / "sandbox" if sandbox else root


DEFAULT_OUTPUT_DIR = "generated"
