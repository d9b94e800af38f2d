"""Each protocol once: everything that has to know of one is derived from this table and from config.json.

config.json's schema takes its names from here, the contract its documents and base paths, the sandbox its modules and
their places, the lifecycle its adapters. Modules and documents are named, not loaded: a run loads those of one.
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..core import REFERENCES

if TYPE_CHECKING:
    from .base import Adapter

_PACKAGE = __name__.split(".")[0]


class ModelPaths(NamedTuple):
    """Where a protocol's paths end in the model's id, after one beginning to create and poll and another to stream."""

    create: str
    stream: str

    def model_of(self, path: str) -> str:
        """The model id in a create path; empty for other paths (a query's has a placeholder)."""
        path = path.partition("#")[0]
        if path.startswith(self.stream):
            return path[len(self.stream) :]
        return path[len(self.create) :] if path.startswith(self.create) and "{" not in path else ""

    def twin_of(self, path: str) -> str:
        """The other way to the same job."""
        model = self.model_of(path)
        return (self.create if path.startswith(self.stream) else self.stream) + model


class Protocol(NamedTuple):
    """What providers speak. Providers of any name speak it by config alone."""

    name: str
    """The word in config.json's ``protocol``."""
    adapter: str
    """The module that ends in ``ADAPTER``; its table of errors is the adapter's."""
    document: Path
    """The OpenAPI document: what the contract checks with and the sandbox enforces."""
    sandbox: str
    """The module that ends in ``PROTOCOL``, the sandbox's side."""
    base_path: str
    """Path of a provider's base URL; the document's paths are relative to it, and the sandbox answers there."""
    other_paths: tuple[str, ...] = ()
    """Beginnings of its paths beside the base path."""
    model_paths: ModelPaths | None = None
    """None: the model is a field of the body."""

    @property
    def prefixes(self) -> tuple[str, ...]:
        """All beginnings of its paths at a host."""
        return (f"{self.base_path}/", *self.other_paths)


def _bundled(name: str, document: str, base_path: str, *other_paths: str, by: ModelPaths | None = None) -> Protocol:
    adapter, sandbox = f"{_PACKAGE}.providers.{name}.adapter", f"{_PACKAGE}.sandbox.{name}"
    return Protocol(name, adapter, REFERENCES / document, sandbox, base_path, other_paths, by)


PROTOCOLS: dict[str, Protocol] = {}
"""By name; the order is the one in which the sandbox looks for a path's owner."""


def register(protocol: Protocol) -> None:
    """Make a protocol known, under its name; before anything is asked of it."""
    PROTOCOLS[protocol.name] = protocol


_GENERATION = ModelPaths("/generation/", "/generation/sse/")

register(_bundled("skills_video", "skills-video.openapi.json", "/api/v1", by=_GENERATION))
register(_bundled("agnes", "agnes.openapi.json", "/v1", "/agnesapi"))
register(_bundled("agcloud", "agcloud.openapi.json", "/api/v3", "/v1/video-tasks/"))


def adapter_for(protocol: str) -> "Adapter":
    """The adapter of a protocol named in config.json.

    Raises:
        KeyError: no such protocol (config.json's schema refuses it earlier).
    """
    adapter: Adapter = import_module(PROTOCOLS[protocol].adapter).ADAPTER
    return adapter
