"""Who reads what a script prints: a person at a terminal, or a program."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TextIO

JSON_FLAG = "--json"
PROGRAMS = (
    "CI",
    *("CLAUDECODE", "CODEX_CI", "CODEX_THREAD_ID", "CODEX_SANDBOX_NETWORK_DISABLED"),
    *("GEMINI_CLI", "OPENCODE", "CURSOR_AGENT", "AI_AGENT", "AGENT"),
)
"""Variables that build servers and coding agents set for the commands that they run."""


def wants_json(argv: Sequence[str] | None = None) -> bool:
    """Whether the command line says so. No flag of ours takes a value that begins with a dash."""
    words = sys.argv[1:] if argv is None else argv
    return JSON_FLAG in words[: words.index("--") if "--" in words else None]


def is_person(out: TextIO, environ: Mapping[str, str], argv: Sequence[str]) -> bool:
    """Whether words are read rather than JSON: stdout is a terminal and nothing tells of a program that has it."""
    if wants_json(argv) or any(environ.get(name) for name in PROGRAMS):
        return False
    try:
        return out.isatty()
    except ValueError:  # closed
        return False
