"""The order of a batch's lines, kept beside the results for the gallery."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..gallery import FILM_LINE, place_of, record_batch
from ..request import JobSpec, awaited_in

if TYPE_CHECKING:
    from ..job import Session
    from .film import Film
    from .jobs import Job


class Places:
    """A line is in it as soon as its job is known: a follower's, once what it needs is there. The film comes first."""

    def __init__(self, session: Session, file: Path | None, shard: str, film: Film | None) -> None:
        self._session, self._file, self._shard = session, file, shard
        self._folder = session.options.output_folder()
        self._lines = {} if film is None else {place_of(film.place, 0): FILM_LINE}
        self._lock = threading.Lock()

    def begin(self, jobs: Sequence[Job]) -> None:
        """All jobs that wait for no other."""
        for job in jobs:
            if not any(awaited_in(job.prepared.request.body)):
                provider = job.prepared.provider
                space = self._session.key_space(provider, self._session.base_url(provider))
                self._put(job.line, job.prepared.spec(space, copy=job.copy))
        self._write()

    def add(self, line: int, spec: JobSpec) -> None:
        """One more, by whichever thread runs it."""
        with self._lock:
            self._put(line, spec)
            self._write()

    def _put(self, line: int, spec: JobSpec) -> None:
        self._lines[place_of(spec.fingerprint, spec.copy)] = line

    def _write(self) -> None:
        if self._file is not None and self._folder is not None and self._lines:
            record_batch(self._folder, self._file, self._shard, self._lines)
