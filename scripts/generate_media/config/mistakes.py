"""What is wrong with a config.json, by its schema and with the line: only loaded when something is."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from ..core import BUNDLE, LEAST_KEY_CHARS
from ..providers import PROTOCOLS

SCHEMA = BUNDLE / "config.schema.json"


def mistakes_in(text: str) -> str:
    """Every mistake in one sentence each, with its line; empty when the schema finds none."""
    from jsonschema import Draft202012Validator

    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    schema["$defs"]["provider"]["properties"]["protocol"]["enum"] = list(PROTOCOLS)
    validator = Draft202012Validator(schema)
    mistakes = sorted(validator.iter_errors(json.loads(text)), key=lambda error: list(map(str, error.absolute_path)))
    words = []
    for mistake in mistakes[:5]:
        path = list(mistake.absolute_path)
        where = ".".join(map(str, path)) or "the file"
        line = line_of(text, [*path, *_unexpected(mistake)])
        words.append(f"line {line}: {where}: {_without_value(mistake)[:200]}")
    return "; ".join(words or _wrong_default(text))


def _without_value(mistake: Any) -> str:
    """The schema's words; a value that is long enough to be a key is not said."""
    value = repr(mistake.instance)
    return str(mistake.message if len(value) < LEAST_KEY_CHARS else mistake.message.replace(value, "what stands there"))


def _unexpected(mistake: Any) -> list[str]:
    """The key that the schema does not know, so that its own line is named and not its block's."""
    if mistake.validator != "additionalProperties":
        return []
    return [key for key in mistake.instance if key not in mistake.schema.get("properties", {})][:1]


def _wrong_default(text: str) -> list[str]:
    """What no schema can say: default_provider must be one of the providers."""
    config = json.loads(text)
    name = config.get("default_provider")
    if not name or name in config["providers"]:
        return []
    line = line_of(text, ["default_provider"])
    shown = f" {name!r}" if len(name) < LEAST_KEY_CHARS else ""
    return [f"line {line}: default_provider{shown} is not one of {', '.join(config['providers'])}"]


def line_of(text: str, path: Iterable[str | int]) -> int:
    """The line (from 1) on which the value at ``path`` begins; the nearest parent's where it has none.

    Asked of a YAML parser, which tells lines; where it cannot read what JSON allows (a key of 2,000 characters,
    nesting without end) it is the file's first.
    """
    import yaml

    line = 1
    try:
        node: Any = yaml.compose(text.lstrip("\ufeff"), Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError):
        return line
    for step in path:
        children = dict(_children(node))
        if step not in children:
            break
        line, node = children[step]
    return line


def _children(node: Any) -> Iterable[tuple[str | int, tuple[int, Any]]]:
    if node.id == "mapping":
        return [(key.value, (key.start_mark.line + 1, value)) for key, value in node.value]
    if node.id == "sequence":
        return [(index, (value.start_mark.line + 1, value)) for index, value in enumerate(node.value)]
    return []
