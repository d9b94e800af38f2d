"""Values that somebody forgot to fill in."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..core import Json

_PLACEHOLDER = (
    r"(?i)<(?:fill[ _-]in\b|(?:path|your|insert|replace|enter|url|image|video|audio|file)[ _-])[^<>]*>"
    r"|<[A-Z][A-Z0-9_]*_[A-Z0-9_]+>|<[\w-]+[-_](?:url|uri|path|file|id|here)>|\{\{\s*[\w .-]+\s*\}\}"
    r"|\bYOUR_[A-Z0-9_]{2,}\b"
)
_SIGNS = ("<", "{{", "your_")
"""Every placeholder has one; the pattern is compiled where one is first met."""


def placeholders(value: Json, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str, bool]]:
    """(path, placeholder, whether it is the value's substance) for each text in a body that holds one.

    Inside a sentence (a prompt may well speak of a sign that says <your name>) it is only doubtful.
    """
    if isinstance(value, dict):
        for key, item in value.items():
            yield from placeholders(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from placeholders(item, (*path, index))
    elif isinstance(value, str):
        head = value[:4096]
        found = re.search(_PLACEHOLDER, head) if any(sign in head.lower() for sign in _SIGNS) else None
        if found:
            rest = value.replace(found.group(), "").strip()
            yield path, found.group(), not any(ch.isspace() for ch in rest)
