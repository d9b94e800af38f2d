"""What nobody's contract knows: refused with the way on, for a snapshot is a memory of a day."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from ..config import ProviderSettings
from ..core import NotFound, UsageError

if TYPE_CHECKING:
    from ..contract import Contract

Open = Callable[[ProviderSettings], "Contract"]
LIST_MODELS = "python3 scripts/inspect_openapi.py --models --provider NAME lists what each provider makes"
_SHOWN = 5


def with_the_way_on(
    error: NotFound, provider: ProviderSettings, others: Sequence[ProviderSettings], open_: Open
) -> NotFound:
    """The same refusal with near names of every provider, how old the contract is, and how to go on without it."""
    from ..contract import whole_date

    own = [{"name": name, "provider": provider.name} for name in error.details.get("suggestions", ())]
    found = own + near_names(str(error.details.get("received", "")), [provider, *others], open_)
    error.details["suggestions"] = [row for at, row in enumerate(found) if row not in found[:at]][:_SHOWN]
    error.guidance = (*the_way_on(whole_date(open_(provider))), *error.guidance)
    return error


def unknown_to_all(named: str, providers: Sequence[ProviderSettings], open_: Open) -> UsageError:
    """The refusal of a name that no provider's contract has, nor looks like one of theirs."""
    from ..contract import whole_date

    near = near_names(named, providers, open_)
    meant = f"; did you mean {' or '.join(row['name'] for row in near[:3])}?" if near else ""
    dates = sorted({whole_date(open_(provider)) for provider in providers})
    return UsageError(
        "provider_needed",
        f"{named!r} is known to no provider's contract{meant}",
        details={"received": named, "allowed": [provider.name for provider in providers], "suggestions": near},
        guidance=(*the_way_on(" and ".join(dates), "--provider NAME "), LIST_MODELS),
    )


def near_names(named: str, providers: Sequence[ProviderSettings], open_: Open) -> list[dict[str, str]]:
    """Models and paths spelt nearly so, or that end nearly so, each with the first provider that has it."""
    from ..contract import nearest

    owners: dict[str, str] = {}
    for provider in providers:
        contract = open_(provider)
        for name in (*(info.id for info in contract.models()), *(known.path for known in contract.creates)):
            owners.setdefault(name, provider.name)
    ends: Mapping[str, str] = {name.rsplit("/", 1)[-1]: name for name in owners if not name.startswith("/")}
    found = nearest(named, list(owners), limit=_SHOWN)
    found += [ends[end] for end in nearest(named.rsplit("/", 1)[-1], list(ends), limit=_SHOWN)]
    return [{"name": name, "provider": owners[name]} for name in dict.fromkeys(found)][:_SHOWN]


def the_way_on(date: str, provider: str = "") -> tuple[str, ...]:
    """What to do about something newer than the contract of ``date``."""
    from ..contract import RENEW

    return f"is it newer than the contract of {date}? {provider}--no-validate sends it all the same, unchecked", RENEW
