"""The tables, version by version. A new journal is made by the same steps that bring an old one forward."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ..core import Json
from .columns import from_json, to_text

if TYPE_CHECKING:
    import sqlite3

APPLICATION_ID = 0x67656E6D  # "genm": tells our file from another program's SQLite file

# media_sha256, stem, collected_at, expires_at and poll_deadline are written by nobody: they stay for older programs.
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


def _to_version_2(db: sqlite3.Connection) -> None:
    """Files by their bytes, so that a picture made here can be given to the provider by its own URL."""
    db.execute("CREATE TABLE saved_file (sha256 TEXT NOT NULL, row_id INTEGER NOT NULL, url TEXT NOT NULL)")
    db.execute("CREATE INDEX saved_file_by_bytes ON saved_file (sha256)")
    db.execute("CREATE INDEX saved_file_by_row ON saved_file (row_id)")
    for row_id, saved in db.execute("SELECT row_id, saved FROM job WHERE saved IS NOT NULL").fetchall():
        index_files(db, row_id, from_json(saved))


def index_files(db: sqlite3.Connection, row_id: int, saved: Json) -> None:
    """Replaces the row's entries by those of its saved outputs that have bytes and a URL.

    A labelled file is known by the bytes that were delivered too: its URL has those. A converted one only by them.
    """
    db.execute("DELETE FROM saved_file WHERE row_id = ?", (row_id,))
    for item in saved if isinstance(saved, list) else []:
        if not isinstance(item, dict) or not isinstance(item.get("url"), str):
            continue
        own = None if item.get("converted_from") else item.get("sha256")
        for digest in (own, item.get("source_sha256")):
            if digest and isinstance(digest, str):
                db.execute(
                    "INSERT INTO saved_file (sha256, row_id, url) VALUES (?, ?, ?)",
                    (to_text(digest), row_id, to_text(str(item["url"]))),
                )


def _to_version_3(db: sqlite3.Connection) -> None:
    """What the command line said, so that the same job can be asked for again, and where it wanted the files."""
    db.execute("ALTER TABLE job ADD COLUMN asked TEXT")
    db.execute("ALTER TABLE job ADD COLUMN place TEXT")


def _to_lasting(db: sqlite3.Connection) -> None:
    """How long jobs took: at ``least`` seconds after acceptance one was running, at ``most`` it was done."""
    db.execute(
        "CREATE TABLE lasting (row_id INTEGER PRIMARY KEY, provider TEXT NOT NULL, key_space TEXT NOT NULL, "
        "model TEXT NOT NULL, kind TEXT NOT NULL, least REAL NOT NULL, most REAL NOT NULL)"
    )
    db.execute("CREATE INDEX lasting_by_kind ON lasting (provider, key_space, model, kind, row_id)")


STEPS: tuple[Callable[[sqlite3.Connection], None], ...] = (_to_version_1, _to_version_2, _to_version_3, _to_lasting)
"""STEPS[n] brings a journal of version n to n + 1, inside the caller's transaction. Only ever appended to."""


_WHOSE = (
    "SELECT user_version, application_id, (SELECT count(*) FROM sqlite_master) "
    "FROM pragma_user_version, pragma_application_id"
)


def version(db: sqlite3.Connection) -> int:
    """The journal's version; 0 for an empty file. Raises sqlite3.DatabaseError for another program's file."""
    import sqlite3

    # In one statement, so in one state of the file: another process may be making the journal at this moment.
    number, owner, tables = db.execute(_WHOSE).fetchone()
    empty = owner == 0 and number == 0 and tables == 0
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
