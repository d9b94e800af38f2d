"""One step of a row, inside the caller's transaction: which is allowed, and how it is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from ..core import RemoteOutput, Result
from .columns import Sql, new_columns, row_from, to_json, to_text
from .failures import IllegalTransition
from .rows import ClaimKind, NewJob, Row, State

if TYPE_CHECKING:
    import sqlite3

Columns = dict[str, Sql]

FROM: Mapping[State, frozenset[State]] = {
    State.INTENT: frozenset({State.INTENT, State.SENDING}),
    State.SENDING: frozenset({State.INTENT, State.SENDING}),
    State.ACCEPTED: frozenset({State.SENDING, State.UNKNOWN, State.ACCEPTED}),
    State.REJECTED: frozenset({State.INTENT, State.SENDING, State.REJECTED}),
    State.UNKNOWN: frozenset({State.SENDING, State.UNKNOWN}),
    State.ENDED: frozenset({State.SENDING, State.UNKNOWN, State.ACCEPTED, State.ENDED, State.COLLECTED}),
    State.COLLECTED: frozenset({State.ENDED, State.COLLECTED}),
}
"""Which states each step may be taken from. A step repeated is no error: two runs may follow one job."""


def allowed(db: sqlite3.Connection, row_id: int, to: State) -> Row:
    """The row before the step. Raises IllegalTransition."""
    row = get(db, row_id)
    if row.state not in FROM[to]:
        raise IllegalTransition(f"row {row_id} is {row.state.value} and cannot become {to.value}")
    return row


def meaning(row: Row) -> ClaimKind:
    """What the newest row of a job says to a run that wants that job."""
    if row.state in (State.INTENT, State.SENDING):
        return ClaimKind.BUSY
    if row.state is State.ACCEPTED:
        return ClaimKind.ATTACHED
    if row.state is State.UNKNOWN:
        return ClaimKind.UNKNOWN
    if row.state in (State.ENDED, State.COLLECTED) and row.result == Result.SUCCEEDED.value:
        return ClaimKind.FINISHED
    return ClaimKind.CREATED


def is_put_off(row: Row) -> bool:
    """Whether a run had no time left for it: nothing was sent, and nothing was wrong."""
    return row.state is State.REJECTED and row.error is None


def get(db: sqlite3.Connection, row_id: int) -> Row:
    """One row as it is on disk. Raises KeyError."""
    found = db.execute("SELECT * FROM job WHERE row_id = ?", (row_id,)).fetchone()
    if found is None:
        raise KeyError(row_id)
    return row_from(found)


def newest(db: sqlite3.Connection, new: NewJob) -> Row | None:
    """The newest row of a fingerprint and copy; None for a job made elsewhere, which has no fingerprint."""
    if not new.fingerprint:
        return None
    query = "SELECT * FROM job WHERE fingerprint = ? AND copy = ? ORDER BY row_id DESC LIMIT 1"
    found = db.execute(query, (to_text(new.fingerprint), new.copy)).fetchone()
    return None if found is None else row_from(found)


def insert(db: sqlite3.Connection, new: NewJob, further: Columns) -> Row:
    """A new row with the next ordinal of its fingerprint."""
    columns = new_columns(new) | further
    count = "SELECT coalesce(max(ordinal), -1) + 1 FROM job WHERE fingerprint = ?"
    (columns["ordinal"],) = db.execute(count, (columns["fingerprint"],)).fetchone()
    marks = ", ".join("?" * len(columns))
    statement = f"INSERT INTO job ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - names are ours
    row_id = db.execute(statement, tuple(columns.values())).lastrowid
    assert row_id is not None
    return get(db, row_id)


def update(db: sqlite3.Connection, row_id: int, changes: Columns) -> None:
    """Writes columns of one row."""
    assignments = ", ".join(f"{name} = ?" for name in changes)
    db.execute(f"UPDATE job SET {assignments} WHERE row_id = ?", (*changes.values(), row_id))  # noqa: S608 - ours


def forget(db: sqlite3.Connection, row_id: int) -> None:
    """No such row, and no id of it."""
    db.execute("DELETE FROM known_id WHERE row_id = ?", (row_id,))
    db.execute("DELETE FROM job WHERE row_id = ?", (row_id,))


def know(db: sqlite3.Connection, row_id: int, value: str) -> None:
    """The row can be found by this id from now on."""
    db.execute("INSERT OR IGNORE INTO known_id (value, row_id) VALUES (?, ?)", (to_text(value), row_id))


def aliased(db: sqlite3.Connection, row: Row, aliases: Iterable[tuple[str, str]]) -> Columns:
    """The aliases column with further ones, newer values first in right; each can be found."""
    merged = dict(row.aliases) | dict(aliases)
    if merged == dict(row.aliases):
        return {}
    for value in merged.values():
        know(db, row.row_id, value)
    return {"aliases": to_json([[name, value] for name, value in merged.items()])}


def row_of_id(db: sqlite3.Connection, provider: str, key_space: str, generation_id: str) -> Row | None:
    """The newest row of an id or alias within one key space."""
    query = """SELECT * FROM job WHERE row_id IN (SELECT row_id FROM known_id WHERE value = ?)
               AND provider = ? AND key_space = ? ORDER BY row_id DESC LIMIT 1"""
    found = db.execute(query, (to_text(generation_id), to_text(provider), to_text(key_space))).fetchone()
    return None if found is None else row_from(found)


def owned_elsewhere(db: sqlite3.Connection, row: Row, generation_id: str) -> bool:
    """Whether another row of the key space has this id."""
    found = row_of_id(db, row.provider, row.key_space, generation_id)
    return found is not None and found.row_id != row.row_id


def remember_lasting(db: sqlite3.Connection, row: Row, lasted: tuple[float, float]) -> None:
    """How long a job took, as it was seen first; for :meth:`Queries.lastings`."""
    values = (row.row_id, *map(to_text, (row.provider, row.key_space, row.model, row.kind)), *lasted)
    db.execute("INSERT OR IGNORE INTO lasting VALUES (?, ?, ?, ?, ?, ?, ?)", values)


def urls(outputs: Sequence[RemoteOutput]) -> list[str | None]:
    """The URLs of some results, in their order."""
    return [output.url for output in outputs]
