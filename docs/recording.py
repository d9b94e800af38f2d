"""assets/terminal.svg, made anew: what a terminal shows of the README's first command, and of a batch.

    .venv/bin/python -m pip install pyte
    .venv/bin/python docs/recording.py

Runs in a pseudo-terminal against the bundled sandbox; pyte is the screen, so whatever the scripts write there is what
the picture plays. Long waits are cut. No key, no network, no cost.
"""

from __future__ import annotations

import fcntl
import os
import pty
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

import pyte

ROOT = Path(__file__).resolve().parents[1]
COLUMNS, ROWS = 118, 30
LONGEST_WAIT = 0.8
PROMPTS = ("a heron in the reeds", "fog over the tea terraces", "the last ferry of the day", "a chapel on the ridge")
COMMANDS = (
    # What a reader types, and what runs: the environment is there already.
    ("make demo", "make -o .venv/.ready demo"),
    ("python3 scripts/create_and_wait.py --sandbox --batch walk.txt --gallery", ""),
)
CELL, LINE, EDGE = 8.43, 20, 16
COLOURS = {
    "default": "#d8dee9", "black": "#4c566a", "red": "#e06c75", "green": "#8fc380", "brown": "#e5c07b",
    "blue": "#74a8e0", "magenta": "#c58fd0", "cyan": "#6fc2c8", "white": "#eceff4",
}  # fmt: skip
STYLE = """text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;white-space:pre}
.s{animation:on .01s backwards}.w{opacity:0;animation:blip 1s}.d{opacity:.6}.b{font-weight:700}
@keyframes on{from{opacity:0}}@keyframes blip{from,to{opacity:1}}
@media (prefers-reduced-motion:reduce){.s,.w{animation:none}}"""

Row = tuple[tuple[int, str, str], ...]
"""Runs of one look: (column, text, the attributes of its <tspan>)."""


class Shown(NamedTuple):
    """What stood in a row of the screen from one second to another; ``until`` is None for what stays."""

    row: int
    runs: Row
    since: float
    until: float | None


class Recording:
    """A screen, its clock, and what each row showed when."""

    def __init__(self) -> None:
        self.screen = pyte.Screen(COLUMNS, ROWS)
        self.stream = pyte.ByteStream(self.screen)
        self.clock = 0.5
        self.rows: list[tuple[Row, float]] = [((), 0.0)] * ROWS
        self.past: list[Shown] = []

    def take(self, data: bytes, waited: float) -> None:
        self.clock += min(waited, LONGEST_WAIT)
        self.stream.feed(data)
        for number in range(ROWS):
            runs = self._runs(number)
            before, since = self.rows[number]
            if runs != before:
                if before and self.clock > since:
                    self.past.append(Shown(number, before, since, self.clock))
                self.rows[number] = (runs, self.clock)

    def _runs(self, number: int) -> Row:
        cells = [self.screen.buffer[number][column] for column in range(COLUMNS)]
        found: list[tuple[int, str, str]] = []
        for column, cell in enumerate(cells):
            look = _look(cell)
            if found and found[-1][2] == look and found[-1][0] + len(found[-1][1]) == column:
                found[-1] = (found[-1][0], found[-1][1] + cell.data, look)
            else:
                found.append((column, cell.data, look))
        stripped = ((column, text.rstrip(), look) for column, text, look in found)
        return tuple(run for run in stripped if run[1])

    def all(self) -> Iterator[Shown]:
        yield from self.past
        yield from (Shown(number, runs, since, None) for number, (runs, since) in enumerate(self.rows) if runs)


def _look(cell: pyte.screens.Char) -> str:
    colour = COLOURS.get(cell.fg.removeprefix("bright"), f"#{cell.fg}")
    classes = " ".join(filter(None, ("b" if cell.bold else "", "d" if cell.fg == "brightblack" else "")))
    return f'fill="{colour}"' + (f' class="{classes}"' if classes else "")


def svg(recording: Recording) -> str:
    """Every row's text with the seconds in which it is seen; a viewer that knows no animation shows the end."""
    shown = list(recording.all())
    width, height = COLUMNS * CELL + 2 * EDGE, (max(row.row for row in shown) + 1) * LINE + 2 * EDGE + 18
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" role="img" '
        f'aria-label="A terminal: make demo, then a batch of four pictures">'
    )
    lights = "".join(f'<circle cx="{18 + 18 * i}" cy="18" r="5.5" fill="#4c566a"/>' for i in range(3))
    back = f'<rect width="100%" height="100%" rx="10" fill="#22272e"/>{lights}'
    return "\n".join([head, f"<style>{STYLE}</style>{back}", *map(_text, shown), "</svg>", ""])


def _text(shown: Shown) -> str:
    kind, lasts = ("s", "") if shown.until is None else ("w", f";animation-duration:{shown.until - shown.since:.2f}s")
    spans = "".join(
        f'<tspan x="{EDGE + column * CELL:.1f}" textLength="{len(text) * CELL:.1f}" {look}>{escape(text)}</tspan>'
        for column, text, look in shown.runs
    )
    y = EDGE + 32 + shown.row * LINE
    return f'<text class="{kind}" style="animation-delay:{shown.since:.2f}s{lasts}" y="{y}">{spans}</text>'


def play(recording: Recording, words: str, home: Path, skill: Path) -> None:
    """One command at the terminal, its output as it comes."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    plain = {"HOME": str(home), "PATH": os.environ["PATH"], "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    done = subprocess.Popen(words, shell=True, cwd=skill, env=plain, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    before = time.monotonic()
    while True:
        try:
            data = os.read(ours, 65536)
        except OSError:  # how Linux says that nobody writes there any more
            break
        now = time.monotonic()
        recording.take(data.replace(str(home).encode(), b"/home/you"), now - before)
        before = now
    os.close(ours)
    if done.wait():
        sys.exit(f"{words} ended with {done.returncode}")


def fresh_copy(home: Path) -> Path:
    """The bundle as a clone has it, its environment borrowed."""
    skill = home / "generate-media"
    for name in ("scripts", "references"):
        shutil.copytree(ROOT / name, skill / name)
    for name in ("config.json", "config.schema.json", "requirements.txt", "Makefile"):
        shutil.copy(ROOT / name, skill)
    (skill / ".venv").symlink_to((ROOT / ".venv").resolve())
    (skill / "walk.txt").write_text("\n".join(PROMPTS) + "\n", encoding="utf-8")
    return skill


def main() -> None:
    recording = Recording()
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        skill = fresh_copy(home)
        for number, (typed, runs) in enumerate(COMMANDS):
            recording.take(b"\r\n" * bool(number) + f"\x1b[32m$\x1b[0m {typed}\r\n".encode(), 1.0)
            play(recording, runs or typed, home, skill)
    target = ROOT / "assets" / "terminal.svg"
    target.write_text(svg(recording), encoding="utf-8")
    print(f"{target.stat().st_size // 1000} kB, {recording.clock:.0f} s  {target}")


if __name__ == "__main__":
    main()
