"""``x-pixels`` of a body's schema: what JSON Schema cannot say of a ``WIDTHxHEIGHT``, its product and its quotient.

A row is ``{"field": name, "if": schema, "least": pixels, "most": pixels, "aspect": [low, high]}``: where the body
satisfies ``if``, width times height and width over height of that field lie within the bounds, both ends included.
Other words in the field are the schema's business, and plain JSON Schema validators pass over the row.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ..core import Json
from .checking import is_valid
from .problems import Problem
from .refs import Definitions

_STEP = 16
"""Sides that are proposed are multiples of it, as the documented sizes are."""


def pixel_problems(flat: dict[str, Any], definitions: Definitions, body: Json) -> Iterator[Problem]:
    """An objection for each row that does not hold; ``flat`` is the merged body schema."""
    for row in flat.get("x-pixels", ()) if isinstance(body, dict) else ():
        sides = re.fullmatch(r"(\d{1,6})x(\d{1,6})", str(body.get(row["field"]) or ""))  # type: ignore[union-attr]
        if sides and is_valid(definitions.schema(row["if"], ""), body):
            yield from _problem(row, int(sides[1]), int(sides[2]))


def _problem(row: Mapping[str, Any], width: int, height: int) -> Iterator[Problem]:
    if _within(row, width, height):
        return
    (low, high), near = row["aspect"], _nearest(row, width, height)
    message = (
        f"{row['field']} must hold {row['least']:,} to {row['most']:,} pixels, width over height from {low:g} to "
        f"{high:g}, and {width}x{height} came, {width * height:,} pixels" + (f"; try {near}" if near else "")
    )
    allowed: Json = {"pixels": [row["least"], row["most"]], "aspect": [low, high]}
    yield Problem(message, str(row["field"]), f"{width}x{height}", allowed)


def _within(row: Mapping[str, Any], width: int, height: int) -> bool:
    low, high = row["aspect"]
    in_bounds: bool = row["least"] <= width * height <= row["most"]
    return in_bounds and low * height <= width <= high * height


def _nearest(row: Mapping[str, Any], width: int, height: int) -> str:
    """A size of the same shape within the bounds; empty where the shape itself is not allowed."""
    if not width or not height:
        return ""
    small = width * height < row["least"]
    scale = math.sqrt((row["least"] if small else row["most"]) / (width * height))
    whole = math.ceil if small else math.floor
    sides = [_STEP * whole(side * scale / _STEP) for side in (width, height)]
    return f"{sides[0]}x{sides[1]}" if _within(row, *sides) else ""
