"""What a person at a terminal sees: the printer's rows and documents as words, one module a kind of view."""

from __future__ import annotations

import os
import sys

from ...events import is_person, show_with


def at_terminal() -> None:
    """Let a person at a terminal read words from now on; a program reads JSON, as anything that is no terminal."""
    if not is_person(sys.stdout, os.environ, sys.argv[1:]):
        return
    from .look import Look
    from .view import TerminalView

    look = Look.of(os.environ, is_live=sys.stderr is not None and sys.stderr.isatty())
    show_with(TerminalView(sys.stdout, sys.stderr, look, sys.argv[1:]))
