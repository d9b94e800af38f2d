"""The commands of a card: what makes the job again, what varies it, what fetches its file without paying.

Each runs as printed, from any folder. A request with a local file in it (of which only the hash is recorded) cannot be
written down: the journal, where it knows the job, has the words that asked for it. A signed URL is a secret: a card
with one has no command that makes it again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..core import unsigned
from ..events import SAFE_WORD, command, resume_command
from ..journal import Row
from ..request import words_of
from .facts import word

_CREATE = "create_and_wait.py"
_STREAM = "/sse/"
_BESIDE_BODY = frozenset({"openapi", "no-validate"})
_TELLS_MODEL = frozenset({"model", "endpoint", "sse-endpoint", "payload", "payload-file"})
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


def ways_of(
    record: Mapping[str, Any], row: Row | None, folder: Path, file: str, *, made: bool, config: str | None
) -> Ways:
    """The commands for one job; ``file`` is its file's name in ``folder``, ``made`` whether it has a result already."""
    provider = word(record.get("provider"))
    if not SAFE_WORD.match(provider):
        return NO_WAYS
    tail = ["--sandbox"] if record.get("sandbox") is True else []
    tail += ["--config", config] if config else []
    fetch = resume_command(word(record.get("generation_id")) or None, provider=provider, sandbox=False) or ""
    if fetch:
        fetch = command_of("wait_generation.py", [*_arguments(fetch), "--output-dir", str(folder), *tail])
    same = _same(record, row)
    # One of several copies is reached by asking for as many: those before it are there.
    meant = ["--new"] if made else [f"--count={row.copy + 1}"] if row is not None and row.copy else []
    vary = ["--from", str(folder / file), *_change(record), "--output-dir", str(folder), *tail]
    return Ways(
        command_of(_CREATE, [*same, *meant, "--output-dir", str(folder), *tail]) if same else "",
        command_of(_CREATE, vary) if file and _change(record) else "",
        fetch,
    )


def command_of(script: str, words: list[str]) -> str:
    """The command as text; empty where a word could do to a terminal what its reader cannot see."""
    text = command(script, words, for_person=True)
    return text if len(text) <= MAX_COMMAND and all(ch.isprintable() or ch == "\n" for ch in text) else ""


def _arguments(resume: str) -> list[str]:
    """The id of a printed resume command, as the word that it is there."""
    return [part for part in resume.split() if part.startswith("--generation-id=")]


def _same(record: Mapping[str, Any], row: Row | None) -> list[str]:
    """The words that ask for the same job: its exact body, else what asked for it; nothing where neither is known."""
    asked = row.asked if row is not None and isinstance(row.asked, dict) else {}
    provider, body = word(record.get("provider")), _body(record)
    if body:
        beside = {name: value for name, value in asked.items() if name in _BESIDE_BODY}
        return ["--provider", provider, *body, *(words_of(beside) or ())]
    model = {} if _TELLS_MODEL & set(asked) else {"model": word(record.get("model"))}
    return words_of(asked | model | {"provider": provider}) or [] if asked else []


def _body(record: Mapping[str, Any]) -> list[str]:
    """Endpoint or model, and the exact body; nothing where that cannot be written down."""
    body, path, model = record.get("request"), word(record.get("endpoint")), word(record.get("model"))
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
    prompt = word(record.get("prompt")).strip()
    return [f"--prompt={prompt}, another version"] if prompt else []  # it may begin with a dash
