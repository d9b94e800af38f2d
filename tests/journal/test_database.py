"""The connection: what is to survive a power cut is synced, whatever came before it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from generate_media.core.paths import BUNDLE
from generate_media.journal.database import Database

NORMAL, FULL = 1, 2
"""PRAGMA synchronous, as sqlite.org/pragma.html numbers it."""


def level(database: Database, *, durable: bool) -> int:
    with database.transaction(durable=durable) as db:
        return int(db.execute("PRAGMA synchronous").fetchone()[0])


def test_each_transaction_has_its_own_level(tmp_path: Path) -> None:
    database = Database(tmp_path / "state")
    for durable in (True, False, False, True, True, False):
        assert level(database, durable=durable) == (FULL if durable else NORMAL)
    database.close()
    assert level(database, durable=True) == FULL  # a new connection
    database.close()


def test_a_change_that_is_cut_off_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal between the change and the note of it: the next transaction cannot know what holds, and asks for it."""
    database = Database(tmp_path / "state")
    assert level(database, durable=True) == FULL

    class CutOff:
        def __init__(self) -> None:
            self.db = database._connected()

        def __getattr__(self, name: str) -> object:
            return getattr(self.db, name)

        def execute(self, statement: str) -> object:
            self.db.execute(statement)
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(database, "_connection", CutOff())
        with pytest.raises(KeyboardInterrupt):
            level(database, durable=False)
    assert level(database, durable=True) == FULL
    database.close()


def test_a_second_connection_leaves_the_first_its_locks(tmp_path: Path) -> None:
    """Else another process, the last to close, would take the log away, and what is written from then on is lost."""
    first = Database(tmp_path / "state", read_only=False)
    assert level(first, durable=True) == FULL
    second = Database(tmp_path / "state")
    other = (
        "import sys; from pathlib import Path; from generate_media.journal.database import Database\n"
        "one = Database(Path(sys.argv[1]))\n"
        "with one.transaction() as db: db.execute('PRAGMA application_id')\n"
        "one.close()"
    )
    subprocess.run([sys.executable, "-c", other, str(tmp_path / "state")], cwd=BUNDLE / "scripts", check=True)
    assert (tmp_path / "state" / "journal.sqlite3-wal").exists()
    first.close()
    second.close()
