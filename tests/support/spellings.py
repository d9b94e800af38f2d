"""A key as a server may spell it, and a reader that finds it again: by the standard library's decoders, not by ours."""

from __future__ import annotations

import base64
import html
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, unquote

TRICKY_KEY = "sk-test+Ab/9dEf_12.xy3Z/+canary/Q7=="
"""With every character that some spelling changes."""
OBEYED = {
    "colours": "\x1b[0m",
    "a cursor's way": "\x1b[12;3H",
    "one byte": "\x9b38:5:1m",
    "a link": "\x1b]8;;https://a.example\x07",
    "a title": "\x1b]0;words\x1b\\",
    "two bytes": "\x1b7",
    "three bytes": "\x1b(B",
}
"""What a terminal obeys and does not show."""
INVISIBLE = ("\u200b", "\u2060", "\ufeff", "\u00ad", "\u202e", "\ufe0f", "\u034f", "\0", "\x1b", "\n", "\t", "\u2028")

Change = Callable[[str], str]


def json_escaped(text: str) -> str:
    return "".join(f"\\u{ord(ch):04x}" for ch in text)


def percent(text: str) -> str:
    return "".join(f"%{ord(ch):02X}" for ch in text)


def every_third(change: Change) -> Change:
    return lambda text: "".join(change(ch) if at % 3 == 0 else ch for at, ch in enumerate(text))


CHANGES: Mapping[str, Change] = {
    "as it is": str,
    "upper case": str.upper,
    "lower case": str.lower,
    "swapped case": str.swapcase,
    "JSON escapes": json_escaped,
    "JSON escapes in part": every_third(json_escaped),
    "JSON escapes twice": lambda text: json_escaped(text).replace("\\", "\\\\"),
    "JSON's slash": lambda text: text.replace("/", "\\/"),
    "percent": lambda text: quote(text, safe=""),
    "percent in lower case": lambda text: re.sub("%..", lambda found: found[0].lower(), quote(text, safe="")),
    "percent twice": lambda text: quote(quote(text, safe=""), safe=""),
    "percent three times": lambda text: quote(quote(quote(text, safe=""), safe=""), safe=""),
    "percent all over": percent,
    "percent in part": every_third(percent),
    "percent of JSON escapes": lambda text: quote(json_escaped(text), safe=""),
    "HTML, decimal": lambda text: "".join(f"&#{ord(ch)};" for ch in text),
    "HTML, hexadecimal": lambda text: "".join(f"&#x{ord(ch):X};" for ch in text),
    "HTML, by name": lambda text: text.replace("+", "&plus;").replace("/", "&sol;").replace("=", "&equals;"),
    "UTF-16": lambda text: text.encode("utf-16-be").decode("latin-1"),
    "full width": lambda text: "".join(chr(ord(ch) + 0xFEE0) for ch in text),
    "spaces": " ".join,
    "hex": lambda text: text.encode().hex(),
    **{f"split by U+{ord(mark):04X}": mark.join for mark in INVISIBLE},
    **{f"split by {name}": mark.join for name, mark in OBEYED.items()},
    "split by colours, JSON escapes": lambda text: json_escaped("\x1b[0m".join(text)),
    "split by colours in JSON escapes": lambda text: "\\u001b[0m".join(text),
    "JSON escapes, split by colours": lambda text: "\x1b[0m".join(map(json_escaped, text)),
    **{
        f"base64 {kind} of {lead!r}": lambda text, lead=lead, encode=encode: encode((lead + text).encode()).decode()
        for kind, encode in (("standard", base64.b64encode), ("url-safe", base64.urlsafe_b64encode))
        for lead in ("", "x", "xy", "Bearer ", "x Bearer ", "xy Bearer ")
    },  # type: ignore[dict-item]
    "base64 without padding": lambda text: base64.b64encode(text.encode()).decode().rstrip("="),
    "base64 in lines": lambda text: base64.encodebytes(f"Authorization: Bearer {text}, and so on".encode()).decode(),
    "base64, percent": lambda text: quote(base64.b64encode(text.encode()).decode(), safe=""),
}
"""Each way to spell a key; one test walks through all of them."""


def spellings(key: str) -> dict[str, str]:
    return {name: change(key) for name, change in CHANGES.items()}


def reveals(found: str | bytes, key: str) -> bool:
    """Whether somebody who knows the usual encodings reads the key out of a text or a file."""
    texts = (
        [found] if isinstance(found, str) else [found.decode("utf-8", "replace"), found.decode("utf-16-le", "replace")]
    )
    return any(_reads(reading, key) for text in texts for reading in _readings(text))


def leaks(folder: Path, key: str, *printed: str) -> list[str]:
    """Where the key is found: in what was printed, and in every file below a folder."""
    places = [f"printed {number}" for number, text in enumerate(printed) if reveals(text, key)]
    files = [path for path in folder.rglob("*") if path.is_file()]
    return places + [str(path) for path in files if reveals(path.read_bytes(), key)]


def _readings(text: str) -> Iterator[str]:
    before = None
    for _ in range(4):
        if text == before:
            return
        yield text
        yield _obeyed(text)
        before = text
        text = re.sub(r"\\+u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), text)
        text = html.unescape(unquote(text.replace("\\/", "/")))


def _obeyed(text: str) -> str:
    """What a terminal shows of a text, character by character (ECMA-48)."""
    shown, rest = [], iter(text.replace("\x9b", "\x1b["))
    for ch in rest:
        if ch != "\x1b":
            shown.append(ch)
            continue
        kind = next(rest, "")
        if kind == "[":
            next((end for end in rest if "@" <= end <= "~"), "")
        elif kind == "]":
            last = next((end for end in rest if end in "\x07\x1b"), "")
            next(rest, "") if last == "\x1b" else None
        elif " " <= kind <= "/":
            next((end for end in rest if "0" <= end <= "~"), "")
    return "".join(shown)


class _Seen(dict[int, int | None]):
    """For ``str.translate``: every character that a reader sees; spaces, marks and controls go."""

    def __missing__(self, point: int) -> int | None:
        self[point] = None if unicodedata.category(chr(point))[0] in "CZM" else point
        return self[point]


_SEEN = _Seen()


def _reads(text: str, key: str) -> bool:
    seen = text.translate(_SEEN)
    plain = unicodedata.normalize("NFKC", seen).lower()
    return key.lower() in plain or key.encode().hex() in plain or any(key in text for text in _decoded(seen))


def _decoded(text: str) -> Iterator[str]:
    """What every run of base64 says, wherever in it the first whole group of four begins."""
    for run in re.findall(r"[A-Za-z0-9+/_-]{16,}", text.replace("\\n", "")):
        for begin in range(4):
            part = run[begin:].replace("-", "+").replace("_", "/")
            yield base64.b64decode(part[: len(part) // 4 * 4]).decode("latin-1")
            yield base64.b64decode(part + "=" * (-len(part) % 4) if len(part) % 4 != 1 else part[:-1]).decode("latin-1")
