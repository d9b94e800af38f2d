"""The one line that is drawn over again while somebody waits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TextIO

from .look import columns_of_terminal, visible

if TYPE_CHECKING:
    from tqdm import tqdm

FIRST_SECONDS = 0.7
"""Before the line is drawn first, and tqdm imported: by then the request is out."""
STEP_SECONDS = 0.1


class LiveLine:
    """``text(step)`` drawn every tenth of a second by a thread of its own, with a bar before it for many jobs.

    Whoever writes a line of its own holds ``lock`` and takes this one away first.
    """

    def __init__(self, stream: TextIO, text: Callable[[int], str], *, total: int | None) -> None:
        self._stream = stream
        self._text = text
        self._total = total
        self._bar: tqdm[Any] | None = None
        self._done = 0
        self._ended = threading.Event()
        self.lock = threading.RLock()
        threading.Thread(target=self._run, name="live-line", daemon=True).start()

    def step(self) -> None:
        self._done += 1

    def clear(self) -> None:
        """Take the line away until it is drawn next; the caller holds the lock."""
        if self._bar is not None:
            self._stream.write(
                "\r" + " " * (columns_of_terminal() - 1) + "\r"
            )  # with the ^C that the terminal may have added
            self._stream.flush()

    def end(self) -> None:
        """Take the line away for good."""
        with self.lock:
            self._ended.set()
            if self._bar is not None:
                self.clear()
                self._bar.close()
                self._bar = None

    def _run(self) -> None:
        if self._ended.wait(FIRST_SECONDS):
            return
        from tqdm import tqdm

        tqdm.monitor_interval = 0
        step = 0
        try:
            while not self._ended.wait(STEP_SECONDS):
                with self.lock:
                    self._draw(tqdm, step)
                step += 1
        except (OSError, ValueError):  # the terminal is gone
            return

    def _draw(self, make: type[tqdm[Any]], step: int) -> None:
        if self._ended.is_set():
            return
        text = visible(self._text(step))
        if self._bar is None:
            size = min(24, max(8, columns_of_terminal() // 4))
            form = "{desc}" if self._total is None else f"[{{bar:{size}}}] {{desc}}"
            self._bar = make(
                total=self._total, file=self._stream, leave=False, bar_format=form, ascii="-#", desc=" ", mininterval=0
            )
        self._bar.n = self._done
        self._bar.set_description_str(text, refresh=True)
