"""What may stand between the printer and a terminal: words for a person in place of JSON lines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol


class View(Protocol):
    """Draws what the printer gives it, in which no key, signature or server's control character is left.

    May raise OSError where the terminal is gone; whatever else it raises, the printer goes on with JSON.
    """

    def row(self, row: Mapping[str, Any]) -> None:
        """What would be a JSON line."""

    def document(self, document: Mapping[str, Any]) -> None:
        """What would be a JSON document."""

    def say(self, text: str) -> None:
        """Words that go to stderr."""


class _Shown:
    view: View | None = None


def show_with(view: View | None) -> None:
    """From now on standard printers of this process draw with a view; None: JSON."""
    _Shown.view = view


def shown_with() -> View | None:
    return _Shown.view
