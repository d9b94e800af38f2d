"""The number of the journal's last row, in a file beside it: who finds fewer rows there knows that some were lost.

It may say less than the journal holds (a kill, a power cut, two processes at once) and never more, since it is
written when the row is on the disk. So nobody locks it or waits for a disk, and one that cannot be read says nothing.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from .private import PLAIN, open_private

FILE_NAME = "last-row"
_DIGITS = 20
"""Every number is as long as the longest, so that one write replaces it whole."""


def last_row(folder: Path) -> int:
    """The highest row that the journal is known to have had; 0 where nothing is known."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder / FILE_NAME, os.O_RDONLY | PLAIN)
        try:
            return _read(descriptor)
        finally:
            os.close(descriptor)
    return 0


def saw(folder: Path, row_id: int) -> None:
    """The row is on the disk. A witness that cannot be written stops no job."""
    with contextlib.suppress(OSError), open_private(folder / FILE_NAME) as descriptor:
        if _read(descriptor) < row_id:
            os.lseek(descriptor, 0, os.SEEK_SET)
            os.write(descriptor, b"%0*d\n" % (_DIGITS, row_id))


def forget(folder: Path) -> None:
    """What was lost is being told: nothing is known until the next row."""
    with contextlib.suppress(OSError):
        (folder / FILE_NAME).unlink()


def _read(descriptor: int) -> int:
    text = os.read(descriptor, _DIGITS)
    return int(text) if text.isdigit() else 0
