"""What can go wrong with the journal, and how SQLite's own errors are told apart."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..core import ELSEWHERE, StorageError

if TYPE_CHECKING:
    import sqlite3

BUSY_SECONDS = 30.0


class JournalWriteError(StorageError):
    """A step could not be written: disk full, input/output error, a read-only file system.

    Nothing of that step is on disk. Before sending it ends the run; after sending the caller still holds the
    id and must show it.
    """


class JournalDamaged(JournalWriteError):
    """Rows of the journal are lost. It is said once and the next run goes on, so nobody may swallow it."""


class IllegalTransition(RuntimeError):
    """A step that the row's state does not allow: a bug of the caller, not a user's error."""


class IdAlreadyKnown(IllegalTransition):
    """A job found in the provider's list already belongs to another row, written meanwhile."""


def unwritable(
    folder: Path, reason: str, code: str = "state_unwritable", *, command: str | None = None
) -> StorageError:
    """The early, clear error of a state folder that cannot be used; ``command`` mends it where one can."""
    return StorageError(
        code,
        f"the journal's folder {folder} cannot be used: {reason}",
        guidance=(
            *((f"Make it yours: {command}",) if command else ()),
            f"Name a writable folder on a local disk: {ELSEWHERE}",
        ),
        details={"state_dir": str(folder), "command": command, "try": ELSEWHERE},
    )


def not_private(folder: Path, reason: str, command: str) -> StorageError:
    """The early, clear error of a state folder into which others may have put something; ``command`` mends it."""
    return StorageError(
        "state_not_private",
        f"the journal's folder {folder} is not yours alone: {reason}",
        guidance=(
            f"Nothing was sent. If what lies in it is yours: {command}",
            f"Else name another folder: {ELSEWHERE}",
        ),
        details={"state_dir": str(folder), "command": command, "try": ELSEWHERE},
    )


def rows_lost(file: Path, known: int, left: int) -> JournalDamaged:
    """The journal ends at row ``left`` and once had row ``known``."""
    return JournalDamaged(
        "journal_lost",
        f"the journal {file} ends at row {left} and is known to have had row {known}: it was emptied, removed, cut, "
        "or replaced by an older copy",
        guidance=(
            f"Nothing was sent. If it was moved or there is a copy, put it back now, its -wal file too: {file}",
            "Else look in the provider's dashboard before you repeat a command: a job whose row is lost is made, and "
            "perhaps paid, again; one whose id you have is followed by python3 scripts/wait_generation.py "
            "--provider NAME --generation-id=ID",
            "This is said once: the next run goes on with the journal as it is.",
        ),
        details={"journal": str(file), "last_row": left, "last_row_known": known},
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
