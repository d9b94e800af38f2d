"""JSON: a provider's, parsed at the edge and never trusted to be well formed; a user's, as the standard has it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from itertools import takewhile
from typing import Any, NoReturn, Union

from .text import TEXT_CAP, clean_text, cut_keys_everywhere, unsigned

Json = Union[None, bool, int, float, str, "list[Json]", "dict[str, Json]"]
_LONG = 512
_BASE64_RUN = r"[A-Za-z0-9+/=_\r\n-]+\Z"
_DATA_URI = r"(?i)data:([^,;]{0,100})[^,]{0,100},"

DEPTH_CAP = 60
LONGEST_WORD = 1 << 16
"""A longer text is no id, status or URL, mostly a picture: it is looked through for keys where it is shown or kept."""


def parse_json(text: str) -> Json:
    """The JSON value of a text, without any key; None for what is no JSON (HTML, garbage, nested beyond reason).

    NaN and numbers beyond all bounds become null: Python's json takes them, and the readers of our lines do not.
    """
    try:
        value = _loaded(text, lambda _: None)
        return cut_keys_everywhere(value, longest=LONGEST_WORD)  # type: ignore[no-any-return]
    except (ValueError, RecursionError):
        return None


def strict_json(text: str) -> Json:
    """JSON as the standard has it.

    Raises:
        NoJsonConstant: NaN, Infinity, or a number too large for any. JSONDecodeError, RecursionError: see json.
    """
    return _loaded(text, _no_such_value)


def _loaded(text: str, beyond: Callable[[str], float | None]) -> Json:
    """``beyond`` gives what NaN, Infinity and a number too large for any are read as."""
    from math import isfinite

    def number(digits: str) -> float | None:
        found = float(digits)
        return found if isfinite(found) else beyond(digits)

    value: Json = json.loads(text, parse_constant=beyond, parse_float=number)
    return value


class NoJsonConstant(ValueError):
    """``NaN`` or ``Infinity``: Python reads them, JSON has no such values."""


def _no_such_value(name: str) -> NoReturn:
    raise NoJsonConstant(name)


def without_none(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of ours without the fields that say nothing."""
    return {name: value for name, value in row.items() if value is not None}


def without_nulls(value: Json) -> Json:
    """The value without null members, which clients send for fields that they leave out; in lists they stay."""
    if isinstance(value, Mapping):
        return {name: without_nulls(item) for name, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


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


class _Budget:
    """How many bytes of indented JSON a document has left."""

    def __init__(self, size_bytes: int) -> None:
        self.left = size_bytes

    def has_some(self, _: object) -> bool:
        return self.left > 0

    def line(self, depth: int, value: Json = None) -> None:
        """Pay for a line: so far in (the document's own levels too), quotes, comma and line end."""
        self.left -= 2 * (depth + 4) + len(json.dumps(value)) + 4

    def word(self, value: Json, depth: int) -> Json:
        """The value, cleaned and paid for."""
        value = unsigned(clean_text(value)) if isinstance(value, str) else value
        if isinstance(value, str) and len(json.dumps(value)) > self.left:
            value = value[: max(0, self.left) // _MOST_BYTES_OF_A_CHAR] + "…"
        self.line(depth, value)
        return value


_MOST_BYTES_OF_A_CHAR = 12


def capped(value: Json, size_bytes: int) -> Json:
    """What a server said, as a document may show it: no bytes, texts cleaned, so large in all; the rest is counted."""
    return _capped(without_bytes(value), _Budget(size_bytes), 0)


def _capped(value: Json, budget: _Budget, depth: int) -> Json:
    if not isinstance(value, (list, Mapping)):
        return budget.word(value, depth)
    budget.line(depth)  # its bracket's
    if isinstance(value, list):
        kept = [_capped(item, budget, depth + 1) for item in takewhile(budget.has_some, value)]
        return kept if len(kept) == len(value) else [*kept, f"<{len(value) - len(kept)} more>"]
    named = {
        str(budget.word(name, depth)): _capped(item, budget, depth + 1)
        for name, item in takewhile(budget.has_some, value.items())
    }
    return named if len(named) == len(value) else {**named, "…": f"<{len(value) - len(named)} more>"}


def without_bytes(value: Any, depth: int = 0) -> Json:
    """The same with every base64 or data: text replaced by its length, and what is nested absurdly deep by a note: fit
    for journal, sidecar and terminal."""
    if isinstance(value, str):
        found = re.match(_DATA_URI, value)
        if found:
            return f"data:{found[1]},<{len(value)} characters>"
        return f"<base64, {len(value)} characters>" if len(value) >= _LONG and re.match(_BASE64_RUN, value) else value
    if depth >= DEPTH_CAP and isinstance(value, (list, tuple, Mapping)):
        return "<nested too deep>"
    if isinstance(value, (list, tuple)):
        return [without_bytes(item, depth + 1) for item in value]
    if isinstance(value, Mapping):
        return {name: without_bytes(item, depth + 1) for name, item in value.items()}
    return value  # type: ignore[no-any-return]
