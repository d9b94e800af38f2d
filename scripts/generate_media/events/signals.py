"""SIGINT and SIGTERM: raised where it is safe, and late by at most five seconds where a create is under way."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

from ..core import Interrupted

CREATE_GRACE_SECONDS = 5.0
IMPORT_LOOK_SECONDS = 0.01
UNHEARD_SECONDS = 1.0
"""An exception that was raised inside a destructor or a callback is lost: so long until it is raised again."""


class Signals:
    """Turns the first signal into :class:`Interrupted` in the main thread, again and again until it is :meth:`heard`.

    From :meth:`install` on, that is from the first job on: until then there is nothing to put away and no id to tell,
    and a signal ends the process at once (beginning.py).

    Inside :meth:`shield` the first signal waits for the block to end, at most ``CREATE_GRACE_SECONDS``;
    a second one does not wait. Elsewhere than in the main thread a shield is only a count.
    """

    def __init__(self) -> None:
        self._depth = 0
        self._pending: int | None = None
        self._installed = False

    def install(self) -> None:
        """A job is at work from now on. Does nothing the second time, nor in a worker's thread."""
        if self._installed or not _in_main_thread():
            return
        self._installed = True
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._arrived)
        if hasattr(signal, "SIGALRM"):
            signal.signal(signal.SIGALRM, self._due)
        if hasattr(signal, "SIGPIPE"):
            signal.signal(signal.SIGPIPE, signal.SIG_IGN)
        sys.unraisablehook = _unless_interrupted(sys.unraisablehook)

    def check(self) -> None:
        """Raise a signal that waits inside a shield: the last moment at which nothing is paid for."""
        if self._depth > 0 and self._pending is not None and _in_main_thread():
            self._raise(self._pending)

    def heard(self) -> None:
        """Somebody caught it and is bringing the run to its end."""
        _alarm_after(0.0)

    def done(self) -> None:
        """The outcome is known: from now on a signal may not keep its last line from being printed."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        _alarm_after(0.0)

    def _arrived(self, number: int, frame: FrameType | None) -> None:
        waits = self._depth > 0 and self._pending is None
        self._pending = number
        if waits:
            _alarm_after(CREATE_GRACE_SECONDS)
        else:
            self._interrupt(number, frame)

    def _due(self, number: int, frame: FrameType | None) -> None:
        if self._pending is not None:
            self._interrupt(self._pending, frame)

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        """Raise, but not inside an import: that would lose it, or keep half a module."""
        if hasattr(signal, "setitimer") and _imports(frame):
            _alarm_after(IMPORT_LOOK_SECONDS)
            return
        self._raise(number)

    def _raise(self, number: int) -> NoReturn:
        _alarm_after(UNHEARD_SECONDS)
        raise Interrupted(number)

    @contextmanager
    def shield(self) -> Iterator[None]:
        """A block that a first signal lets finish: a create that is out, until its answer is on disk."""
        if not _in_main_thread():
            yield
            return
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
        if self._depth == 0 and self._pending is not None:
            self._raise(self._pending)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _alarm_after(seconds: float) -> None:
    """SIGALRM once after so long; 0 calls it off. Where there is no such clock, nothing."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _imports(frame: FrameType | None) -> bool:
    """Whether an import is under way."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib."):
            return True
        frame = frame.f_back
    return False


def _unless_interrupted(hook: Callable[[sys.UnraisableHookArgs], object]) -> Callable[[sys.UnraisableHookArgs], object]:
    """The same hook, without words about an interruption that will be raised again."""

    def told(unraisable: sys.UnraisableHookArgs) -> None:
        if not isinstance(unraisable.exc_value, Interrupted):
            hook(unraisable)

    return told
