"""The tables, version by version. A new journal is made by the same steps that bring an old one forward."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

APPLICATION_ID = 0x67656E6D  # "genm": tells our file from another program's SQLite file

_VERSION_1 = (
    """CREATE TABLE job (
        row_id INTEGER PRIMARY KEY,
        ordinal INTEGER NOT NULL,
        fingerprint TEXT NOT NULL,
        copy INTEGER NOT NULL,
        provider TEXT NOT NULL,
        key_space TEXT NOT NULL,
        base_url TEXT NOT NULL,
        key_fingerprint TEXT NOT NULL,
        path TEXT NOT NULL,
        query_path TEXT,
        model TEXT NOT NULL,
        kind TEXT NOT NULL,
        prompt TEXT NOT NULL,
        request TEXT,
        output_dir TEXT NOT NULL,
        media_sha256 TEXT,
        state TEXT NOT NULL,
        writer TEXT NOT NULL DEFAULT '',
        generation_id TEXT,
        aliases TEXT,
        status TEXT NOT NULL DEFAULT '',
        result TEXT,
        error TEXT,
        response TEXT,
        remote TEXT,
        saved TEXT,
        usage TEXT,
        stem TEXT,
        created_at REAL NOT NULL,
        sending_at REAL,
        accepted_at REAL,
        ended_at REAL,
        collected_at REAL,
        provider_created_at REAL,
        expires_at REAL,
        poll_deadline REAL,
        UNIQUE (fingerprint, ordinal)
    )""",
    "CREATE INDEX job_by_state ON job (state)",
    # Every id under which a job is known: its generation id and its aliases.
    """CREATE TABLE known_id (
        value TEXT NOT NULL,
        row_id INTEGER NOT NULL,
        PRIMARY KEY (value, row_id)
    ) WITHOUT ROWID""",
)


def _to_version_1(db: sqlite3.Connection) -> None:
    for statement in _VERSION_1:
        db.execute(statement)


STEPS: tuple[Callable[[sqlite3.Connection], None], ...] = (_to_version_1,)
"""STEPS[n] brings a journal of version n to n + 1, inside the caller's transaction. Only ever appended to."""


def version(db: sqlite3.Connection) -> int:
    """The journal's version; 0 for an empty file. Raises sqlite3.DatabaseError for another program's file."""
    import sqlite3

    (number,) = db.execute("PRAGMA user_version").fetchone()
    (owner,) = db.execute("PRAGMA application_id").fetchone()
    empty = owner == 0 and number == 0 and db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if owner != APPLICATION_ID and not empty:
        raise sqlite3.DatabaseError("file is not a database of this program")
    return int(number)


def migrate(db: sqlite3.Connection) -> None:
    """Brings the journal to the newest version, all or nothing. The caller holds the set-up lock."""
    db.execute("BEGIN IMMEDIATE")
    try:
        for number in range(version(db), len(STEPS)):
            STEPS[number](db)
        db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        db.execute(f"PRAGMA user_version = {len(STEPS)}")
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
