"""What is known of work that goes on, as the one line that is drawn over again."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from .known import Known
from .look import Look, clock_words, cut, width
from .words import status_word

Row = Mapping[str, Any]


class Job:
    """One job: its model, its status, how long it runs and how long it may."""

    def __init__(self, start: Row, known: Known) -> None:
        self._known = known
        self._provider = str(start.get("provider") or "")
        self._model = str(start.get("model") or "")
        self._kind = "image" if start.get("mode") == "sync" else ""
        self._id: str | None = start.get("generation_id")
        self._began = self._since = time.monotonic()
        self._expected: float | None = None
        self._is_looked_up = False
        self._state = "sending" if start.get("event") else "running"
        self._retry: Row = {}
        self._retry_until = 0.0
        self.note = ""
        """What the provider says of how far it is."""

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def tell(self, name: str, row: Row) -> None:
        """Take in what an event says."""
        if row.get("generation_id"):
            self._is_looked_up = self._is_looked_up and self._id is not None
            self._id = str(row["generation_id"])
        if name in ("accepted", "attached"):
            self._state = "queued" if name == "accepted" else "running"
        if name == "status":
            self._state, self.note = status_word(str(row.get("status"))), ""
        if name == "retry":
            self._retry, self._retry_until = row, time.monotonic() + (row.get("wait_seconds") or 0)

    def text(self, step: int, look: Look) -> str:
        """The line, as much of it as the terminal has room for."""
        room = look.columns - 1
        if not self._is_looked_up:
            self._look_up()
        state = self._words(look) + (f" {self.note.rpartition(': ')[2]}" if self.note else "")
        times = self._times(look)
        head = f"{look.spin(step)} {self._short}".rstrip()
        whole = "  ".join([head, state, times])
        for line in (f"{whole}   {look.word('safe')}", f"{whole}   {look.word('safe_short')}", whole):
            if width(line) <= room:
                return line
        return f"{cut(head, max(8, room - width(times) - 2))}  {times}"

    def once(self, look: Look) -> str:
        """The same for a terminal on which nothing is drawn over."""
        return f"{self._short}  {self._words(look)}".strip()

    @property
    def _short(self) -> str:
        """The model's own name, without its maker's."""
        return self._model.rsplit("/", 1)[-1]

    def _look_up(self) -> None:
        self._is_looked_up = True
        self._model, self._expected, began = self._known.pace(self._provider, self._model, self._id, self._kind)
        if began is not None:
            self._since = time.monotonic() - max(0.0, time.time() - began)

    def _words(self, look: Look) -> str:
        left = self._retry_until - time.monotonic()
        if left <= 0:
            return look.kept(self._state)
        status = self._retry.get("http_status")
        return (
            look.word("retry_http", status=status, n=f"{left:.0f}") if status else look.word("retry", n=f"{left:.0f}")
        )

    def _times(self, look: Look) -> str:
        passed = time.monotonic() - self._since
        told = {"passed": clock_words(passed), "expected": clock_words(round(self._expected or 0))}
        if not self._expected:
            return told["passed"]
        return look.word("longer" if passed > self._expected else "of_about", **told)


class Batch:
    """Many jobs: how many have ended, and how many of them failed."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._began = time.monotonic()
        self._done = 0
        self._failed = 0

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    @property
    def is_over(self) -> bool:
        return self._done >= self._total

    def ended(self, *, ok: bool) -> None:
        self._done += 1
        self._failed += not ok

    def text(self, step: int, look: Look) -> str:
        failed = [look.word("failed", n=self._failed)] if self._failed else []
        return look.dot.join([f"{self._done}/{self._total}", *failed, clock_words(self.seconds)])
