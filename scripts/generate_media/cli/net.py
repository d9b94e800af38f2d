"""The net under the two scripts that print lines: whatever their run raises becomes one line and an exit code."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

from ..core import InternalError, Interrupted, ReportedError
from ..events import Printer, Signals, standard_printer

if TYPE_CHECKING:
    from ..events import Outcome

Run = Callable[[Printer, Signals, ExitStack], "Outcome"]


def run_lines(run: Run) -> int:
    """Run, print the last line, put away what was opened; the exit code."""
    printer, signals, stack = standard_printer(), Signals(), ExitStack()
    with _helpers_told(printer):
        outcome = _ended(run, printer, signals, stack)
        if outcome.line:
            printer.line(outcome.line)
        with suppress(Exception):  # all is told and on disk; what cannot be put away ends with the process
            stack.close()
    return int(outcome.exit_code)


def _ended(run: Run, printer: Printer, signals: Signals, stack: ExitStack) -> Outcome:
    try:
        try:
            outcome = run(printer, signals, stack)
        except Exception as error:
            outcome = _outcome_of(error)
        signals.done()
    except Interrupted as error:
        signals.done()
        return _outcome_of(error)
    return outcome


def _outcome_of(error: BaseException) -> Outcome:
    from ..events import error_outcome

    return error_outcome(error if isinstance(error, ReportedError) else InternalError(error))


@contextmanager
def _helpers_told(printer: Printer) -> Iterator[None]:
    """An error that nobody foresaw in a helper's thread is a warning: the run goes on without that help."""

    def told(failed: threading.ExceptHookArgs) -> None:
        if failed.exc_value is not None:
            printer.event("warning", message=f"{InternalError(failed.exc_value).message}; the run goes on")

    before, threading.excepthook = threading.excepthook, told
    try:
        yield
    finally:
        threading.excepthook = before
