"""File names that are ours: from the prompt and the job's id, never from a server.

``<slug of the prompt>-<8 hex>[-n].<ext>``: safe on Linux, macOS and Windows, readable in any script.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from itertools import count

from ..core import digest

SLUG_BYTES = 60
_SHORTEST_CUT = 40
_PROMPT_CHARS = 400
_FALLBACK = "untitled"
_WINDOWS_DEVICES = (
    {"con", "prn", "aux", "nul", "conin", "conout"} | {f"com{n}" for n in range(10)} | {f"lpt{n}" for n in range(10)}
)


def slug(text: str, max_bytes: int = SLUG_BYTES) -> str:
    """Letters, marks and digits of any script in lower case, all else a single hyphen; at most ``max_bytes`` of UTF-8.

    Never empty, never a Windows device name, never begins or ends with a hyphen, dot or space. A text that is too
    long is cut at a word where that keeps most of it.
    """
    flat = unicodedata.normalize("NFKC", text[:_PROMPT_CHARS]).lower()
    # Lower-casing may give new compositions (İ), so compose once more; marks need a letter before them.
    kept = "".join(ch if unicodedata.category(ch)[0] in "LMN" else "-" for ch in unicodedata.normalize("NFKC", flat))
    words = [word.lstrip(_marks(word)) for word in kept.split("-")]
    whole = "-".join(word for word in words if word)
    short = _cut(whole, max_bytes)
    if not short:
        return _FALLBACK
    return f"{short}-file" if short in _WINDOWS_DEVICES else short


def stem(prompt: str, provider: str, generation_id: str) -> str:
    """The name of a job's files without number and extension: the same for the same job, on every machine."""
    return f"{slug(prompt)}-{file_mark(provider, generation_id)}"


def file_mark(provider: str, generation_id: str, number: int = 1) -> str:
    """What a job's ``number``-th file is told from all others by: ``<8 hex>``, ``<8 hex>-2``, ``<8 hex>-3`` …"""
    short = digest(provider, generation_id)[:8]
    return f"{short}-{number}" if number > 1 else short


def names_to_try(stem: str, extension: str) -> Iterator[str]:
    """File names in the order in which they are tried: ``stem.png``, ``stem-2.png``, ``stem-3.png`` …"""
    yield stem + extension
    for number in count(2):
        yield f"{stem}-{number}{extension}"


def _marks(word: str) -> str:
    return "".join({ch for ch in word if unicodedata.category(ch).startswith("M")})


def _cut(text: str, max_bytes: int) -> str:
    data = text.encode("utf-8")
    if len(data) <= max_bytes:
        return text
    short = data[:max_bytes].decode("utf-8", "ignore")
    at = short.rfind("-")
    if len(short[: max(at, 0)].encode("utf-8")) >= _SHORTEST_CUT:
        return short[:at]
    return short.rstrip("-")
