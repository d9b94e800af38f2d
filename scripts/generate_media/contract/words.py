"""Objections in words: one sentence that names the field, what came, what is allowed, and what was meant."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from ..core import Json
from .merging import same, type_list
from .spelling import nearest

_SHOWN = 60
LISTED = 24
LEAST_RUN = 4
"""As many whole numbers in a row are told by the first and the last."""
_ARTICLE = {
    "integer": "an integer",
    "array": "a list",
    "object": "an object",
    "null": "null",
    "boolean": "true or false",
}
_BOUNDS: Mapping[str, str] = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "exclusiveMinimum": "more than {}",
    "exclusiveMaximum": "less than {}",
    "multipleOf": "a multiple of {}",
    "minLength": "at least {} characters long",
    "maxLength": "at most {} characters long",
    "minItems": "a list of at least {}",
    "maxItems": "a list of at most {}",
    "minProperties": "an object of at least {} fields",
    "maxProperties": "an object of at most {} fields",
    "pattern": "text of the form {}",
}


@dataclass(frozen=True)
class Said:
    """A sentence with the values that it speaks of."""

    message: str
    allowed: Any = None
    corrected: Any = None


def say(keyword: str, wanted: Any, received: Any, schema: Any, field: str) -> Said:
    """The objection of one JSON Schema keyword."""
    place = field or "the request"
    hint = _hint(schema, received)
    if hint:
        return Said(f"{place} cannot be {shown(received)}: {hint}", _allowed(schema))
    if isinstance(schema, dict) and isinstance(schema.get("x-message"), str) and keyword != "type":
        return Said(f"{place} {schema['x-message']}", _allowed(schema))
    if keyword == "type":
        return _say_type(wanted, received, schema, place)
    if keyword in ("enum", "const"):
        return _say_enum([wanted] if keyword == "const" else list(wanted), received, place)
    if keyword == "minLength" and received == "":
        return Said(f"{place} must not be empty", {keyword: wanted})
    if keyword in _BOUNDS:
        bound = {keyword: wanted}
        return Said(f"{place} must be {_BOUNDS[keyword].format(wanted)}, and {_size(keyword, received)} came", bound)
    if schema is False or keyword is None:
        return Said(f"{place} is not allowed here")
    if keyword == "uniqueItems":
        return Said(f"{place} must not hold the same item twice")
    if keyword == "not":
        return Said(f"{place} is not allowed as it is: {_excluded(wanted, received)}")
    if keyword in ("dependentRequired", "dependencies"):
        return Said(f"{place} lacks {listed(_dependents(wanted, received))}, which another given field calls for")
    return Said(f"{place} does not satisfy {keyword} {shown(wanted)}")


def _say_type(wanted: Any, received: Any, schema: Any, place: str) -> Said:
    kinds = type_list(wanted)
    name = " or ".join(_ARTICLE.get(kind, f"a {kind}") for kind in kinds)
    if received is None:
        return Said(f"{place} must be {name}, and null came: leave the field out", kinds)
    corrected = _cast(received, kinds, schema if isinstance(schema, dict) else {})
    advice = "" if corrected is None else f": write {shown(corrected)}"
    return Said(f"{place} must be {name}, and {kind_of(received)} {shown(received)} came{advice}", kinds, corrected)


def _say_enum(allowed: list[Any], received: Any, place: str) -> Said:
    corrected = _same_but_for_writing(received, allowed)
    message = f"{place} must be {listed(allowed)}, and {shown(received)} came"
    if corrected is not None:
        return Said(f"{message}: write {shown(corrected)}", allowed, corrected)
    near = _nearest_value(received, allowed)
    return Said(message + (f"; the nearest is {shown(near)}" if near is not None else ""), allowed)


def unknown_name(path: str, name: str, free: Sequence[str], known: Sequence[str]) -> Said:
    """A field that the contract does not know; ``free`` are known fields that were not given."""
    near = nearest(name, free, limit=1)
    advice = f"did you mean {near[0]}?" if near else f"known fields: {listed(known)}"
    return Said(f"{path} is not a field of this request; {advice}", list(known))


def missing(path: str, name: str, schema: Mapping[str, Any], strangers: Sequence[str]) -> Said:
    """A required field that did not come, perhaps under a misspelt name among the ``strangers``."""
    near = nearest(name, strangers, limit=1)
    allowed = _allowed(schema)
    what = f"; it may be {listed(allowed)}" if isinstance(allowed, list) else ""
    return Said(
        f"{path} is required and missing{what}" + (f" ({near[0]} came; was it meant?)" if near else ""), allowed
    )


def _allowed(schema: Any) -> Json:
    if not isinstance(schema, dict):
        return None
    if "const" in schema:
        return [schema["const"]]
    return schema.get("enum")


def _hint(schema: Any, received: Any) -> str:
    hints = schema.get("x-hint") if isinstance(schema, dict) else None
    if not isinstance(hints, dict) or isinstance(received, dict | list):
        return ""
    return str(hints.get(received if isinstance(received, str) else json.dumps(received), ""))


def _cast(received: Any, kinds: Sequence[str], schema: Mapping[str, Any]) -> Json:
    """The same value in a wanted type, where only one reading is possible and the schema's own bounds hold."""
    found: Json = None
    if isinstance(received, str):
        found = _from_text(received.strip(), kinds)
    elif isinstance(received, bool | int | float) and "string" in kinds:
        found = json.dumps(received)
    if found is None and "array" in kinds and isinstance(received, str) and received:
        items = schema.get("items")
        found = (
            [received] if not isinstance(items, dict) or "string" in type_list(items.get("type", "string")) else None
        )
    return found if _fits(found, schema) else None


