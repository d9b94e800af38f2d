"""A stranger's file, read within a budget: whoever made it does not decide how long or how much we read."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import BinaryIO

LOOK_SECONDS = 2.0
"""How long it may take to find a file's measures or its end."""
MAX_PIECE_BYTES = 1 << 20
_MAX_READS = 1_000_000
_READS_A_GLANCE = 64
"""So many reads lie between two looks at the clock."""


class Untold(Exception):
    """The file does not say, or finding out costs too much."""


class Bounded:
    """A file with ``read``, ``seek`` and ``tell``, as parsers want it, that stops them in time.

    ``seconds`` are real ones, told by ``now``; ``max_bytes`` counts what is read in all. ``length`` is in bytes.
    """

    def __init__(
        self,
        file: BinaryIO,
        *,
        seconds: float = LOOK_SECONDS,
        max_bytes: float = float("inf"),
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._file = file
        self._now = now
        self._until = now() + seconds
        self._bytes_left = max_bytes
        self._reads = 0
        self.length = file.seek(0, 2)
        file.seek(0)

    def read(self, count: int = -1) -> bytes:
        """At most ``count`` bytes, -1 for all. Raises Untold."""
        if self._reads % _READS_A_GLANCE == 0 and self._now() >= self._until:
            raise Untold("it takes too long to read")
        self._reads += 1
        data = self._file.read(count)
        self._bytes_left -= len(data)
        if self._bytes_left < 0 or self._reads > _MAX_READS:
            raise Untold("there is too much to read")
        return data

    def take(self, count: int) -> bytes:
        """Exactly ``count`` bytes. Raises EOFError, and Untold as well for more than a mebibyte."""
        if count > MAX_PIECE_BYTES:
            raise Untold("a part of it is too large to read")
        data = self.read(count)
        if len(data) < count:
            raise EOFError
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        """As a file's; an offset beyond the end, however large, is the end."""
        start = (0, self._file.tell(), self.length)[whence]
        return self._file.seek(min(start + offset, self.length))

    def tell(self) -> int:
        return self._file.tell()
