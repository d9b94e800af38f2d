"""What a request asks for and nobody documented: values that no contract can be checked against. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

LIMITED = frozenset(
    (
        *("duration", "seconds", "num_frames", "frames", "fps", "frame_rate"),
        *("resolution", "size", "image_size", "quality", "aspect_ratio", "ratio", "width", "height"),
    )
)
"""Fields in which every model has limits of its own, documented or not."""
_ABSURD = 10**9
_NO_WORD = "no-such-value"


def undocumented(
    body: Mapping[str, Any],
    model: str,
    objects: Callable[[Mapping[str, Any]], bool],
    fields: Collection[str] = LIMITED,
) -> Iterator[str]:
    """A sentence for each of ``fields`` of a valid body in which the contract would take anything at all.

    ``objects`` tells whether the contract has anything against a body; it is asked with an absurd value in each
    field's place, so that it makes no difference where and how the contract bounds it.
    """
    for name, value in body.items():
        limited = name in fields and isinstance(value, (str, int, float)) and not isinstance(value, bool)
        if limited and not objects({**body, name: _absurd(value)}):
            yield f"{name} {str(value)[:80]} was not checked: nobody documented what {model} allows there"


def _absurd(value: str | float) -> str | float:
    if not isinstance(value, str):
        return _ABSURD
    return str(_ABSURD) if value.replace(".", "", 1).isdecimal() else _NO_WORD
