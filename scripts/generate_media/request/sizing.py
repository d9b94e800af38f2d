"""``--size`` in the words that people use, whatever the model's own field is called. Pure: flags in, flags out."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ..core import Json

SIZE_FIELDS = (
    *("resolution", "size", "image_size", "quality", "output_size", "output_resolution", "image_resolution"),
    "video_resolution",
)
"""Fields that hold a size at one provider or another."""
TIERS = ("1K", "2K", "4K")
_TIER = re.compile(r"([1-9])k", re.IGNORECASE)
PIXELS = re.compile(r"(\d{2,5})\s*[x*×]\s*(\d{2,5})", re.IGNORECASE)
RATIO = re.compile(r"(\d{1,3}):(\d{1,3})")
_RATIOS = ("1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3", "21:9", "9:21", "5:4", "4:5", "2:1", "1:2")
_RATIO_OFF, _AREA_OFF = 0.035, 2.0
"""How far a size may be from the ratio (its logarithm) and the area (a factor) that are meant."""
_TOO_FEW = 1.1
"""More than so many times a tier's pixels are asked of the next tier: nobody wants fewer than asked for."""
_STEP = 16
_LINES_OF_4K = 2160
_SAID = re.compile(r"[0-9]+(?:[kKpP]|\s*[x*×]\s*[0-9]+)")


class Variant(NamedTuple):
    """Flags that say the same as ``--size``, further fields by name, and a note on what was chosen."""

    flags: dict[str, Any]
    sets: tuple[tuple[str, Json], ...] = ()
    note: str = ""


def variants(flags: Mapping[str, Any], properties: Mapping[str, Any]) -> Iterator[Variant]:
    """The ways in which a model may take a size, the best first; the flags as they are come before all others."""
    size = str(flags.get("size", "")).strip()
    yield Variant({**flags, "size": size} if isinstance(flags.get("size"), str) else dict(flags))
    if "size" not in flags:
        return
    rest = {flag: value for flag, value in flags.items() if flag != "size"}
    pixels = PIXELS.fullmatch(size)
    if disagree(flags):
        return
    if pixels:
        yield from _in_words(size, int(pixels[1]), int(pixels[2]), rest, properties)
    for spelled in _spellings(size):
        if "resolution" not in rest:
            yield Variant(rest | {"resolution": spelled})
        if spelled != size:
            yield Variant(rest | {"size": spelled})
    for name in SIZE_FIELDS:
        for value in choices(properties.get(name)):
            if value.casefold() == size.casefold():
                yield Variant(rest, ((name, value),), f"--size {size}: {name} {value}")
    tier = _TIER.fullmatch(size)
    if tier:
        yield from _in_pixels(size, int(tier[1]) * 1024, rest, properties)


def _spellings(size: str) -> tuple[str, ...]:
    """2K in capitals and 720p in small letters first, as most write it; that matters where nobody documented it."""
    usual = size.upper() if _TIER.fullmatch(size) else size.lower()
    return tuple(dict.fromkeys((usual, size, size.upper(), size.lower())))


def sizes_of(properties: Mapping[str, Any]) -> tuple[str, ...]:
    """The sizes that a model's fields name; empty where they name none."""
    found = (value for name in SIZE_FIELDS for value in choices(properties.get(name)))
    return tuple(dict.fromkeys(value for value in found if _SAID.fullmatch(value)))


def choices(schema: Any) -> tuple[str, ...]:
    """The texts that a field may hold, where they are listed."""
    if not isinstance(schema, Mapping):
        return ()
    parts = [schema, *(part for name in ("anyOf", "oneOf") for part in schema.get(name) or ())]
    found = [part.get("enum") or [part.get("const")] for part in parts if isinstance(part, Mapping)]
    return tuple(value for values in found for value in values if isinstance(value, str))


def as_shape(size: str) -> str:
    """A usual ratio that was said as pixels (16x9), as ``w:h``; else empty."""
    ratio = re.sub(r"\s*[x*×]\s*", ":", size.strip().lower())
    return ratio if ratio in _RATIOS and ratio != size.strip() else ""


def unusual(body: Mapping[str, Any]) -> tuple[str, ...]:
    """The fields of a body that hold a size, but for the tiers that are told by the same words everywhere."""
    found = ((name, body.get(name)) for name in SIZE_FIELDS if name != "quality")
    return tuple(name for name, value in found if isinstance(value, str) and value.upper() not in TIERS)


