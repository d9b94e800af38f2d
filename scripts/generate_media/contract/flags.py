"""``x-flags`` of a create operation: how the friendly flags map onto its fields, as data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ..core import Json

MEDIA_FLAGS = ("image", "first-frame", "last-frame", "video", "audio")
_HOW_FILES_TRAVEL = ("encode", "types")


class FlagForm(NamedTuple):
    """One way to fill a request from flags; the first whose ``needs`` are given and whose ``flags`` cover all fits.

    ``set`` are constants of the body; each rule in ``flags`` says where the value goes and what bounds it.
    """

    name: str
    models: tuple[str, ...] = ()
    kind: str = ""
    set: Mapping[str, Json] = {}
    needs: tuple[str, ...] = ()
    flags: Mapping[str, Mapping[str, Json]] = {}

    @property
    def fields(self) -> frozenset[str]:
        """The body's own fields that the form writes."""
        found = set(self.set)
        for rule in self.flags.values():
            parts = [rule.get("set"), *(_dict(rule.get("map")).values())]
            found |= {name for part in parts for name in _dict(part)}
            found |= {str(rule["to"]).split(".")[0].removesuffix("[]")} if rule.get("to") else set()
        return frozenset(found)


def forms_of(operation: Mapping[str, Any], model: str = "") -> tuple[FlagForm, ...]:
    """The operation's forms in order, without those for other models."""
    forms = (
        FlagForm(
            name=str(row.get("name", "")),
            models=tuple(row.get("models", ())),
            kind=str(row.get("kind", "")),
            set=row.get("set", {}),
            needs=tuple(row.get("needs", ())),
            flags=row.get("flags", {}),
        )
        for row in operation.get("x-flags", ())
    )
    return tuple(form for form in forms if not form.models or not model or model in form.models)


def usual_rules(operations: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Json]]:
    """Flag → the rule that most of these operations have for it, where that is plain: one field, filled as it came."""
    rules = [(flag, rule) for node in operations for flag, rule in _plain_rules(node)]
    votes = Counter((flag, str(rule["to"])) for flag, rule in rules)
    usual: dict[str, Mapping[str, Json]] = {}
    best: dict[str, str] = {}
    for (flag, place), _ in votes.most_common():
        best.setdefault(flag, place)
    for flag, rule in rules:
        if str(rule["to"]) == best[flag]:
            usual.setdefault(flag, {key: rule[key] for key in ("to", "as", "many", *_HOW_FILES_TRAVEL) if key in rule})
    return usual


def how_files_travel(rule: Mapping[str, Json]) -> dict[str, Json]:
    """The part of a media rule that holds for a sibling's field too, whatever that is called."""
    return {key: rule[key] for key in _HOW_FILES_TRAVEL if key in rule}


def without_fields(forms: Sequence[FlagForm], lacking: frozenset[str]) -> tuple[FlagForm, ...]:
    """The forms without the flags that would fill a field which the model has not."""

    def kept(rule: Mapping[str, Json]) -> bool:
        return str(rule.get("to", "")).split(".")[0].removesuffix("[]") not in lacking

    return tuple(form._replace(flags={flag: rule for flag, rule in form.flags.items() if kept(rule)}) for form in forms)


def _plain_rules(node: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Json]]]:
    for form in forms_of(node):
        for flag, rule in form.flags.items():
            if rule.get("to") and not {"map", "times", "value"} & set(rule) and "." not in str(rule["to"]):
                yield flag, rule


def _dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
