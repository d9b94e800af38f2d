"""Why a rule under ``if``/``then`` holds just now, in words: "when resolution is 1080p, "."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .merging import merge
from .refs import Definitions
from .words import listed


def condition(schema: Any, path: Iterable[str | int], definitions: Definitions) -> str:
    """The condition that the last ``then`` or ``else`` on a schema path stands under; empty where it cannot be said."""
    node, said = schema, ""
    for step in path:
        while isinstance(node, dict) and step not in node and "$ref" in node:
            node = definitions.lookup(node["$ref"])
        if step in ("then", "else") and isinstance(node, dict) and "if" in node:
            said = _when(merge(node["if"], definitions), definitions, negated=step == "else") or said
        try:
            node = node[step]
        except (KeyError, IndexError, TypeError):
            return said
    return said


def _when(flat: dict[str, Any], definitions: Definitions, *, negated: bool) -> str:
    parts = []
    for name, schema in flat.get("properties", {}).items():
        wanted = merge(schema, definitions)
        values = [wanted["const"]] if "const" in wanted else wanted.get("enum", [])
        if values:
            parts.append(f"{name} is {'not ' if negated else ''}{listed(values)}")
    joined = (" or " if negated else " and ").join(parts)
    return f"when {joined}, " if parts else ""
