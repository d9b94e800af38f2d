"""Files and folders of ours: for this user alone, whatever the umask, and never through a link."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

PLAIN = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
"""Flags for opening a file of ours: no link is followed, no pipe waited for, no child inherits it."""


def make_folder(folder: Path) -> None:
    """The folder and every missing one above it, 0700 each. Raises OSError."""
    for made in (*reversed(_missing(folder)), folder):
        if not made.is_dir():
            _make(made)


def _missing(folder: Path) -> list[Path]:
    missing = []
    for path in (folder, *folder.parents):
        if os.path.lexists(path):
            break
        missing.append(path)
    return missing


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        if not folder.is_dir():
            raise
        return
    folder.chmod(0o700)
    if os.name == "posix":
        descriptor = os.open(folder.parent, os.O_RDONLY)
        try:
            with contextlib.suppress(OSError):  # some file systems cannot sync a folder
                os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def open_private(file: Path) -> Iterator[int]:
    """The descriptor of a file of ours, made where there is none: 0600 whatever the umask, never through a link."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | PLAIN, 0o600)
    try:
        if os.name == "posix" and os.fstat(descriptor).st_mode & 0o777 != 0o600:
            os.fchmod(descriptor, 0o600)
        yield descriptor
    finally:
        os.close(descriptor)
