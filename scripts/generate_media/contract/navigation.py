"""docs.json (Mintlify): which endpoints its navigation lists, under which groups.

Groups, tabs, anchors, dropdowns, versions and languages nest to any depth; pages are slugs, "POST /path" texts,
or objects. The older mint.json (``navigation`` a list of groups) is read too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..core import NotFound
from .budget import Budget
from .catalog import Contract
from .load import BrokenDocument, parse, read_bytes
from .operations import Endpoint
from .source import Source

_NAMES = ("group", "tab", "anchor", "dropdown", "version", "language", "product", "title")
_CALL = re.compile(r"(?:\S+\s+)?(GET|POST|PUT|PATCH|DELETE)\s+(\S+)$", re.IGNORECASE)
_WORDS = {"images": ("image", "picture", "photo", "图"), "videos": ("video", "clip", "视频")}


@dataclass(frozen=True)
class Page:
    """One page of the navigation; ``groups`` are the names above it, outermost first."""

    text: str
    groups: tuple[str, ...]


def read_navigation(path: Path, budget: Budget | None = None) -> tuple[Page, ...]:
    """All pages of a docs.json or mint.json in order. Raises BrokenDocument, TooLarge, UsageError
    ``unreadable_file``."""
    return navigation_in(read_bytes(path), str(path), budget)


def navigation_in(data: bytes, name: str, budget: Budget | None = None) -> tuple[Page, ...]:
    """The same out of bytes. Raises BrokenDocument, TooLarge."""
    root = parse(data, name, budget or Budget())
    if not isinstance(root, dict) or not isinstance(root.get("navigation"), dict | list):
        raise BrokenDocument("broken_document", f"{name}: it has no `navigation`", details={"file": name})
    return tuple(_pages(root["navigation"], ()))


def _pages(node: Any, groups: tuple[str, ...]) -> Iterator[Page]:
    if isinstance(node, str):
        yield Page(node, groups)
    elif isinstance(node, list):
        for item in node:
            yield from _pages(item, groups)
    elif isinstance(node, dict):
        name = next((node[key] for key in _NAMES if isinstance(node.get(key), str)), "")
        below = (*groups, name) if name else groups
        leaf = [node[key] for key in ("openapi", "page", "href", "slug", "root") if isinstance(node.get(key), str)]
        inner = [value for key, value in node.items() if isinstance(value, list | dict) and key != "openapi"]
        if leaf and not inner:
            yield Page(leaf[0], groups)
        for value in inner:
            yield from _pages(value, below)


def endpoints_of(pages: Sequence[Page], contract: Contract) -> tuple[tuple[Endpoint, Page], ...]:
    """The endpoint of each page that names one, in the navigation's order, each once."""
    slugs = _slugs(contract)
    found: dict[tuple[str, str], tuple[Endpoint, Page]] = {}
    for page in pages:
        endpoint = _endpoint(page, contract, slugs)
        if endpoint is not None:
            found.setdefault((endpoint.method, endpoint.path), (endpoint, page))
    return tuple(found.values())


def in_category(page: Page, category: str) -> bool:
    """Whether a page's nearest telling group is about ``images`` or ``videos``."""
    for group in reversed(page.groups):
        hits = [name for name, words in _WORDS.items() if any(word in group.lower() for word in words)]
        if len(hits) == 1:
            return hits[0] == category
    return False


def _endpoint(page: Page, contract: Contract, slugs: dict[str, list[Endpoint]]) -> Endpoint | None:
    call = _CALL.match(page.text.strip())
    try:
        if call:
            return contract.find_endpoint(f"{call.group(1)} {call.group(2)}")
        if page.text.startswith(("/", "http")) and any(_is_create(source, page.text) for source in contract.sources):
            return contract.find_endpoint(page.text, create_only=True)
    except NotFound:
        return None
    hits = slugs.get(_plain(page.text.rstrip("/").rsplit("/", 1)[-1]), [])
    hits = hits or slugs.get(_plain(page.text), [])
    return next((endpoint for endpoint in hits if endpoint.streams), hits[0] if hits else None)


def _is_create(source: Source, text: str) -> bool:
    return source.model_paths is not None and source.model_paths.create in text


def _slugs(contract: Contract) -> dict[str, list[Endpoint]]:
    """What pages may be called → endpoints: operation ids, summaries, paths, models and their last segments."""
    names: dict[str, list[Endpoint]] = {}
    for endpoint in contract.endpoints:
        operation = endpoint.operation
        own = {endpoint.path, endpoint.path.rsplit("/", 1)[-1], endpoint.model, endpoint.model.rsplit("/", 1)[-1]}
        if operation is not None:
            own |= {operation.text("operationId"), operation.text("summary")}
        for name in {_plain(text) for text in own} - {""}:
            names.setdefault(name, []).append(endpoint)
    return names


def _plain(text: str) -> str:
    return "".join(ch for ch in text.lower() if ch.isalnum())
