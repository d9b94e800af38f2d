"""``--output``: the exact name of a file, or with ``{n}``, ``{id}``, ``{ext}`` in it the names of many."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from ..core import Json, UsageError
from ..media import EXTENSIONS
from .names import file_mark

_SAME_TYPE = {".jpeg": ".jpg", ".jpe": ".jpg", ".tif": ".tiff", ".qt": ".mov", ".m4v": ".mp4", ".heif": ".heic"}
_TYPES = {ending: media_type for media_type, ending in EXTENSIONS.items()}
_EACH = ("{n}", "{id}")
"""What tells the files of several jobs apart."""


class OutputName(NamedTuple):
    """Where one job's files go. ``number`` is the ``{n}`` of its first output; ``most``: so many have numbers of their
    own before the next job's begin, None for all that come."""

    pattern: str
    """An absolute path."""
    number: int = 1
    most: int | None = None
    overwrite: bool = False

    @property
    def folder(self) -> Path:
        """The folder under which all files lie, whatever stands for ``{n}`` and ``{id}``."""
        return next(path for path in Path(self.pattern).parents if not any(mark in str(path) for mark in _EACH))

    @property
    def media_type(self) -> str:
        """The type that the name's ending means; empty where it means none."""
        ending = os.path.splitext(self.pattern)[1].lower()
        return _TYPES.get(_SAME_TYPE.get(ending, ending), "")

    def before_it_is_made(self) -> tuple[Path, ...]:
        """The names that are known before anything is sent; none where they depend on what comes."""
        if "{id}" in self.pattern or "{ext}" in self.pattern:
            return ()
        numbers = range(self.number, self.number + (self.most or 1))
        return tuple(dict.fromkeys(Path(self._filled(number, "", "")) for number in numbers))

    def names(self, provider: str, generation_id: str, position: int, media_type: str) -> Iterator[str]:
        """The paths that the ``position``-th output (from 1) is tried under, the one that was asked for first."""
        own = file_mark(provider, generation_id)
        ending = EXTENSIONS.get(media_type, ".bin")
        has_number = "{n}" in self.pattern and (self.most is None or position <= self.most)
        last = self.number + (position if has_number else min(position, self.most or 1)) - 1
        first = self._ended(self._filled(last, own, ending[1:]), media_type, ending)
        if has_number and self.most is None:
            yield from (self._ended(self._filled(n, own, ending[1:]), media_type, ending) for n in count(last))
        stem, suffix = os.path.splitext(first)
        yield first
        yield from (f"{stem}-{number}{suffix}" for number in count(2))

    def keeps_its_name(self, media_type: str) -> bool:
        """Whether a file of that type is called as was asked for: its ending stands in the name, or is left to us."""
        return self.media_type == media_type or "{ext}" in self.pattern

    def as_json(self) -> dict[str, Json]:
        return self._asdict()

    def _filled(self, number: int, own: str, ending: str) -> str:
        return self.pattern.replace("{n}", str(number)).replace("{id}", own).replace("{ext}", ending)

    def _ended(self, path: str, media_type: str, ending: str) -> str:
        """The path with the file's own ending, where its name says another type or none."""
        if self.keeps_its_name(media_type):
            return path
        stem, suffix = os.path.splitext(path)
        known = _SAME_TYPE.get(suffix.lower(), suffix.lower()) in _TYPES
        return (stem if known else path) + ending


def parse_output_name(text: str, *, overwrite: bool = False) -> OutputName:
    """What ``--output`` says.

    Raises:
        UsageError: no file can have that name.
    """
    path = os.path.abspath(os.path.expanduser(text))
    if text.endswith(("/", os.sep)) or os.path.isdir(path) or "\0" in text:
        raise UsageError(
            "usage",
            f"--output {text} names a folder, and a file's name is needed",
            details={"received": text},
            guidance=(f"--output {text.rstrip('/')}/NAME.png, or --output-dir {text} for names of ours",),
        )
    said = os.path.normpath(text)
    if not_said := [mark for mark in (*_EACH, "{ext}") if path.count(mark) > said.count(mark)]:
        folder = os.path.dirname(path)
        raise UsageError(
            "usage",
            f"--output {text} would lie in {folder}, whose own name has {not_said[0]} in it: that would be filled in",
            details={"received": text},
            guidance=("run it from a folder without braces in its name, or use --output-dir; nothing was sent",),
        )
    if "{ext}" in os.path.dirname(path):
        raise UsageError("usage", "--output: {ext} belongs to the file's name, not to a folder's")
    return OutputName(path, overwrite=overwrite)


def output_from(kept: Json) -> OutputName | None:
    """The name as the journal kept it; None where there is none, or it is damaged."""
    if not isinstance(kept, Mapping):
        return None
    values: dict[str, Any] = {name: kept.get(name) for name in OutputName._fields}
    pattern, number, most = values["pattern"], values["number"], values["most"]
    whole = isinstance(pattern, str) and os.path.isabs(pattern) and isinstance(number, int)
    whole = whole and "{ext}" not in os.path.dirname(pattern)  # else a name could lose its ending
    if not whole or not (most is None or isinstance(most, int)):
        return None
    return OutputName(str(pattern), int(number), most, values["overwrite"] is True)


def check_many(name: OutputName, jobs: int) -> None:
    """Several jobs need names that tell them apart.

    Raises:
        UsageError: this one does not.
    """
    if jobs > 1 and not any(mark in name.pattern for mark in _EACH):
        stem, suffix = os.path.splitext(name.pattern)
        raise UsageError(
            "usage",
            f"--output names one file, and these are {jobs} jobs",
            details={"received": name.pattern, "allowed": ["{n}", "{id}", "{ext}"]},
            guidance=(f"--output '{stem}-{{n}}{suffix}' numbers them; nothing was sent",),
        )
