"""What can go wrong with the journal, and how SQLite's own errors are told apart."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageError
from ..paths import ELSEWHERE

if TYPE_CHECKING:
    import sqlite3

BUSY_SECONDS = 30.0


class JournalWriteError(UsageError):
    """A step could not be written: disk full, input/output error, a read-only file system.

    Nothing of that step is on disk. Before sending it ends the run; after sending the caller still holds the
    id and must show it.
    """


class IllegalTransition(RuntimeError):
    """A step that the row's state does not allow: a bug of the caller, not a user's error."""


class IdAlreadyKnown(IllegalTransition):
    """A job found in the provider's list already belongs to another row, written meanwhile."""


def unwritable(folder: Path, reason: str, code: str = "state_unwritable") -> UsageError:
    """The early, clear error of a state folder that cannot be used."""
    return UsageError(
        code,
        f"the journal's folder {folder} cannot be used: {reason}",
        guidance=(f"Name a writable folder on a local disk: {ELSEWHERE}",),
        details={"state_dir": str(folder), "try": ELSEWHERE},
    )


def is_corrupt(error: sqlite3.Error) -> bool:
    """True for the two errors by which SQLite says that the file is damaged or none of its own."""
    text = str(error)
    return "malformed" in text or "not a database" in text


def from_sqlite(error: sqlite3.Error, file: Path) -> JournalWriteError:
    """Our error for SQLite's. By its text: error codes came with Python 3.11, the texts are as old as SQLite 3."""
    text = str(error)
    if "locked" in text:
        return JournalWriteError(
            "journal_busy",
            f"other processes held the journal {file} for more than {BUSY_SECONDS:.0f} s",
            guidance=("Run the same command again.",),
            should_retry=True,
            details={"journal": str(file)},
        )
    return JournalWriteError(
        "journal_write_failed",
        f"the journal {file} could not be read or written: {text}",
        guidance=(f"Free space on its disk, or name another folder: {ELSEWHERE}",),
        details={"journal": str(file), "try": ELSEWHERE},
    )
