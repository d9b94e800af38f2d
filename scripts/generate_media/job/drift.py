"""A refusal that speaks against the contract: it may be older than the provider, and this is how to go on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..core import Category, NotFound, ProviderRefused, Request
from .context import JobContext

if TYPE_CHECKING:
    from ..contract import Contract, Endpoint

_NAMED = re.compile(r"[\"'`]([A-Za-z_][A-Za-z0-9_.]{0,39})[\"'`]|\b([a-z][a-z0-9]*(?:_[a-z0-9]+)+)\b")
"""What a message puts in quotes, or spells as fields are spelt."""
_ABOUT_FIELDS = re.compile(
    r"field|param|propert|argument|required|missing|un(known|expected)|additional", re.IGNORECASE
)


def with_drift(ctx: JobContext, request: Request, error: ProviderRefused) -> ProviderRefused:
    """The same refusal, saying that the contract may be old where the provider objects to a field that the contract
    lacks or took, or has not a model that the contract has."""
    from ..contract import RENEW, open_contract, source_of

    failure = error.failure
    contract = open_contract(ctx.provider.protocol)
    endpoint = _known(contract, request)
    if endpoint is None:
        return error
    source = source_of(contract, endpoint)
    if failure.category is Category.NOT_FOUND:
        said = f"{request.model} is in {source}, which may be old"
    else:
        fields = _fields_named(failure.message, endpoint, request.body)
        if not fields:
            return error
        lacking = [name for name, known in fields.items() if not known]
        error.details |= {"not_in_contract": lacking[:10]} if lacking else {}
        what = "it lacks a field that the provider speaks of" if lacking else "it allows what the provider refuses"
        said = f"{source} may be old: {what}"
    on = "--set FIELD=VALUE with --no-validate sends a field that it does not know; --no-validate a model, too"
    error.guidance = (*error.guidance, said, RENEW, on)
    return error


def _known(contract: Contract, request: Request) -> Endpoint | None:
    for name in (f"POST {request.canonical_path}", request.model):
        try:
            find = contract.find_endpoint if name.startswith("POST ") else contract.find_model
            return find(name)
        except NotFound:
            continue
    return None


def _fields_named(message: str, endpoint: Endpoint, body: Mapping[str, Any]) -> dict[str, bool]:
    """Names in a refusal that are fields, and whether the contract has them."""
    from ..contract import fields_of

    operation = endpoint.operation
    rows = fields_of(operation.schema, operation.definitions) if operation is not None else ()
    known = {row.name for row in rows}
    told = _ABOUT_FIELDS.search(message) is not None
    values = {value for value in body.values() if isinstance(value, str)}
    named = [quoted or spelt for quoted, spelt in _NAMED.findall(message)]
    words = [word for word in named if word in known or (told and word not in values)]
    words += [name for name in body if re.search(rf"\b{re.escape(name)}\b", message)]
    return {word: word.split(".")[0] in known for word in dict.fromkeys(words)}
