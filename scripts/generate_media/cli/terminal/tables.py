"""Rows under each other: columns as wide as what stands in them, and what is never cut."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple, TypeVar

from .look import Line, Look, cut, width

T = TypeVar("T")

GAP = 2
MARK = 2
LEAST = 6
"""Columns that a cell keeps on the narrowest terminal."""


class Entry(NamedTuple):
    """One row: its cells, its mark, and what is never cut and may be of any length, as a path."""

    cells: Sequence[str]
    mark: str = ""
    whole: Sequence[str] = ()


def table(
    heads: Sequence[str], entries: Sequence[Entry], look: Look, *, cut_first: Sequence[int] = (), optional: int = -1
) -> Iterator[Line]:
    """What is whole stands in a last column of its own where that has room for all of it, else below its row; ``heads``
    names the cells, and perhaps that column.

    On a narrow terminal the column ``optional`` is left out, then the cells of ``cut_first`` are cut.
    """
    sizes = [max(map(width, column)) for column in zip(heads, *(entry.cells for entry in entries), strict=False)]
    room = look.columns - MARK
    if optional >= 0 and _total(sizes) > room:
        heads = _without(heads, optional)
        entries = [entry._replace(cells=_without(entry.cells, optional)) for entry in entries]
        sizes = _without(sizes, optional)
    while _total(sizes) > room and cut_first and max(sizes[at] for at in cut_first) > LEAST:
        sizes[max(cut_first, key=sizes.__getitem__)] -= 1
    left = room - sum(sizes) - GAP * len(sizes)
    is_beside = all(len(it.whole) <= 1 and all(width(text) <= left for text in it.whole) for it in entries)
    yield Line(_row(heads if is_beside else heads[: len(sizes)], sizes), "head")
    for entry in entries:
        yield Line(_row([*entry.cells, *(entry.whole if is_beside else ())], sizes), entry.mark)
        if not is_beside:
            yield from (Line(f"  {text}") for text in entry.whole)


def without_heading(entries: Sequence[Entry], look: Look) -> Iterator[Line]:
    """The same where the rows speak for themselves."""
    return islice(table([""] * len(entries[0].cells), entries, look), 1, None)


def _total(sizes: Sequence[int]) -> int:
    return sum(sizes) + GAP * (len(sizes) - 1)


def _without(items: Sequence[T], at: int) -> list[T]:
    return [*items[:at], *items[at + 1 :]]


def _row(cells: Sequence[str], sizes: Sequence[int]) -> str:
    kept = [cut(cell, size) for cell, size in zip(cells, sizes, strict=False)]
    padded = [cell + " " * (size - width(cell)) for cell, size in zip(kept, sizes, strict=False)]
    return (" " * GAP).join([*padded, *cells[len(sizes) :]]).rstrip()
