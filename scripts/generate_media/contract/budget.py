"""What reading a document may cost: nodes and seconds, one budget for loading, merging, templates and validation.

A few kilobytes of JSON can describe more than any machine can hold: thirty levels that each name the next one
twice, a list of a hundred million items, YAML aliases of aliases. Every walk over a document spends here.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from ..core import UsageError


class TooLarge(UsageError):
    """A document cannot be unfolded within its budget; ``message`` says which part of the budget is spent."""

    def __init__(self, name: str, why: str) -> None:
        what = name or "the document"
        super().__init__("document_too_large", f"{what} is too large to unfold: {why}", details={"file": name or None})


class Budget:
    """Nodes and seconds for one question; unlimited unless said otherwise. ``now`` gives monotonic seconds."""

    def __init__(
        self, nodes: float = math.inf, seconds: float = math.inf, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.nodes = nodes
        self.seconds = seconds
        self.used = 0
        """Nodes spent on the present question."""
        self._now = now
        self._refused = False
        self._ends = now() + seconds

    def restart(self) -> None:
        """Another question (the next line of a batch file). A document that was too large once stays so: each of
        a thousand lines would wait for the same answer."""
        if not self._refused:
            self.used = 0
            self._ends = self._now() + self.seconds

    def spend(self, nodes: int = 1, name: str = "") -> None:
        """Count work on the document ``name``.

        Raises:
            TooLarge: the budget is spent.
        """
        self.used += nodes
        if self.used > self.nodes:
            why = f"more than {self.nodes:,.0f} nodes"
        elif self._now() > self._ends:
            why = f"it takes more than {self.seconds:g} seconds"
        else:
            return
        self._refused = True
        raise TooLarge(name, why)
