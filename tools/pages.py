"""Pages of references/ whose tables are written from agcloud.openapi.json; the pages' own words stay.

A table stands between ``<!-- NAME: … -->`` and ``<!-- /NAME -->``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

Node = Mapping[str, Any]


def filled(text: str, name: str, rows: Iterable[str]) -> str:
    """The text with rows in the place of this name. Raises ValueError: it has no such place."""
    begin = text.index("-->\n", text.index(f"<!-- {name}:")) + len("-->\n")
    end = text.index(f"<!-- /{name} -->")
    return text[:begin] + "".join(f"{row}\n" for row in rows) + text[end:]


def line(*cells: object) -> str:
    """A row of a table."""
    return "| " + " | ".join(map(str, cells)) + " |"


def values(field: Node) -> str:
    """What a field takes, and what it is where nothing is said."""
    kind = field.get("type", "false" if field.get("const") is False else "list")
    found = " ".join(field["enum"]) if "enum" in field else " or ".join([kind] if isinstance(kind, str) else kind)
    if "minimum" in field and "maximum" in field and "enum" not in field:
        found = f"{field['minimum']}…{field['maximum']}"
    found += f" ≤{field['maxLength']}" if "maxLength" in field else ""
    default = json.dumps(field["default"]).strip('"') if "default" in field else ""
    return found + (f" ={default}" if default else "")
