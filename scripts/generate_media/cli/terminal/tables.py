"""Rows under each other: columns as wide as what stands in them, and what is never cut."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .look import Line, Look, cut, width

GAP = 2
MARK = 2
LEAST = 6
"""Columns that a cell keeps on the narrowest terminal."""


class Entry(NamedTuple):
    """One row: its cells, its mark, and what is never cut and may be of any length, as a path."""

    cells: Sequence[str]
    mark: str = ""
    whole: Sequence[str] = ()


def table(heads: Sequence[str], entries: Sequence[Entry], look: Look) -> Iterator[Line]:
    """Cells are cut where the terminal is too narrow. What is whole stands in a last column of its own where that has
    room for all of it, else below its row; ``heads`` names the cells, and perhaps that column."""
    sizes = [max(map(width, column)) for column in zip(heads, *(entry.cells for entry in entries), strict=False)]
    room = look.columns - MARK
    while sum(sizes) + GAP * (len(sizes) - 1) > room and max(sizes) > LEAST:
        sizes[sizes.index(max(sizes))] -= 1
    left = room - sum(sizes) - GAP * len(sizes)
    is_beside = all(len(it.whole) <= 1 and all(width(text) <= left for text in it.whole) for it in entries)
    yield Line(_row(heads if is_beside else heads[: len(sizes)], sizes), "head")
    for entry in entries:
        yield Line(_row([*entry.cells, *(entry.whole if is_beside else ())], sizes), entry.mark)
        if not is_beside:
            yield from (Line(f"  {text}") for text in entry.whole)


def _row(cells: Sequence[str], sizes: Sequence[int]) -> str:
    kept = [cut(cell, size) for cell, size in zip(cells, sizes, strict=False)]
    padded = [cell + " " * (size - width(cell)) for cell, size in zip(kept, sizes, strict=False)]
    return (" " * GAP).join([*padded, *cells[len(sizes) :]]).rstrip()
