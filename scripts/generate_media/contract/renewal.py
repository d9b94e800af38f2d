"""A fresh document made ready to lie over what is known: checked whole, dated, with what its navigation says of kinds.

Users keep the result beside the bundle (layer.py); maintainers fold it into the bundle (tools/).
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, NamedTuple

from ..core import UsageError
from ..providers import PROTOCOLS
from .budget import Budget, TooLarge
from .catalog import Contract
from .changes import diff
from .fields import fields_of
from .layer import order, own_date
from .load import BrokenDocument, Document, document_from_bytes, read_document
from .modelinfo import model_rows
from .navigation import Page, endpoints_of, in_category
from .operations import Endpoint, server_path, server_url
from .source import Source, make_source
from .template import Unsatisfiable, make_template

_KINDS = (("images", "image"), ("videos", "video"))


class Fresh(NamedTuple):
    """A document that may lie over the bundle. ``root`` is plain JSON, ``x-snapshot`` in it; ``source`` is it, read."""

    protocol: str
    root: dict[str, Any]
    source: Source

    @property
    def creates(self) -> tuple[Endpoint, ...]:
        """The calls of its own that make something."""
        made = _with_bundle(self.source, self.source.document.budget)
        return tuple(endpoint for endpoint in made.creates if _is_its(endpoint, self.source.document))

    @property
    def other_server(self) -> str:
        """The document's server where its path is not the one that this protocol's base URLs have; else empty."""
        server, base = server_path(self.source.document), PROTOCOLS[self.protocol].base_path
        known = base.startswith(server) or server.startswith(base) or base.endswith(server)
        return "" if known else server_url(self.source.document)

    @property
    def models(self) -> tuple[str, ...]:
        """What it makes, model by model."""
        return tuple(dict.fromkeys(row.id for row in model_rows(self.creates)))


def fresh_document(
    data: bytes,
    name: str,
    protocol: str,
    *,
    today: str,
    complete: bool = False,
    pages: Sequence[Page] | None = None,
    budget: Budget | None = None,
) -> Fresh:
    """A stranger's document, checked whole. ``protocol`` may be empty: then the paths tell.

    Raises:
        BrokenDocument, TooLarge: it does not hold together. UsageError ``provider_needed``, ``nothing_to_renew``.
    """  # fmt: skip
    budget = budget or Budget()
    document = document_from_bytes(data, name, budget=budget)
    protocol = protocol or _protocol_of(document)
    made = _with_bundle(make_source(document, protocol), budget)
    if not any(_is_its(endpoint, document) for endpoint in made.creates):
        raise UsageError(
            "nothing_to_renew",
            f"{name} describes no call that makes anything at this provider",
            guidance=("name the provider that it belongs to: --provider NAME",),
        )
    for endpoint in made.endpoints:
        _check(endpoint, document)
    root = _marked(made, document, pages)
    snapshot = {"date": own_date(root) or today, "renewed": today, "source": name, "complete": complete}
    root["x-snapshot"] = snapshot
    return Fresh(protocol, root, make_source(Document(root, name, budget=budget), protocol))


def what_changes(fresh: Fresh, before: Contract) -> dict[str, Any]:
    """The difference that a fresh document makes to the contract in force, and what of that is not in it."""
    found = diff(before, Contract([fresh.source, *before.sources]), only=fresh.source.document)
    moved = {row["from"] for row in found["moved"]}
    stayed = [e for e in before.creates if f"{e.method} {e.poll_path or e.path}" not in moved]
    have = frozenset(fresh.models)
    absent = list(dict.fromkeys(row.id for row in model_rows(stayed) if row.id not in have))
    if fresh.root["x-snapshot"]["complete"]:
        return {**found, "breaking": found["breaking"] or bool(absent), "gone": absent}
    return {**found, "not_in_this_document": absent}


def is_in_force(fresh: Fresh) -> bool:
    """Whether it is as new as the bundle's; an older one only adds what the bundle has not."""
    bundled = make_source(_bundled(fresh.protocol), fresh.protocol).document.root
    return order(fresh.root) >= order(bundled)


def _bundled(protocol: str) -> Document:
    return read_document(PROTOCOLS[protocol].document)


def _with_bundle(source: Source, budget: Budget) -> Contract:
    """A document over the bundle's, whose marks say what the calls of both are for."""
    bundled = _bundled(source.protocol)
    bundled.budget, bundled.trusted = budget, True
    return Contract([source, make_source(bundled, source.protocol)])


def _protocol_of(document: Document) -> str:
    """The protocol whose paths a document has. Raises UsageError ``provider_needed``."""
    guessed = make_source(document).protocol
    shared = {name: len({*make_source(document, name).paths} & {*make_source(_bundled(name), name).paths})
              for name in PROTOCOLS}  # fmt: skip
    best = guessed or max(shared, key=lambda name: shared[name])
    if not guessed and not shared[best]:
        raise UsageError(
            "provider_needed",
            f"nothing in {document.name} says whose document it is",
            guidance=("add --provider NAME",),
        )
    return best


def _is_its(endpoint: Endpoint, document: Document) -> bool:
    return endpoint.operation is not None and endpoint.operation.document is document


def _check(endpoint: Endpoint, document: Document) -> None:
    """Read all of a call, as every later command may. Raises BrokenDocument, TooLarge."""
    operation = endpoint.operation
    if operation is None or not _is_its(endpoint, document) or not operation.request_body[0]:
        return
    fields_of(operation.schema, operation.definitions)
    try:
        make_template(operation.schema, operation.definitions)
    except (Unsatisfiable, TooLarge):
        pass  # it can be sent by whoever knows better
    except RecursionError:
        raise BrokenDocument(
            "broken_document", f"{document.name}: {endpoint.path} refers to itself without end"
        ) from None


def _marked(made: Contract, document: Document, pages: Sequence[Page] | None) -> dict[str, Any]:
    """The document's tree with the kinds that its navigation tells; an own word of the document stays."""
    root = copy.deepcopy(document.root)
    for endpoint, page in endpoints_of(pages, made) if pages else ():
        operation = endpoint.operation
        kind = next((kind for category, kind in _KINDS if in_category(page, category)), "")
        if kind and operation is not None and operation.document is document:
            item = root["paths"][operation.path]
            for node in (item.get("post"),) if isinstance(item, dict) else ():
                if isinstance(node, dict):
                    node.setdefault("x-kind", kind)
    return root
