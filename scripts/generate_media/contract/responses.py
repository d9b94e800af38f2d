"""What an operation answers: status words and error codes, for the inspector."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..core import clean_text, without_none
from .load import follow
from .merging import merge
from .operations import Operation


def error_status_codes(operation: Operation) -> list[str]:
    """Documented answers from 400 up, ``4XX`` and ``default`` among them."""
    codes = _mapping(operation.node.get("responses"))
    return sorted(str(code) for code in codes if not str(code).startswith(("1", "2", "3", "x-")))


def required_parameters(operation: Operation) -> list[dict[str, Any]]:
    """Query, header and cookie parameters that a call cannot do without: ``{name, in, type, description}``."""
    written = [one for node in (operation.item, operation.node) for one in _listed(node.get("parameters"))]
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for one in written:
        node, file = follow(operation.document, one, operation.file)
        place = str(node.get("in", ""))
        if node.get("required") is True and place in ("query", "header", "cookie"):
            flat = merge(operation.definitions.convert(node.get("schema", {}), file), operation.definitions)
            row = {"name": node.get("name"), "in": place, "type": flat.get("type"), "default": flat.get("default"),
                   "description": clean_text(str(node.get("description") or ""), 160) or None}  # fmt: skip
            found[str(node.get("name")), place] = without_none(row)
    return list(found.values())


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def status_values(operation: Operation) -> list[str]:
    """The words that the ``status`` of a successful answer may hold; empty where the document does not say."""
    for schema in _answers(operation):
        flat = merge(schema, operation.definitions)
        status = merge(_mapping(flat.get("properties")).get("status", {}), operation.definitions)
        parts = [status, *(merge(part, operation.definitions) for part in _parts(status))]
        words = [value for part in parts for value in part.get("enum", ()) if isinstance(value, str)]
        if words:
            return list(dict.fromkeys(words))
    return []


def _answers(operation: Operation) -> Iterator[Mapping[str, Any]]:
    for code, node in _mapping(operation.node.get("responses")).items():
        if not str(code).startswith("2"):
            continue
        answer, file = follow(operation.document, node, operation.file)
        for media in _mapping(answer.get("content")).values():
            body, where = follow(operation.document, media, file)
            if "schema" in body:
                schema = operation.definitions.schema(body["schema"], where)
                yield schema
                items = merge(schema, operation.definitions)
                yield from ({**part, "$defs": operation.definitions} for part in _parts(items))


def _parts(flat: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [part for key in ("oneOf", "anyOf") for part in flat.get(key, ()) if isinstance(part, dict)]


def _mapping(value: Any) -> Mapping[str, Any]:
    """The object that should stand there; a document that has something else there says nothing."""
    return value if isinstance(value, Mapping) else {}
