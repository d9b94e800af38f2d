"""How long a finished job's result can still be fetched, where the provider deletes it (Ark: after 24 h)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..config import ProviderSettings
from ..core import Clock
from ..journal import Row, State
from ..providers import adapter_for

if TYPE_CHECKING:
    from .context import JobContext

SOON_SECONDS = 2 * 3600.0
RESULT_LOST = "result_lost"
"""Our code of a result that was made, not saved, and deleted by its provider since, as far as is documented."""


def expires_in(provider: ProviderSettings, row: Row, clock: Clock) -> int | None:
    """Seconds until the result of a job that is not on disk yet is gone; None where there is no such limit.

    For a job that still runs the time counts from its creation, which is the earliest that its end can be.
    """
    if not provider.result_ttl_seconds or row.state not in (State.ACCEPTED, State.ENDED):
        return None
    if row.result not in (None, "succeeded") or adapter_for(provider.protocol).renews_urls:
        return None
    since = row.ended_at or row.provider_created_at or row.accepted_at or row.created_at
    return max(0, round(provider.result_ttl_seconds - clock.age(since)))


def is_result_lost(provider: ProviderSettings | None, row: Row, clock: Clock) -> bool:
    """Whether a result that should have been saved outlived the time for which its provider keeps it."""
    wanted = row.state is State.ENDED and bool(row.output_dir)
    return wanted and provider is not None and expires_in(provider, row, clock) == 0


def result_lost_words(provider: ProviderSettings) -> str:
    """What happened to a result that is lost."""
    hours = provider.result_ttl_seconds / 3600
    return f"{provider.name} keeps a result for {hours:g} hours, and this one was not saved within them"


def warn_if_soon(ctx: JobContext, row: Row) -> None:
    """Say so when a job that is met again is close to losing its result."""
    left = expires_in(ctx.provider, row, ctx.clock)
    if left is not None and left < SOON_SECONDS:
        when = "is probably gone by now" if left == 0 else f"is gone in about {max(1, left // 60)} minutes"
        hours = ctx.provider.result_ttl_seconds / 3600
        ctx.printer.warn(f"{ctx.provider.name} keeps a result for {hours:g} hours: this one {when}")
