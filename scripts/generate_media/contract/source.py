"""One document of a contract: its operations by path, and its schemas, converted when they are asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from . import operations as ops
from .load import Document
from .operations import Operation
from .refs import Definitions

_ORDER = {"POST": 0, "PUT": 1, "PATCH": 2, "GET": 3, "DELETE": 4}


@dataclass(frozen=True, eq=False, repr=False)
class Source:
    """A document with its lazily converted schemas and the protocol whose path conventions it follows."""

    document: Document
    definitions: Definitions
    protocol: str

    @cached_property
    def paths(self) -> dict[str, str]:
        """Path relative to the base URL → path as written."""
        base = ops.base_path(self.protocol)
        written = (path for path in self.document.root.get("paths") or {} if path.startswith("/"))
        server = ops.server_path(self.document)
        return {ops.relative(path, server, base): path for path in written}

    def at(self, path: str) -> list[Operation]:
        """Operations at a relative path, creating methods first."""
        found = list(ops.operations(self.document, self.definitions, self.paths[path]))
        return sorted(found, key=lambda operation: _ORDER.get(operation.method, 9))

    @cached_property
    def query_path(self) -> str | None:
        """skills.video's ``GET /generation/{id}`` as this document names it, even where it has moved."""
        for shape in (r"/generation/\{[^/{}]+\}", r"/generations?(/[^/{}]+)*/\{[^/{}]+\}(/status)?"):
            found = [path for path in self.paths if re.fullmatch(shape, path) and self._can_get(path)]
            if len(found) == 1:
                return found[0]
        return None

    def _can_get(self, path: str) -> bool:
        return any(operation.method == "GET" for operation in self.at(path))


def make_source(document: Document, protocol: str = "") -> Source:
    """A document made ready; without a protocol it is guessed from the paths."""
    return Source(document, Definitions(document), protocol or ops.guess_protocol(document))
