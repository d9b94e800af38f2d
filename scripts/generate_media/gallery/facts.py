"""Single facts out of records that nobody vouches for: words, numbers, times, a seed, a cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

_SEED_DEPTH = 4
_UNITS: Mapping[str, str] = {
    "credits": "credits",
    "total": "credits",
    "total_tokens": "tokens",
    "completion_tokens": "tokens",
    "generated_images": "pictures",
}
"""What a usage object counts, by the name that it has there, the first that is known: skills.video credits in
``total``, Ark tokens, Agnes pictures (see references/)."""


class Cost(NamedTuple):
    """What a job used, in its provider's own unit; no unit where nothing is known."""

    amount: float = 0.0
    unit: str = ""


def cost_of(usage: object) -> Cost:
    """What a usage object says of the cost."""
    for name, unit in _UNITS.items():
        value = usage.get(name) if isinstance(usage, dict) else None
        if number(value) and isinstance(value, (int, float)):
            return Cost(float(value), unit.removesuffix("s") if value == 1 else unit)
    return Cost()


def seed_of(body: object, depth: int = _SEED_DEPTH) -> str:
    """The first ``seed`` in a request or answer, nearest the top."""
    if depth == 0 or not isinstance(body, (dict, list)):
        return ""
    if isinstance(body, dict):
        seed = body.get("seed")
        if isinstance(seed, (int, str)) and not isinstance(seed, bool) and str(seed):
            return str(seed)[:40]
    inner: Sequence[Any] = list(body.values()) if isinstance(body, dict) else body[:20]
    return next(filter(None, (seed_of(value, depth - 1) for value in inner)), "")


def word(value: object) -> str:
    """A text, or a whole number as text; empty for anything else."""
    return value if isinstance(value, str) else str(value) if isinstance(value, int) else ""


def number(value: object) -> float:
    """A number above 0 and below 1e12; else 0."""
    good = isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 1e12
    return float(value) if good else 0.0  # type: ignore[arg-type]


def whole(value: object) -> int:
    """The same for a whole number."""
    return int(number(value)) if isinstance(value, int) else 0


def moment(value: object) -> float:
    """Unix seconds from a number or an ISO 8601 text; 0 for what is neither."""
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp()
        except (ValueError, OverflowError, OSError):
            return 0.0
    return number(value)


def ratio(width: int, height: int) -> str:
    """The nearest of the usual ratios, within 2 %; ``w:h`` in lowest terms has few readers."""
    if not width or not height:
        return ""
    usual = ((1, 1), (16, 9), (9, 16), (4, 3), (3, 4), (3, 2), (2, 3), (5, 4), (4, 5), (21, 9), (9, 21), (2, 1), (1, 2))
    near = min(usual, key=lambda pair: abs(width * pair[1] / (height * pair[0]) - 1))
    return f"{near[0]}:{near[1]}" if abs(width * near[1] / (height * near[0]) - 1) < 0.02 else ""


def size_word(width: int, height: int, kind: str) -> str:
    """1K, 2K, 4K for a picture by its pixels (a square of 1,024 is 1K), 720p and so on for a clip by its short side."""
    if not width or not height:
        return ""
    if kind == "video":
        side = min(width, height)
        return next((f"{line}p" for line in (2160, 1440, 1080, 720, 480, 360, 240) if side >= line * 0.95), "small")
    side = (width * height) ** 0.5
    return next(name for name, least in (("4K", 3000), ("2K", 1500), ("1K", 750), ("small", 0)) if side >= least)
