"""``x-warnings`` of a body's schema: what is legal, and still worth a word before money is spent.

A row is ``{"if": schema, "message": sentence, "field": path}``: where the body satisfies ``if``, the sentence is
a warning. Plain JSON Schema validators pass over it, so the schema itself stays what the provider enforces.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..core import Json
from .checking import is_valid
from .refs import Definitions


def advice(flat: dict[str, Any], definitions: Definitions, body: Json) -> Iterator[tuple[str, str]]:
    """(message, field) of each warning that holds for ``body``; ``flat`` is the merged body schema."""
    for row in flat.get("x-warnings", ()):
        if is_valid(definitions.schema(row["if"], ""), body):
            yield str(row["message"]), str(row.get("field", ""))
