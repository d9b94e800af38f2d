"""What a refused create means for this very command: which key met which host, and what takes a gone model's place."""

from __future__ import annotations

from urllib.parse import urlsplit

from .context import JobContext
from .errors import Category, ProviderRefused
from .models import Request


def explain_refusal(ctx: JobContext, request: Request, error: ProviderRefused) -> ProviderRefused:
    """The same refusal with what only the client can know about it."""
    if error.category is Category.NOT_FOUND:
        from .successor import explain_gone

        return explain_gone(ctx, request, error)
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
