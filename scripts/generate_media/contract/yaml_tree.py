"""YAML into plain JSON values, event by event, so that a document that would unfold without end is stopped in time.

Only YAML 1.2's plain types: in 1.1 the ratio 16:9 is the number 969, `on` is true, dates are no text. An alias
stands for the value it names and costs what that value cost; so neither aliases of aliases nor merge keys can
make a tree that is larger than the budget.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .budget import Budget

_TAG = "tag:yaml.org,2002:"
_NULL = re.compile(r"~|null|Null|NULL|")
_BOOL = re.compile(r"true|True|TRUE|false|False|FALSE")
_INT = re.compile(r"[-+]?[0-9]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_MERGE = "<<"


class BrokenYaml(Exception):
    """What is wrong, with its line and column (from 1; 0: nobody knows)."""

    def __init__(self, problem: str, line: int = 0, column: int = 0) -> None:
        super().__init__(problem)
        self.problem, self.line, self.column = problem, line, column


def parse_yaml(text: str, budget: Budget, name: str = "") -> Any:
    """The one document in ``text``. Raises BrokenYaml, TooLarge, RecursionError."""
    import yaml

    try:
        return _Builder(yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)), budget, name).whole()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        raise BrokenYaml(str(error.problem or error.context), *place) from None
    except yaml.YAMLError as error:
        raise BrokenYaml(str(error).splitlines()[0]) from None


@dataclass(frozen=True, eq=False, repr=False)
class _Builder:
    """``anchors``: name → the value and what it cost. An anchor is known once its value is whole, so none can hold
    itself."""

    events: Iterator[Any]
    budget: Budget
    name: str
    anchors: dict[str, tuple[Any, int]] = field(default_factory=dict)

    def whole(self) -> Any:
        value = None
        documents = 0
        for event in self.events:
            kind = type(event).__name__
            documents += kind == "DocumentStartEvent"
            if documents > 1:
                raise _broken("a second document begins here", event)
            if kind not in ("StreamStartEvent", "StreamEndEvent", "DocumentStartEvent", "DocumentEndEvent"):
                value = self.value(event)
        return value

    def value(self, event: Any) -> Any:
        self.budget.spend(1, self.name)
        kind = type(event).__name__
        if kind == "AliasEvent":
            return self.alias(event)
        before = self.budget.used
        if kind == "ScalarEvent":
            value = _scalar(event)
        else:
            _known_tag(event)
            value = self.mapping() if kind == "MappingStartEvent" else self.sequence()
        if event.anchor is not None:
            self.anchors[event.anchor] = value, self.budget.used - before
        return value

    def alias(self, event: Any) -> Any:
        if event.anchor not in self.anchors:
            raise _broken(f"the alias *{event.anchor} names nothing that is whole before it", event)
        value, cost = self.anchors[event.anchor]
        self.budget.spend(cost, self.name)
        return value

    def sequence(self) -> list[Any]:
        items = []
        while type(event := next(self.events)).__name__ != "SequenceEndEvent":
            items.append(self.value(event))
        return items

    def mapping(self) -> dict[str, Any]:
        """Its own keys win over merged ones, and of those the first named."""
        own: dict[str, Any] = {}
        merged: list[Mapping[str, Any]] = []
        while type(event := next(self.events)).__name__ != "MappingEndEvent":
            plain = type(event).__name__ == "ScalarEvent"
            value = self.value(event) if event.anchor or not plain else None
            key = event.value if plain else str(value)
            if plain and event.implicit[0] and key == _MERGE:
                merged += self.merged(next(self.events))
            else:
                own[key] = self.value(next(self.events))
        result: dict[str, Any] = {}
        for part in reversed(merged):
            result |= part
        return result | own if merged else own

    def merged(self, event: Any) -> list[Mapping[str, Any]]:
        value = self.value(event)
        parts = value if isinstance(value, list) else [value]
        if not all(isinstance(part, dict) for part in parts):
            raise _broken("a merge key takes a mapping or a list of mappings", event)
        return parts


def _scalar(event: Any) -> Any:
    text = event.value
    kind = (event.tag or "").removeprefix(_TAG)
    if event.tag is None or event.tag == "!":
        return _plain(text, event) if event.implicit[0] else text
    _known_tag(event)
    try:
        return _AS[kind](text) if kind in _AS else text
    except ValueError:
        raise _broken(f"{text[:40]!r} is no {kind}", event) from None


def _plain(text: str, event: Any) -> Any:
    """An untagged, unquoted scalar. Raises BrokenYaml for numbers that JSON cannot hold."""
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text.lower() == "true"
    try:
        return _number(text) if _FLOAT.fullmatch(text) or _INT.fullmatch(text) else text
    except ValueError:
        raise _broken(f"the number {text[:40]} is too large", event) from None


def _number(text: str) -> int | float:
    """Raises ValueError."""
    if _INT.fullmatch(text):
        return int(text, 16) if text.startswith("0x") else int(text)
    found = float(text)
    if not math.isfinite(found):
        raise ValueError(text)
    return found


_AS: Mapping[str, Callable[[str], Any]] = {
    "null": lambda text: None,
    "bool": lambda text: text.lower() == "true",
    "int": _number,
    "float": lambda text: float(_number(text)),
}


def _known_tag(event: Any) -> None:
    """Tags of YAML itself are understood, or mean what stands there; others would be somebody's own types."""
    if event.tag not in (None, "!") and not event.tag.startswith(_TAG):
        raise _broken(f"the tag {event.tag[:60]} is not understood", event)


def _broken(problem: str, event: Any) -> BrokenYaml:
    return BrokenYaml(problem, event.start_mark.line + 1, event.start_mark.column + 1)
