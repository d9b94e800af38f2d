"""What nobody's contract knows: refused with the way on, for a snapshot is a memory of a day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..config import ProviderSettings
from ..core import NotFound, UsageError, without_none
from .known import Ask, default_model, found_by

if TYPE_CHECKING:
    from ..contract import Contract, Endpoint

LIST_MODELS = "python3 scripts/inspect_openapi.py --models --provider NAME lists what each provider makes"


def with_the_way_on(error: NotFound, provider: ProviderSettings, contract: Contract) -> NotFound:
    """The same refusal with how old the contract is and how to go on without it; each suggestion with its provider."""
    from ..contract import whole_date

    error.details["suggestions"] = [
        near if isinstance(near, dict) else {_kind_of_name(near): near, "provider": provider.name}
        for near in error.details.get("suggestions", ())
    ]
    if error.details.get("ambiguous"):
        return error  # known more than once: nothing newer than the contract is meant
    on = the_way_on(whole_date(contract))
    error.guidance = (*error.guidance, *(line for line in on if on[-1] not in error.guidance))
    return error


def _kind_of_name(near: str) -> str:
    return "endpoint" if near.startswith("/") else "model"


def conventional(ask: Ask, provider: ProviderSettings, contract: Contract, kind: str) -> Endpoint | None:
    """How a model or an endpoint is called that the contract does not know; None where no convention tells."""
    from ..contract import by_convention, likely_kind

    kind = ask.kind or (likely_kind(contract, ask.model) if ask.model else "") or kind
    usual = default_model(provider, kind, ask.flags)
    like = found_by(contract, Ask(model=usual)) if usual else None
    if ask.endpoint or like is None or like.model:
        return by_convention(contract, ask.endpoint or ask.model or "", kind=ask.kind or "", like=like)
    return like


def raise_near(near: Sequence[Any], named: str, dates: str, only: ProviderSettings | None) -> None:
    """Refuse a name that is no model's id with the models that may be meant, of all providers, and never one of them by
    a guess; ``only``: the one provider that was asked.

    Raises:
        NotFound: ``model_not_found``, with ``suggestions``; where nothing comes near it returns.
    """
    if not near:
        return
    meant = " or ".join(f"{one.model} ({one.provider})" for one in near[:3])
    whose = f"{only.name} has no model" if only else "no provider has a model"
    raise NotFound(
        "model_not_found",
        f"{whose} {named!r}; did you mean {meant}?",
        guidance=(
            "run the same command with one of suggestions: --provider and --model as they stand there",
            *the_way_on(dates, "" if only else "--provider NAME "),
        ),
        details={
            "received": named,
            "suggestions": [without_none({**one._asdict(), "kind": one.kind or None}) for one in near],
        },
    )


def unknown_to_all(named: str, providers: Sequence[str], dates: str) -> UsageError:
    """The refusal of a name that no provider's contract has, nor looks like one of theirs."""
    return UsageError(
        "provider_needed",
        f"{named!r} is known to no provider's contract; say which one is meant with --provider",
        details={"received": named, "allowed": list(providers), "suggestions": []},
        guidance=(LIST_MODELS, *the_way_on(dates, "--provider NAME ")),
    )


def the_way_on(date: str, provider: str = "") -> tuple[str, ...]:
    """What to do about something newer than the contract of ``date``."""
    from ..contract import RENEW

    return f"is it newer than the contract of {date}? {provider}--no-validate sends it unchecked", RENEW
