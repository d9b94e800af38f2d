"""One flag's value by its rule: multiplied, brought to the nearest legal value, mapped, given its JSON type."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import pairwise
from typing import Any

from ..core import Json, UsageError

Rule = Mapping[str, Any]
Field = Callable[[str], Json]
"""The value that a body field has so far, or None."""


def convert(flag: str, value: Json, rule: Rule, field: Field) -> tuple[Json, str]:
    """The value to send, and a note on what was adjusted (empty: nothing was).

    Raises:
        UsageError: ``bad_value``, saying what came and what is allowed.
    """
    if "map" in rule:
        return _mapped(flag, value, rule, _table(flag, rule, field))
    if "times" not in rule and "nearest" not in rule:
        return typed(flag, value, rule.get("as", "")), ""
    number = _number(flag, value)
    rate = 1.0
    if "times" in rule:
        rate = _number(str(rule["times"]["field"]), field(rule["times"]["field"]) or rule["times"]["default"])
    choices = [_number(flag, one) for one in rule.get("nearest", ())]
    chosen = number * rate
    if choices and (_in_reach(chosen, choices) or not rule.get("unbounded")):
        chosen = _nearest(flag, number, rate, choices)
    note = "" if chosen == number else _note(flag, number, chosen, rate, rule)
    return typed(flag, _plain(chosen), rule.get("as", "")), note


def typed(flag: str, value: Json, kind: str) -> Json:
    """The value as a JSON string, integer, number or boolean; unchanged without a kind."""
    if kind == "string":
        return value if isinstance(value, str) else _text(_plain(value))
    if kind == "boolean":
        return _boolean(flag, value)
    if kind in ("integer", "number"):
        number = _number(flag, value)
        if kind == "integer" and not isinstance(number, int):
            raise UsageError("bad_value", f"--{flag} takes a whole number, and {value} came")
        return number
    return value


def _nearest(flag: str, number: float, rate: float, choices: list[float]) -> float:
    """The legal value closest to what was asked, the larger of two as close; nothing far outside the range."""
    ordered = sorted(choices)
    if not _in_reach(number * rate, choices):
        low, high = ordered[0] / rate, ordered[-1] / rate
        raise UsageError(
            "bad_value",
            f"--{flag} {number:g} is out of range: from {low:.3g} to {high:.3g} is possible",
            details={"received": _plain(number), "allowed": [round(low, 3), round(high, 3)]},
        )
    return min(reversed(ordered), key=lambda one: abs(one - number * rate))


def _in_reach(wanted: float, choices: list[float]) -> bool:
    """Whether a number lies among the legal ones, or no further outside than they are apart."""
    ordered = sorted(choices)
    slack = max((b - a for a, b in pairwise(ordered)), default=0)
    return ordered[0] - slack <= wanted <= ordered[-1] + slack


def _note(flag: str, number: float, chosen: float, rate: float, rule: Rule) -> str:
    if "times" not in rule:
        return f"--{flag} {number:g}: {chosen:g} is the nearest possible value"
    by = rule["times"]["field"]
    return f"--{flag} {number:g}: {rule['to']} {chosen:g} at {by} {rate:g}, which is {chosen / rate:.2f}"


def _table(flag: str, rule: Rule, field: Field) -> Mapping[str, Json]:
    """The rule's map, or the one of its maps that another field's value chooses."""
    tables: Mapping[str, Any] = rule["map"]
    if "by" not in rule:
        return tables
    by = rule["by"]["field"]
    word = _text(field(by) or rule["by"]["default"])
    found: Mapping[str, Json] | None = next((tables[key] for key in tables if key.casefold() == word.casefold()), None)
    if found is None:
        raise UsageError(
            "bad_value",
            f"--{flag} goes with {by} {', '.join(tables)} here, and {by} {word[:80]} was asked for",
            details={"received": word[:80], "allowed": list(tables)},
            guidance=(f"leave --{flag} out, or give one of these as {by}",),
        )
    return found


def _mapped(flag: str, value: Json, rule: Rule, table: Mapping[str, Json]) -> tuple[Json, str]:
    key = _text(_plain(value))
    if key not in table:
        raise UsageError(
            "bad_value",
            f"--{flag} {key[:80]} is not possible here; allowed: {', '.join(table)}",
            details={"received": key[:80], "allowed": list(table)},
        )
    found = table[key]
    if isinstance(found, dict):
        return found, f"--{flag} {key}: " + ", ".join(f"{name} {_text(part)}" for name, part in found.items())
    same = str(found).casefold() == key.casefold()
    return found, "" if same else f"--{flag} {key}: {rule['to']} {_text(found)}"


def _number(flag: str, value: Json) -> float:
    """A finite number; text is read as one, whole numbers without loss."""
    if not isinstance(value, bool) and isinstance(value, (int, float, str)):
        for read in (int, float):
            with suppress(ValueError, OverflowError):
                number = read(value) if isinstance(value, str) else value
                if math.isfinite(number):
                    return int(number) if float(number).is_integer() and isinstance(number, float) else number
    raise UsageError("bad_value", f"--{flag} takes a number, and {_text(value)[:80]} came")


def _boolean(flag: str, value: Json) -> bool:
    words = {"true": True, "false": False}
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    raise UsageError("bad_value", f"--{flag} is true or false, and {_text(value)[:80]} came")


def _plain(value: Any) -> Any:
    """5.0 as 5: JSON tells them apart, people do not."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _text(value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
