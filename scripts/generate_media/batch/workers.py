"""Jobs side by side: threads with small stacks, results printed as they come."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import TYPE_CHECKING, Any

from ..core import ExitCode, GenerateMediaError, InternalError, Interrupted
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
    after: tuple[int, ...] = ()
    """The works, by their places in the list, that must have ended before."""
    brief: bool = False
    """A part of something larger: only what went wrong with it is told of."""


def run_all(session: Session, works: Sequence[Work], concurrency: int) -> list[Outcome]:
    """Run everything; outcomes in the order of ``works``, printed in the order in which they end.

    Raises:
        Interrupted: after every job was given a moment to record what it knows.
    """
    outcomes: list[Outcome | None] = [None] * len(works)
    waiting: queue.SimpleQueue[int | None] = queue.SimpleQueue()
    done: queue.SimpleQueue[int] = queue.SimpleQueue()
    order = TopologicalSorter({index: work.after for index, work in enumerate(works)})
    order.prepare()
    session.signals.install()
    session.journal  # noqa: B018 - opened by the main thread, so that its errors end the run early

    def work() -> None:
        while (index := waiting.get()) is not None and not session.stop.is_set():
            outcomes[index] = _run_one(works[index])
            done.put(index)

    threads = _start(min(concurrency, len(works)), work)

    def dismiss() -> None:
        for _ in threads:
            waiting.put(None)

    bar = _progress_bar(len(works))
    try:
        while order.is_active():
            for index in sorted(order.get_ready()):
                waiting.put(index)
            index = done.get()
            order.done(index)
            _print(session, works[index], outcomes[index])
            bar()
    except Interrupted:
        session.signals.heard()
        dismiss()
        _stop(session, threads, done, works, outcomes)
        raise
    dismiss()
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
    if outcome is not None and outcome.line and not (work.brief and outcome.exit_code == ExitCode.OK):
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
