"""What no plain document can say: the marks that the bundle's has for the same call, its place in a job among them."""

from __future__ import annotations

from collections.abc import Sequence

from .operations import Operation
from .source import Source

_MARKS = ("x-mode", "x-kind", "x-models", "x-model-pattern", "x-query", "x-twin")
_OF_SIBLINGS = ("x-mode", "x-kind", "x-query")


def marked(sources: Sequence[Source], own: Source, operation: Operation, path: str) -> Operation:
    """A user's operation with the bundle's marks for the same path, else for one of its family; unchanged where paths
    carry the model, whose conventions say it all."""
    if own.document.trusted or own.model_paths is not None:
        return operation
    for other in (one for one in sources if one.document.trusted):
        names = _MARKS if path in other.paths else _OF_SIBLINGS
        alike = path if path in other.paths else _sibling(other, path)
        known = next((one.node for one in other.at(alike) if one.method == operation.method), {}) if alike else {}
        if known:
            return operation.with_marks({key: known[key] for key in names if key in known})
    return operation


def _sibling(source: Source, path: str) -> str:
    """The create that begins as a path which the document has not: /images/generations for /images/edits."""
    first = path.split("/")[1]
    paths = [known for known in source.paths if known.split("/")[1] == first and "{" not in known + path]
    return next((known for known in paths if any("x-flags" in one.node for one in source.at(known))), "")
