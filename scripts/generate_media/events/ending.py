"""The end of a process: what must be put away, and then no more waiting."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import NoReturn

at_end = ExitStack()
"""What to put away when the process ends, however it ends but for a kill."""
atexit.register(at_end.close)


def leave_with(main: Callable[[], int]) -> NoReturn:
    """End the process with what ``main`` gives, or with the exit code that --help asked for."""
    try:
        code = main()
    except SystemExit as asked:
        code = asked.code if isinstance(asked.code, int) else 0
    leave(code)


def leave(code: int) -> NoReturn:
    """End the process at once.

    Python would take a thousand modules apart first, 10 to 25 ms for which somebody waits whose answer is there.
    In developer mode it may: what is left open is told then.
    """
    at_end.close()
    if sys.flags.dev_mode:
        sys.exit(code)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):  # closed or broken; None where there was none
            stream.flush()
    os._exit(code)
