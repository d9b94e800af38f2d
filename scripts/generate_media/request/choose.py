"""Which provider, endpoint and model a command means."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..config import ProviderSettings, Settings
from ..contract import models_said
from ..core import NotFound, UsageError, without_none
from .flag_values import MEDIA_KINDS
from .owners import known_models

if TYPE_CHECKING:
    from ..contract import Budget, Contract, Endpoint

CLIP_FLAGS = frozenset(MEDIA_KINDS) - {"image"}
LIST_MODELS = "python3 scripts/inspect_openapi.py --models --provider NAME lists what each provider makes"
CLIP_HINTS = CLIP_FLAGS | {"duration", "frames", "audio-track", "return-last-frame"}


@dataclass(frozen=True, eq=False, repr=False)
class Ask:
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


@dataclass(frozen=True, eq=False, repr=False)
class Target:
    """What will be called. ``stream``: the create is a server-sent event stream."""

    provider: ProviderSettings
    contract: Contract
    endpoint: Endpoint
    model: str
    kind: str
    stream: bool
    base_url: str


class Chooser:
    """Opens contracts as they are needed, each once. ``with_key`` gives the names of the providers whose key is set;
    it is asked once, and only where nothing else chooses. ``wall`` gives Unix seconds: is the model still served?"""

    def __init__(
        self, settings: Settings, with_key: Callable[[], Collection[str]], wall: Callable[[], float] = time.time
    ) -> None:
        self.wall = wall
        self._settings = settings
        self._with_key = with_key
        self._contracts: dict[tuple[str, tuple[Path, ...]], Contract] = {}
        self._budget: Budget | None = None

    def choose(self, ask: Ask) -> Target:
        """The target of a command; what its contract is asked afterwards comes out of the same budget.

        Raises:
            UsageError: no or several providers fit. NotFound: the chosen one has no such endpoint or model.
        """
        if self._budget is not None:
            self._budget.restart()
        provider, from_key_alone = self._provider(ask)
        contract = self._contract(provider, ask.openapi)
        kind = self._kind(ask, provider, from_key_alone)
        endpoint, model = self._endpoint(ask, provider, contract, kind)
        kind = ask.kind or endpoint.kind or _model_kind(contract, model) or kind
        if endpoint.bundled and not ask.lenient:
            _check_makes(provider, kind)
        stream = ask.streams and endpoint.sse_path is not None
        wanted = endpoint.sse_path if stream else endpoint.poll_path
        if wanted is not None and wanted != endpoint.path:
            endpoint = contract.find_endpoint(f"POST {wanted}", create_only=True)
        return Target(provider, contract, endpoint, model, kind, stream, ask.base_url or provider.base_url)

    def contract(self, provider: str, files: Sequence[Path] = ()) -> Contract:
        """The contract of a provider by its name. Raises UsageError ``unknown_provider``."""
        return self._contract(self._settings.provider(provider), files)

    def default_model(self, provider: str, kind: str, flags: frozenset[str]) -> str:
        """The provider's own choice; empty where it has none. Raises UsageError ``unknown_provider``."""
        return _default_model(self._settings.provider(provider), kind, flags)

    def _contract(self, provider: ProviderSettings, files: Sequence[Path] = ()) -> Contract:
        from ..contract import Budget, open_contract

        if self._budget is None:
            self._budget = Budget(self._settings.document_nodes, self._settings.document_seconds)
        place = (provider.protocol, tuple(files))
        if place not in self._contracts:
            self._contracts[place] = open_contract(provider.protocol, files, budget=self._budget)
        return self._contracts[place]

    def _provider(self, ask: Ask) -> tuple[ProviderSettings, bool]:
        """The provider, and whether nothing but its key chose it."""
        if ask.provider:
            return self._settings.provider(ask.provider), False
        if ask.endpoint or ask.model:
            return self._by_what_it_knows(ask), False
        if self._settings.default_provider:
            return self._settings.provider(self._settings.default_provider), False
        named = self._by_host(ask.base_url, tuple(self._settings.providers.values()))
        if len(named) == 1:
            return named[0], False
        shared, with_key = self._settings.shared_key_envs(), self._with_key()
        for provider in self._settings.providers.values():
            if provider.name in with_key and (provider.key_env not in shared or provider.api_key):
                return provider, True
        return next(iter(self._settings.providers.values())), False

    def _by_what_it_knows(self, ask: Ask) -> ProviderSettings:
        named = ask.endpoint or ask.model or ""
        knowing = tuple(provider for provider in self._settings.providers.values() if self._knows(provider, ask))
        for narrow in (
            self._by_host(ask.base_url, knowing),
            _by_own_models(ask.model, knowing),
            self._default(knowing),
        ):
            if len(knowing) > 1 and len(narrow) == 1:
                knowing = narrow
        if len(knowing) == 1:
            return knowing[0]
        if not knowing and ask.model:
            self._suggest(ask)
        names = [provider.name for provider in knowing] or list(self._settings.providers)
        reason = "is known to several providers" if knowing else "is known to no provider's contract"
        raise UsageError(
            "provider_needed",
            f"{named!r} {reason}; say which one is meant with --provider",
            details={"received": named, "allowed": names},
            guidance=(f"add --provider {names[0]}" if knowing else LIST_MODELS,),
        )

    def _suggest(self, ask: Ask, only: ProviderSettings | None = None) -> None:
        """A name that is no model's id: which ones may be meant, of all providers, and never one of them by a guess.

        Raises:
            NotFound: ``model_not_found``, with ``suggestions``; where nothing comes near it returns.
        """
        kind, model = ask.kind or ("video" if ask.flags & CLIP_HINTS else ""), ask.model or ""
        known = known_models(self._settings, lambda provider: self._contract(provider).models())
        found = models_said(model, known, kind=kind)
        if not found:
            return
        near = " or ".join(f"{one.model} ({one.provider})" for one in found[:3])
        whose = f"{only.name} has no model" if only else "no provider has a model"
        raise NotFound(
            "model_not_found",
            f"{whose} {model!r}; did you mean {near}?",
            guidance=("run the same command with one of suggestions: --provider and --model as they stand there",),
            details={
                "received": model,
                "suggestions": [without_none({**one._asdict(), "kind": one.kind or None}) for one in found],
            },
        )

    def _knows(self, provider: ProviderSettings, ask: Ask) -> bool:
        if _by_own_models(ask.model, [provider]):
            return True
        contract = self._contract(provider)
        return _found(contract, replace(ask, kind=None)) is not None or self._known_to_user(contract, provider, ask)

    def _known_to_user(self, contract: Contract, provider: ProviderSettings, ask: Ask) -> bool:
        """Whether the user's own documents know what is asked for, under a path such as this provider's."""
        if not ask.openapi:
            return False
        found = _found(self._contract(provider, ask.openapi), ask)
        return found is not None and _same_family(contract, found.path)

    def _default(self, providers: Sequence[ProviderSettings]) -> tuple[ProviderSettings, ...]:
        return tuple(p for p in providers if p.name == self._settings.default_provider)

    @staticmethod
    def _by_host(base_url: str | None, providers: Sequence[ProviderSettings]) -> tuple[ProviderSettings, ...]:
        host = urlsplit(base_url).hostname if base_url else None
        return tuple(p for p in providers if host in p.allowed_hosts)

    def _kind(self, ask: Ask, provider: ProviderSettings, from_key_alone: bool) -> str:
        kind = ask.kind or ("video" if ask.flags & CLIP_HINTS else "image")
        named = ask.endpoint or ask.model
        if not (named or ask.openapi or ask.lenient):
            _check_makes(provider, kind)
        asked_for = ask.flags & (CLIP_FLAGS | {"image"})
        if kind == "video" and from_key_alone and not (ask.kind or named or asked_for):
            raise UsageError(
                "kind_needed",
                f"{provider.name} was chosen by its key alone, and this would make a clip; say so with --kind video",
                details={"allowed": ["--kind video", "--provider NAME"]},
                guidance=("clips cost more than pictures, so one is never made by a guess",),
            )
        return kind

    def _endpoint(self, ask: Ask, provider: ProviderSettings, contract: Contract, kind: str) -> tuple[Endpoint, str]:
        if ask.endpoint:
            endpoint = contract.find_endpoint(ask.endpoint, create_only=True)
            _check_agreement(ask, endpoint)
            return endpoint, endpoint.model or ask.model or _default_model(provider, endpoint.kind or kind, ask.flags)
        model = ask.model or _default_model(provider, kind, ask.flags)
        if not model:
            raise UsageError(
                "model_needed",
                f"{provider.name} has no default model for {kind}; name one with --model",
                details={"allowed": [info.id for info in contract.models() if info.kind in (kind, "")][:20]},
            )
        try:
            endpoint = contract.find_model(model, kind=ask.kind)
        except NotFound:
            if ask.kind and ask.model and (other := _found(contract, replace(ask, kind=None))):
                _check_agreement(ask, other)
            family = contract.family_of(model)
            if family is not None:
                _check_agreement(ask, family)
                return family, model
            free = [e for e in contract.creates if not e.model and (not e.kind or e.kind == kind)]
            if ask.fields and not ask.kind:
                free = [e for e in contract.creates if not e.model and contract.could_take(e, ask.fields)]
            if len(free) != 1 or (_closed(contract, free[0]) and not ask.lenient):
                if ask.model and not ask.openapi:
                    self._suggest(ask, provider)
                raise
            return free[0], model
        return endpoint, endpoint.model or model


