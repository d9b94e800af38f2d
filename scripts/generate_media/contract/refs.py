"""Schemas out of a document: references kept lazy, OpenAPI 3.0 wording turned into JSON Schema 2020-12.

Every schema that leaves here is self-contained: its references read ``#/$defs/NAME`` and its ``$defs`` is a
:class:`Definitions`, which converts a definition when it is first asked for. So one endpoint of a 13 MB
document costs what that endpoint reaches, and cycles stay references.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from functools import cached_property
from typing import Any
from urllib.parse import quote

from .convert import Reading, convert, has_own_rules
from .load import Document, follow
from .patterns import Patterns

PREFIX = "#/$defs/"


class Definitions(dict[str, Any]):
    """Name → converted schema, filled on demand; one per document and shared by all its schemas."""

    def __init__(self, document: Document) -> None:
        super().__init__()
        self.document = document
        self._sources: dict[str, tuple[str, str, Any]] = {}
        self._names: dict[tuple[str, str], str] = {}
        self._whole: dict[str, bool] = {}
        self._bases: Counter[str] = Counter()
        self.merged: dict[str, dict[str, Any]] = {}
        """Reference → its definition merged (see merge.py), so that what is named twice is merged once."""
        self.cuts = 0
        """How often a merge met a reference that it was merging already."""

        self.unions: dict[int, tuple[Any, Any]] = {}
        """Identity of a schema with a discriminator → that schema, and its union (see checking.py)."""
        self.validators: dict[bool, Any] = {}
        """Made by checking.py, one for each way to take patterns that cannot be matched."""

    def spend(self, nodes: int = 1) -> None:
        """Count work on the document's schemas. Raises TooLarge."""
        self.document.spend(nodes)

    @cached_property
    def patterns(self) -> Patterns:
        """The document's patterns; what is known of them holds for all its schemas."""
        return Patterns(self.document.budget.seconds, trusted=self.document.trusted)

    def __missing__(self, name: str) -> Any:
        file, _, node = self._sources[name]
        self[name] = {} if self._circles(node, file) else self.convert(node, file)
        return self[name]

    def convert(self, node: Any, file: str) -> Any:
        """A schema written in ``file``, converted, with its references renamed; not resolved any further."""
        old = self.document.version.startswith("3.0")

        def look(written: Any) -> Any:
            return follow(self.document, written, file)[0]

        return convert(node, Reading(lambda reference: self.rename(reference, file), old, self.spend, look))

    def rename(self, reference: str, file: str) -> str:
        """``#/$defs/NAME`` for a reference; absolute URIs of JSON Schema's own dialects stay as they are."""
        if reference.startswith(("http://json-schema.org/", "https://json-schema.org/")):
            return reference
        where, pointer, node = self.document.resolve(reference, file)
        if where and self._is_schema_file(where):
            return self._embed(where, pointer)
        key = (where, pointer)
        if key not in self._names:
            name = self._fresh_name(pointer or where)
            self._names[key] = name
            self._sources[name] = (where, pointer, node)
        return PREFIX + self._names[key]

    def schema(self, node: Any, file: str) -> dict[str, Any]:
        """A whole, self-contained schema for a node of the document."""
        converted = self.convert(node, file)
        if not isinstance(converted, dict):
            converted = {} if converted else {"not": {}}
        return {**converted, "$defs": self}

    def lookup(self, reference: str) -> Any:
        """The definition behind ``#/$defs/NAME`` (or a pointer into it); None for a foreign reference."""
        if not reference.startswith(PREFIX):
            return None
        return self[reference[len(PREFIX) :]]

    def _is_schema_file(self, file: str) -> bool:
        """A neighbour that is a JSON Schema with its own rules of reference, so that it must stay whole."""
        if file not in self._whole:
            tree = self.document.tree(file)
            self._whole[file] = isinstance(tree, dict) and "openapi" not in tree and has_own_rules(tree)
        return self._whole[file]

    def _embed(self, file: str, fragment: str) -> str:
        """The neighbour as it is, an embedded resource with an ``$id``; jsonschema follows its references."""
        key = (file, "")
        tree = self.document.tree(file)
        uri = tree.get("$id") or f"urn:file:{quote(file)}"
        if key not in self._names:
            name = self._names[key] = self._fresh_name(file)
            self._sources[name] = (file, "", tree)
            self[name] = {**tree, "$id": uri}
        return f"{uri}#{quote(fragment)}" if fragment else PREFIX + self._names[key]

    def _fresh_name(self, pointer: str) -> str:
        base = re.sub(r"[^A-Za-z0-9_.-]+", "_", pointer.rsplit("/", 1)[-1]) or "schema"
        while True:
            self._bases[base] += 1
            number = self._bases[base]
            name = base if number == 1 else f"{base}-{number}"
            if name not in self._sources:
                return name

    def _circles(self, node: Any, file: str) -> bool:
        """A chain of bare references that never arrives: it says nothing, so it allows everything."""
        seen: set[tuple[str, str]] = set()
        while isinstance(node, dict) and isinstance(node.get("$ref"), str):
            if node["$ref"].startswith(("http://json-schema.org/", "https://json-schema.org/")):
                return False
            file, pointer, node = self.document.resolve(node["$ref"], file)
            if (file, pointer) in seen:
                return True
            seen.add((file, pointer))
        return False


def closure(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema with only the definitions that it reaches, as plain JSON."""
    definitions = schema["$defs"]
    found: dict[str, Any] = {}
    body = {key: value for key, value in schema.items() if key != "$defs"}
    waiting = sorted(_references(body))
    while waiting:
        name = waiting.pop()
        definitions.spend()
        if name not in found:
            found[name] = definitions[name]
            waiting.extend(sorted(_references(found[name])))
    return {**body, "$defs": {name: found[name] for name in sorted(found)}} if found else body


def _references(node: Any) -> set[str]:
    names: set[str] = set()
    stack = [node]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            reference = item.get("$ref")
            if isinstance(reference, str) and reference.startswith(PREFIX):
                names.add(reference[len(PREFIX) :])
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
    return names
