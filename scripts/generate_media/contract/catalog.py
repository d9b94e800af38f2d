"""The contract in force: the user's documents first, then the bundled snapshot, as one set of endpoints."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core import EndOfService, Json, NotFound, UsageError
from ..providers import PROTOCOLS
from . import operations as ops
from .age import gone_warning
from .budget import Budget
from .layer import kept_documents, order, snapshot_of
from .load import read_document
from .marks import marked
from .merging import merge
from .naming import alike, readings
from .operations import Endpoint, Operation
from .problems import Problem
from .source import Source, make_source
from .spelling import nearest
from .validate import check

if TYPE_CHECKING:
    from .flags import FlagForm
    from .modelinfo import ModelInfo


class Contract:
    """Endpoints, models and rules of one provider, or of any OpenAPI document. Lazy: built for what is asked."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self.sources = tuple(sources)
        self.usual_flags: dict[str, Mapping[str, Mapping[str, Json]]] = {}  # by kind, once somebody asked (friendly.py)

    @property
    def budget(self) -> Budget:
        """What is left for questions; all sources share it."""
        return self.sources[0].document.budget

    @cached_property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Every documented call, the user's documents shadowing the bundled one's: model by model where paths name it,
        for a model's twins go together."""
        found: dict[tuple[str, str], Endpoint] = {}
        models: set[str] = set()
        for source in self.sources:
            for path in source.paths:
                for operation in source.at(path) if source.model_of(path) not in models else ():
                    found.setdefault((operation.method, path), self._endpoint(source, operation, path))
            models |= {source.model_of(path) for path in source.paths} - {""}
        return tuple(found.values())

    def endpoint_at(self, method: str, path: str) -> Endpoint | None:
        """The call at exactly this path, an inferred twin included."""
        found = (self.candidates(source, [path], method, exact=True) for source in self.sources)
        return next((endpoint for endpoints in found for endpoint in endpoints), None)

    @property
    def limits(self) -> str | None:
        """Rate limits and time-outs in the document's own words; None: undocumented."""
        for source in self.sources:
            text = source.document.root.get("x-limits")
            if text:
                return text if isinstance(text, str) else "; ".join(f"{k} {v}" for k, v in sorted(text.items()))
        return None

    @property
    def snapshot(self) -> Mapping[str, Any]:
        """Date and source of the first document that carries them."""
        for source in self.sources:
            found = snapshot_of(source.document.root)
            if found:
                return found
        return {}

    def find_endpoint(self, text: str, *, create_only: bool = False) -> Endpoint:
        """The endpoint meant by ``text``: with or without method, slash, base path, host, placeholders' names.

        ``create_only`` leaves out calls that make nothing. Raises NotFound (exit 23) with ``suggestions``.
        """
        method, paths = readings(text, self.bases)
        for exact in (True, False):
            for source in self.sources:
                as_model = [] if source.model_of(paths[0]) else source.creates_of(paths[0].strip("/"))
                wanted = [*paths, *(as_model if exact else ())]
                for endpoint in self.candidates(source, wanted, method, exact):
                    if endpoint.creates or not create_only:
                        return endpoint
        suggestions = self._suggest(paths[0], create_only)
        raise NotFound(
            "endpoint_not_found",
            f"no endpoint {text.strip()!r} in {self._names()}" + _or(suggestions),
            details={"received": text.strip(), "suggestions": suggestions},
        )

    @cached_property
    def bases(self) -> list[str]:
        """Paths of base URLs that may stand before an endpoint: the documents' own and the protocol's."""
        pairs = ((ops.server_path(s.document), ops.base_path(s.protocol)) for s in self.sources)
        return list(dict.fromkeys(base for pair in pairs for base in pair))

    def find_model(self, model: str, *, kind: str | None = None) -> Endpoint:
        """The endpoint that makes ``model``, streaming where there is a choice: by exact id, else by its unique
        last segment. Raises NotFound ``model_not_found`` (exit 23) with ``suggestions``."""
        wanted = model.strip().strip("/")
        by_path = next(self._at_path(wanted), None)
        if by_path is not None and (not kind or by_path.kind in (kind, "")):
            return by_path
        from .modelinfo import model_rows

        known = [row for row in model_rows(self.creates) if kind is None or row.kind in (kind, "")]
        hits = [row for row in known if row.id == wanted]
        hits = hits or [row for row in known if row.id.lower() == wanted.lower()]
        hits = hits or [row for row in known if row.id.rsplit("/", 1)[-1].lower() == wanted.lower()]
        if len({row.id for row in hits}) == 1:
            sse = hits[0].endpoint.sse_path
            return self.find_endpoint(f"POST {sse}", create_only=True) if sse else hits[0].endpoint
        ids = sorted({row.id for row in hits}) or nearest(wanted, [row.id for row in known])
        reason = f"{model!r} could be any of several models" if hits else f"no model {model!r} in {self._names()}"
        details: dict[str, Any] = {"received": model, "suggestions": ids} | ({"ambiguous": True} if hits else {})
        raise NotFound("model_not_found", reason + _or(ids), details=details)

    def family_of(self, model: str) -> Endpoint | None:
        """The create whose ``x-model-pattern`` an id has that no document lists: a newer model of what it makes."""
        for endpoint in self.creates:
            operation = endpoint.operation
            pattern = operation.node.get("x-model-pattern") if operation else None
            if operation and isinstance(pattern, str) and operation.definitions.patterns.search(pattern, model):
                return endpoint
        return None

    def could_take(self, endpoint: Endpoint, fields: Collection[str]) -> bool:
        """Whether a body with these fields has all that an endpoint asks for but its model."""
        operation = endpoint.operation
        wanted = merge(operation.schema, operation.definitions).get("required", ()) if operation else ()
        return {*wanted} <= {*fields, "model"}

    def models(self) -> tuple[ModelInfo, ...]:
        """What can be made: id, kind, modes, required fields, variants."""
        return self._models

    @cached_property
    def _models(self) -> tuple[ModelInfo, ...]:
        from .modelinfo import describe_models

        return describe_models(self.creates)

    @cached_property
    def creates(self) -> tuple[Endpoint, ...]:
        """The endpoints that make something, streaming twins included where they are only inferred."""
        return tuple(endpoint for endpoint in self.endpoints if endpoint.creates)

    def validate(self, endpoint: Endpoint, body: Json) -> tuple[Problem, ...]:
        """Everything the contract says against ``body``, best first; empty when it is valid."""
        found = () if endpoint.operation is None else check(endpoint.operation, body)
        return (*found, *gone_warning(self, endpoint))

    def end_of_service(self, endpoint: Endpoint, model: str) -> EndOfService | None:
        """When a model ends at its provider, and what takes its place, by the first document that tells."""
        from .modelinfo import model_rows

        for source in self.sources:
            known = tuple(self.candidates(source, [endpoint.path], endpoint.method, exact=True))
            for row in model_rows(known):
                if row.id == model and row.end is not None:
                    return row.end
        return None

    def properties(self, endpoint: Endpoint) -> Mapping[str, Any]:
        """The body's own fields with their schemas, references followed; those of a union's branches are not there."""
        one = endpoint.operation
        found = merge(one.schema, one.definitions).get("properties") if one else None
        return {name: merge(schema, one.definitions) for name, schema in (found or {}).items()} if one else {}

    def forms(self, endpoint: Endpoint, model: str = "") -> tuple[FlagForm, ...]:
        """How the friendly flags map onto this endpoint's fields, for one model (see friendly.py)."""
        from .friendly import forms_for

        return forms_for(self, endpoint, model or endpoint.model)

    def candidates(self, source: Source, paths: Sequence[str], method: str, exact: bool) -> Iterator[Endpoint]:
        """The calls of one document at any of these paths; not ``exact``: but for case and placeholders' names."""
        for path in paths:
            source.document.spend(1 if exact else len(source.paths))
            for known in [path] if exact else alike(path, source.paths):
                if known in source.paths:
                    for operation in source.at(known):
                        if method in ("", operation.method):
                            yield self._endpoint(source, operation, known)
                elif exact and (twin := self._inferred_twin(source, path)) and method in ("", twin.method):
                    yield twin

    def _inferred_twin(self, source: Source, path: str) -> Endpoint | None:
        """The undocumented streaming (or polling) twin of a documented create [I]."""
        documented = source.twin_of(path) if source.model_of(path) else ""
        if documented not in source.paths:
            return None
        endpoint = next((self._endpoint(source, o, documented) for o in source.at(documented)), None)
        if endpoint is None or endpoint.method != "POST":
            return None
        return endpoint._replace(path=path, streams=path == endpoint.sse_path)

    def _endpoint(self, source: Source, operation: Operation, path: str) -> Endpoint:
        operation = marked(self.sources, source, operation, path)
        node = operation.node
        posts = operation.method == "POST"
        by_path = source.model_paths if posts else None
        model = (by_path.model_of(path) if by_path else "") or str(node.get("x-model") or "")
        mode = node.get("x-mode")
        streams = mode == "sse" or (by_path is not None and path.startswith(by_path.stream))
        told = source.document.endpoint_path(str(node.get("x-twin") or "")) or None
        twin, inferred = self._twin(source, path) if by_path and model else (told, False)
        creates = posts and bool(model or node.get("x-models") or node.get("x-kind") or mode)
        own_or_twin = (path, twin) if streams else (twin, path)
        return Endpoint(
            method=operation.method,
            path=path,
            model=model,
            kind=str(node.get("x-kind") or (self._kind(operation, model, path) if model else "")),
            streams=streams,
            synchronous=mode == "sync",
            sse_path=own_or_twin[0] if creates else None,
            poll_path=own_or_twin[1] if creates and mode != "sync" else None,
            twin_inferred=inferred,
            documented_path=path,
            query_path=self._query_path(source, node) if creates else None,
            content_types=operation.content_types,
            open_fields=posts and ops.open_fields(operation),
            summary=operation.text("summary"),
            operation=operation,
        )

    def _twin(self, source: Source, path: str) -> tuple[str, bool]:
        twin = source.twin_of(path)
        return twin, not any(twin in other.paths for other in self.sources)

    def _kind(self, operation: Operation, model: str, path: str) -> str:
        """What a model makes where its own document does not say: the snapshot's word, else what the names tell [I]."""
        for source in self.sources:
            for known in (path, source.twin_of(path)):
                post = (source.document.root["paths"].get(source.paths.get(known)) or {}).get("post") or {}
                if isinstance(post.get("x-kind"), str):
                    return str(post["x-kind"])
        return ops.kind_in_words(operation, model)

    def _query_path(self, own: Source, node: Mapping[str, Any]) -> str | None:
        for source in self.sources:
            if source is own and isinstance(node.get("x-query"), str):
                return own.document.endpoint_path(node["x-query"])
            if source.query_path:
                return source.query_path
        return None

    def _at_path(self, model: str) -> Iterator[Endpoint]:
        """The endpoint whose path is the model's id, without a look at any other."""
        for source in self.sources:
            yield from self.candidates(source, source.creates_of(model)[:1], "POST", exact=True)

    def _suggest(self, path: str, create_only: bool) -> list[str]:
        if create_only:
            known = [endpoint.path for endpoint in self.creates]
        else:
            known = [path for source in self.sources for path in source.paths]
        self.budget.spend(len(known))
        return nearest(path, list(dict.fromkeys(known)))

    def _names(self) -> str:
        return " or ".join(Path(source.document.name).name for source in self.sources)


