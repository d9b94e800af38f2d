"""The command of this very run once more, from any folder: for what is left of many jobs."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ..core import DEFAULT_OUTPUT_DIR, Interrupted, holds_key, unsigned
from ..events import command
from ..request import MEDIA_KINDS

_PATHS = frozenset({"batch", "config", "openapi", "payload_file", "prompt_file", "origin"})
_TARGETS = frozenset({"output", "output_dir", "join"})
_MEDIA = frozenset(name.replace("-", "_") for name in MEDIA_KINDS)
_NAMES = {"origin": "from"}
_LEFT_OUT = frozenset({"new", "prompt_from", "verbose", "json", "open", "words"})
"""``--new`` would pay again for what is there."""
LONGEST = 8000
SAME_INPUT = "run the same command again with the same input: it goes on, and never pays twice"


def _flag(name: str) -> str:
    return f"--{_NAMES.get(name, name).replace('_', '-')}"


PATH_FLAGS = frozenset(map(_flag, _PATHS | _TARGETS | _MEDIA))
"""Flags whose values name files, where they are no URLs."""


def same_command(script: str, parser: argparse.ArgumentParser, args: argparse.Namespace) -> str | None:
    """The whole command; None where a part of it is gone with this run (stdin, a pipe) or may not be printed."""
    given = {
        name: value
        for name, value in vars(args).items()
        if name not in _LEFT_OUT and value != parser.get_default(name) and value not in (None, [])
    }
    if hasattr(args, "output") and not {"output", "output_dir", "no_download"} & given.keys():
        given["output_dir"] = DEFAULT_OUTPUT_DIR
    if getattr(args, "prompt_from", None):
        given["prompt_file"] = args.prompt_from
        del given["prompt"]
    words = list(_words(given))
    if any(word is None for word in words):
        return None
    told = [word for word in words if word is not None]
    return command(script, told) if sum(map(len, told)) <= LONGEST and not any(map(holds_key, told)) else None


def going_on(
    line: Mapping[str, Any], script: str, parser: Callable[[], argparse.ArgumentParser], args: argparse.Namespace
) -> dict[str, Any]:
    """What a summary says of the jobs that are left: the command that goes on, or that there is none to be printed."""
    if not line.get("left"):
        return {}
    resume = same_command(script, parser(), args)
    return {"resume": resume} if resume else {"resume": None, "guidance": [SAME_INPUT]}


@contextmanager
def told_how_to_go_on(
    script: str, parser: Callable[[], argparse.ArgumentParser], args: argparse.Namespace
) -> Iterator[None]:
    """A signal in the midst of many jobs leaves the command that goes on with them."""
    try:
        yield
    except Interrupted as error:
        error.details.setdefault("resume", same_command(script, parser(), args))
        raise


def _words(given: Mapping[str, Any]) -> Iterator[str | None]:
    for name, value in given.items():
        flag = _flag(name)
        if isinstance(value, bool):
            yield flag if value else flag.replace("--", "--no-", 1)
            continue
        for one in value if isinstance(value, list) else [value]:
            said = _said(name, one)
            yield None if said is None else f"{flag}={said}"


def _said(name: str, value: Any) -> str | None:
    """A value as it holds in any folder; None for a pipe, and for a URL with a signature."""
    text = f"{value:.15g}" if isinstance(value, float) else str(value)
    if name in _TARGETS:
        return os.path.abspath(os.path.expanduser(text))
    if name in _PATHS or (name in _MEDIA and "://" not in text[:12]):
        return os.path.abspath(text) if os.path.isfile(text) else None
    return text if name == "prompt" or unsigned(text) == text else None
