"""What a gallery shows: one card a file, one card a job that left none. Nothing in a sidecar or a journal is trusted.

A file whose job is not known is shown by its label, where it has one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..config import Settings
from ..core import Category, Clock, cut_fields
from ..files import is_plain, read_label
from ..job import is_result_lost
from ..journal import Row
from ..media import HEAD_BYTES, identify, measure
from ..providers import adapter_for, classify_job_failure
from .batches import Place, read_batches
from .facts import Cost, cost_of, moment, number, seed_of, whole, word
from .fates import NOT_FETCHED, NOT_HERE, Fate, code_of, fate_of
from .records import Job, entries, read_jobs
from .references import Reference, index_of, references_of
from .strays import with_strays
from .ways import NO_WAYS, Ways, ways_of

FETCH_SECONDS = 120.0
"""So long after its end a job's file is taken to be on its way."""
NO_FATE = Fate("", "", "", "", "")


@dataclass(frozen=True)
class Card:
    """One thing to show. ``kind`` is image, video, audio, failed, missing or open; texts are raw, as they came."""

    kind: str
    file: str
    """The plain name of a file in the folder; empty where there is none."""
    prompt: str
    provider: str
    model: str
    seed: str
    status: str
    fate: Fate
    reason: str
    """The provider's words, or the name of the file that is not here."""
    code: str
    generation_id: str
    sandbox: bool
    created_at: float
    ended_at: float
    """Unix seconds, 0 where unknown: the order of the page."""
    elapsed_seconds: float
    cost: Cost
    key: str = ""
    """Names the card in the page's address."""
    ways: Ways = NO_WAYS
    references: tuple[Reference, ...] = ()
    place: Place | None = None
    position: str = ""
    role: str = ""
    width: int = 0
    height: int = 0
    duration_seconds: float = 0.0
    size_bytes: int = 0
    thumbnail: bool = False


def read_cards(
    folder: Path,
    rows: Sequence[tuple[Row, bool]] = (),
    settings: Settings | None = None,
    config: str | None = None,
    environ: Mapping[str, str] | None = None,
) -> tuple[Card, ...]:
    """All cards of a folder: batches in the order of their lines, everything newest first. Only plain files right
    inside it are read; other JSON is passed over. ``rows`` are the journal's (with: of the sandbox?);
    ``environ``, where it is given, says where the journal lies that may know a file from elsewhere.

    Raises OSError when the folder cannot be listed.
    """
    names = entries(folder)
    jobs = with_strays(folder, read_jobs(folder, rows, names), names, environ)
    reader = _Reader(folder, settings, config, index_of([job.record for job in jobs]), read_batches(folder))
    cards = [card for job in jobs for card in reader.cards(job)]
    told = {card.file for card in cards}
    labelled = (_labelled(folder / name) for name in names if name not in told and file_name(name))
    return ordered([*cards, *(card for card in labelled if card is not None)])


def ordered(cards: Sequence[Card]) -> tuple[Card, ...]:
    """By batch in the order of its lines, batches and single jobs newest first."""
    newest: dict[str, float] = {}
    for card in cards:
        group = _group(card)
        newest[group] = max(newest.get(group, 0.0), card.ended_at)

    def rank(item: tuple[int, Card]) -> tuple[Any, ...]:
        at, card = item
        group = _group(card)
        return -newest[group], group, card.place.line if card.place else 0, -card.created_at, at

    return tuple(card for _, card in sorted(enumerate(cards), key=rank))


def _group(card: Card) -> str:
    return f"batch {card.place.key}" if card.place else f"job {card.key.rpartition('.')[0]}"


