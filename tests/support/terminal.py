"""A script at a real terminal of a given width: what came, byte by byte, and what is left to read at the end."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from faults.zygote import zygote
from generate_media.core.paths import BUNDLE
from generate_media.events.audience import PROGRAMS

_TOKEN = re.compile(r"\x1b\[[0-9;]*([A-Za-z])|[\s\S]")


class Seen(NamedTuple):
    code: int
    raw: str
    """All that was written, as it came."""

    @property
    def screen(self) -> str:
        """What a person reads when all is over."""
        return rendered(self.raw)

    @property
    def lines(self) -> list[str]:
        return self.screen.splitlines()


def at_terminal(
    script: str,
    *args: str,
    columns: int = 100,
    environ: Mapping[str, str] | None = None,
    ctrl_c_at: str = "",
    bundle: Path = BUNDLE,
    python: str = "",
) -> Seen:
    """Run a script with stdin, stdout and stderr on a terminal of its own; Ctrl-C once ``ctrl_c_at`` was seen.

    In a fork of what has everything imported, unless a ``python`` or another ``bundle`` is to be started.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    clean = {name: value for name, value in os.environ.items() if name not in {*PROGRAMS, "COLUMNS", "NO_COLOR"}}
    clean |= {"TERM": "xterm-256color", "LC_ALL": "en_US.UTF-8", **(environ or {})}
    if python or bundle != BUNDLE:
        command = [python or sys.executable, str(bundle / "scripts" / f"{script}.py"), *args]
        process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, env=clean, start_new_session=True,
            preexec_fn=_take_terminal,
        )  # fmt: skip
        os.close(theirs)
        raw = _watched(ours, ctrl_c_at)
        try:
            return Seen(process.wait(30), raw)
        finally:
            process.kill()
    run = zygote().start(script, list(args), env=clean, cwd=Path.cwd(), terminal=os.ttyname(theirs))
    os.close(theirs)
    raw = _watched(ours, ctrl_c_at)
    return Seen(run.wait().code, raw)


def _watched(ours: int, ctrl_c_at: str) -> str:
    """All that is written there, until nobody has it open any more."""
    raw = b""
    try:
        while piece := os.read(ours, 1 << 16):
            raw += piece
            if ctrl_c_at and ctrl_c_at in raw.decode("utf-8", "replace"):
                os.write(ours, b"\x03")
                ctrl_c_at = ""
    except OSError:  # Linux says so that nobody writes there any more
        pass
    finally:
        os.close(ours)
    return raw.decode("utf-8")


def _take_terminal() -> None:
    """Ctrl-C reaches who has the terminal."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def rendered(raw: str) -> str:
    """The lines that a terminal without an edge shows: carriage returns, cursor up and wide characters obeyed."""
    lines: list[list[str]] = [[]]
    x = y = 0
    for token in _TOKEN.finditer(raw):
        if token[1]:
            y -= token[1] == "A" and y > 0
        elif token[0] == "\r":
            x = 0
        elif token[0] == "\n":
            y += 1
            lines += [[]] if y == len(lines) else []
        else:
            for cell in (token[0], "") if unicodedata.east_asian_width(token[0]) in "WF" else (token[0],):
                lines[y] += [" "] * (x + 1 - len(lines[y]))
                lines[y][x] = cell
                x += 1  # noqa: SIM113 - a carriage return sets it back
    return "\n".join("".join(line).rstrip() for line in lines).strip("\n")
