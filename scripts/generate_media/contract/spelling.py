"""The nearest right spellings of a word; difflib is imported only when something is misspelt."""

from __future__ import annotations

from collections.abc import Sequence

_MOST = 5000
"""Names that are compared: each takes some microseconds, and a document may hold a million."""


def nearest(word: str, known: Sequence[str], *, limit: int = 5, cutoff: float = 0.6) -> list[str]:
    """At most ``limit`` of ``known``, best first; letter case and - _ . / are forgiven."""
    import difflib

    plain: dict[str, list[str]] = {}
    for name in known[:_MOST]:
        plain.setdefault(_plain(name), []).append(name)
    found = difflib.get_close_matches(_plain(word), plain, n=limit, cutoff=cutoff)
    inside = [key for key in plain if len(_plain(word)) > 3 and (_plain(word) in key) and key not in found]
    return [name for key in [*found, *inside] for name in plain[key]][:limit]


def _plain(text: str) -> str:
    return "".join(ch for ch in text.lower() if ch.isalnum())
