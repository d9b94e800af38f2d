"""The command that was given, with another model in it: for a name that is no model's id, beside what may be meant."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from ..core import GenerateMediaError
from ..events import command
from .again import PATH_FLAGS

LONGEST = 600
"""Characters of a command that is printed; a longer one is the caller's to put together."""


def with_command(error: GenerateMediaError, script: str, words: Sequence[str], named: str) -> GenerateMediaError:
    """The error with ``command``: the same call with its first suggestion, ``named`` by that flag. Without one where
    nothing was suggested, or where the call took something from stdin or from a file."""
    first = next(iter(error.details.get("suggestions") or ()), None)
    if not isinstance(first, dict) or not {"provider", "model"} <= set(first):
        return error
    more = ("--provider", first["provider"], named, first["model"])
    text = reworded(script, words, {named, "--provider"}, more)
    if text:
        error.details["command"] = text
    return error


def reworded(script: str, words: Sequence[str], dropped: set[str], more: Sequence[str]) -> str:
    """A call without some of its flags and with ``more`` words; empty where it took something from stdin or from a
    file, or is too long."""
    if not _is_whole(words):
        return ""
    text = command(script, [*_without(words, dropped), *more])
    return text if len(text) <= LONGEST else ""


def _is_whole(words: Sequence[str]) -> bool:
    return "-" not in words and not any(word.endswith("=-") or word.startswith(_FILES) for word in words)


_FILES = ("--payload-file", "--prompt-file", "--batch")


def _without(words: Sequence[str], dropped: set[str]) -> Iterator[str]:
    """The words but for some flags and their values; paths absolute, so that they hold in any folder."""
    pending = ""
    for word in words:
        if pending:
            if pending not in dropped:
                yield _absolute(pending, word)
            pending = ""
            continue
        name, equals, value = word.partition("=")
        if name in dropped:
            pending = "" if equals else name
        elif name in PATH_FLAGS and equals:
            yield f"{name}={_absolute(name, value)}"
        else:
            yield word
            pending = word if word in PATH_FLAGS else ""


def _absolute(flag: str, value: str) -> str:
    local = flag in PATH_FLAGS and "://" not in value and not value.startswith(("data:", "asset:", "@"))
    return os.path.abspath(os.path.expanduser(value)) if local else value
