"""Reading the journal. Rows that a dead writer left behind are shown as what they mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..core import HANDLE, Json, Result, handle
from . import locks
from .columns import Reader, Sql, as_text, from_json, row_from, to_text
from .database import Database
from .rows import ClaimKind, Expense, Fate, Row, State
from .steps import meaning

if TYPE_CHECKING:
    import sqlite3

_PAGE = 500
_LISTED_AT_ONCE = 100
"""So many rows, and what is made of them, stay in a processor's cache; 500 take a third longer each."""
_BEYOND_EVERY_ROW = (1 << 63) - 1
_NOT_LISTED = frozenset(
    (
        *("fingerprint", "key_space", "key_fingerprint", "path", "query_path"),
        *("request", "response", "aliases", "remote"),
    )
)
_IS_A_JOB = "NOT (state = 'rejected' AND error IS NULL)"
"""All but what a run had no time left to send; see :meth:`Journal.rejected`."""
NEVER_SENT: Json = {"code": "never_sent", "message": "the run was killed before anything was sent"}


class Queries:
    """What can be asked. Newest and oldest go by the order of writing, never by a clock."""

    def __init__(self, database: Database, wall: Callable[[], float]) -> None:
        self._database = database
        self._wall = wall
        self._locks = database.folder / "locks"

    def get(self, row_id: int) -> Row:
        """One row. Raises KeyError where there is none."""
        rows = self._rows("WHERE row_id = ?", row_id)
        if not rows:
            raise KeyError(row_id)
        return rows[0]

    def find(self, generation_id: str, provider: str | None = None) -> tuple[Row, ...]:
        """The rows of a handle, id or alias, newest first."""
        if HANDLE.match(generation_id):
            provider, generation_id = self._behind(generation_id) or (provider, generation_id)
        where = "WHERE row_id IN (SELECT row_id FROM known_id WHERE value = ?) AND (? IS NULL OR provider = ?)"
        name = to_text(provider)
        return self._rows(f"{where} ORDER BY row_id DESC", to_text(generation_id), name, name)

    def _behind(self, name: str) -> tuple[str, str] | None:
        """Provider and id of the job with this handle."""
        with self._database.reading() as db:
            known = db.execute("SELECT provider, value FROM known_id JOIN job USING (row_id)").fetchall()
        pairs = ((as_text(provider), as_text(value)) for provider, value in known)
        return next((pair for pair in pairs if handle(*pair) == name), None)

    def open_rows(self) -> tuple[Row, ...]:
        """Jobs that reached no end, oldest first: accepted, being sent by a live writer, or unknown.

        What a dead writer was sending is unknown; what it had not begun to send is no job and left out.
        """
        rows = self._rows("WHERE state IN ('intent', 'sending', 'accepted', 'unknown') ORDER BY row_id")
        return tuple(row for row in rows if row.state is not State.REJECTED)

    def by_local_id(self, identity: str) -> Row | None:
        """The row that :func:`local_id` names, whether or not its job has an id of the provider's."""
        found = re.fullmatch(r"local-([0-9a-f]{12})-([0-9]{1,9})", identity)
        if found is None:
            return None
        where = "WHERE fingerprint BETWEEN ? AND ? AND ordinal = ? ORDER BY row_id DESC LIMIT 1"
        rows = self._rows(where, found[1], found[1] + "g", int(found[2]))  # "g" comes after every hexadecimal digit
        return rows[0] if rows else None

    def latest(self, fingerprint: str, copy: int) -> Row | None:
        """The newest row of a job; None where it was never asked for."""
        where = "WHERE fingerprint = ? AND copy = ? ORDER BY row_id DESC LIMIT 1"
        return next(iter(self._rows(where, to_text(fingerprint), copy)), None)

    def unsaved_rows(self) -> tuple[Row, ...]:
        """Jobs that succeeded and whose files are not saved, oldest first."""
        return self._rows("WHERE state = 'ended' AND result = 'succeeded' ORDER BY row_id")

    def made_again(self, row: Row) -> bool:
        """Whether a later job of the same command runs or succeeded."""
        later = "WHERE fingerprint = ? AND copy = ? AND row_id > ? AND (state IN ('accepted', 'collected')"
        succeeded = "OR (state = 'ended' AND result = 'succeeded')) LIMIT 1"
        return bool(row.fingerprint) and bool(
            self._rows(f"{later} {succeeded}", to_text(row.fingerprint), row.copy, row.row_id)
        )

    def outlook(self, fingerprint: str, copy: int) -> ClaimKind:
        """What a run of this job would find, as far as the journal knows now; see Journal.claim."""
        row = self.latest(fingerprint, copy)
        return ClaimKind.CREATED if row is None else meaning(row)

    def recent(self, limit: int = 50) -> tuple[Row, ...]:
        """The newest rows, newest first."""
        return self._rows("ORDER BY row_id DESC LIMIT ?", max(0, limit))

    def of_folder(self, folders: Sequence[str]) -> tuple[Row, ...]:
        """The newest rows whose results go to one of these folders (as they were recorded), newest first."""
        marks = ", ".join("?" * len(folders))
        where = f"WHERE output_dir IN ({marks}) AND {_IS_A_JOB} ORDER BY row_id DESC LIMIT 20000"
        return self._rows(where, *map(to_text, folders))

    def listed(
        self, limit: int, *, unsaved_of: Sequence[str] | None = None, unsuccessful: bool = False
    ) -> Iterator[Row]:
        """The newest rows as a list shows them, newest first: without what was sent, the answer, aliases and URLs.

        They are read a page at a time, so that a long list takes no memory; ``unsaved_of``: as in
        :meth:`unsaved_rows`, of these providers; ``unsuccessful`` leaves out those that are open or saved.
        """
        reader = Reader(_NOT_LISTED)
        names = ", ".join(reader.columns)
        kept, those = f"AND {_IS_A_JOB}", tuple(map(to_text, unsaved_of or ()))
        if unsaved_of is not None:
            kept = f"AND state = 'ended' AND result = 'succeeded' AND provider IN ({', '.join('?' * len(those))})"
        kept += " AND state IN ('intent', 'sending', 'rejected', 'unknown', 'ended')" if unsuccessful else ""
        page = f"SELECT {names} FROM job WHERE row_id < ? {kept} ORDER BY row_id DESC LIMIT ?"  # noqa: S608 - ours
        before = _BEYOND_EVERY_ROW
        while limit > 0:
            with self._database.reading() as db:
                found = _plainly(db, page, (before, *those, min(limit, _LISTED_AT_ONCE)))
            rows = reader.rows(found)
            yield from map(self._seen, rows)
            limit = limit - len(rows) if len(rows) == _LISTED_AT_ONCE else 0
            before = rows[-1].row_id if rows else 0

    def known_ids(self, provider: str) -> frozenset[str]:
        """Every id and alias of the provider's jobs."""
        query = "SELECT value FROM known_id JOIN job USING (row_id) WHERE provider = ?"
        with self._database.reading() as db:
            return frozenset(as_text(value) for (value,) in db.execute(query, (to_text(provider),)))

    def made(self, sha256: str) -> Row | None:
        """The newest job one of whose saved files has these bytes."""
        where = "WHERE row_id IN (SELECT row_id FROM saved_file WHERE sha256 = ?) ORDER BY row_id DESC LIMIT 1"
        return next(iter(self._rows(where, to_text(sha256))), None)

    def url_for_bytes(self, sha256: str, provider: str, max_age_seconds: float) -> str | None:
        """The provider's URL of a file that we saved with these bytes, while it is fresh."""
        query = """SELECT saved_file.url, ended_at FROM saved_file JOIN job USING (row_id)
                   WHERE sha256 = ? AND provider = ? ORDER BY row_id DESC"""
        now = self._wall()
        with self._database.reading() as db:
            found = db.execute(query, (to_text(sha256), to_text(provider))).fetchall()
        for url, ended_at in found:
            age = max(0.0, now - (ended_at or 0.0))  # a clock set back makes no negative age
            if age <= max_age_seconds:
                return as_text(url)
        return None

    def last_usage(self, provider: str, model: str) -> Json:
        """What the newest job of this model with a recorded usage used; None where there is none."""
        return next(iter(self.usages(provider, model)), None)

    def usages(self, provider: str, model: str) -> tuple[Json, ...]:
        """What jobs of this model used that succeeded, newest first, at most 20.

        One that failed says nothing of the next one's cost, which may have been given back; an open one, nothing yet.
        """
        query = """SELECT usage FROM job WHERE provider = ? AND model = ? AND usage IS NOT NULL
                   AND result = 'succeeded' ORDER BY row_id DESC LIMIT 20"""
        with self._database.reading() as db:
            found = db.execute(query, (to_text(provider), to_text(model))).fetchall()
        return tuple(from_json(usage) for (usage,) in found)

    def expenses(self, *, provider: str | None = None, since: float = 0.0) -> tuple[Expense, ...]:
        """Every job that was or may be paid for, oldest first: by provider, from a time on.

        What was refused or never sent cost nothing and is left out. A job that is about to be sent has no time yet
        and always counts. A job made elsewhere counts when its provider made it, as far as that was told.
        """
        name = to_text(provider)
        where = "(? IS NULL OR provider = ?) AND (at >= ? OR state IN ('intent', 'sending'))"
        return self._expenses(where, name, name, since)

    def expenses_of(self, jobs: Collection[tuple[str, int]]) -> tuple[Expense, ...]:
        """The same of some jobs, by fingerprint and copy, whenever and by whomever they were made."""
        prints = sorted({fingerprint for fingerprint, _ in jobs})
        pages = (prints[start : start + _PAGE] for start in range(0, len(prints), _PAGE))
        found = (self._expenses(f"fingerprint IN ({', '.join('?' * len(page))})", *page) for page in pages)
        return tuple(expense for page in found for expense in page if expense.job in jobs)

    def _expenses(self, where: str, *values: Sql) -> tuple[Expense, ...]:
        query = f"""SELECT row_id, fingerprint, copy, provider, model, state, writer, result, usage,
                    coalesce(sending_at, provider_created_at, created_at) AS at FROM job
                    WHERE state != 'rejected' AND {where} ORDER BY row_id"""  # noqa: S608 - our text
        with self._database.reading() as db:
            found = db.execute(query, values).fetchall()
        seen = ((row, self._fate(row["state"], row["writer"], row["result"])) for row in found)
        return tuple(
            Expense(
                row["row_id"],
                (as_text(row["fingerprint"]), row["copy"]),
                as_text(row["provider"]),
                as_text(row["model"]),
                fate,
                from_json(row["usage"]),
                at,
            )
            for row, fate in seen
            if fate and isinstance(at := row["at"], (int, float))
        )

    def _fate(self, state: str, writer: str, result: str | None) -> Fate | None:
        """What became of a job whose money may be gone; None where nothing was sent."""
        if state in ("intent", "sending") and not self._is_alive(as_text(writer)):
            return "unknown" if state == "sending" else None
        if state in ("ended", "collected"):
            return "succeeded" if result == Result.SUCCEEDED.value else "failed"
        return "open" if state in ("intent", "sending", "accepted") else "unknown"

    def durations(self, provider: str, model: str) -> tuple[float, ...]:
        """How many seconds the newest jobs of this model took that succeeded, newest first, at most 20."""
        query = """SELECT ended_at - coalesce(accepted_at, sending_at) AS took FROM job WHERE provider = ? AND model = ?
                   AND result = 'succeeded' AND took >= 0 ORDER BY row_id DESC LIMIT 20"""
        with self._database.reading() as db:
            return tuple(took for (took,) in db.execute(query, (to_text(provider), to_text(model))))

    def lastings(self, row: Row) -> tuple[tuple[float, float], ...]:
        """How long the newest jobs of the row's provider, key space, model and kind took: intervals of seconds after
        acceptance, in which each was seen to end."""
        query = """SELECT least, most FROM lasting WHERE provider = ? AND key_space = ? AND model = ? AND kind = ?
                   ORDER BY row_id DESC LIMIT 100"""
        alike = map(to_text, (row.provider, row.key_space, row.model, row.kind))
        with self._database.reading() as db:
            found = db.execute(query, tuple(alike)).fetchall()
        return tuple((as_seconds(least), as_seconds(most)) for least, most in found)

    def counts(self) -> dict[State, int]:
        """How many rows stand in each state that occurs."""
        counted: dict[State, int] = {}
        with self._database.reading() as db:
            settled = db.execute(
                "SELECT state, count(*) FROM job "  # noqa: S608 - our text
                f"WHERE state NOT IN ('intent', 'sending') AND {_IS_A_JOB} GROUP BY state"
            ).fetchall()
        for state, number in settled:
            known = State(state) if state in set(State) else State.UNKNOWN
            counted[known] = counted.get(known, 0) + number
        for row in self._rows("WHERE state IN ('intent', 'sending')"):
            counted[row.state] = counted.get(row.state, 0) + 1
        return counted

    def _rows(self, where: str, *values: Sql) -> tuple[Row, ...]:
        with self._database.reading() as db:
            found = [dict(item) for item in db.execute(f"SELECT * FROM job {where}", values)]  # noqa: S608 - our text
        return tuple(self._seen(row_from(item)) for item in found)

    def _seen(self, row: Row) -> Row:
        """The row as it is to be understood now that its writer may be dead."""
        if row.state in (State.INTENT, State.SENDING) and not self._is_alive(row.writer):
            if row.state is State.SENDING:
                return row._replace(state=State.UNKNOWN)
            return row._replace(state=State.REJECTED, error=NEVER_SENT)
        return row

    def _is_alive(self, writer: str) -> bool:
        return locks.is_alive(self._locks, writer)


def _plainly(db: sqlite3.Connection, query: str, values: tuple[Sql, ...]) -> list[tuple[Any, ...]]:
    """Rows as tuples, their text decoded by SQLite itself, which is faster, unless another hand has damaged it."""
    import sqlite3

    cursor, tolerant = db.cursor(), db.text_factory
    cursor.row_factory = None
    try:
        db.text_factory = str
        return cursor.execute(query, values).fetchall()
    except sqlite3.OperationalError:
        db.text_factory = tolerant
        return cursor.execute(query, values).fetchall()
    finally:
        db.text_factory = tolerant


def as_seconds(value: Any) -> float:
    """A number of a column; -1 where another hand damaged it."""
    return float(value) if isinstance(value, (int, float)) else -1.0
