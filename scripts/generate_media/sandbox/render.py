"""The sandbox's pictures: the prompt, readable, on a landscape whose colours come from the seed. Needs Pillow.

Deterministic: the same output of the same job gives the same bytes; another id or seed gives others.
"""

from __future__ import annotations

import hashlib
import io
import math
import os
import unicodedata
import zlib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Union

from .ground import landscape
from .jobs import Output

if TYPE_CHECKING:
    from PIL import ImageDraw, ImageFont

    Font = Union[ImageFont.FreeTypeFont, ImageFont.ImageFont]

MAX_SIDE = 6400
MAX_CHARACTERS = 1500
_SIZES = (14, 16, 20, 26, 34, 44, 60)
"""Sizes of letters that are tried, as parts of the shorter side."""
_FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP"}
_FONT_FOLDERS = (
    "/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts",
    "/System/Library/Fonts", "/Library/Fonts", "~/Library/Fonts", "C:/Windows/Fonts",
)  # fmt: skip
_CJK_FONTS = (
    "notosanscjk-regular", "notosanscjk", "notosanssc", "notoserifcjk-regular", "sourcehansans", "wqy-microhei",
    "wqy-zenhei", "droidsansfallback", "pingfang", "hiragino sans gb", "stheiti", "arial unicode", "msyh", "simhei",
    "simsun", "msgothic", "malgun",
)  # fmt: skip
_PLAIN_FONTS = ("dejavusans.ttf", "liberationsans-regular", "notosans-regular", "arial.ttf", "helvetica")


def picture(output: Output, job_id: str, index: int) -> bytes:
    """PNG, JPEG or WEBP bytes of ``output`` with its text written on it. Pixels as asked for, 16 to MAX_SIDE."""
    from PIL import ImageDraw

    size = (_side(output.width), _side(output.height))
    digest = hashlib.sha256(f"{job_id}/{index}/{output.seed}".encode("utf-8", "replace")).digest()
    image = landscape(size, digest)
    draw = ImageDraw.Draw(image)
    _write(draw, size, output.text or "(no prompt)", f"sandbox · {job_id} · {index + 1} · {size[0]}×{size[1]}")
    buffer = io.BytesIO()
    image.save(buffer, _FORMATS.get(output.media_type, "PNG"), compress_level=1, compress_type=zlib.Z_RLE, quality=85)
    return buffer.getvalue()


def can_write(text: str) -> bool:
    """Whether this machine has a font for all of ``text``; else the picture shows code points instead."""
    return not any(_wide(ch) for ch in text) or _font_file(cjk=True) is not None


def _write(draw: ImageDraw.ImageDraw, size: tuple[int, int], text: str, foot: str) -> None:
    """The words in the largest size that fits, the foot below."""
    shown = _visible(text)
    if not can_write(shown):
        points = " ".join(f"U+{ord(ch):04X}" for ch in shown if _wide(ch))
        shown = f"[no CJK font on this machine; the prompt's code points:] {points}"
    cjk = any(_wide(ch) for ch in shown)
    margin = max(2, min(size) // 16)
    width, height = size[0] - 2 * margin, size[1] - 3 * margin
    most = 1.4 * math.sqrt(width * height / (1.35 * sum(1.0 if _wide(ch) else 0.5 for ch in shown)))
    for pixels in (min(size) // part for part in _SIZES):
        if pixels > most and pixels > min(size) // _SIZES[-1]:
            continue  # cannot fit, and measuring is what takes the time
        font = _font(max(6, pixels), cjk)
        lines = list(_wrapped(draw, shown, font, width))
        step = int(max(6, pixels) * 1.35)
        if step * len(lines) <= height:
            break
    room = max(1, height // step)
    if len(lines) > room:
        lines = [*lines[: room - 1], lines[room - 1] + " …"]
    top = margin + max(0, height - step * len(lines))
    edge = max(1, step // 28)
    for number, line in enumerate(lines):
        place = (margin, top + number * step)
        draw.text(place, line, fill="white", font=font, stroke_width=edge, stroke_fill=(20, 20, 24))
    draw.text((margin, size[1] - 2 * margin), foot, fill=(220, 220, 220), font=_font(max(6, min(size) // 44), False))


def _wrapped(draw: ImageDraw.ImageDraw, text: str, font: Font, width: int) -> Iterator[str]:
    """Lines no wider than ``width`` pixels, broken at spaces, before wide characters, or anywhere if need be."""
    line = ""
    for word in _words(text):
        if not line or draw.textlength((line + word).rstrip(), font=font) <= width:
            line += word
        else:
            yield line.rstrip()
            line = word
        while draw.textlength(line.rstrip(), font=font) > width and len(line) > 1:
            cut = max(1, int(len(line) * width / draw.textlength(line, font=font)) - 1)
            yield line[:cut]
            line = line[cut:]
    if line:
        yield line.rstrip()


def _words(text: str) -> Iterator[str]:
    word = ""
    for ch in text:
        word += ch
        if ch == " " or _wide(ch):
            yield word
            word = ""
    if word:
        yield word


def _visible(text: str) -> str:
    """Text as it can be drawn: control characters and surrogates as their code points, spaces folded."""
    marked = (ch if ch.isprintable() or ch.isspace() else f"<{ord(ch):X}>" for ch in text[:MAX_CHARACTERS])
    more = " …" if len(text) > MAX_CHARACTERS else ""
    return " ".join("".join(marked).split()) + more or "(blank prompt)"


def _wide(ch: str) -> bool:
    return unicodedata.east_asian_width(ch) in "WF" and not 0x1F000 <= ord(ch) <= 0x1FAFF


@lru_cache(maxsize=64)
def _font(points: int, cjk: bool) -> Font:
    from PIL import ImageFont

    file = _font_file(cjk) or _font_file(not cjk)
    return ImageFont.truetype(file, points) if file else ImageFont.load_default(points)


@lru_cache(maxsize=2)
def _font_file(cjk: bool) -> str | None:
    """A font that this machine has, best first; the usual folders are searched as fontconfig would."""
    files = list(_font_files())
    for wanted in _CJK_FONTS if cjk else _PLAIN_FONTS:
        for path in files:
            if wanted in path.name.lower():
                return str(path)
    return None


def _font_files() -> Iterator[Path]:
    for folder in _FONT_FOLDERS:
        for root, _, names in os.walk(os.path.expanduser(folder)):
            yield from (Path(root, name) for name in sorted(names) if name.lower().endswith((".ttf", ".ttc", ".otf")))


def _side(pixels: int) -> int:
    return max(16, min(MAX_SIDE, pixels))
