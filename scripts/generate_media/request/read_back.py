"""A request's body read back into the friendly flags that would fill it, by the same ``x-flags``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..core import Body, LocalMedia
from .flag_names import MEDIA_KINDS

if TYPE_CHECKING:
    from ..contract import FlagForm


def read_flags(body: Mapping[str, Body], forms: Sequence[FlagForm]) -> dict[str, Any] | None:
    """The friendly flags that fill a body, by the form that explains most of it; None where none does."""
    found = [flags for form in forms if (flags := _read_form(body, form)) is not None]
    return max(found, key=lambda flags: (sum(name in MEDIA_KINDS for name in flags), len(flags)), default=None)


def _read_form(body: Mapping[str, Body], form: FlagForm) -> dict[str, Any] | None:
    flags: dict[str, Any] = {}
    claimed: dict[str, set[int]] = {}
    taken: set[str] = set()
    for flag, rule in form.flags.items():
        to = str(rule.get("to", ""))
        place = to.removesuffix("[]")
        value = _at(body, place)
        if to.endswith("[]"):
            value = _items_of(value, rule, claimed.setdefault(place, set()))
        elif place in taken:
            continue
        read = None if value is None else _read_value(body, value, rule)
        if read is not None:
            flags[flag] = read
            taken.add(place)
    whole = all(len(found) == len(_as_list(_at(body, place))) for place, found in claimed.items())
    return flags if whole and set(form.needs) <= set(flags) else None


def _items_of(value: Body, rule: Mapping[str, Any], claimed: set[int]) -> Body:
    """What a flag appended to a list: the items that its template made, one where the flag cannot be repeated."""
    template = rule.get("value", "$")
    made = [
        (index, found)
        for index, item in enumerate(_as_list(value))
        if index not in claimed and (found := _behind(template, item)) is not None
    ]
    made = made if rule.get("many") else made[:1]
    claimed.update(index for index, _ in made)
    values = tuple(found for _, found in made)
    return None if not values else values if rule.get("many") else values[0]


def _behind(template: Any, value: Body) -> Body:
    """What stood for ``$`` in a template that gave ``value``; None where another one did."""
    if template == "$":
        return value
    if not isinstance(template, Mapping) or not isinstance(value, Mapping) or set(template) != set(value):
        return None
    inner = {
        key: _behind(part, value[key]) for key, part in template.items() if not isinstance(part, str) or part == "$"
    }
    constant = all(value[key] == part for key, part in template.items() if key not in inner)
    return next(iter(inner.values()), None) if constant else None


def _as_list(value: Body) -> Sequence[Body]:
    return value if isinstance(value, (list, tuple)) else ()


def _read_value(body: Mapping[str, Body], value: Body, rule: Mapping[str, Any]) -> Any:
    """The flag's value behind a field's: the map, the multiplication and the repetition undone."""
    if "map" in rule:
        pairs = rule["map"].items()
        return next((key for key, sent in pairs if _holds(body, value, sent)), None)
    if "times" in rule and isinstance(value, (int, float)):
        rate = _at(body, rule["times"]["field"]) or rule["times"]["default"]
        return f"{round(value / float(rate), 1):g}" if isinstance(rate, (int, float)) and rate else None
    if isinstance(value, (list, tuple)):
        if not rule.get("many") or not rule.get("min", 1) <= len(value) <= rule.get("max", len(value)):
            return None
        return tuple(_word(item) for item in value)
    return None if isinstance(value, Mapping) else _word(value)


def _holds(body: Mapping[str, Body], value: Body, sent: Any) -> bool:
    return all(body.get(key) == part for key, part in sent.items()) if isinstance(sent, Mapping) else value == sent


def _word(value: Body) -> Any:
    return value.path if isinstance(value, LocalMedia) else value


def _at(body: Any, place: str) -> Body:
    for name in place.split("."):
        body = body.get(name) if isinstance(body, Mapping) else None
    found: Body = body
    return found


def read_plain_flags(body: Mapping[str, Body], forms: Sequence[FlagForm]) -> tuple[dict[str, Any], frozenset[str]]:
    """The flags that are no media and no prompt, by the form that explains most, and the body's fields that the
    friendly flags (the prompt's and the media's too) or the form itself fill."""
    found = [_read_plain(body, form) for form in forms]
    return max(found, key=lambda pair: len(pair[0]), default=({}, frozenset()))


def _read_plain(body: Mapping[str, Body], form: FlagForm) -> tuple[dict[str, Any], frozenset[str]]:
    flags: dict[str, Any] = {}
    taken: set[str] = set()
    explained = set(form.set)
    for flag, rule in form.flags.items():
        place = str(rule.get("to", "")).removesuffix("[]")
        is_plain = flag != "prompt" and flag not in MEDIA_KINDS
        value = _at(body, place) if is_plain and place not in taken else None
        read = None if value is None else _read_value(body, value, rule)
        if isinstance(read, (str, int, float)):
            flags[flag] = read
            taken.add(place)
            table: Any = rule.get("map", {})
            sent = table.get(str(read))
            explained |= set(sent) if isinstance(sent, Mapping) else set()
        if read is not None or not is_plain:
            constants: Any = rule.get("set") or ()
            explained |= {place.split(".")[0], *constants}
    return flags, frozenset(explained)
