"""Jobs on disk, one JSON file each, so that they survive a restart and another process finds them.

Written by rename, so that a reader never sees half a job; without a folder they live in memory.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from ..core import Json
from ..journal import make_folder
from .jobs import Job, Output

MAX_JOBS = 20_000
MAX_TEXT = 20_000


class StoreFull(Exception):
    """More jobs than the sandbox holds (MAX_JOBS)."""


class Store:
    """Jobs by id or alias. Safe from many threads; several processes may share a folder."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._memory: dict[str, str] = {}
        self._lock = threading.Lock()
        self._count = 0
        if folder is not None:
            make_folder(folder)
            self._count = sum(1 for name in os.listdir(folder) if name.startswith("job-"))

    def add(self, job: Job) -> None:
        """Store a new job and its aliases. Raises StoreFull."""
        with self._lock:
            if self._count >= MAX_JOBS:
                raise StoreFull(f"the sandbox holds {MAX_JOBS} jobs at most")
            self._count += 1
        self.write(job)
        for alias in job.aliases:
            self._write_text(_name("alias", alias), json.dumps(job.id))

    def write(self, job: Job) -> None:
        self._write_text(_name("job", job.id), json.dumps(asdict(job)))

    def get(self, id_or_alias: str) -> Job | None:
        text = self._read_text(_name("job", id_or_alias))
        if text is None:
            alias = self._read_text(_name("alias", id_or_alias))
            text = None if alias is None else self._read_text(_name("job", json.loads(alias)))
        return None if text is None else _job(json.loads(text))

    def remove(self, job: Job) -> None:
        with self._lock:
            self._count -= 1
        for name in (_name("job", job.id), *(_name("alias", alias) for alias in job.aliases)):
            self._memory.pop(name, None)
            if self._folder is not None:
                (self._folder / name).unlink(missing_ok=True)

    def all(self) -> list[Job]:
        """Every job, newest first."""
        names = list(self._memory) if self._folder is None else os.listdir(self._folder)
        texts = (self._read_text(name) for name in names if name.startswith("job-"))
        return sorted((_job(json.loads(text)) for text in texts if text), key=lambda job: -job.created_at)

    def _read_text(self, name: str) -> str | None:
        if self._folder is None:
            return self._memory.get(name)
        try:
            return (self._folder / name).read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def _write_text(self, name: str, text: str) -> None:
        if self._folder is None:
            self._memory[name] = text
            return
        temporary = self._folder / f"new-{os.getpid()}-{threading.get_ident()}"
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, self._folder / name)


def abbreviated(value: Any) -> Json:
    """A body as it is kept: strings longer than MAX_TEXT (media) are cut and say so."""
    if isinstance(value, str):
        return value if len(value) <= MAX_TEXT else f"{value[:80]}… ({len(value)} characters)"
    if isinstance(value, Mapping):
        return {str(key): abbreviated(item) for key, item in value.items()}
    if isinstance(value, list):
        return [abbreviated(item) for item in value]
    return value  # type: ignore[no-any-return]


def _name(sort: str, key: str) -> str:
    """Ids may be hostile or numeric, so file names are their hashes."""
    return f"{sort}-{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}.json"


def _job(row: dict[str, Any]) -> Job:
    known = {field.name for field in fields(Job)}
    values = {"id_prefix": ""} | {name: value for name, value in row.items() if name in known}
    values["outputs"] = tuple(Output(**output) for output in row["outputs"])
    values |= {"aliases": tuple(row["aliases"]), "traits": tuple(row["traits"])}
    return Job(**values)
