"""``--set KEY=VALUE``: dotted keys into a body, JSON values, else plain text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..core import Body, Json, UsageError, strict_json


def parse_set(text: str) -> tuple[str, Json]:
    """``tools=[{"type":"web_search"}]`` → key and value. What is no JSON is text: ``style=anime``.

    Raises:
        UsageError: ``bad_set`` without ``=`` or with an empty part in the key.
    """
    key, equals, value = text.partition("=")
    key = key.strip()
    if not equals or not all(key.split(".")):
        raise UsageError(
            "bad_set",
            f"--set {text[:80]!r} is not KEY=VALUE",
            guidance=("write --set field=value, with dots for fields inside fields: --set extra_body.mode=ti2vid",),
        )
    try:
        return key, strict_json(value)
    except (ValueError, RecursionError):
        return key, value


def apply_sets(body: Mapping[str, Body], sets: Iterable[tuple[str, Json]]) -> Mapping[str, Body]:
    """A copy of the body with each value at its dotted place; numbers count through lists.

    Raises:
        UsageError: ``bad_set`` where a key leads through something that holds no fields.
    """
    whole: Any = _copy(body)
    for key, value in sets:
        place(whole, key.split("."), value, key)
    return whole  # type: ignore[no-any-return]


def place(body: Any, parts: list[str], value: Body, key: str) -> None:
    """Put a value into a tree of fresh dicts and lists, making what is missing on the way."""
    here = body
    for part in parts[:-1]:
        if isinstance(here, list):
            here = here[_index(here, part, key)]
        elif isinstance(here, dict):
            if here.get(part) is None:
                here[part] = {}
            here = here[part]
    if isinstance(here, list):
        here[_index(here, parts[-1], key)] = value
    elif isinstance(here, dict):
        here[parts[-1]] = value
    else:
        raise UsageError("bad_set", f"{key} leads into a value that holds no fields")


def _index(items: list[Any], part: str, key: str) -> int:
    if not part.isascii() or not part.isdigit() or int(part) >= len(items):
        raise UsageError("bad_set", f"{key}: {part} is no place in a list of {len(items)}; the first is 0")
    return int(part)


def _copy(value: Body) -> Any:
    if not isinstance(value, (Mapping, list, tuple)):
        return value
    return {k: _copy(v) for k, v in value.items()} if isinstance(value, Mapping) else [_copy(v) for v in value]
