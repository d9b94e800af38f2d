"""What a request asks for and nobody documented: values that no contract can be checked against. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

LIMITED = frozenset(
    (
        *("duration", "seconds", "num_frames", "frames", "fps", "frame_rate"),
        *("resolution", "size", "image_size", "quality", "aspect_ratio", "ratio", "width", "height"),
    )
)
"""Fields in which every model has limits of its own, documented or not."""
_LISTED = frozenset({"enum", "const"})
_BOUNDS = {True: _LISTED | {"maximum", "exclusiveMaximum"}, False: _LISTED | {"pattern"}}
"""What bounds a number, and what bounds a text: a pattern says how a number is written, not how large it may be."""


def undocumented(body: Mapping[str, Any], properties: Mapping[str, Any], model: str) -> Iterator[str]:
    """A sentence for each such field whose schema bounds nothing."""
    for name, value in body.items():
        if name not in LIMITED or not isinstance(value, (str, int, float)):
            continue
        if not _is_bounded(properties.get(name), _BOUNDS[_is_number(value)]):
            yield f"{name} {str(value)[:80]} was not checked: nobody documented what {model} allows there"


def _is_number(value: str | float) -> bool:
    return not isinstance(value, str) or value.replace(".", "", 1).isdecimal()


def _is_bounded(schema: Any, by: frozenset[str]) -> bool:
    if not isinstance(schema, Mapping):
        return schema is False
    branches = [one for word in ("anyOf", "oneOf", "allOf") for one in schema.get(word) or ()]
    return bool(by & schema.keys()) or any(_is_bounded(branch, by) for branch in branches)
