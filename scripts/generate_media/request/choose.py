"""Which provider, endpoint and model a command means."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..config import ProviderSettings, Settings
from ..contract import models_said
from ..core import NotFound, UsageError
from .flag_names import CLIP_FLAGS, CLIP_HINTS, MEDIA_KINDS
from .known import (
    Ask,
    by_host,
    by_own_models,
    check_agreement,
    check_makes,
    closed,
    default_model,
    found_by,
    model_kind,
    same_family,
    takes_files,
)
from .owners import known_models
from .unknown import conventional, raise_near, unknown_to_all, with_the_way_on

if TYPE_CHECKING:
    from ..contract import Budget, Contract, Endpoint


class Target(NamedTuple):
    """What will be called. ``stream``: the create is a server-sent event stream."""

    provider: ProviderSettings
    contract: Contract
    endpoint: Endpoint
    model: str
    kind: str
    stream: bool
    base_url: str
    unknown: str = ""
    """The model or endpoint as asked for, where no document knows it: nothing of the request can be checked."""
    old: str = ""
    """That the contract is old, in a sentence; empty where it is not."""
    suggests: bool = True
    """Whether a refusal names models that take what was asked for."""


class Chooser:
    """Opens contracts as they are needed, each once. ``with_key`` gives the names of the providers whose key is set;
    it is asked where nothing else chooses, and for suggestions. ``wall`` gives Unix seconds: is the model still
    served? ``chosen`` is told the provider before its contract is read; ``meanwhile`` loads what a create needs, while
    the request is looked at."""

    def __init__(
        self, settings: Settings, with_key: Callable[[], Collection[str]], wall: Callable[[], float] = time.time
    ) -> None:
        self.wall = wall
        self.chosen: Callable[[ProviderSettings], object] = lambda provider: None
        self.meanwhile: Callable[[], object] | None = None
        self._settings = settings
        self._with_key = with_key
        self._contracts: dict[tuple[str, tuple[Path, ...]], Contract] = {}
        self._budget: Budget | None = None

    def choose(self, ask: Ask) -> Target:
        """The target of a command; what its contract is asked afterwards comes out of the same budget.

        Raises:
            UsageError: no or several providers fit. NotFound: the chosen one has no such endpoint or model.
        """
        from ..contract import if_old

        if self._budget is not None:
            self._budget.restart()
        ask = self._with_own_model(ask)
        provider, from_key_alone = self._provider(ask)
        self.chosen(provider)
        contract = self._contract(provider, ask.openapi)
        kind = self._kind(ask, provider, from_key_alone)
        endpoint, model, unknown = self._endpoint(ask, provider, contract, kind)
        kind = ask.kind or endpoint.kind or model_kind(contract, model) or kind
        if endpoint.bundled and not ask.lenient:
            check_makes(provider, kind)
        # A documented path beats one made up by convention, unless the made-up one is asked for.
        made_up = endpoint.twin_inferred and endpoint.documented_path == endpoint.poll_path and not ask.endpoint
        stream = ask.streams and endpoint.sse_path is not None and not made_up
        wanted = endpoint.sse_path if stream else endpoint.poll_path
        if wanted is not None and wanted != endpoint.path:
            endpoint = (
                endpoint._replace(path=wanted, streams=stream)
                if unknown
                else contract.find_endpoint(f"POST {wanted}", create_only=True)
            )
        base_url = ask.base_url or provider.base_url
        old = if_old(contract, datetime.date.fromtimestamp(self.wall()), endpoint)
        return Target(provider, contract, endpoint, model, kind, stream, base_url, unknown, old)

    def contract(self, provider: str, files: Sequence[Path] = ()) -> Contract:
        """The contract of a provider by its name. Raises UsageError ``unknown_provider``."""
        return self._contract(self._settings.provider(provider), files)

    def provider_of(self, model: str | None, usual: str) -> str:
        """The name of the provider that has a model: the usual one where it does, or where several do or none.
        Raises NotFound where nobody has it and some come near it."""
        named = self._settings.providers.get(usual)
        if not model or (named and self._knows(named, Ask(model=model))):
            return usual
        try:
            return self._by_what_it_knows(Ask(model=model)).name
        except UsageError:
            return usual

    def default_model(self, provider: str, kind: str, flags: frozenset[str]) -> str:
        """The provider's own choice; empty where it has none. Raises UsageError ``unknown_provider``."""
        return default_model(self._settings.provider(provider), kind, flags)

    def _with_own_model(self, ask: Ask) -> Ask:
        """Where the user's documents describe one model alone, that is the one meant."""
        if not ask.openapi or ask.endpoint or ask.model:
            return ask
        from ..contract import Contract, make_source, read_document

        budget = self._shared_budget()
        own = Contract([make_source(read_document(file, budget)) for file in ask.openapi])
        models = list(dict.fromkeys(endpoint.model for endpoint in own.creates if endpoint.model))
        return ask._replace(model=models[0]) if len(models) == 1 else ask

    def _shared_budget(self) -> Budget:
        from ..contract import Budget

        if self._budget is None:
            self._budget = Budget(self._settings.document_nodes, self._settings.document_seconds)
        return self._budget

    def _contract(self, provider: ProviderSettings, files: Sequence[Path] = ()) -> Contract:
        from ..contract import open_contract

        place = (provider.protocol, tuple(files))
        if place not in self._contracts:
            self._contracts[place] = open_contract(provider.protocol, files, budget=self._shared_budget())
        return self._contracts[place]

    def _provider(self, ask: Ask) -> tuple[ProviderSettings, bool]:
        """The provider, and whether nothing but its key chose it."""
        if ask.provider:
            return self._settings.provider(ask.provider), False
        if ask.endpoint or ask.model:
            return self._by_what_it_knows(ask), False
        if self._settings.default_provider:
            return self._settings.provider(self._settings.default_provider), False
        named = by_host(ask.base_url, tuple(self._settings.providers.values()))
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
            by_host(ask.base_url, knowing),
            by_own_models(ask.model, knowing),
            tuple(p for p in knowing if p.name == self._settings.default_provider),
        ):
            if len(knowing) > 1 and len(narrow) == 1:
                knowing = narrow
        if not knowing:
            knowing = self._by_form(ask)
        if len(knowing) == 1:
            return knowing[0]
        if not knowing:
            if ask.model:
                self._suggest(ask)
            raise unknown_to_all(named, list(self._settings.providers), self._dates())
        names = [provider.name for provider in knowing]
        raise UsageError(
            "provider_needed",
            f"{named!r} is known to several providers; say which one is meant with --provider",
            details={"received": named, "allowed": names},
            guidance=(f"add --provider {names[0]}",),
        )

    def _by_form(self, ask: Ask) -> tuple[ProviderSettings, ...]:
        """Providers whose other paths, or whose other models' ids, look like what nobody knows."""
        from ..contract import looks_like_its

        everybody = self._settings.providers.values()
        return tuple(p for p in everybody if looks_like_its(self._contract(p), ask.endpoint, ask.model))

    def _dates(self) -> str:
        """What all the contracts are of."""
        from ..contract import whole_date

        everybody = self._settings.providers.values()
        return " and ".join(sorted({whole_date(self._contract(provider)) for provider in everybody}))

    def _suggest(self, ask: Ask, only: ProviderSettings | None = None, *, own: bool = False) -> None:
        """Which models may be meant by a name that is no model's id; first those that take the files that came, and of
        them those with a key. ``own``: the provider's by their words alone. Raises NotFound where any come near."""
        kind = ask.kind or ("video" if ask.flags & CLIP_HINTS else "")
        known = known_models(self._settings, lambda provider: self._contract(provider).models())
        known = (one for one in known if not own or one.provider == (only and only.name))
        near = models_said(ask.model or "", known, kind=kind, spelled=not own)
        files, usable = ask.flags & MEDIA_KINDS.keys(), self._with_key()
        near.sort(key=lambda one: one.provider not in usable)
        near.sort(key=lambda one: not takes_files(self.contract(one.provider), one.model, files))
        raise_near(near, ask.model or "", self._dates(), only)

    def _knows(self, provider: ProviderSettings, ask: Ask) -> bool:
        if by_own_models(ask.model, [provider]):
            return True
        contract = self._contract(provider)
        return found_by(contract, ask._replace(kind=None)) is not None or self._known_to_user(contract, provider, ask)

    def _known_to_user(self, contract: Contract, provider: ProviderSettings, ask: Ask) -> bool:
        """Whether the user's own documents know what is asked for, under a path such as this provider's."""
        if not ask.openapi:
            return False
        found = found_by(self._contract(provider, ask.openapi), ask)
        return found is not None and same_family(contract, found.path)

    def _kind(self, ask: Ask, provider: ProviderSettings, from_key_alone: bool) -> str:
        kind = ask.kind or ("video" if ask.flags & CLIP_HINTS else "image")
        named = ask.endpoint or ask.model
        if not (named or ask.openapi or ask.lenient):
            check_makes(provider, kind)
        asked_for = ask.flags & (CLIP_FLAGS | {"image"})
        if kind == "video" and from_key_alone and not (ask.kind or named or asked_for):
            raise UsageError(
                "kind_needed",
                f"{provider.name} was chosen by its key alone, and this would make a clip; say so with --kind video",
                details={"allowed": ["--kind video", "--provider NAME"]},
                guidance=("clips cost more than pictures, so one is never made by a guess",),
            )
        return kind

    def _endpoint(
        self, ask: Ask, provider: ProviderSettings, contract: Contract, kind: str
    ) -> tuple[Endpoint, str, str]:
        """What is called, the model, and what of it nobody knows."""
        try:
            return (*self._known_endpoint(ask, provider, contract, kind), "")
        except NotFound as error:
            named = ask.endpoint or ask.model
            goes_on = ask.lenient and named and not error.details.get("ambiguous")
            found = conventional(ask, provider, contract, kind) if goes_on else None
            if found is None:
                raise with_the_way_on(error, provider, contract) from None
            usual = default_model(provider, found.kind or kind, ask.flags)
            return found, found.model or ask.model or usual, named or ""

    def _known_endpoint(
        self, ask: Ask, provider: ProviderSettings, contract: Contract, kind: str
    ) -> tuple[Endpoint, str]:
        if ask.endpoint:
            endpoint = contract.find_endpoint(ask.endpoint, create_only=True)
            check_agreement(ask, endpoint)
            return endpoint, endpoint.model or ask.model or default_model(provider, endpoint.kind or kind, ask.flags)
        model = ask.model or default_model(provider, kind, ask.flags)
        if not model:
            raise UsageError(
                "model_needed",
                f"{provider.name} has no default model for {kind}; name one with --model",
                details={"allowed": [info.id for info in contract.models() if info.kind in (kind, "")][:20]},
            )
        try:
            endpoint = contract.find_model(model, kind=ask.kind)
        except NotFound:
            if ask.kind and ask.model and (other := found_by(contract, ask._replace(kind=None))):
                check_agreement(ask, other)
            if ask.model and "/" not in ask.model and not (ask.openapi or ask.lenient):
                self._suggest(ask, provider, own=True)
            family = contract.family_of(model)
            if family is not None:
                check_agreement(ask, family)
                return family, model
            free = [e for e in contract.creates if not e.model and (not e.kind or e.kind == kind)]
            if ask.fields and not ask.kind:
                free = [e for e in contract.creates if not e.model and contract.could_take(e, ask.fields)]
            if len(free) != 1 or closed(contract, free[0]):
                if ask.model and not ask.openapi:
                    self._suggest(ask, provider)
                raise
            return free[0], model
        return endpoint, endpoint.model or model