@dataclass(frozen=True)
class _Reader:
    folder: Path
    settings: Settings | None
    config: str | None
    index: Mapping[str, str]
    places: Mapping[str, Place]

    def _is_lost(self, row: Row | None) -> bool:
        if row is None or self.settings is None:
            return False
        provider = self.settings.providers.get(row.provider)
        return is_result_lost(provider, row, Clock(self.settings.scale_at(row.base_url)))

    def cards(self, job: Job) -> Iterator[Card]:
        """One card an output, or one for a job that left none."""
        outputs = [row for row in job.record["outputs"] if isinstance(row, dict)]
        state = job.row.state if job.row else None
        is_fresh = time.time() - moment(job.record.get("ended_at")) < FETCH_SECONDS
        category, is_lost = self._category(job.record), self._is_lost(job.row)
        fate = fate_of(job.record, state, category, is_lost=is_lost, is_fresh=is_fresh)
        if not outputs:
            yield self._card(job, 1, fate=fate, kind=fate.kind)
        for nth, row in enumerate(outputs, 1):
            name = file_name(row.get("path"))
            kind = kind_of(self.folder / name) if name else ""
            here = NO_FATE if kind else NOT_HERE if name else fate if fate.kind == "missing" else NOT_FETCHED
            yield self._card(
                job,
                nth,
                fate=here,
                kind=kind or here.kind,
                file=name if kind else "",
                reason=name if not kind else "",
                position=f"{nth} of {len(outputs)}" if len(outputs) > 1 else "",
                role=word(row.get("role")),
                width=whole(row.get("width")),
                height=whole(row.get("height")),
                duration_seconds=number(row.get("duration_seconds")),
                size_bytes=whole(row.get("bytes")),
            )

    def _card(self, job: Job, nth: int, *, kind: str, fate: Fate, file: str = "", **more: Any) -> Card:
        record = job.record
        error = record.get("error")
        card = card_of(record, kind=kind, fate=fate, file=file, **more)
        told = word(error.get("message")) if isinstance(error, dict) and not file else ""
        made = bool(file) or record.get("result") == "succeeded"
        return replace(
            card,
            key=f"{job.name}.{nth}",
            reason=card.reason or told,
            code="" if file or fate is NOT_HERE else code_of(record),
            ways=ways_of(record, job.row, self.folder, file, made=made, config=self.config),
            references=references_of(record.get("request"), self.index),
            place=self.places.get(job.place),
        )

    def _category(self, record: Mapping[str, Any]) -> str:
        """The classifier's word for a record's error: kept with it, or found by the provider's table."""
        error = record.get("error")
        known = word(error.get("category")) if isinstance(error, dict) else ""
        provider = self.settings.providers.get(word(record.get("provider"))) if self.settings else None
        if provider is None or not isinstance(error, dict) or known not in ("", Category.UNKNOWN.value):
            return known
        rules = adapter_for(provider.protocol).errors
        found = classify_job_failure(code_of(record), word(error.get("message")), rules)
        return known if found is Category.UNKNOWN else found.value


def card_of(record: Mapping[str, Any], *, kind: str, fate: Fate = NO_FATE, file: str = "", **more: Any) -> Card:
    """A card of what a record says of its job."""
    return Card(
        kind=kind,
        file=file,
        fate=fate,
        prompt=word(record.get("prompt")).strip(),
        provider=word(record.get("provider")),
        model=word(record.get("model")),
        seed=seed_of(record.get("request")) or seed_of(record.get("response")),
        status=word(record.get("status")) or word(record.get("result")),
        reason=more.pop("reason", ""),
        code="",
        generation_id=word(record.get("generation_id")),
        sandbox=record.get("sandbox") is True,
        created_at=moment(record.get("created_at")),
        ended_at=moment(record.get("ended_at")) or moment(record.get("created_at")),
        elapsed_seconds=number(record.get("elapsed_seconds")),
        cost=cost_of(record.get("usage")),
        **more,
    )


def _labelled(path: Path) -> Card | None:
    """A card of what a file's own label says; None where it has none."""
    kind = kind_of(path)
    label = read_label(path) if kind else None
    if label is None:
        return None
    made = {"prompt": label.prompt, "provider": label.provider, "model": label.model, "created_at": label.created_at}
    record = {**made, "generation_id": label.handle, "request": {"seed": label.seed}}
    size = measure(path, media_type(path))
    return card_of(
        cut_fields(record),
        kind=kind,
        file=path.name,
        key=f"{path.name}.1",
        width=size.width or 0,
        height=size.height or 0,
        duration_seconds=size.duration_seconds or 0.0,
    )


def kind_of(path: Path) -> str:
    """image, video or audio, by the file's own bytes; empty for what is none of these, or not there."""
    return media_type(path).split("/")[0]


def media_type(path: Path) -> str:
    """By the first bytes of a plain file; empty for any other."""
    if not is_plain(path):
        return ""
    try:
        with path.open("rb") as file:
            return identify(file.read(HEAD_BYTES)) or ""
    except OSError:
        return ""


def file_name(value: object) -> str:
    """A name that means a file right in the folder; empty for any other."""
    name = word(value)
    plain = name == os.path.basename(name) and name not in ("", ".", "..") and not set(name) & set("/\\\0:")
    return name if plain and name.isprintable() else ""
