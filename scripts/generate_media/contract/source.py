"""One document of a contract: its operations by path, and its schemas, converted when they are asked for."""

from __future__ import annotations

import re
from functools import cached_property

from ..providers import ModelPaths
from . import operations as ops
from .load import Document
from .model_paths import guess_protocol, model_paths, usual_create
from .operations import Operation
from .refs import Definitions

_ORDER = {"POST": 0, "PUT": 1, "PATCH": 2, "GET": 3, "DELETE": 4}


class Source:
    """A document with its lazily converted schemas and the protocol whose path conventions it follows."""

    def __init__(self, document: Document, definitions: Definitions, protocol: str) -> None:
        self.document, self.definitions, self.protocol = document, definitions, protocol

    @cached_property
    def paths(self) -> dict[str, str]:
        """Path relative to the base URL → path as written."""
        base = ops.base_path(self.protocol)
        written = (path for path in self.document.root.get("paths") or {} if path.startswith("/"))
        server, create = ops.server_path(self.document), usual_create(self.protocol)
        return {self.document.endpoint_path(ops.relative(path, server, base, create)): path for path in written}

    def at(self, path: str) -> list[Operation]:
        """Operations at a relative path, creating methods first."""
        found = list(ops.operations(self.document, self.definitions, self.paths[path]))
        return sorted(found, key=lambda operation: _ORDER.get(operation.method, 9))

    @cached_property
    def model_paths(self) -> ModelPaths | None:
        """How this document's create paths carry the model; None where it is a field of the body."""
        items = self.document.root.get("paths") or {}
        nodes = {path: items[written] for path, written in self.paths.items() if isinstance(items[written], dict)}
        posts = {path: item["post"] for path, item in nodes.items() if isinstance(item.get("post"), dict)}
        return model_paths({path: node for path, node in posts.items() if "{" not in path}, self.protocol)

    def model_of(self, path: str) -> str:
        """The model id that a path carries; empty where it carries none."""
        return self.model_paths.model_of(path) if self.model_paths else ""

    def twin_of(self, path: str) -> str:
        """The other way to the same job by this document's convention; empty where it has none."""
        return self.model_paths.twin_of(path) if self.model_paths else ""

    def creates_of(self, model: str) -> list[str]:
        """The paths that make a model, the streaming one first; none where the model is a field of the body."""
        usual = self.model_paths
        return [usual.stream + model, usual.create + model] if usual and model else []

    @cached_property
    def query_path(self) -> str | None:
        """The query of a protocol whose paths carry the model, as this document names it, even where it has moved."""
        if self.model_paths is None:
            return None
        first = re.escape(self.model_paths.create.rstrip("/"))
        for shape in (rf"{first}/\{{[^/{{}}]+\}}", r"/generations?(/[^/{}]+)*/\{[^/{}]+\}(/status)?"):
            found = [path for path in self.paths if re.fullmatch(shape, path) and self._can_get(path)]
            if len(found) == 1:
                return found[0]
        return None

    def _can_get(self, path: str) -> bool:
        return any(operation.method == "GET" for operation in self.at(path))


def make_source(document: Document, protocol: str = "") -> Source:
    """A document made ready; without a protocol it is guessed from the paths."""
    return Source(document, Definitions(document), protocol or guess_protocol(ops.whole_paths(document)))
