"""One Chromium for all tests of a process: its start costs more than what most of them ask of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from browser import Browser


@pytest.fixture(scope="session")
def _opened() -> Iterator[Browser]:
    with Browser() as opened:
        yield opened


@pytest.fixture
def browser(_opened: Browser) -> Browser:
    """As it is just after its start."""
    _opened.dark(False)
    _opened.resize(1280, 900)
    _opened.call("Storage.clearDataForOrigin", origin="file://", storageTypes="local_storage")
    _opened.console.clear()
    return _opened
