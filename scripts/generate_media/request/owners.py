"""Which provider has which model: out of the contracts and of config.json, which tells those of one protocol apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from ..config import ProviderSettings, Settings
from ..contract import Known

if TYPE_CHECKING:
    from ..contract import ModelInfo


def known_models(settings: Settings, models_of: Callable[[ProviderSettings], Iterable[ModelInfo]]) -> Iterator[Known]:
    """Every model of every provider. Of providers that share a contract, one has what config.json gives to it and what
    it gives to none."""
    providers = settings.providers.values()
    for provider in providers:
        own = _own(provider)
        others = {model for other in providers if other.protocol == provider.protocol for model in _own(other)}
        infos = list(models_of(provider))
        kinds = {info.id: info.kind for info in infos}
        for info in infos:
            if info.id in own or info.id not in others:
                yield Known(info.id, provider.name, info.kind)
        for model in own - kinds.keys():
            yield Known(model, provider.name, _only_kind(provider))


def _own(provider: ProviderSettings) -> set[str]:
    return {*provider.default_models.values(), *provider.models}


def _only_kind(provider: ProviderSettings) -> str:
    return provider.makes[0] if len(provider.makes) == 1 else ""
