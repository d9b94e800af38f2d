"""``inspect_openapi.py --models``: what each provider makes, what it cost here last; with ``--can``, who can."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from ..contract import Budget, Contract, ModelInfo, gone_since, list_models, open_contract
from ..core import Json, StorageError, journal_dir, short, without_none
from ..job import last_price
from ..providers import adapter_for
from ..request import Ability, ability, wishes_in
from .live import live_models

if TYPE_CHECKING:
    from ..config import ProviderSettings, Settings
    from ..journal import Journal

_UNKNOWN = float("inf")
_CATEGORIES = {"image": "images", "video": "videos"}
_PERHAPS = "perhaps: nobody documented whether they do; --endpoint MODEL shows what is known of one"
_SOUND = "audio: a clip with sound of its own (--audio-track), or with one that you give (--audio)"


def models_of(args: argparse.Namespace, contract: Contract, settings: Settings) -> dict[str, Any]:
    """The list of models, with what each cost here last time and where its provider's prices stand."""
    live = live_models(args) if args.live else None
    category = args.category or _CATEGORIES.get(args.kind or "")
    named = args.provider and settings.provider(args.provider)
    provider = named or (None if args.openapi else settings.likeliest())
    offers = _offered(named, settings) if named and not args.openapi else lambda info: True
    if provider is None:
        return list_models(contract, category, live, offers)
    with ExitStack() as stack:
        journal = _journal(stack)

        def last_usage(model: str) -> Json:
            return None if journal is None else short(journal.last_usage(provider.name, model))

        document = list_models(contract, category, live, offers, last_usage)
    return document | ({"pricing_url": provider.pricing_url} if provider.pricing_url else {})


def models_that_can(args: argparse.Namespace, own: Contract | None, settings: Settings) -> dict[str, Any]:
    """By provider the models that make a wish, the cheapest known first, and apart those of which nobody knows.

    ``own``: the user's documents, which are asked instead. Raises UsageError: the wish names no flags.
    """
    wishes = wishes_in(args.can)
    kind = args.kind or {"images": "image", "videos": "video"}.get(args.category or "", "")
    everyone = [settings.likeliest()] if own else list(settings.providers.values())
    named = [settings.provider(args.provider)] if args.provider else everyone
    contracts = {} if own is None else {provider.protocol: own for provider in named}
    rows = []
    with ExitStack() as stack:
        journal = _journal(stack)
        for provider in named:
            protocol = provider.protocol
            if protocol not in contracts:
                contracts[protocol] = open_contract(
                    protocol, budget=Budget(settings.document_nodes, settings.document_seconds)
                )
            offers = (lambda info: True) if own else _offered(provider, settings)
            row = _of_provider(contracts[protocol], provider, offers, (kind, wishes), journal)
            rows += [row] if "models" in row or "perhaps" in row else []
    asked = {flag: True if value is None else len(value) if isinstance(value, tuple) else value
             for flag, value in wishes.items()}  # fmt: skip
    document: dict[str, Any] = {"can": asked, "kind": kind or None, "providers": rows}
    notes = [_SOUND] if "audio" in wishes and "audio-track" not in wishes else []
    notes += [_PERHAPS] if any("perhaps" in row for row in rows) else []
    return without_none(document | {"notes": notes or None})


def _of_provider(
    contract: Contract,
    provider: ProviderSettings,
    offers: Callable[[ModelInfo], bool],
    wanted: tuple[str, dict[str, Any]],
    journal: Journal | None,
) -> dict[str, Any]:
    price = last_price(journal, provider)
    sure: list[tuple[float, dict[str, Any]]] = []
    perhaps = []
    for info, found in _able(contract, *wanted):
        if not offers(info):
            continue
        if found.doubts:
            perhaps.append(info.id)
            continue
        cost, free = price(info.id), True if info.id in provider.free_models else None
        row: dict[str, Any] = {
            "id": info.id,
            "kind": None if wanted[0] else info.kind,
            "needs": list(found.needs) or None,
        }
        row |= {"free": free, "last_cost": cost, "ends": (info.end.date or None) if info.end else None}
        sure.append((0.0 if free else _UNKNOWN if cost is None else cost, without_none(row)))
    sure.sort(key=lambda pair: pair[0])
    known = any("last_cost" in row for _, row in sure)
    return without_none(
        {
            "provider": provider.name,
            "unit": (adapter_for(provider.protocol).cost_unit or None) if known else None,
            "pricing_url": provider.pricing_url or None,
            "models": [row for _, row in sure] or None,
            "perhaps": perhaps or None,
        }
    )


def _able(contract: Contract, kind: str, wishes: dict[str, Any]) -> Iterator[tuple[ModelInfo, Ability]]:
    """The models that make a wish, without those that moved, ended or are gone."""
    now = time.time()
    for info in contract.models():
        if kind not in ("", info.kind):
            continue
        endpoint = contract.find_endpoint(f"POST {info.path}")
        moved = endpoint.operation is not None and endpoint.operation.node.get("deprecated") is True
        over = info.end is not None and info.end.at is not None and info.end.at <= now
        if moved or over or gone_since(contract, endpoint):
            continue
        found = ability(contract, endpoint, info.id, info.kind, wishes)
        if found is not None:
            yield info, found


def _journal(stack: ExitStack) -> Journal | None:
    """The journal of real jobs; None where it cannot be read, and then no cost is known.

    Raises:
        JournalDamaged: rows are lost, which is said once only.
    """
    from ..journal import Journal, JournalDamaged

    try:
        return stack.enter_context(Journal.open(journal_dir(os.environ, sandbox=False), read_only=True))
    except JournalDamaged:
        raise
    except StorageError:
        return None


def _offered(asked: ProviderSettings, settings: Settings) -> Callable[[ModelInfo], bool]:
    """Whether a model of the snapshot is the provider's: of a kind that it makes, and not another's own."""
    siblings = [provider for provider in settings.providers.values() if provider.protocol == asked.protocol]
    others = {model for provider in siblings for model in provider.models} - {*asked.models}
    return lambda info: info.kind in ("", *asked.makes) and info.id not in others