def _in_pixels(size: str, side: int, rest: Mapping[str, Any], properties: Mapping[str, Any]) -> Iterator[Variant]:
    """A tier as width and height: one that the model lists, else one that is computed."""
    found = RATIO.fullmatch(str(rest.get("aspect-ratio", "1:1")))
    if found is None or not int(found[1]) or not int(found[2]):
        return
    ratio = int(found[1]) / int(found[2])
    listed = [PIXELS.fullmatch(text) for text in sizes_of(properties)]
    pairs = [(int(match[1]), int(match[2])) for match in listed if match]
    near = [pair for pair in pairs if _is_near(pair, ratio, side * side)]
    width = math.sqrt(ratio) * side
    pairs = sorted(near, key=lambda pair: abs(math.log(pair[0] * pair[1] / side**2)))
    for across, down in [*pairs, (_round(width), _round(width / ratio))]:
        said = f"{across}x{down}"
        note = f"--size {size}: {said}"
        yield Variant({**rest, "size": said}, note=note)
        yield Variant({k: v for k, v in rest.items() if k != "aspect-ratio"} | {"size": said}, note=note)


def disagree(flags: Mapping[str, Any]) -> bool:
    """Whether pixels and a ratio are given that are not each other's."""
    pixels = PIXELS.fullmatch(str(flags.get("size", "")).strip())
    ratio = str(flags.get("aspect-ratio", ""))
    return bool(pixels and RATIO.fullmatch(ratio) and not _is_shape(int(pixels[1]), int(pixels[2]), ratio))


def _in_words(
    size: str, width: int, height: int, rest: Mapping[str, Any], properties: Mapping[str, Any]
) -> Iterator[Variant]:
    """Width and height alone, where a ratio says the same; then as a tier or a number of lines, and a ratio."""
    if not width or not height:
        return
    if RATIO.fullmatch(str(rest.get("aspect-ratio", ""))):
        yield Variant({flag: value for flag, value in rest.items() if flag != "aspect-ratio"} | {"size": size})
    usual = next((text for text in _RATIOS if _is_shape(width, height, text)), "")
    ratio, tiers = str(rest.get("aspect-ratio", usual)), list(_tiers(width, height))
    if not tiers or not ratio:
        return
    lines = "4k" if min(width, height) == _LINES_OF_4K else f"{min(width, height)}p"
    for said in (*(f"{tier}{unit}" for tier in tiers for unit in "Kk"), lines):
        for name in ("resolution", "size"):
            yield Variant({**rest, name: said, "aspect-ratio": ratio}, note=f"--size {size}: {said} at {ratio}")
    if 1 in tiers and not properties.keys() & set(SIZE_FIELDS):
        yield Variant({**rest, "aspect-ratio": ratio}, note=f"--size {size}: {ratio}, in the model's one size")


def _is_shape(width: int, height: int, ratio: str) -> bool:
    """Whether pixels have a ratio, given as ``w:h``; what is none is no shape of theirs."""
    found = RATIO.fullmatch(ratio)
    if found is None or 0 in (width, height, int(found[1]), int(found[2])):
        return False
    return abs(math.log(width / height / (int(found[1]) / int(found[2])))) <= _RATIO_OFF


def _tiers(width: int, height: int) -> Iterator[int]:
    """The nearest of 1K, 2K and 4K, and before it the next where the nearest has too few pixels: 1080x1350 and
    1920x1080 are made as 2K and 3840x2160 as 4K, where the model has them."""
    sides = (1, 2, 4)
    near = next((k for k in sides if _is_near((width, height), width / height, (1024 * k) ** 2)), None)
    if near is None:
        return
    if near != sides[-1] and width * height > _TOO_FEW * (1024 * near) ** 2:
        yield 2 * near
    yield near


def _is_near(pair: tuple[int, int], ratio: float, area: float) -> bool:
    across, down = pair
    same_shape = abs(math.log(across / down / ratio)) <= _RATIO_OFF
    return same_shape and 1 / _AREA_OFF < across * down / area < _AREA_OFF


def _round(side: float) -> int:
    return max(_STEP, _STEP * round(side / _STEP))
