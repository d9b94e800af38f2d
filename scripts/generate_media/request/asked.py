"""What a command said, kept by its flags' names in the journal, and said again as the words of a command."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..core import Json, holds_key, unsigned
from .flag_names import MEDIA_KINDS

GONE = "-"
"""Stands for what cannot be said again: it came through a pipe, or is too long for a command."""
_GONE = f"={GONE}"
LONGEST = 4000
"""Characters of one value: beyond it nobody pastes a command."""
_PLAIN = ("provider", "model", "kind", "endpoint", "sse-endpoint", "fit", "no-validate")
_NAMES_FILES = frozenset({"payload-file", "prompt-file", "openapi", *MEDIA_KINDS})


def asked_of(
    values: Mapping[str, Any], flags: Mapping[str, Any], payload: Mapping[str, Json] | None, openapi: Sequence[Path]
) -> dict[str, Json]:
    """Flag → value of what asks for one job: ``flags`` as friendly flags, the rest from ``values`` (names with
    underscores). Files stand with their absolute paths, so that the words hold in any folder."""
    asked: dict[str, Any] = {name: values.get(name.replace("-", "_")) for name in _PLAIN}
    asked |= _prompt(values) | {name: _many(name, value) for name, value in flags.items()}
    asked |= {"set": [_short(item) for item in values.get("set") or ()], "openapi": [_absolute(f) for f in openapi]}
    if values.get("payload_file"):
        asked["payload-file"] = _absolute(values["payload_file"])
    elif payload is not None:
        asked["payload"] = _payload(payload)
    return {name: value for name, value in asked.items() if value not in (None, False, []) or name == "audio-track"}


def words_of(asked: Json) -> list[str] | None:
    """The words of a command that asks for the same; None where one of them, or a file that they name, is gone."""
    if not isinstance(asked, dict) or not asked:
        return None
    words: list[str] = []
    for name, value in asked.items():
        words += (f"--{name}={value}",) if isinstance(value, str) else _words(name, value)
    if not all(map(_can_be_said, words)):
        return None
    return words if _NAMES_FILES.isdisjoint(asked) or all(_are_there(asked)) else None


def _can_be_said(word: str) -> bool:
    """Whether a word may stand in a printed command: it is all there, and no URL in it is signed."""
    if word.endswith(_GONE) or "\0" in word:
        return False
    return word.startswith("--prompt=") or _is_unsigned(word)


@lru_cache(1000)
def _is_unsigned(word: str) -> bool:
    """Asked once of a word that the jobs of a list have in common."""
    return unsigned(word) == word


def _words(name: str, value: Any) -> Sequence[str]:
    if isinstance(value, bool):
        return (f"--{name}" if value else f"--no-{name}",)
    return [f"--{name}={one}" for one in value] if isinstance(value, list) else (f"--{name}={value}",)


def _are_there(asked: Mapping[str, Any]) -> Iterator[bool]:
    for name, value in asked.items():
        if name in _NAMES_FILES:
            for one in value if isinstance(value, list) else [value]:
                yield ":" in str(one)[:9] or os.path.exists(str(one))


def _prompt(values: Mapping[str, Any]) -> dict[str, Json]:
    source = values.get("prompt_from")
    return {"prompt-file": _absolute(source)} if source else {"prompt": values.get("prompt")}


def _many(name: str, value: Any) -> Any:
    if name not in MEDIA_KINDS:
        return _short(value)
    return [_absolute(one) for one in (value if isinstance(value, (tuple, list)) else (value,))]


def _absolute(file: str | Path) -> str:
    """The path of a file for every folder; URLs and references as they are; a pipe and bytes are gone with this run."""
    from .references import is_reference

    text = str(file)
    if "://" in text[:12] or is_reference(text):
        return text
    return os.path.abspath(text) if os.path.isfile(text) else GONE


def _short(value: Any) -> Any:
    return GONE if isinstance(value, str) and (len(value) > LONGEST or holds_key(value)) else value


def _payload(payload: Mapping[str, Json]) -> str:
    """The payload as one argument, if it is short and holds no file's bytes."""
    from ..media import redact

    text = json.dumps(payload, ensure_ascii=False)
    return text if _short(text) == text and redact(payload) == payload else GONE
