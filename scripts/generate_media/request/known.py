"""What a command asks for, and what contracts and settings know of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from ..config import ProviderSettings
from ..core import NotFound, UsageError

if TYPE_CHECKING:
    from ..contract import Contract, Endpoint


class Ask(NamedTuple):
    """The part of a command that chooses. ``flags`` are the friendly flags given, by name."""

    provider: str | None = None
    base_url: str | None = None
    endpoint: str | None = None
    streams: bool = True
    """False for --endpoint and --detach: the polling twin is meant."""
    model: str | None = None
    kind: str | None = None
    flags: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()
    """Names of the payload's fields."""
    openapi: tuple[Path, ...] = ()
    lenient: bool = False
    """--no-validate: a model that the contract does not know is called all the same."""


def found_by(contract: Contract, ask: Ask) -> Endpoint | None:
    """The endpoint that a command names, where a contract has it."""
    with suppress(NotFound):
        if ask.endpoint:
            return contract.find_endpoint(ask.endpoint, create_only=True)
        return contract.find_model(ask.model or "", kind=ask.kind)
    return None


def closed(contract: Contract, endpoint: Endpoint) -> bool:
    """Whether the endpoint's models are a closed list: a body with an unknown model is then no valid one."""
    return any("model" in problem.field for problem in contract.validate(endpoint, {"model": "ep-unknown"})
               if problem.severity == "error")  # fmt: skip


def default_model(provider: ProviderSettings, kind: str, flags: frozenset[str]) -> str:
    """The model that a provider makes a kind with unless one is named; a picture given means editing."""
    use = "edit" if kind == "image" and "image" in flags else kind
    return provider.default_models.get(use) or provider.default_models.get(kind, "")


def by_own_models(model: str | None, providers: Sequence[ProviderSettings]) -> tuple[ProviderSettings, ...]:
    """The providers whose block in config.json names a model."""
    return tuple(p for p in providers if model in p.default_models.values() or model in p.models)


def model_kind(contract: Contract, model: str) -> str:
    """What a model makes as its contract says; empty where it does not."""
    return next((info.kind for info in contract.models() if info.id == model), "")


def same_family(contract: Contract, endpoint: str) -> bool:
    """Whether an endpoint that only the user's document knows begins as this provider's endpoints do."""
    first = urlsplit(endpoint).path.strip("/").removeprefix("api/").removeprefix("v1/").split("/")[0]
    return any(known.path.strip("/").split("/")[0] == first for known in contract.creates)


def check_agreement(ask: Ask, endpoint: Endpoint) -> None:
    """What is asked for twice must be the same both times.

    Raises:
        UsageError: ``contradiction``.
    """
    pairs = (("--model", ask.model, endpoint.model), ("--kind", ask.kind, endpoint.kind))
    for flag, asked, made in pairs:
        if asked and made and asked.lower() not in (made.lower(), made.rsplit("/", 1)[-1].lower()):
            raise UsageError(
                "contradiction",
                f"{endpoint.path} makes {made}, and {flag} {asked} was asked for",
                details={"received": asked, "allowed": [made]},
                guidance=(f"leave {flag} out, or name another endpoint or model",),
            )


def by_host(base_url: str | None, providers: Sequence[ProviderSettings]) -> tuple[ProviderSettings, ...]:
    """The providers whose host a base URL names."""
    host = urlsplit(base_url).hostname if base_url else None
    return tuple(p for p in providers if host in p.allowed_hosts)


def takes_files(contract: Contract, model: str, files: Collection[str]) -> bool:
    """Whether a model has all the media flags, as far as its contract tells."""
    endpoint = found_by(contract, Ask(model=model)) if files else None
    if endpoint is None:
        return True
    return any(form.flags.keys() >= set(files) for form in contract.forms(endpoint, model))


def check_makes(provider: ProviderSettings, kind: str) -> None:
    """A clip is never made for a picture, nor anything that a provider does not document to make.

    Raises:
        UsageError: ``kind_needed``.
    """
    if kind in ("", *provider.makes):
        return
    ways = [f"--kind {one}" for one in provider.makes]
    raise UsageError(
        "kind_needed",
        f"{provider.name} is documented to make no {kind}; ask for what it makes with {' or '.join(ways)}",
        details={"received": kind, "allowed": [*ways, "--provider NAME"]},
        guidance=("clips cost more than pictures, so one is never made by a guess",),
    )
