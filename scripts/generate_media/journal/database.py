"""The one SQLite connection of a process: opened safely, shared by its threads, put down across a fork."""

from __future__ import annotations

import contextlib
import os
import threading
import weakref
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..core import StorageError
from . import locks, schema, witness
from .failures import BUSY_SECONDS, JournalDamaged, from_sqlite, is_corrupt, rows_lost, unwritable
from .folder import FILE_NAME, make_file, prepare, set_aside

if TYPE_CHECKING:
    import sqlite3


class Database:
    """A journal's file. Raises StorageError at opening, JournalWriteError later."""

    def __init__(self, folder: Path, *, read_only: bool = False) -> None:
        self.folder = folder
        self.file = folder / FILE_NAME
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._synced: bool | None = None
        self._read_only = read_only
        self._empty = read_only and not self.file.exists()
        with self._lock:
            self._connected()
        _open_databases.add(self)

    @contextlib.contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
        """One IMMEDIATE transaction, on disk when it ends; without ``durable`` a power cut may lose it."""
        import sqlite3

        with self._lock, self._translated():
            db = self._connected()
            if db.in_transaction:  # a signal came between BEGIN and its handler's frame
                db.execute("ROLLBACK")
            if self._synced is not durable:
                self._synced = None  # unknown, if a signal comes between the two
                db.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
                self._synced = durable
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):  # SQLite may have rolled back by itself
                    db.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection for reading; a single statement sees one state of the journal."""
        with self._lock, self._translated():
            yield self._connected()

    def close(self) -> None:
        """Lets the file go; a later use opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def before_fork(self) -> None:
        """SQLite's locks and shared memory must not be carried into a child (sqlite.org/howtocorrupt.html)."""
        self._lock.acquire()
        self.close()

    def after_fork(self) -> None:
        self._lock.release()

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._synced = None
            self._connection = self._open()
        return self._connection

    def _open(self) -> sqlite3.Connection:
        if self._empty:
            self._refuse_loss(witness.last_row(self.folder), 0)
            db = _connect(":memory:")
            schema.migrate(db)
            return db
        try:
            return self._open_writable()
        except StorageError as error:
            if self._read_only and error.code == "state_unwritable":
                return self._open_read_only()
            raise

    def _open_writable(self) -> sqlite3.Connection:
        import sqlite3

        prepare(self.folder)
        known = witness.last_row(self.folder)  # before the rows are counted: other processes add some meanwhile
        try:
            make_file(self.file)
            with _closed_on_error(_connect(self.file)) as db:
                self._refuse_newer(db)
                if schema.version(db) < len(schema.STEPS):
                    self._set_up(db)
                if known:
                    self._refuse_loss(known, db.execute("SELECT coalesce(max(row_id), 0) FROM job").fetchone()[0])
                return db
        except OSError as error:
            raise unwritable(self.folder, error.strerror or str(error)) from error
        except sqlite3.Error as error:
            raise self._opening_failed(error) from error

    def _set_up(self, db: sqlite3.Connection) -> None:
        with locks.one_at_a_time(self.folder / "locks"):
            self._refuse_newer(db)
            (mode,) = db.execute("PRAGMA journal_mode = WAL").fetchone()
            if mode != "wal":
                reason = "SQLite cannot share memory there, as on network file systems"
                raise unwritable(self.folder, reason, "state_on_network_filesystem")
            db.execute("PRAGMA synchronous = FULL")
            schema.migrate(db)

    def _refuse_newer(self, db: sqlite3.Connection) -> None:
        found = schema.version(db)
        if found > len(schema.STEPS):
            raise StorageError(
                "journal_newer",
                f"the journal {self.file} is of version {found}; this program knows up to {len(schema.STEPS)}",
                guidance=("Use the newer generate-media that wrote it.",),
                details={"journal": str(self.file), "received": found, "allowed": len(schema.STEPS)},
            )

    def _refuse_loss(self, known: int, left: int) -> None:
        """Say it once that rows are lost; whoever opens the journal later goes on with what is left."""
        if left < known:
            witness.forget(self.folder)
            raise rows_lost(self.file, known, left)

    def _open_read_only(self) -> sqlite3.Connection:
        import sqlite3

        # Where nobody can write, SQLite can make no shared index: without a -wal file it needs none.
        flags = "mode=ro" if Path(f"{self.file}-wal").exists() else "mode=ro&immutable=1"
        try:
            with _closed_on_error(_connect(f"{self.file.as_uri()}?{flags}", uri=True)) as db:
                self._refuse_newer(db)
                if schema.version(db) < len(schema.STEPS):
                    raise unwritable(self.folder, "its journal is of an older version and must be migrated")
                return db
        except sqlite3.Error as error:
            raise unwritable(self.folder, str(error)) from error

    def _opening_failed(self, error: sqlite3.Error) -> StorageError:
        text = str(error)
        if is_corrupt(error):
            return self._corrupt(text)
        if "unable to open" in text or "readonly" in text:
            return unwritable(self.folder, text)
        return from_sqlite(error, self.file)

    @contextlib.contextmanager
    def _translated(self) -> Iterator[None]:
        import sqlite3

        try:
            yield
        except sqlite3.Error as error:
            if is_corrupt(error):
                self.close()
                raise self._corrupt(str(error)) from error
            raise from_sqlite(error, self.file) from error

    def _corrupt(self, reason: str) -> JournalDamaged:
        """Set the file aside if it is damaged indeed (another process may have done so), and begin a new one."""
        kept: Path | None = None
        with contextlib.suppress(OSError), locks.one_at_a_time(self.folder / "locks"):
            if _is_damaged(self.file):
                kept = set_aside(self.file)
                make_file(self.file)
                witness.forget(self.folder)
        said = f"; it is kept as {kept}, and a new one is begun" if kept else ""
        return JournalDamaged(
            "journal_corrupt",
            f"the journal {self.file} is damaged ({reason}){said}",
            guidance=("Jobs of the damaged journal may still run or be paid: look at the provider before you repeat.",),
            details={"journal": str(self.file), "set_aside": str(kept) if kept else None},
        )


def _connect(target: Path | str, *, uri: bool = False) -> sqlite3.Connection:
    import sqlite3

    db = sqlite3.connect(target, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False, uri=uri)
    db.row_factory = sqlite3.Row
    db.text_factory = partial(str, encoding="utf-8", errors="replace")  # damaged text must not hide its row
    return db


@contextlib.contextmanager
def _closed_on_error(db: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    try:
        yield db
    except BaseException:
        db.close()
        raise


def _is_damaged(file: Path) -> bool:
    import sqlite3

    try:
        with contextlib.closing(_connect(file)) as db:
            schema.version(db)
            return bool(db.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok")
    except sqlite3.Error as error:
        return is_corrupt(error)


_open_databases: weakref.WeakSet[Database] = weakref.WeakSet()
_held: list[Database] = []


def _before_fork() -> None:
    _held[:] = list(_open_databases)
    for database in _held:
        database.before_fork()


def _after_fork() -> None:
    for database in _held:
        database.after_fork()
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)
