"""The flag forms of an endpoint: its document's own, else the snapshot's that are not stale, else its fields' names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..core import Json
from .flags import MEDIA_FLAGS, FlagForm, forms_of, how_files_travel, usual_rules, without_fields
from .modelrules import fields_lacking
from .operations import Endpoint, Operation

if TYPE_CHECKING:
    from .catalog import Contract


def forms_for(contract: Contract, endpoint: Endpoint, model: str) -> tuple[FlagForm, ...]:
    """How the friendly flags map onto an endpoint's fields, best first.

    A document that did not come with the bundle gets its forms from its fields; before them go its own, and the
    snapshot's for the same call, as far as nothing in them is stale. Raises BrokenDocument, TooLarge.
    """
    operation = endpoint.operation
    if operation is None or operation.fields_unknown:
        from .convention import conventional_forms

        return conventional_forms(contract, endpoint.kind)
    own = forms_of(operation.node, model) or _as_for_others(operation)
    if not endpoint.creates or (own and operation.document.trusted):
        lacking = fields_lacking(operation, model)
        return without_fields(own, lacking) if lacking else own
    from .field_forms import forms_from_fields, self_standing, standing

    kept = self_standing(own, operation)
    known = None if own else _known_before(contract, endpoint)
    if known is not None:
        kept = standing(forms_of(known.node, model), known, operation)
    files = _files(contract, endpoint)
    forms = forms_from_fields(operation, kind=endpoint.kind, files=files)
    return (*kept, *(form for form in forms if not form.models or not model or model in form.models))


def _as_for_others(operation: Operation) -> tuple[FlagForm, ...]:
    """The forms of all models, for a model that none of them names."""
    return tuple(form._replace(models=()) for form in forms_of(operation.node))


def usual_flags(contract: Contract, kind: str) -> Mapping[str, Mapping[str, Json]]:
    """Flag → the rule that most of the siblings have for it. Found out once: each of many models may ask."""
    if kind not in contract.usual_flags:
        contract.usual_flags[kind] = usual_rules(_siblings(contract, kind))
    return contract.usual_flags[kind]


def _siblings(contract: Contract, kind: str) -> list[Mapping[str, Any]]:
    """The bundle's creates of a kind (of any, where it has none) that say how flags fill them."""
    roots = [source.document.root.get("paths") or {} for source in contract.sources if source.document.trusted]
    posts = [item["post"] for paths in roots for item in paths.values() if "post" in item]
    known = [node for node in posts if "x-flags" in node]
    return [node for node in known if node.get("x-kind") == kind] or known


def _known_before(contract: Contract, endpoint: Endpoint) -> Operation | None:
    """The same call in a document that has flag forms of its own."""
    paths = [path for path in (endpoint.path, endpoint.sse_path, endpoint.poll_path) if path]
    for source in contract.sources:
        for known in contract.candidates(source, paths, endpoint.method, exact=True):
            if known.operation is not None and "x-flags" in known.operation.node:
                return known.operation
    return None


def _files(contract: Contract, endpoint: Endpoint) -> dict[str, dict[str, Json]]:
    """Media flag → how a local file travels: as the document says, else as it does for its siblings."""
    usual = usual_flags(contract, endpoint.kind)
    files = {flag: how_files_travel(rule) for flag, rule in usual.items() if flag in MEDIA_FLAGS}
    form: dict[str, Json] = {"encode": "multipart"} if "multipart/form-data" in endpoint.content_types else {}
    common = next(iter(files.values()), {})
    return {flag: {**files.get(flag, common), **form} for flag in MEDIA_FLAGS}
