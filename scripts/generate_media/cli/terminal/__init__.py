"""What a person at a terminal sees: the printer's rows and documents as words, one module a kind of view."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

from ...events import is_person


def at_terminal() -> None:
    """Let a person at a terminal read words from now on; a program reads JSON, as anything that is no terminal."""
    if not is_person(sys.stdout, os.environ, sys.argv[1:]):
        return
    from ...events import show_with
    from .look import Look
    from .view import TerminalView

    look = Look.of(os.environ, is_live=sys.stderr is not None and sys.stderr.isatty())
    show_with(TerminalView(sys.stdout, sys.stderr, look, sys.argv[1:]))


def said_plainly(row: Mapping[str, Any]) -> bool:
    """Tell a person of an ``error`` that comes before the view is there, or in a Python that cannot read it (3.7 reads
    this and what it needs). False where a program reads."""
    if not is_person(sys.stdout, os.environ, sys.argv[1:]):
        return False
    from .jobs import failed
    from .look import Look

    look = Look.of(os.environ, is_live=False)
    # \r: over the ^C that the terminal may have added
    os.write(1, ("\r" + look.drawn(failed(row, look))).encode("utf-8", "backslashreplace"))
    return True
