"""A batch file: one JSON object a line, with the names of request flags as keys; or, in a .txt, a prompt a line."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from ..contract import nearest
from ..core import GenerateMediaError, UsageError, parse_json, read_user_text, user_json_object
from ..request import MEDIA_FLAGS, WISH_FLAGS, Wanted, wanted_from
from .ties import Ties, read_ties

MAX_FILE_BYTES = 64 << 20
SHOWN_BAD_LINES = 100

LINE_KEYS = frozenset(WISH_FLAGS) | {
    "id", "prompt", "provider", "model", "kind", "endpoint", "sse-endpoint", "payload", "set", "fit", "no-validate",
}  # fmt: skip
"""Request flags; never host, config or output flags, which hold for the whole run."""
_INSTEAD = {
    "output": "file names go on the command line: --output 'folder/{n}.png', {n} counts the outputs in line order",
    "output-dir": "the folder goes on the command line: --output-dir FOLDER",
    "count": "a line that is meant several times is written several times",
}
"""What is meant by keys that no line has."""
INHERITED = ("provider", "model", "kind", "fit", "no_validate", "detach")
OF_ALL = tuple(name.replace("-", "_") for name in WISH_FLAGS)
"""Flags of the command line that hold for every line that is no exact payload and says nothing else."""


@dataclass(frozen=True)
class Line:
    """One line of the file, numbered from 1: what it wants, or why it is no job."""

    number: int
    wanted: Wanted | None = None
    error: GenerateMediaError | None = None


@dataclass(frozen=True)
class Shard:
    """The I-th of N parts of a file, I from 1; every line belongs to exactly one."""

    index: int
    of: int

    def holds(self, line_number: int) -> bool:
        return (line_number - 1) % self.of == self.index - 1


class BadLines:
    """Lines that are no jobs: the first ``SHOWN_BAD_LINES`` with their errors, the others counted by error code."""

    def __init__(self) -> None:
        self.shown: dict[int, GenerateMediaError] = {}
        self.more: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self.shown) + self.more.total()

    def add(self, line: int, error: GenerateMediaError) -> None:
        if len(self.shown) < SHOWN_BAD_LINES:
            self.shown[line] = error
        else:
            self.more[error.code] += 1


def parse_shard(text: str | None) -> Shard:
    """``I/N``, I from 1 to N; left out: the whole file.

    Raises:
        UsageError: anything else.
    """
    if text is None:
        return Shard(1, 1)
    match = re.fullmatch(r"([1-9]\d{0,5})/([1-9]\d{0,5})", text)
    if not match or int(match[1]) > int(match[2]):
        raise UsageError(
            "usage",
            f"--shard {text!r} is not I/N with I from 1 to N",
            details={"received": text, "allowed": "1/4, 2/4, 3/4, 4/4"},
        )
    return Shard(int(match[1]), int(match[2]))


class Lines(NamedTuple):
    """A file's jobs, read one by one, and which of them use what others make."""

    jobs: Iterable[Line]
    ties: Ties = Ties()


def read_lines(file: str, *, openapi: tuple[Path, ...], defaults: Mapping[str, Any]) -> Lines:
    """Every line that is not blank; a line that is no job becomes an error of its own.

    Raises:
        UsageError: the file cannot be read, or holds no line; see :func:`read_ties`.
    """
    text = read_user_text(file, MAX_FILE_BYTES)
    plain = file.lower().endswith(".txt")
    texts = text.split("\n")  # str.splitlines() would break a line at U+2028 and others that JSON allows in a text
    if not any(map(str.strip, texts)):
        raise UsageError(
            "empty_batch",
            f'{file} holds no job; one JSON object a line, such as {{"prompt": "a cat"}}; in a .txt, one prompt a line',
        )
    rows = _prompt if plain else _object
    filled = [(number, text) for number, text in enumerate(texts, start=1) if text.strip()]
    jobs = (_line(number, text, rows, openapi, defaults) for number, text in filled)
    return Lines(jobs, Ties() if plain else read_ties(filled))


def _object(text: str) -> Mapping[str, Any]:
    return user_json_object(text, "the line")


def _prompt(text: str) -> Mapping[str, Any]:
    """A line of a text file. Raises UsageError ``bad_line`` for a JSON object, which nobody means as a prompt."""
    if isinstance(parse_json(text), dict):
        raise UsageError(
            "bad_line",
            "the line is a JSON object, and in a .txt each line is a prompt as it is",
            guidance=("name the file .jsonl",),
        )
    return {"prompt": text.strip()}


def _line(
    number: int,
    text: str,
    row: Callable[[str], Mapping[str, Any]],
    openapi: tuple[Path, ...],
    defaults: Mapping[str, Any],
) -> Line:
    try:
        return Line(number, _wanted(row(text), openapi, defaults))
    except GenerateMediaError as error:
        return Line(number, error=error)


def _wanted(row: Mapping[str, Any], openapi: tuple[Path, ...], defaults: Mapping[str, Any]) -> Wanted:
    names = {key.replace("_", "-"): key for key in row}
    unknown = [key for name, key in names.items() if name not in LINE_KEYS]
    if unknown:
        near = nearest(unknown[0], sorted(LINE_KEYS), limit=1)
        instead = _INSTEAD.get(unknown[0].replace("_", "-")) or (f"did you mean {near[0]}?" if near else "")
        raise UsageError(
            "unknown_key",
            f"the line has a key {unknown[0]!r} that is no request flag" + (f"; {instead}" if instead else ""),
            details={"received": unknown, "allowed": sorted(LINE_KEYS)},
        )
    inherited = INHERITED if "payload" in row else (*INHERITED, *OF_ALL)
    values = {name: defaults.get(name) for name in inherited}
    values |= {key.replace("-", "_"): value for key, value in row.items()}
    for name in MEDIA_FLAGS:
        if isinstance(values.get(name), str):
            values[name] = [values[name]]
    sets = values.get("set")
    if isinstance(sets, Mapping):
        values["set"] = [f"{key}={json.dumps(value)}" for key, value in sets.items()]
    _check_kinds(values)
    return wanted_from(values, openapi=openapi)


def _check_kinds(values: Mapping[str, Any]) -> None:
    """Values of the wrong JSON kind are named here, since argparse never saw them."""
    for name, value in values.items():
        texts = name in ("prompt", "provider", "model", "kind", "endpoint", "sse_endpoint")
        if texts and value is not None and not isinstance(value, str):
            raise UsageError("bad_value", f"{name} must be text, not {type(value).__name__}")
        if name in (*MEDIA_FLAGS, "set") and not _is_texts(value):
            raise UsageError("bad_value", f"{name} must be text or a list of texts")
    if values.get("payload") is not None and not isinstance(values["payload"], Mapping):
        raise UsageError("bad_value", "payload must be a JSON object")


def _is_texts(value: Any) -> bool:
    return value is None or (isinstance(value, Sequence) and not isinstance(value, str) and all(
        isinstance(item, str) for item in value))  # fmt: skip
