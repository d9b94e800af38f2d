"""What this terminal can show, and lines drawn so: language, symbols, colours, width."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from .advice import said_to_people
from .words import WORDS, language

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029\u2066-\u2069\ud800-\udfff]")
"""What moves a cursor, turns the direction of a text or is no UTF-8: it may stand in a file's name."""
_SYMBOLS = {
    "ok": ("✓", "+", "32"),
    "bad": ("✗", "x", "31"),
    "warn": ("!", "!", "33"),
    "do": ("→", ">", "36"),
    "open": ("…", "~", "36"),
    "default": ("*", "*", "36"),
    "": (" ", " ", ""),
}
"""Mark → symbol, the same in ASCII, colour (SGR)."""
_DIM = "2"
_SPINNER, _SPINNER_ASCII = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏", "|/-\\"


class Line(NamedTuple):
    """One line: a mark before it (``head``: a table's heading) and, dimmed, what is told beside."""

    text: str
    mark: str = ""
    beside: str = ""


class Look(NamedTuple):
    """How lines are drawn. ``is_live``: a line may be drawn over again."""

    place: int = 0
    """Of the language in WORDS."""
    is_unicode: bool = True
    has_colour: bool = False
    is_live: bool = False
    columns: int = 80

    @classmethod
    def of(cls, environ: Mapping[str, str], *, is_live: bool) -> Look:
        """By the environment; ``is_live``: progress goes to a terminal."""
        is_dumb = environ.get("TERM", "") in ("dumb", "unknown") or (os.name != "nt" and not environ.get("TERM"))
        locale = next((environ[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if environ.get(name)), "")
        is_unicode = os.name == "nt" or "utf" in locale.lower()
        plain = is_dumb or bool(environ.get("NO_COLOR")) or (os.name == "nt" and not environ.get("WT_SESSION"))
        return cls(language(environ), is_unicode, not plain, is_live and not is_dumb, columns_of_terminal())

    def now(self) -> Look:
        """The same for a terminal that was made wider or narrower meanwhile."""
        return self._replace(columns=columns_of_terminal())

    def word(self, name: str, **values: object) -> str:
        return WORDS[name][self.place].format(**values)

    def kept(self, name: str) -> str:
        """A word where there is one for it; else the name itself, as a provider's own status."""
        return self.word(name) if name in WORDS else name

    def advice(self, sentence: str) -> str:
        """A sentence of the other rooms as it is said to people."""
        return said_to_people(sentence, self.place)

    @property
    def times(self) -> str:
        return "×" if self.is_unicode else "x"

    @property
    def dot(self) -> str:
        return " · " if self.is_unicode else " - "

    @property
    def arrow(self) -> str:
        return _SYMBOLS["do"][not self.is_unicode]

    def spin(self, step: int) -> str:
        wheel = _SPINNER if self.is_unicode else _SPINNER_ASCII
        return wheel[step % len(wheel)]

    def drawn(self, lines: Iterable[Line]) -> str:
        """The lines as text. Nothing in them is cut or wrapped: that would break a path or a command."""
        return "".join(self._drawn(line) + "\n" for line in lines)

    def _drawn(self, line: Line) -> str:
        if line.mark == "head":
            return self._coloured(f"  {visible(line.text)}", _DIM)
        symbol, ascii_symbol, colour = _SYMBOLS[line.mark]
        mark = self._coloured(symbol if self.is_unicode else ascii_symbol, colour)
        beside = "  " + self._coloured(visible(line.beside), _DIM) if line.beside else ""
        return f"{mark} {visible(line.text)}{beside}".rstrip()

    def _coloured(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self.has_colour and colour else text


def columns_of_terminal() -> int:
    import shutil

    return max(20, shutil.get_terminal_size().columns)


def visible(text: str) -> str:
    """A text in which nothing acts on the terminal."""
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def width(text: str) -> int:
    """Columns that a text takes: East Asian wide characters take two, marks that combine none (UAX 11)."""
    return sum(0 if unicodedata.combining(ch) else 2 if unicodedata.east_asian_width(ch) in "WF" else 1 for ch in text)


def cut(text: str, columns: int) -> str:
    """The beginning of a text that is no path, id or command."""
    text = visible(text)
    if width(text) <= columns:
        return text
    kept = ""
    for ch in text:
        if width(kept + ch) > columns - 1:
            break
        kept += ch
    return kept + "…"


def clock_words(seconds: float) -> str:
    """``1:12``; ``1:02:05`` from an hour on."""
    minutes, left = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"


def local_time(iso: Any, form: str) -> str:
    """A time of the journal (UTC) as the clock on the wall shows it."""
    try:
        return datetime.fromisoformat(str(iso)).astimezone().strftime(form)
    except (ValueError, OverflowError, OSError):
        return str(iso or "")


def path_words(path: str) -> str:
    """A path as it can be opened from here: relative below this folder, else whole; never shortened."""
    try:
        here = os.getcwd()
    except OSError:
        return path
    return os.path.relpath(path, here) if path.startswith(here.rstrip(os.sep) + os.sep) else path
