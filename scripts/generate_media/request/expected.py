"""What a request lets one expect, and what was delivered otherwise. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ..core import SavedOutput
from .flag_names import CLIP_HINTS
from .sizing import PIXELS, RATIO

_COUNTS = ("n", "num_images", "num_outputs", "number_of_images", "max_images")
_MOST_COUNTED = 1000
_FLAGS: Mapping[str, tuple[str, ...]] = {
    "duration": ("duration", "seconds"),
    "aspect-ratio": ("aspect_ratio", "ratio"),
    "size": ("size", "image_size"),
    "resolution": ("resolution",),
}
"""Flag → the fields that say the same in a payload."""
_TIER = re.compile(r"(\d{1,2})k", re.IGNORECASE)
_LINES = re.compile(r"(\d{3,4})p", re.IGNORECASE)
_KINDS = ("image", "video", "audio")
_SECONDS_OFF, _RATIO_OFF, _SIDE_OFF = 0.6, 0.06, 0.25
"""Models count in frames and in multiples of 8 to 64 pixels: so much is no difference."""


def outputs_expected(body: Mapping[str, Any]) -> int:
    """How many results a request asks for, as far as its fields are called as usual."""
    counts = (body.get(name) for name in _COUNTS)
    asked = next((n for n in counts if isinstance(n, int) and not isinstance(n, bool) and n > 0), 1)
    return min(asked, _MOST_COUNTED)


def differences(asked: Any, body: Any, saved: Iterable[SavedOutput]) -> dict[str, Any]:
    """Flag → what was asked for, for each that the files do not have: kind, duration, aspect ratio, size, resolution.

    ``asked`` are the command's own words, ``body`` the request's, for those who wrote it themselves. What a file does
    not tell of itself is no difference.
    """
    asked = asked if isinstance(asked, Mapping) else {}
    wanted = _wanted(asked, body if isinstance(body, Mapping) else {})
    files = [item for item in saved if item.path is not None and not item.role]
    kind = asked.get("kind") or ("video" if CLIP_HINTS & asked.keys() else "")
    other = {"kind": kind} if kind and files and all(_is_other(kind, item) for item in files) else {}
    return {
        **other,
        **{flag: value for flag, value in wanted.items() if any(not _is_met(flag, value, item) for item in files)},
    }


def _is_other(kind: str, item: SavedOutput) -> bool:
    """Whether a file is no picture or no clip, as its bytes tell; a picture that moves may be either."""
    made = (item.converted_from or item.media_type).split("/")[0]
    return made in _KINDS and made != kind and not (made == "image" and item.duration_seconds)


def _wanted(asked: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    said = {flag: asked[flag] for flag in _FLAGS if asked.get(flag) is not None}
    if said or not any(name.startswith("payload") for name in asked):
        return said
    found = ((flag, next((body[name] for name in names if body.get(name) is not None), None))
             for flag, names in _FLAGS.items())  # fmt: skip
    return {flag: value for flag, value in found if isinstance(value, (str, int, float))}


def _is_met(flag: str, value: Any, item: SavedOutput) -> bool:
    text = str(value).strip()
    if flag == "duration":
        return _seconds_met(text, item.duration_seconds)
    if not item.width or not item.height:
        return True
    if flag == "aspect-ratio":
        return _ratio_met(text, item.width / item.height)
    return _size_met(text, item.width, item.height)


def _seconds_met(text: str, delivered: float | None) -> bool:
    try:
        wanted = float(text)
    except ValueError:  # auto
        return True
    if delivered is None or not math.isfinite(wanted) or wanted <= 0:
        return True
    return abs(delivered - wanted) <= max(_SECONDS_OFF, wanted * 0.1)


def _ratio_met(text: str, delivered: float) -> bool:
    found = RATIO.fullmatch(text)
    if found is None or not int(found[1]) or not int(found[2]):
        return True
    return abs(math.log(delivered * int(found[2]) / int(found[1]))) <= _RATIO_OFF


def _size_met(text: str, width: int, height: int) -> bool:
    exact, tier, lines = PIXELS.fullmatch(text), _TIER.fullmatch(text), _LINES.fullmatch(text)
    if exact:
        return (width, height) == (int(exact[1]), int(exact[2]))
    if tier:
        side = 1024 * int(tier[1])
        return abs(max(width, height) / side - 1) <= _SIDE_OFF or 0.5 <= width * height / side**2 <= 2
    if lines:
        return 2 / 3 <= width * height / (int(lines[1]) ** 2 * 16 / 9) <= 1.5
    return True
