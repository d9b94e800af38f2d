"""What the sandbox's pictures show: an evening over hills, its colours and shapes from a digest. Needs Pillow."""

from __future__ import annotations

import colorsys
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

    Colour = tuple[int, int, int]

HILLS = 5
_STEPS = 48
"""Points of a hill's line."""


def landscape(size: tuple[int, int], digest: bytes) -> Image.Image:
    """A sky, a sun in it, and hills that darken towards the eye; the same for the same 32 bytes."""
    from PIL import Image, ImageDraw, ImageOps

    hue = digest[0] / 255
    column = Image.linear_gradient("L").resize((1, size[1]))  # as wide as the picture it would take ten times as long
    sky = ImageOps.colorize(column, _colour(hue + 0.08, 0.30), _colour(hue - 0.07, 0.74))
    image = sky.resize(size, Image.Resampling.NEAREST)
    draw = ImageDraw.Draw(image)
    _sun(draw, size, hue, digest[1:4])
    for number in range(HILLS):
        near = (number + 1) / HILLS
        colour = _colour(hue + 0.05 * near, 0.50 - 0.40 * near)
        draw.polygon(_hill(size, near, digest[4 + 5 * number : 9 + 5 * number]), fill=colour)
    return image


def _sun(draw: object, size: tuple[int, int], hue: float, dice: bytes) -> None:
    radius = min(size) * (30 + dice[2] / 8) / 480
    x, y = size[0] * (0.15 + 0.7 * dice[0] / 255), size[1] * (0.16 + 0.26 * dice[1] / 255)
    for ring, light in ((1.9, 0.70), (1.4, 0.78), (1.0, 0.90)):
        box = (x - radius * ring, y - radius * ring, x + radius * ring, y + radius * ring)
        draw.ellipse(box, fill=_colour(hue - 0.09, light))  # type: ignore[attr-defined]


def _hill(size: tuple[int, int], near: float, dice: bytes) -> list[tuple[float, float]]:
    """The outline of one hill, farther ones higher in the picture and calmer."""
    width, height = size
    middle, high = height * (0.36 + 0.44 * near), height * (0.05 + 0.05 * near)
    waves = [(1.2 + dice[0] / 128, dice[1] / 40, 1.0), (3 + dice[2] / 64, dice[3] / 40, 0.4), (9, dice[4] / 40, 0.12)]
    line = []
    for step in range(_STEPS + 1):
        at = step / _STEPS
        rise = sum(part * math.sin(math.pi * often * at + shift) for often, shift, part in waves)
        line.append((width * at, middle - high * rise))
    return [(0, height), *line, (width, height)]


def _colour(hue: float, light: float) -> Colour:
    red, green, blue = colorsys.hls_to_rgb(hue % 1.0, light, 0.42)
    return int(red * 255), int(green * 255), int(blue * 255)