def open_contract(
    protocol: str, files: Sequence[Path] = (), *, source_name: str = "", budget: Budget | None = None
) -> Contract:
    """The contract of a provider's protocol: ``files`` (the user's own, model-specific first), then renewed documents
    and the bundle's, the newer before the older by the dates that they are of.

    An empty ``protocol`` is for documents of any kind: there is no bundled snapshot then. ``source_name`` replaces
    the bundled file's name in messages. ``budget`` bounds this and all that is asked of the contract; None: nothing
    does. Raises BrokenDocument, TooLarge, UsageError ``unreadable_file``.
    """
    budget = budget or Budget()
    sources = [make_source(read_document(Path(file), budget), protocol) for file in files]
    if protocol:
        if protocol not in PROTOCOLS:
            known = ", ".join(PROTOCOLS)
            raise UsageError("unknown_protocol", f"there is no snapshot for protocol {protocol!r}: {known}")
        bundled = read_document(PROTOCOLS[protocol].document, budget)
        bundled.name = source_name or bundled.name
        bundled.trusted = True
        layers = sorted([bundled, *kept_documents(protocol, budget)], key=lambda one: order(one.root), reverse=True)
        sources += [make_source(document, protocol) for document in layers]
    return Contract(sources)


def _or(suggestions: Sequence[str]) -> str:
    return f"; did you mean {' or '.join(suggestions[:3])}?" if suggestions else ""
