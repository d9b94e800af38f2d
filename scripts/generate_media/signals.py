"""SIGINT and SIGTERM: raised where it is safe, and late by at most five seconds where a create is under way."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from .errors import Interrupted

CREATE_GRACE_SECONDS = 5.0


class Signals:
    """Turns the first signal into :class:`Interrupted` in the main thread.

    Inside :meth:`shield` the first signal waits for the block to end, at most ``CREATE_GRACE_SECONDS``;
    a second one does not wait. Elsewhere than in the main thread a shield is only a count.
    """

    def __init__(self) -> None:
        self._depth = 0
        self._pending: int | None = None

    def install(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._arrived)
        if hasattr(signal, "SIGALRM"):
            signal.signal(signal.SIGALRM, self._grace_over)
        if hasattr(signal, "SIGPIPE"):
            signal.signal(signal.SIGPIPE, signal.SIG_IGN)

    def done(self) -> None:
        """The outcome is known: from now on a signal may not keep its last line from being printed."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        if hasattr(signal, "setitimer"):
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _arrived(self, number: int, frame: FrameType | None) -> None:
        if self._depth and self._pending is None:
            self._pending = number
            if hasattr(signal, "setitimer"):
                signal.setitimer(signal.ITIMER_REAL, CREATE_GRACE_SECONDS)
            return
        raise Interrupted(number)

    def _grace_over(self, number: int, frame: FrameType | None) -> None:
        if self._pending is not None:
            raise Interrupted(self._pending)

    @contextmanager
    def shield(self) -> Iterator[None]:
        """A block that a first signal lets finish: a create that is out, until its answer is on disk."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
        pending = self._pending
        if self._depth == 0 and pending is not None:
            if hasattr(signal, "setitimer"):
                signal.setitimer(signal.ITIMER_REAL, 0)
            raise Interrupted(pending)
