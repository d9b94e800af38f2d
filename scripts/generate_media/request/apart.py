"""A request looked at by a second process while this one loads what sends it: 30 to 40 ms sooner at the POST.

The second process is a fork that says one thing, that nothing objects, and ends. Whatever else happens to it (it
objects, it fails, it is killed, it hangs), this process looks itself, as it does where there is no second processor: a
request is sent only after a whole look at it.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

NOTHING = b"\x01"
LONGEST_SECONDS = 5
"""Far more than a look takes. A fork beside a thread that just holds a lock of Python's may wait for it for ever."""


def is_quicker(loads: Path = Path("/proc/loadavg")) -> bool:
    """Whether a second process helps: a processor at rest for it, jsonschema still to be imported, and a system where a
    process with a thread may fork (macOS and Windows: no)."""
    if sys.platform != "linux" or "jsonschema" in sys.modules:
        return False
    with suppress(OSError, ValueError, IndexError):
        # The threads that want a processor at this moment, ours among them (proc_loadavg(5)).
        running = int(loads.read_text(encoding="ascii").split()[3].split("/")[0])
        return len(os.sched_getaffinity(0)) > 1 and running < (os.cpu_count() or 1)
    return False


def nothing_objects(
    look: Callable[[], bool], meanwhile: Callable[[], object], seconds: float = LONGEST_SECONDS
) -> bool:
    """Whether ``look``, in a fork, found nothing, ``meanwhile`` having run here; False where this is not known."""
    with suppress(OSError):  # no more descriptors, no more processes
        reading, writing = os.pipe()
        try:
            child = _fork(look, writing)
        except OSError:
            os.close(reading)
            return False
        finally:
            os.close(writing)
        try:
            with suppress(Exception):  # said where it is needed, after what the contract has to say
                meanwhile()
            return _said(reading, seconds)
        finally:
            os.close(reading)
            _end(child)
    return False


def _said(reading: int, seconds: float) -> bool:
    waiting = select.poll()
    waiting.register(reading, select.POLLIN)
    return bool(waiting.poll(seconds * 1000)) and os.read(reading, 1) == NOTHING


def _fork(look: Callable[[], bool], writing: int) -> int:
    """Its process id. Signals' handlers are this process's alone: in the fork they would say its last line again."""
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        with warnings.catch_warnings():  # 3.12 warns of the thread that opens the connection: see LONGEST_SECONDS
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child == 0:
            _look_and_exit(look, writing, mask)
        return child
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _look_and_exit(look: Callable[[], bool], writing: int, mask: set[int | signal.Signals]) -> None:
    """Nothing is flushed, closed or told: all that is open here belongs to the other process, whose reader is not kept
    waiting by this one where the other is ended."""
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
            signal.signal(number, signal.SIG_DFL)
        nowhere = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(nowhere, standard)
        signal.alarm(LONGEST_SECONDS)
        signal.pthread_sigmask(signal.SIG_SETMASK, {*mask} - {signal.SIGALRM})
        if look():
            os.write(writing, NOTHING)
    finally:
        os._exit(0)


def _end(child: int) -> None:
    with suppress(OSError):  # where SIGCHLD is ignored, the system has reaped it
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
