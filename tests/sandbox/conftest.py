"""Sandboxes for a test, closed after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from generate_media.sandbox.embedded import start
from sandbox_help import Site

FAST = 200.0


@pytest.fixture
def begin() -> Iterator[Callable[..., Site]]:
    """Start sandboxes; all are closed at the end, and none may have met an error of its own."""
    sites: list[Site] = []

    def make(**options: Any) -> Site:
        site = Site(start(**{"speed": FAST, **options}))
        sites.append(site)
        return site

    yield make
    try:
        for site in sites:
            assert site.log()["errors"] == []
    finally:
        for site in sites:
            site.running.close()


@pytest.fixture
def site(begin: Callable[..., Site]) -> Site:
    return begin()
