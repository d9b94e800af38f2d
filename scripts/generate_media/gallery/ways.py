"""The commands of a card: what makes the job again, what varies it, what fetches its file without paying.

Each runs as printed, from any folder. A request that holds a local file (of which only the hash is recorded) or a
signed URL (which is a secret) cannot be written down: such a card has no command that makes it again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..core import unsigned
from ..events import SAFE_WORD, command, resume_command

_CREATE = "create_and_wait.py"
_STREAM = "/sse/"
MAX_COMMAND = 8000
"""Longer than any prompt that a model takes; a shell takes 128 kB."""


class Ways(NamedTuple):
    """Commands; each is empty where there is none."""

    again: str = ""
    """The same request; where it was made before, it is made (and paid) again."""
    vary: str = ""
    fetch: str = ""
    """Goes on with the job by its id."""


NO_WAYS = Ways()


def ways_of(record: Mapping[str, Any], folder: Path, file: str, *, made: bool, config: str | None) -> Ways:
    """The commands for one job; ``file`` is its file's name in ``folder``, ``made`` whether it has a result already."""
    provider, model = _word(record.get("provider")), _word(record.get("model"))
    if not SAFE_WORD.match(provider):
        return NO_WAYS
    tail = ["--sandbox"] if record.get("sandbox") is True else []
    tail += ["--config", config] if config else []
    fetch = resume_command(_word(record.get("generation_id")) or None, provider=provider, sandbox=False) or ""
    if fetch:
        fetch = command_of("wait_generation.py", [*_arguments(fetch), "--output-dir", str(folder), *tail])
    head = ["--provider", provider]
    again = [*head, *_body(record, model), "--output-dir", str(folder), *(["--new"] if made else []), *tail]
    vary = ["--from", str(folder / file), *_change(record), "--output-dir", str(folder), *tail]
    return Ways(
        command_of(_CREATE, again) if _body(record, model) else "",
        command_of(_CREATE, vary) if file and _change(record) else "",
        fetch,
    )


def command_of(script: str, words: list[str]) -> str:
    """The command as text; empty where a word could do to a terminal what its reader cannot see."""
    text = command(script, words, for_person=True)
    return text if len(text) <= MAX_COMMAND and all(ch.isprintable() or ch == "\n" for ch in text) else ""


def _arguments(resume: str) -> list[str]:
    """The id of a printed resume command, as the word that it is there."""
    return [word for word in resume.split() if word.startswith("--generation-id=")]


def _body(record: Mapping[str, Any], model: str) -> list[str]:
    """Endpoint or model, and the exact body; nothing where that cannot be written down."""
    body, path = record.get("request"), _word(record.get("endpoint"))
    if not isinstance(body, dict) or not body or not _is_whole(body):
        return []
    where = (
        ["--sse-endpoint" if _STREAM in path else "--endpoint", path] if SAFE_WORD.match(path) else ["--model", model]
    )
    return [*where, "--payload", json.dumps(body, ensure_ascii=False)] if SAFE_WORD.match(where[1]) else []


def _is_whole(value: Any) -> bool:
    if isinstance(value, dict):
        is_file = "file" in value and "sha256" in value
        return not is_file and all(map(_is_whole, value.values()))
    if isinstance(value, list):
        return all(map(_is_whole, value))
    return not isinstance(value, str) or ("<sha256:" not in value and unsigned(value) == value)


def _change(record: Mapping[str, Any]) -> list[str]:
    """One change that makes it another job: the next seed, or for a job without one more words at the prompt's end."""
    body = record.get("request")
    seed = body.get("seed") if isinstance(body, dict) else None
    if isinstance(seed, int) and not isinstance(seed, bool):
        return ["--seed", str(seed + 1)]
    prompt = _word(record.get("prompt")).strip()
    return [f"--prompt={prompt}, another version"] if prompt else []  # it may begin with a dash


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""
