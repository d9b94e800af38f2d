"""Jobs side by side: threads with small stacks, a limit on creates a minute, results printed as they come."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..core import GenerateMediaError, InternalError, Interrupted
from ..events import Outcome, error_outcome

if TYPE_CHECKING:
    from ..job import Session

STACK_BYTES = 256 * 1024
"""Of the usual 8 MiB a job needs little, and a thousand threads reserve them all."""
STOP_GRACE_SECONDS = 5.0


@dataclass(frozen=True)
class Work:
    """One job to run; ``label`` stands in every line about it."""

    label: Mapping[str, Any]
    run: Callable[[Mapping[str, Any]], Outcome]


def run_all(session: Session, works: Sequence[Work], concurrency: int) -> list[Outcome]:
    """Run everything; outcomes in the order of ``works``, printed in the order in which they end.

    Raises:
        Interrupted: after every job was given a moment to record what it knows.
    """
    outcomes: list[Outcome | None] = [None] * len(works)
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    done: queue.SimpleQueue[int] = queue.SimpleQueue()
    for index in range(len(works)):
        waiting.put(index)
    session.signals.install()
    session.journal  # noqa: B018 - opened by the main thread, so that its errors end the run early

    def work() -> None:
        while not session.stop.is_set():
            try:
                index = waiting.get_nowait()
            except queue.Empty:
                return
            outcomes[index] = _run_one(works[index])
            done.put(index)

    threads = _start(min(concurrency, len(works)), work)
    bar = _progress_bar(len(works))
    try:
        for _ in works:
            index = done.get()
            _print(session, works[index], outcomes[index])
            bar()
    except Interrupted:
        session.signals.heard()
        _stop(session, threads, done, works, outcomes)
        raise
    return [outcome for outcome in outcomes if outcome is not None]


def _start(count: int, work: Callable[[], None]) -> list[threading.Thread]:
    before = threading.stack_size(STACK_BYTES)
    try:
        threads = [threading.Thread(target=work, name=f"job-{number}", daemon=True) for number in range(count)]
        for thread in threads:
            thread.start()
    finally:
        threading.stack_size(before)
    return threads


def _run_one(work: Work) -> Outcome:
    """A job's outcome; an error that is a bug of ours costs this job and not the others."""
    try:
        return work.run(work.label)
    except GenerateMediaError as error:
        return error_outcome(error)
    except Exception as error:
        return error_outcome(InternalError(error))


def _print(session: Session, work: Work, outcome: Outcome | None) -> None:
    if outcome is not None and outcome.line:
        event = {"event": outcome.line["event"]}
        session.printer.line(event | dict(work.label) | dict(outcome.line))


def _stop(
    session: Session,
    threads: Sequence[threading.Thread],
    done: queue.SimpleQueue[int],
    works: Sequence[Work],
    outcomes: Sequence[Outcome | None],
) -> None:
    """Wake every job, give those with a create under way a moment, and print what ended meanwhile."""
    session.stop_all()
    until = time.monotonic() + STOP_GRACE_SECONDS
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))
    while not done.empty():
        index = done.get()
        _print(session, works[index], outcomes[index])


def _progress_bar(total: int) -> Callable[[], object]:
    """A bar on a terminal where nothing else is printed; nothing at all elsewhere."""
    import sys

    if not sys.stderr.isatty() or sys.stdout.isatty():
        return lambda: None
    from tqdm import tqdm

    bar = tqdm(total=total, unit="job", file=sys.stderr)
    return bar.update