def _check_makes(provider: ProviderSettings, kind: str) -> None:
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


def _check_agreement(ask: Ask, endpoint: Endpoint) -> None:
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


def _found(contract: Contract, ask: Ask) -> Endpoint | None:
    with suppress(NotFound):
        if ask.endpoint:
            return contract.find_endpoint(ask.endpoint, create_only=True)
        return contract.find_model(ask.model or "", kind=ask.kind)
    return None


def _closed(contract: Contract, endpoint: Endpoint) -> bool:
    """Whether the endpoint's models are a closed list: a body with an unknown model is then no valid one."""
    return any("model" in problem.field for problem in contract.validate(endpoint, {"model": "ep-unknown"})
               if problem.severity == "error")  # fmt: skip


def _default_model(provider: ProviderSettings, kind: str, flags: frozenset[str]) -> str:
    use = "edit" if kind == "image" and "image" in flags else kind
    return provider.default_models.get(use) or provider.default_models.get(kind, "")


def _by_own_models(model: str | None, providers: Sequence[ProviderSettings]) -> tuple[ProviderSettings, ...]:
    return tuple(p for p in providers if model in p.default_models.values() or model in p.models)


def _model_kind(contract: Contract, model: str) -> str:
    return next((info.kind for info in contract.models() if info.id == model), "")


def _same_family(contract: Contract, endpoint: str) -> bool:
    """Whether an endpoint that only the user's document knows begins as this provider's endpoints do."""
    first = urlsplit(endpoint).path.strip("/").removeprefix("api/").removeprefix("v1/").split("/")[0]
    return any(known.path.strip("/").split("/")[0] == first for known in contract.creates)
