"""Which lines of a batch use what others make: read from the whole file before anything is prepared."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Any

from ..core import UsageError
from ..request import ID, MEDIA_FLAGS, is_reference, parse_reference


@dataclass(frozen=True)
class Ties:
    """Lines by their numbers. ``ids``: id → line; ``needs``: line → the lines that it uses."""

    ids: Mapping[str, int] = field(default_factory=dict)
    needs: Mapping[int, tuple[int, ...]] = field(default_factory=dict)

    def first_of(self, line: int) -> int:
        """The first line of those that hang together with this one: what decides the shard of them all."""
        return self._first.get(line, line)

    @property
    def order(self) -> tuple[int, ...]:
        """The tied lines, each after those that it uses."""
        return tuple(TopologicalSorter(self.needs).static_order())

    @cached_property
    def _first(self) -> Mapping[int, int]:
        return _groups(self.needs)


def read_ties(rows: Iterable[tuple[int, str]]) -> Ties:
    """The ties of a file's lines (number, text); what is no JSON object has none.

    Raises:
        UsageError: ``bad_id``, ``doubled_id``, ``bad_reference``, ``unknown_id``, ``circle``.
    """
    ids: dict[str, int] = {}
    named: dict[int, tuple[str, ...]] = {}
    for number, text in rows:
        row = _row(text) if '"id"' in text or "@" in text or "\\u" in text else None
        if row is None:
            continue
        if "id" in row:
            _add_id(ids, row["id"], number)
        references = tuple(_references(row))
        if references:
            named[number] = references
    return Ties(ids, _checked(ids, named))


def _row(text: str) -> Mapping[str, Any] | None:
    try:
        row = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def _add_id(ids: dict[str, int], name: object, line: int) -> None:
    if not isinstance(name, str) or not re.fullmatch(ID, name):
        raise UsageError(
            "bad_id",
            f"line {line}: an id has 1 to 40 of a-z, 0-9, _ and -, and {str(name)[:60]!r} came",
            details={"line": line, "received": str(name)[:60], "allowed": ID},
        )
    if name in ids:
        raise UsageError(
            "doubled_id",
            f"lines {ids[name]} and {line} have the same id {name}: nothing was sent",
            guidance=("give one of them another id",),
            details={"lines": [ids[name], line], "received": name},
        )
    ids[name] = line


def _references(row: Mapping[str, Any]) -> Iterable[str]:
    for flag in MEDIA_FLAGS:
        value = row.get(flag, row.get(flag.replace("_", "-")))
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str) and is_reference(one):
                yield parse_reference(one).id


def _checked(ids: Mapping[str, int], named: Mapping[int, tuple[str, ...]]) -> dict[int, tuple[int, ...]]:
    for line, names in named.items():
        for name in names:
            if name not in ids:
                raise _unknown(line, name, ids)
    needs = {line: tuple(dict.fromkeys(ids[name] for name in names)) for line, names in named.items()}
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        lines = error.args[1]
        raise UsageError(
            "circle",
            f"lines {' → '.join(map(str, lines))} wait for one another: nothing was sent",
            guidance=("let the first of them start from a file, or from nothing",),
            details={"lines": lines},
        ) from None
    return needs


def _unknown(line: int, name: str, ids: Mapping[str, int]) -> UsageError:
    from ..contract import nearest

    near = nearest(name, list(ids), limit=1)
    meant = f"; did you mean @{near[0]}?" if near else ""
    return UsageError(
        "unknown_id",
        f"line {line} uses @{name}, and no line has that id{meant}",
        guidance=('an id stands in the line that makes the file: {"id": "shot1", "prompt": "…"}',),
        details={"line": line, "received": name, "allowed": list(ids)[:50]},
    )


def _groups(needs: Mapping[int, tuple[int, ...]]) -> dict[int, int]:
    """Line → the smallest line of its group."""
    parent: dict[int, int] = {}

    def root(line: int) -> int:
        while parent.setdefault(line, line) != line:
            line = parent[line] = parent[parent[line]]
        return line

    for line, others in needs.items():
        for other in others:
            low, high = sorted((root(line), root(other)))
            parent[high] = low
    return {line: root(line) for line in parent}
