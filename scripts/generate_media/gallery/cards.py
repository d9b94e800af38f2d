"""Sidecars read back, as a gallery shows them: one card a file, one card a job that has none. Nothing is trusted.

A file whose sidecar is not there is shown by its label, where it has one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from unicodedata import normalize

from ..core import cut_fields
from ..files import is_plain, read_label, read_sidecar
from ..media import HEAD_BYTES, identify, measure

_SEED_DEPTH = 4


@dataclass(frozen=True)
class Card:
    """One thing to show. ``kind`` is image, video, audio, failed or missing; texts are raw, as they came."""

    kind: str
    file: str
    """The plain name of a file in the folder; empty where there is none."""
    prompt: str
    provider: str
    model: str
    seed: str
    status: str
    reason: str
    code: str
    generation_id: str
    sandbox: bool
    ended_at: float
    """Unix seconds, 0 where unknown: the order of the page."""
    elapsed_seconds: float
    position: str = ""
    role: str = ""
    width: int = 0
    height: int = 0
    duration_seconds: float = 0.0
    size_bytes: int = 0

    @property
    def search(self) -> str:
        """What the filter looks through, in lower case."""
        parts = (self.prompt, self.model, self.provider, self.seed, self.status, self.reason, self.code)
        words = " ".join((*parts, self.generation_id, self.file, self.role))
        return normalize("NFKC", words + (" sandbox" if self.sandbox else "")).lower()


def read_cards(folder: Path) -> tuple[Card, ...]:
    """All cards of a folder, newest first. Only plain files right inside it are read; other JSON is passed over.

    Raises OSError when the folder cannot be listed.
    """
    jobs = []
    with os.scandir(folder) as entries:
        names = sorted(entry.name for entry in entries if not entry.name.startswith("."))
    for name in names:
        record = read_sidecar(folder / name) if name.endswith(".json") else None
        if record is not None and isinstance(record.get("outputs"), list):
            cards = tuple(_cards(cut_fields(record), folder))
            jobs.append((-cards[0].ended_at, name, cards))
    told = {card.file for _, _, cards in jobs for card in cards}
    for name in names:
        card = _labelled(folder / name) if name not in told and _file_name(name) else None
        if card is not None:
            jobs.append((-card.ended_at, name, (card,)))
    return tuple(card for _, _, cards in sorted(jobs, key=lambda job: job[:2]) for card in cards)


def _cards(record: Mapping[str, Any], folder: Path) -> Iterator[Card]:
    rows = [row for row in record["outputs"] if isinstance(row, dict)]
    failed = record.get("result") not in ("succeeded", None, "") or isinstance(record.get("error"), dict)
    if not rows:
        yield _card(record, kind="failed" if failed else "missing")
    for number, row in enumerate(rows, 1):
        name = _file_name(row.get("path"))
        kind = _kind(folder / name) if name else ""
        yield _card(
            record,
            kind=kind or "missing",
            file=name if kind else "",
            reason="" if kind else (f"{name} is not here any more" if name else "it was not saved here"),
            position=f"{number} of {len(rows)}" if len(rows) > 1 else "",
            role=_word(row.get("role")),
            width=_whole(row.get("width")),
            height=_whole(row.get("height")),
            duration_seconds=_number(row.get("duration_seconds")),
            size_bytes=_whole(row.get("bytes")),
        )


def _card(record: Mapping[str, Any], *, kind: str, **more: Any) -> Card:
    error = record.get("error")
    error = error if isinstance(error, dict) else {}
    return Card(
        kind=kind,
        file=more.pop("file", ""),
        prompt=_word(record.get("prompt")).strip(),
        provider=_word(record.get("provider")),
        model=_word(record.get("model")),
        seed=_seed(record.get("request")) or _seed(record.get("response")),
        status=_word(record.get("status")) or _word(record.get("result")),
        reason=more.pop("reason", "") or _word(error.get("message")),
        code=_word(error.get("error") or error.get("code")),
        generation_id=_word(record.get("generation_id")),
        sandbox=record.get("sandbox") is True,
        ended_at=_moment(record.get("ended_at")) or _moment(record.get("created_at")),
        elapsed_seconds=_number(record.get("elapsed_seconds")),
        **more,
    )


def _labelled(path: Path) -> Card | None:
    """A card of what a file's own label says; None where it has none."""
    kind = _kind(path)
    label = read_label(path) if kind else None
    if label is None:
        return None
    made = {"prompt": label.prompt, "provider": label.provider, "model": label.model, "created_at": label.created_at}
    record = {**made, "generation_id": label.handle, "request": {"seed": label.seed}}
    size = measure(path, _media_type(path))
    return _card(
        cut_fields(record),
        kind=kind,
        file=path.name,
        width=size.width or 0,
        height=size.height or 0,
        duration_seconds=size.duration_seconds or 0.0,
    )


def _kind(path: Path) -> str:
    """image, video or audio, by the file's own bytes; empty for what is none of these, or not there."""
    return _media_type(path).split("/")[0]


def _media_type(path: Path) -> str:
    if not is_plain(path):
        return ""
    try:
        with path.open("rb") as file:
            return identify(file.read(HEAD_BYTES)) or ""
    except OSError:
        return ""


def _file_name(value: object) -> str:
    name = _word(value)
    plain = name == os.path.basename(name) and name not in ("", ".", "..") and not set(name) & set("/\\\0:")
    return name if plain and name.isprintable() else ""


def _seed(body: object, depth: int = _SEED_DEPTH) -> str:
    """The first ``seed`` in a request or answer, nearest the top."""
    if depth == 0 or not isinstance(body, (dict, list)):
        return ""
    if isinstance(body, dict):
        seed = body.get("seed")
        if isinstance(seed, (int, str)) and not isinstance(seed, bool) and str(seed):
            return str(seed)[:40]
    inner: Sequence[Any] = list(body.values()) if isinstance(body, dict) else body[:20]
    return next(filter(None, (_seed(value, depth - 1) for value in inner)), "")


def _word(value: object) -> str:
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else ""


def _number(value: object) -> float:
    good = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 1e12
    return float(value) if good else 0.0  # type: ignore[arg-type]


def _whole(value: object) -> int:
    return int(_number(value)) if isinstance(value, int) else 0


def _moment(value: object) -> float:
    """Unix seconds from a number or an ISO 8601 text; 0 for what is neither."""
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp()
        except (ValueError, OverflowError, OSError):
            return 0.0
    return _number(value)
