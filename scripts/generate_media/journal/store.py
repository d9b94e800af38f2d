"""The journal's one writer: claim a job, then write each step before the next begins."""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..core import OURS, Json, RemoteOutput, Result, cut_keys_everywhere, without_bytes, without_none
from . import locks, witness
from .columns import new_columns, own_json, said, to_json, to_remote, to_text
from .database import Database
from .failures import IdAlreadyKnown, IllegalTransition, unwritable
from .queries import Queries
from .rows import Claim, ClaimKind, NewJob, Row, State, local_id
from .schema import index_files
from .steps import (
    Columns,
    aliased,
    allowed,
    forget,
    get,
    insert,
    is_put_off,
    know,
    meaning,
    newest,
    owned_elsewhere,
    remember_lasting,
    row_of_id,
    update,
    urls,
)

if TYPE_CHECKING:
    import sqlite3


class Journal(Queries):
    """The record of all jobs of a state folder, shared by any number of threads and processes.

    Every method raises JournalWriteError (``journal_write_failed``, ``journal_busy``, ``journal_corrupt``)
    where its step is not on disk, and IllegalTransition where the caller has a bug.
    """

    def __init__(self, database: Database, wall: Callable[[], float]) -> None:
        super().__init__(database, wall)
        self._writer = locks.Writer(self._locks)
        _open_journals.add(self)

    @classmethod
    def open(cls, folder: Path, *, wall: Callable[[], float] = time.time, read_only: bool = False) -> Journal:
        """Opens, makes or migrates the journal of a folder.

        ``read_only`` makes nothing: a missing journal reads as empty, one in a read-only folder can be read.
        Raises StorageError ``state_unwritable``, ``state_on_network_filesystem``, ``journal_newer``,
        ``journal_corrupt`` (set aside, a new one begun), ``journal_lost`` (rows are gone; said once),
        ``state_not_private``, ``journal_busy``, ``journal_write_failed``.
        """
        return cls(Database(folder.absolute(), read_only=read_only), wall)

    def close(self) -> None:
        """Rows of this writer still in intent or sending are a dead writer's from now on."""
        self._database.close()
        self._writer.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def claim(self, new: NewJob, *, force_new: bool = False, allow: Callable[[Row], None] = lambda row: None) -> Claim:
        """Decides, in one transaction, what a run of this job has to do; see ClaimKind.

        The newest row of the fingerprint and copy decides. ``force_new`` makes a row of its own. ``allow`` is asked
        inside the transaction about a row that is to be sent: it may look into the journal, which no other process
        changes meanwhile, and what it raises leaves the journal as it was.
        """
        writer = self._writer_name()
        with self._database.transaction() as db:
            claim = self._claimed(db, new, writer, force_new)
            if claim.kind is ClaimKind.CREATED:
                allow(claim.row)
        if claim.kind is ClaimKind.CREATED:
            witness.saw(self._database.folder, claim.row.row_id)
        return claim

    def _claimed(self, db: sqlite3.Connection, new: NewJob, writer: str, force_new: bool) -> Claim:
        row = newest(db, new)
        if row is not None and row.state is State.SENDING and not self._is_alive(row.writer):
            update(db, row.row_id, {"state": State.UNKNOWN.value})
            row = get(db, row.row_id)
        if row is not None and row.state is State.INTENT and not self._is_alive(row.writer):
            update(db, row.row_id, new_columns(new) | {"writer": writer})
            return Claim(ClaimKind.CREATED, get(db, row.row_id))
        kind = ClaimKind.CREATED if row is None or force_new else meaning(row)
        if row is None or kind is ClaimKind.CREATED:
            if row is not None and is_put_off(row):
                forget(db, row.row_id)
            row = insert(db, new, {"writer": writer, "state": State.INTENT.value, "created_at": self._wall()})
        return Claim(kind, row)

    def sending(self, row_id: int, *, key_fingerprint: str | None = None, base_url: str | None = None) -> None:
        """The create is about to be sent, with this key to this host. Raises IllegalTransition for another's row."""
        with self._database.transaction() as db:
            row = allowed(db, row_id, State.SENDING)
            if row.writer != self._writer_name():
                raise IllegalTransition(f"row {row_id} is held by another writer")
            changes: Columns = {"state": State.SENDING.value, "sending_at": self._wall()}
            given = {"key_fingerprint": to_text(key_fingerprint), "base_url": to_text(base_url)}
            update(db, row_id, changes | without_none(given))

    def retreat(self, row_id: int) -> None:
        """What was sent provably created nothing and will be tried again: back to intent."""
        with self._database.transaction() as db:
            allowed(db, row_id, State.INTENT)
            update(db, row_id, {"state": State.INTENT.value})

    def accepted(
        self,
        row_id: int,
        *,
        generation_id: str,
        aliases: Iterable[tuple[str, str]] = (),
        status: str = "",
        provider_created_at: float | None = None,
        usage: Json = None,
    ) -> None:
        """The id is known. From unknown, or a dead writer's sending, for a job found in the provider's list.

        Raises IdAlreadyKnown where such a job belongs to another row by now.
        """
        with self._database.transaction() as db:
            row = allowed(db, row_id, State.ACCEPTED)
            if row.generation_id not in (None, generation_id):
                raise IllegalTransition(f"row {row_id} has the id {row.generation_id!r} already")
            lost = row.state is State.UNKNOWN or (row.state is State.SENDING and row.writer != self._writer_name())
            if lost and owned_elsewhere(db, row, generation_id):
                raise IdAlreadyKnown(f"{generation_id!r} belongs to another row")
            changes: Columns = {"state": State.ACCEPTED.value, "generation_id": to_text(generation_id), "error": None}
            changes |= {"status": said(status or row.status), "accepted_at": row.accepted_at or self._wall()}
            optional: Columns = {"provider_created_at": provider_created_at}
            optional["usage"] = to_json(usage)
            update(db, row_id, changes | without_none(optional) | aliased(db, row, aliases))
            know(db, row_id, generation_id)

    def rejected(self, row_id: int, error: Json) -> None:
        """Nothing was created: refused by the provider, or given up before sending.

        ``error`` None: nothing was wrong with it either, its run's time was up before its turn. Such a row is no job to
        whoever asks, and the next one of its fingerprint takes its place.
        """
        with self._database.transaction() as db:
            allowed(db, row_id, State.REJECTED)
            update(db, row_id, {"state": State.REJECTED.value, "error": to_json(error)})

    def unknown(self, row_id: int, error: Json) -> None:
        """The create was sent and its answer is lost."""
        with self._database.transaction() as db:
            allowed(db, row_id, State.UNKNOWN)
            update(db, row_id, {"state": State.UNKNOWN.value, "error": to_json(error)})

    def status(self, row_id: int, status: str, aliases: Iterable[tuple[str, str]] | None = None) -> None:
        """The provider's newest word for an open job. A word that comes after the end changes nothing."""
        with self._database.transaction(durable=False) as db:
            row = get(db, row_id)
            if row.state is State.ACCEPTED:
                update(db, row_id, {"status": said(status)} | aliased(db, row, aliases or ()))

    def ended(
        self,
        row_id: int,
        *,
        status: str,
        result: str,
        remote: Sequence[RemoteOutput],
        usage: Json,
        response: Json,
        error: Json = None,
        generation_id: str | None = None,
        lasted: tuple[float, float] | None = None,
        durable: bool = True,
    ) -> None:
        """The job reached an end; straight from sending for a synchronous result, which gets a local id.

        Repeated, it renews the URLs. A success is never overwritten by another end: a picture that was made
        stays made, whatever a later cancel or expiry says. ``durable`` False is for an end that the provider will
        tell again: a kill cannot lose it, a power cut may. ``lasted`` is how many seconds after its acceptance it was
        last seen running, and first seen done.
        """
        with self._database.transaction(durable=durable) as db:
            row = allowed(db, row_id, State.ENDED)
            if row.result == Result.SUCCEEDED.value != result:
                return
            known = row.generation_id or generation_id or local_id(row.fingerprint, row.ordinal)
            state = State.COLLECTED if row.state is State.COLLECTED and row.result == result else State.ENDED
            changes: Columns = {"state": state.value, "generation_id": to_text(known), "status": said(status)}
            changes |= {"result": result, "remote": to_remote(remote), "response": to_json(response)}
            changes |= {"usage": to_json(row.usage if usage is None else usage), "error": to_json(error)}
            renewed = row.ended_at is None or urls(row.remote) != urls(remote)
            update(db, row_id, changes | {"ended_at": self._wall() if renewed else row.ended_at})
            know(db, row_id, known)
            if lasted is not None:
                remember_lasting(db, row, lasted)

    def collected(self, row_id: int, *, saved: Json, output_dir: str) -> None:
        """The files are on disk. Again after they were fetched again, perhaps elsewhere."""
        saved = cut_keys_everywhere(saved, OURS)
        with self._database.transaction(durable=False) as db:
            allowed(db, row_id, State.COLLECTED)
            changes: Columns = {"state": State.COLLECTED.value, "saved": own_json(without_bytes(saved))}
            update(db, row_id, changes | {"output_dir": to_text(output_dir)})
            index_files(db, row_id, saved)

    def not_saved(self, row_id: int, error: Json, *, saved: Json = None, output_dir: str = "") -> None:
        """A job that succeeded left no file, or only those in ``saved``: why. Its end and its URLs stay as they are."""
        saved = cut_keys_everywhere(saved, OURS)
        with self._database.transaction(durable=False) as db:
            if allowed(db, row_id, State.ENDED).state is not State.ENDED:
                return
            update(db, row_id, {"error": to_json(error)})
            if saved:
                update(db, row_id, {"saved": own_json(without_bytes(saved)), "output_dir": to_text(output_dir)})
                index_files(db, row_id, saved)

    def adopt(self, new: NewJob, generation_id: str) -> Row:
        """The row of an id that was made elsewhere, in accepted; the one there is, if there is one."""
        with self._database.transaction() as db:
            known = row_of_id(db, new.provider, new.key_space, generation_id)
            if known is not None:
                return known
            now = self._wall()
            extra: Columns = {"state": State.ACCEPTED.value, "generation_id": to_text(generation_id)}
            row = insert(db, new, extra | {"created_at": now, "accepted_at": now})
            know(db, row.row_id, generation_id)
            return row

    def disown(self, row_id: int) -> None:
        """Forget an id that was made elsewhere and that its provider never knew: a slip of the keyboard is no job."""
        with self._database.transaction() as db:
            row = get(db, row_id)
            if row.state is State.ACCEPTED and not row.fingerprint and not row.status:
                forget(db, row_id)

    def forget_writer(self) -> None:
        """In a forked child: its rows are its own, the parent's stay the parent's."""
        self._writer.forget()

    def _writer_name(self) -> str:
        try:
            return self._writer.name()
        except OSError as error:
            raise unwritable(self._database.folder, error.strerror or str(error)) from error


def _after_fork_in_child() -> None:
    for journal in list(_open_journals):
        journal.forget_writer()


_open_journals: weakref.WeakSet[Journal] = weakref.WeakSet()

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
