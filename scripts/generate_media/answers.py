"""Provider answers as JSON: parsed once, at the edge, never trusted to be well formed."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping

from .errors import TEXT_CAP, clean_text
from .results import Answer, Json

_LONG = 512
_BASE64_RUN = r"^[A-Za-z0-9+/=_-]+$"
_DATA_URI = r"^data:([^,;]{0,100})[^,]{0,100},"

DEPTH_CAP = 60


def parse_json(text: str) -> Json:
    """The JSON value of a text; None for anything that is none (HTML, garbage, nested beyond reason).

    NaN and numbers beyond all bounds become null: Python's json takes them, and the readers of our lines do not.
    """
    try:
        value: Json = json.loads(text, parse_constant=_no_number, parse_float=_number)
    except (ValueError, RecursionError):
        return None
    return value


def _no_number(_: str) -> None:
    return None


def _number(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def succeeded(answer: Answer) -> bool:
    return 200 <= answer.status < 300


def short(value: Json) -> Json:
    """A small value (usage) as data for a line: texts cleaned; None for one that is no small value."""
    try:
        if len(json.dumps(value)) > TEXT_CAP:
            return None
        return _cleaned(value)
    except RecursionError:
        return None


def _cleaned(value: Json) -> Json:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, list):
        return [_cleaned(item) for item in value]
    if isinstance(value, Mapping):
        return {clean_text(name): _cleaned(item) for name, item in value.items()}
    return value


def without_bytes(value: Json, depth: int = 0) -> Json:
    """The same answer with every base64 or data: text replaced by its length, and what is nested absurdly deep by a
    note: fit for journal and sidecar."""
    if isinstance(value, str):
        found = re.match(_DATA_URI, value) if value.startswith("data:") else None
        if found:
            return f"data:{found[1]},<{len(value)} characters>"
        return f"<base64, {len(value)} characters>" if len(value) >= _LONG and re.match(_BASE64_RUN, value) else value
    if depth >= DEPTH_CAP and isinstance(value, (list, Mapping)):
        return "<nested too deep>"
    if isinstance(value, list):
        return [without_bytes(item, depth + 1) for item in value]
    if isinstance(value, Mapping):
        return {name: without_bytes(item, depth + 1) for name, item in value.items()}
    return value
