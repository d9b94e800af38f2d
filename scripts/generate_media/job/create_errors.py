"""What a create that went wrong means for this very command.

Which key met which host, what takes a gone model's place, and what to keep when the journal cannot be written.
"""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import urlsplit

from ..core import MAX_OUTPUTS, Category, Failure, GenerateMediaError, OutcomeUnknown, ProviderRefused, Reading, Request
from ..journal import JournalWriteError, Row, local_id
from ..providers import GUIDANCE
from .context import JobContext


def with_advice(ctx: JobContext, request: Request, error: ProviderRefused) -> ProviderRefused:
    """The same refusal with what only the client can know about it."""
    if error.category is Category.NOT_FOUND:
        from .successor import with_successor

        before = error.guidance
        error = with_successor(ctx, request, error)
        if error.guidance != before:
            return error
    if error.category in (Category.NOT_FOUND, Category.VALIDATION):
        from .drift import with_drift

        with suppress(GenerateMediaError):  # the refusal itself is told whatever becomes of the contract
            return with_drift(ctx, request, error)
    if error.category is Category.AUTH:
        key, host = ctx.gateway.key, urlsplit(ctx.gateway.base_url).hostname or ""
        pair = f"the key from {key.source} was refused by {host}: make sure that they belong together"
        error.guidance = (pair, *error.guidance)
        error.details |= {
            "base_url": ctx.gateway.base_url,
            "key_source": key.source,
            "key_fingerprint": key.fingerprint,
        }
    return error


def with_what_was_made(row: Row, reading: Reading, error: JournalWriteError) -> JournalWriteError:
    """The journal could not take what the provider accepted: the error line is then the only record."""
    known = {"generation_id": reading.generation_id, "provider": row.provider, "model": row.model}
    error.details |= {name: value for name, value in known.items() if value} | {"may_have_been_created": True}
    if reading.outputs:
        error.details["outputs"] = [{"url": item.url} for item in reading.outputs[:MAX_OUTPUTS]]
    error.guidance = (
        "the job was created: keep this line, and do not use --new",
        "once the journal can be written, wait_generation.py takes it up: --generation-id=ID "
        f"--settles={local_id(row.fingerprint, row.ordinal)} (in a new journal: --provider NAME --model ID)",
        *error.guidance,
    )
    return error


def outcome_unknown(detail: str, row: Row, failure: Failure | None = None) -> OutcomeUnknown:
    """Exit 13: what is known, how to settle it by hand, and what --new would do."""
    extra = tuple(
        line for line in (failure.guidance if failure else ()) if line not in GUIDANCE[Category.OUTCOME_UNKNOWN]
    )
    by_hand = (
        "where the dashboard shows the job with its id, wait_generation.py takes it for this one: "
        f"--generation-id=ID --settles={local_id(row.fingerprint, row.ordinal)}"
    )
    return OutcomeUnknown(
        "outcome_unknown",
        f"the create was sent and its outcome is unknown: {detail}",
        guidance=(*extra, *GUIDANCE[Category.OUTCOME_UNKNOWN], by_hand),
        details={"may_have_been_created": True, "http_status": failure.http_status if failure else None},
    )
