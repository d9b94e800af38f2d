"""JSON for people and for diffs: a value stands on one line where it fits, else one child a line."""

from __future__ import annotations

import json
from typing import Any

WIDTH = 118


def render(value: Any, indent: int = 0, lead: int = 0) -> str:
    """``value`` as JSON text; ``indent`` is its own column, ``lead`` the characters before it on its line."""
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, (dict, list)) or not value or indent + lead + len(flat) <= WIDTH:
        return flat
    pad = " " * (indent + 1)
    if isinstance(value, list):
        rows = [pad + render(item, indent + 1) for item in value]
        return "[\n" + ",\n".join(rows) + "\n" + " " * indent + "]"
    rows = []
    for key, item in value.items():
        name = json.dumps(key, ensure_ascii=False) + ": "
        rows.append(pad + name + render(item, indent + 1, len(name)))
    return "{\n" + ",\n".join(rows) + "\n" + " " * indent + "}"
