"""Something to be done at a certain time: one daemon thread for a whole process, however many jobs it holds."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable


class Alarm:
    """One thing to be done later."""

    __slots__ = ("_action", "_watch", "brief")

    def __init__(self, watch: Watch, action: Callable[[], object], brief: bool) -> None:
        self._watch = watch
        self._action: Callable[[], object] | None = action
        self.brief = brief

    def cancel(self) -> None:
        """Forget it, if it has not begun; does not wait for one that has."""
        if self._take() is not None:
            self._watch._canceled()

    def _take(self) -> Callable[[], object] | None:
        action, self._action = self._action, None  # also frees what the action holds (sockets, jobs)
        return action


class Watch:
    """Runs actions when they are due. Each action has a short-lived thread, so a slow one delays no other."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._heap: list[tuple[float, int, Alarm]] = []
        self._count = itertools.count()
        self._dead = 0
        self._thread: threading.Thread | None = None

    def at(self, due: float, action: Callable[[], object], *, brief: bool = False) -> Alarm:
        """Call ``action`` once at ``due`` (``time.monotonic()`` seconds), soon if that is past.

        ``brief`` actions neither block nor fail, and run in the watch's own thread.
        """
        alarm = Alarm(self, action, brief)
        with self._changed:
            heapq.heappush(self._heap, (due, next(self._count), alarm))
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
                self._thread.start()
            elif self._heap[0][2] is alarm:
                self._changed.notify()
        return alarm

    def _canceled(self) -> None:
        """Sweep once most of the heap is dead: every call cancels its deadline, nearly always long before it."""
        with self._changed:
            self._dead += 1
            if self._dead > 64 and self._dead * 2 > len(self._heap):
                self._heap = [entry for entry in self._heap if entry[2]._action is not None]
                heapq.heapify(self._heap)
                self._dead = 0

    def _run(self) -> None:
        for alarm in iter(self._next, None):
            action = alarm._take()
            if action is None:
                continue
            if alarm.brief:
                action()
            else:
                threading.Thread(target=action, name="watch-action", daemon=True).start()

    def _next(self) -> Alarm:
        with self._changed:
            while True:
                wait = self._heap[0][0] - time.monotonic() if self._heap else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._heap)[2]
                self._changed.wait(None if wait is None else min(wait, threading.TIMEOUT_MAX))


_shared: Watch | None = None
_making = threading.Lock()


def shared() -> Watch:
    """The watch of this process."""
    global _shared
    with _making:
        if _shared is None:
            _shared = Watch()
        return _shared
