"""What a contract can make, model by model."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple

from ..core import EndOfService
from .merging import Schema, merge
from .operations import Endpoint, Operation
from .variants import branch_for, union_of, variants_of


class ModelInfo(NamedTuple):
    """One model: ``modes`` are how it may be called (sse, poll, sync), ``required`` its required fields but for
    the model's own name, ``variants`` the branches of its body where it is a union."""

    id: str
    kind: str
    modes: tuple[str, ...]
    required: tuple[str, ...]
    variants: tuple[str, ...] = ()
    path: str = ""
    sse_path: str | None = None
    twin_inferred: bool = False
    documented: bool = True
    note: str = ""
    end: EndOfService | None = None


class ModelRow(NamedTuple):
    """A model's place in a document, before its schema is looked at."""

    id: str
    kind: str
    endpoint: Endpoint
    note: str = ""
    end: EndOfService | None = None


def model_rows(creates: Sequence[Endpoint]) -> tuple[ModelRow, ...]:
    """One row a model, in the documents' order; a model with two twins is one row."""
    rows: dict[tuple[str, str], ModelRow] = {}
    for endpoint in creates:
        if endpoint.model:
            end = end_of_service(endpoint.operation.node if endpoint.operation else {})
            rows.setdefault((endpoint.model, endpoint.kind), ModelRow(endpoint.model, endpoint.kind, endpoint, end=end))
        elif endpoint.operation is not None:
            for row in _listed(endpoint.operation):
                kind = str(row.get("kind") or endpoint.kind)
                made = ModelRow(row["id"], kind, endpoint, str(row.get("note", "")), end_of_service(row))
                rows.setdefault((row["id"], kind), made)
    return tuple(rows.values())


def _listed(operation: Operation) -> list[Mapping[str, Any]]:
    """``x-models``; of a document that did not come with the bundle, the models that its own fields allow."""
    marked: list[Mapping[str, Any]] = list(operation.node.get("x-models", ()))
    if operation.document.trusted:
        return marked
    from .field_forms import branches_of

    known = {row["id"]: row for row in marked}
    allowed = dict.fromkeys(model for branch in branches_of(operation) for model in branch.models)
    return [known.get(model, {"id": model}) for model in allowed] or marked


def end_of_service(line: Mapping[str, Any]) -> EndOfService | None:
    """``x-end-of-service`` of a model's line (or of the operation that is one model's): ``{"date", "replacement"}``.

    A date that is none, or has no zone, is no date: nobody could tell when it is over.
    """
    said = line.get("x-end-of-service")
    if not isinstance(said, Mapping):
        return None
    date, replacement = (str(said.get(key) or "") for key in ("date", "replacement"))
    at = None
    with suppress(ValueError):
        moment = datetime.fromisoformat(date.replace("Z", "+00:00"))
        at = moment.timestamp() if moment.tzinfo else None
    return EndOfService(date if at is not None else "", at, replacement)


def describe_models(creates: Sequence[Endpoint]) -> tuple[ModelInfo, ...]:
    """What each model is and needs."""
    return tuple(map(_row, model_rows(creates)))


def _row(row: ModelRow) -> ModelInfo:
    endpoint, model = row.endpoint, row.id
    schema, definitions = body_of(endpoint)
    wide = merge(schema, definitions)
    branch = branch_for(wide, model, definitions)
    required = list(wide.get("required", ())) + list((branch or {}).get("required", ()))
    union = union_of(branch or wide, definitions)
    common = _common_required(union.branches if union else ())
    modes = ("sync",) if endpoint.synchronous else (*(["sse"] if endpoint.sse_path else []), "poll")
    return ModelInfo(
        id=model,
        kind=row.kind,
        modes=tuple(modes),
        required=tuple(name for name in dict.fromkeys([*required, *common]) if name != "model"),
        variants=variants_of(branch or wide, definitions),
        path=endpoint.path,
        sse_path=endpoint.sse_path,
        twin_inferred=endpoint.twin_inferred,
        documented=not endpoint.undocumented,
        note=row.note,
        end=row.end,
    )


def _common_required(branches: Sequence[Schema]) -> list[str]:
    if not branches:
        return []
    return [name for name in branches[0].get("required", ()) if all(name in b.get("required", ()) for b in branches)]


def body_of(endpoint: Endpoint) -> tuple[Schema, Any]:
    """The endpoint's body schema and its definitions."""
    if endpoint.operation is None:
        return {}, None
    return endpoint.operation.schema, endpoint.operation.definitions
