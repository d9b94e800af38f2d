"""Whether a writer lives, told by a lock that the operating system frees when its process dies.

Every writer holds ``locks/<name>.lock`` for its life. No pid and no clock is asked: a pid may be another
process by now, a clock may be set back.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from .private import PLAIN, open_private

_NAME = re.compile(r"[0-9a-f]{32}")
SWEEP_AT_MOST = 64
"""Lock files of others looked at when a writer begins: a thousand writers must not each look at a thousand."""

if sys.platform == "win32":  # pragma: no cover
    import msvcrt

    def _try_lock(descriptor: int, *, exclusive: bool) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _wait_lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_LOCK, 1)

else:
    import fcntl

    def _try_lock(descriptor: int, *, exclusive: bool) -> bool:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _wait_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX)


class Writer:
    """This process as a writer. Its lock is taken when ``name`` is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._name = ""
        self._descriptor = -1
        self._beginning = threading.Lock()

    def name(self) -> str:
        """The name under which rows are held. Raises OSError where no lock file can be made."""
        with self._beginning:  # many threads may ask for it first at the same time
            while not self._name:
                self._begin(os.urandom(16).hex())
            return self._name

    def close(self) -> None:
        """Frees the lock; rows still in intent or sending are a dead writer's from now on."""
        if self._name:
            os.close(self._descriptor)
            _unlink(self._folder / f"{self._name}.lock")
            self._name = ""

    def forget(self) -> None:
        """In a forked child: the lock is the parent's, so the copy of its descriptor must not keep it."""
        self._beginning = threading.Lock()  # the parent's may have been held at the fork
        if self._name:
            os.close(self._descriptor)
            self._name = ""

    def _begin(self, name: str) -> None:
        path = self._folder / f"{name}.lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o600)
        # Between open and lock a sweeping process may have taken the file for a dead writer's.
        if _try_lock(descriptor, exclusive=True) and _is_same_file(descriptor, path):
            self._name, self._descriptor = name, descriptor
            _sweep(self._folder, name)
        else:
            os.close(descriptor)


def is_alive(folder: Path, name: str) -> bool:
    """True while the writer's process lives; a name that none of ours has (a damaged row) is nobody's."""
    if not _NAME.fullmatch(name):
        return False
    try:
        descriptor = os.open(folder / f"{name}.lock", os.O_RDWR | PLAIN)
    except FileNotFoundError:
        return False
    try:
        return not _try_lock(descriptor, exclusive=False)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """One process at a time makes, migrates or sets aside the journal; a killed one is freed by the kernel."""
    with open_private(folder / "setup") as descriptor:
        _wait_lock(descriptor)
        yield


def _is_same_file(descriptor: int, path: Path) -> bool:
    if os.name == "nt":  # pragma: no cover - an open file cannot be unlinked there
        return True
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def _sweep(folder: Path, own: str) -> None:
    """Removes lock files of dead writers: a missing one means the same as a free one."""
    looked_at = 0
    for entry in os.scandir(folder):
        name, suffix = os.path.splitext(entry.name)
        if suffix != ".lock" or name == own:
            continue
        looked_at += 1
        if looked_at > SWEEP_AT_MOST:
            return
        if not is_alive(folder, name):
            _unlink(Path(entry.path))


def _unlink(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()
