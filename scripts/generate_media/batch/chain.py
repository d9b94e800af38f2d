"""``--chain``: a clip longer than the model makes, as clips that each begin with the last frame of the one before."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import sha256
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple

from ..core import GenerateMediaError, Json, UsageError, parse_json
from ..files import digest_of, is_plain, write_whole
from ..request import MEDIA_FLAGS, Prepared
from .file import LINE_KEYS, Line, Lines
from .ties import Ties

FOLDER = "chains"
LONGEST_CLIP = 60
"""Seconds of one clip that are tried."""
LONGEST_FILM = 600
BEYOND_ALL = 86_400
"""Seconds that no model makes: what takes them knows no limit."""
MAX_BYTES = 1 << 16
_ID = "clip-{}"
_NEAREST = re.compile(r"--duration \S+: \S+ is the nearest")
Values = Mapping[str, Any]
Prepare = Callable[[Values, bool], Prepared]
"""The flags of one clip (names with underscores), and whether a refusal is to name other models → its request. Raises
UsageError, InvalidRequest."""


class Split(NamedTuple):
    """How a length is made. ``clips``: seconds each, one where no chain is needed; ``alone``: what names the models
    that need none; ``known``: whether a document says how long a clip may be."""

    clips: tuple[int, ...]
    alone: tuple[str, ...] = ()
    known: bool = True


def split(values: Values, prepare: Prepare, state: Path, key: str) -> Split:
    """The clips that a wish for ``duration`` seconds takes; a split that was begun with is gone on with.

    ``key`` tells apart who would make it and where. Raises UsageError, and what ``prepare`` raises where the model
    makes no clip at all.
    """
    whole = _seconds(values.get("duration"))
    refusal = _refusal({**values, "duration": str(whole)}, prepare, suggesting=True)
    if refusal is None:
        return Split((whole,), known=_refusal({**values, "duration": str(BEYOND_ALL)}, prepare) is not None)
    alone = tuple(line for line in refusal.guidance if line.startswith("models that can: "))
    digest = chain_digest(values, key)
    clips = _read(state / FOLDER / f"{digest}.json") or _clips(whole, values, prepare, refusal)
    return Split(clips, alone)


def record_split(clips: Sequence[int], state: Path, digest: str) -> None:
    """Keep a split before its first clip is sent: a newer contract would perhaps split otherwise. Raises OSError."""
    kept = state / FOLDER / f"{digest}.json"
    if _read(kept) is None:
        kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(kept, json.dumps({"clips": list(clips)}).encode(), 0o600)


def clip_values(values: Values, clips: Sequence[int]) -> Iterator[dict[str, Any]]:
    """The flags of each clip: the first begins as it was said, each other one with the last frame of the one before;
    only the last one ends as it was said."""
    for number, seconds in enumerate(clips, start=1):
        own = {**values, "duration": str(seconds)}
        if number > 1:
            own["first_frame"] = [f"@{_ID.format(number - 1)}.last-frame"]
        if number < len(clips):
            own["last_frame"] = None
        yield own


def lines_of(wishes: Sequence[Any]) -> Lines:
    """The clips (each a Wanted) as lines that use one another."""
    ids = {_ID.format(number): number for number in range(1, len(wishes) + 1)}
    needs = {number: (number - 1,) for number in range(2, len(wishes) + 1)}
    return Lines([Line(number, wish) for number, wish in enumerate(wishes, start=1)], Ties(ids, needs))


def _seconds(text: object) -> int:
    try:
        value = float(str(text))
    except ValueError:
        value = 0.0
    if not 1 <= value <= LONGEST_FILM:
        raise UsageError(
            "usage",
            "--chain needs the whole film's length",
            guidance=(f"add --duration SECONDS, from 1 to {LONGEST_FILM}",),
            details={"received": str(text)[:40]},
        )
    return ceil(value)


def _refusal(values: Values, prepare: Prepare, *, suggesting: bool = False) -> GenerateMediaError | None:
    """Why a model makes no such clip; None where it does."""
    try:
        prepared = prepare(values, suggesting)
    except GenerateMediaError as error:
        return error
    near = any(map(_NEAREST.match, prepared.request.warnings))
    return UsageError("bad_value", "another length is the nearest one that the model makes") if near else None


def _clips(whole: int, values: Values, prepare: Prepare, refusal: GenerateMediaError) -> tuple[int, ...]:
    first, last = _lengths(values, prepare, whole)
    if not first:
        raise refusal
    if not last:
        _, follower = clip_values(values, (first[0], first[0]))
        raise _refusal(follower, prepare, suggesting=True) or refusal
    return best_split(whole, first, last)


def _lengths(values: Values, prepare: Prepare, whole: int) -> tuple[list[int], list[int]]:
    """The lengths of a first clip that the model makes, and those of a follower, which may be others."""
    tried = range(1, min(whole, LONGEST_CLIP) + 1)
    pairs = [(seconds, list(clip_values(values, (seconds, seconds)))) for seconds in tried]
    first = [seconds for seconds, (one, _) in pairs if _refusal(one, prepare) is None]
    return first, [seconds for seconds, (_, other) in pairs if _refusal(other, prepare) is None]


def best_split(whole: int, first: Sequence[int], others: Sequence[int]) -> tuple[int, ...]:
    """The fewest clips that make ``whole`` seconds, or the least more than that; the longer ones come first."""
    most = whole + max([*first, *others])
    fewest: list[tuple[int, ...] | None] = [()] + [None] * most
    for total in range(1, most + 1):
        ways = [(*before, clip) for clip in others if clip <= total and (before := fewest[total - clip]) is not None]
        fewest[total] = min(ways, key=_rank, default=None)
    for total in range(whole, most + 1):
        found = [(clip, *rest) for clip in first if clip <= total and (rest := fewest[total - clip]) is not None]
        if found:
            return min(found, key=_rank)
    raise AssertionError("one clip more always passes the length")


def _rank(clips: Sequence[int]) -> tuple[int, list[int]]:
    return len(clips), [-clip for clip in clips]


def chain_digest(values: Values, key: str) -> str:
    """What a chain is known by: all that was said of what it shows, files by their bytes."""
    names = (name.replace("-", "_") for name in sorted(LINE_KEYS))
    said = {name: _said(name, values[name]) for name in names if values.get(name) not in (None, [], False)}
    return sha256(json.dumps([key, said], sort_keys=True, default=str).encode("utf-8", "surrogatepass")).hexdigest()


def _said(name: str, value: Any) -> Any:
    if name not in MEDIA_FLAGS:
        return value
    return [digest_of(Path(one).expanduser())[1] if is_plain(Path(one).expanduser()) else str(one) for one in value]


def _read(path: Path) -> tuple[int, ...] | None:
    if not is_plain(path, MAX_BYTES):
        return None
    found: Json = parse_json(path.read_text(encoding="utf-8", errors="replace"))
    clips = found.get("clips") if isinstance(found, dict) else None
    if not isinstance(clips, list) or not all(type(clip) is int and 0 < clip <= LONGEST_FILM for clip in clips):
        return None
    return tuple(clip for clip in clips if isinstance(clip, int))