def _from_text(text: str, kinds: Sequence[str]) -> Json:
    if re.fullmatch(r"-?(0|[1-9]\d{0,17})", text) and {"integer", "number"} & set(kinds):
        return int(text)
    if re.fullmatch(r"-?\d{1,17}\.\d{1,17}", text) and "number" in kinds:
        return float(text)
    if text.lower() in ("true", "false") and "boolean" in kinds:
        return text.lower() == "true"
    return None


def _fits(value: Json, schema: Mapping[str, Any]) -> bool:
    if "enum" in schema and not any(same(value, one) for one in schema["enum"]):
        return False
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = schema.get("minimum", value), schema.get("maximum", value)
        return bool(low <= value <= high)
    return True


def _same_but_for_writing(received: Any, allowed: Sequence[Any]) -> Json:
    """The one allowed value that differs only in letter case, white space, or between text and number."""
    if isinstance(received, dict | list) or received is None:
        return None
    plain = _plain(received)
    hits = [value for value in allowed if value is not None and _plain(value) == plain]
    return hits[0] if len(hits) == 1 else None


def _plain(value: Any) -> str:
    return (value if isinstance(value, str) else json.dumps(value)).strip().lower()


def _nearest_value(received: Any, allowed: Sequence[Any]) -> Json:
    if isinstance(received, bool) or received is None:
        return None
    numbers = [value for value in allowed if isinstance(value, int | float) and not isinstance(value, bool)]
    if isinstance(received, int | float):
        return min(numbers, key=lambda value: abs(value - received)) if numbers else None
    texts = [value for value in allowed if isinstance(value, str)]
    near = nearest(received, texts, limit=1) if isinstance(received, str) else []
    return near[0] if near else None


def _size(keyword: str, received: Any) -> str:
    if keyword in ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"):
        return str(len(received))
    return shown(received)


def _excluded(wanted: Any, received: Any) -> str:
    if isinstance(wanted, dict) and isinstance(received, dict) and wanted.get("required"):
        return f"{listed(wanted['required'])} cannot stand here" + (" together" if len(wanted["required"]) > 1 else "")
    return f"{shown(received)} is excluded"


def _dependents(wanted: Any, received: Any) -> list[str]:
    pairs = wanted.items() if isinstance(wanted, dict) else ()
    return [name for key, names in pairs if key in received for name in names if name not in received]


def kind_of(value: Any) -> str:
    """The JSON type of a value, in words."""
    if isinstance(value, bool):
        return "the truth value"
    if isinstance(value, int | float):
        return "the number"
    return {"str": "the text", "list": "the list", "dict": "the object"}.get(type(value).__name__, "")


def shown(value: Any) -> str:
    """A value as JSON, cut to a glance."""
    text = value if isinstance(value, str) and len(value) > 4 * _SHOWN else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def listed(values: Sequence[Any]) -> str:
    """``a, b or c``; whole numbers in a row are ``4 to 30``, long lists are cut."""
    texts = list(_runs(values))
    if len(texts) > LISTED:
        texts[LISTED:] = [f"{len(texts) - LISTED} more"]
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} or {texts[-1]}" if texts else "nothing"


def _runs(values: Sequence[Any]) -> Iterator[str]:
    for _, group in groupby(enumerate(values), lambda item: item[1] - item[0] if type(item[1]) is int else -1.5):
        run = [value for _, value in group]
        if type(run[0]) is int and len(run) >= LEAST_RUN:
            yield f"{run[0]} to {run[-1]}"
        else:
            yield from (value if isinstance(value, str) else shown(value) for value in run)
