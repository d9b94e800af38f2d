"""The pictures and clips that a request was made from, as far as they lie in the same folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from .facts import word

MOST = 12
_DEPTH = 8


class Reference(NamedTuple):
    """What a request named: how it is called, and the file of this folder that it is (else empty)."""

    name: str
    file: str


def index_of(records: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The files of a folder by their bytes' sha256 and by the URL that they came from."""
    found: dict[str, str] = {}
    for row in (row for record in records for row in record["outputs"] if isinstance(row, dict)):
        keys = (word(row.get(name)) for name in ("sha256", "source_sha256", "url"))
        found |= {key: word(row.get("path")) for key in keys if key}
    return found


def references_of(request: object, index: Mapping[str, str]) -> tuple[Reference, ...]:
    """Every file and URL of a request, in order, once each."""
    found = dict.fromkeys(_found(request, index, _DEPTH))
    return tuple(found)[:MOST]


def _found(value: object, index: Mapping[str, str], depth: int) -> Iterator[Reference]:
    if depth == 0:
        return
    if isinstance(value, dict) and "sha256" in value and "file" in value:
        yield Reference(word(value["file"]), index.get(word(value["sha256"]), ""))
    elif isinstance(value, str) and value.startswith(("https://", "http://")) and " " not in value:
        name = _name_in(value)
        yield Reference(name or "URL", index.get(value, ""))
    elif isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _found(item, index, depth - 1)


def _name_in(url: str) -> str:
    try:
        return urlsplit(url).path.rsplit("/", 1)[-1]
    except ValueError:
        return ""
