"""Which pixels a request asks for, whatever the fields are called."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ..core import Json

_RATIO = re.compile(r"(\d{1,3}):(\d{1,3})")
_PIXELS = re.compile(r"(\d{2,4})\s*[x*×]\s*(\d{2,4})", re.IGNORECASE)
_TIER = re.compile(r"(\d(?:\.5)?)k", re.IGNORECASE)
_LINES = re.compile(r"(\d{3,4})p", re.IGNORECASE)


def pixels(body: Mapping[str, Json], otherwise: tuple[int, int] = (1, 1)) -> tuple[int, int]:
    """Width and height: from WxH, from width and height, else ratio and tier (1K: 1024 on the long side).

    Nothing said is 1024 on the long side in the ratio ``otherwise``. Sides are multiples of 8, as most models make
    them.
    """
    for name in ("image_size", "size", "resolution", "ratio", "aspect_ratio"):
        exact = _PIXELS.fullmatch(str(body.get(name, "")))
        if exact:
            return int(exact[1]), int(exact[2])
    width, height = body.get("width"), body.get("height")
    if isinstance(width, int) and isinstance(height, int):
        return width, height
    across, down = _ratio(body) or otherwise
    long_side, short_side = _sides(body)
    scale = short_side / min(across, down) if short_side else (long_side or 1024) / max(across, down)
    return _round(across * scale), _round(down * scale)


def _ratio(body: Mapping[str, Json]) -> tuple[int, int] | None:
    for name in ("aspect_ratio", "ratio", "size", "image_size"):
        found = _RATIO.fullmatch(str(body.get(name, "")))
        if found and int(found[1]) and int(found[2]):
            return int(found[1]), int(found[2])
    return None


def _sides(body: Mapping[str, Json]) -> tuple[int, int]:
    """Long and short side as far as a tier says; 0 for unsaid."""
    for name in ("resolution", "size", "image_size", "quality"):
        text = str(body.get(name, ""))
        tier, lines = _TIER.fullmatch(text), _LINES.fullmatch(text)
        if tier:
            return round(1024 * min(6.0, max(1.0, float(tier[1])))), 0
        if lines:
            return 0, int(lines[1])
    return 0, 0


def _round(side: float) -> int:
    return max(16, min(6400, 8 * round(side / 8)))
