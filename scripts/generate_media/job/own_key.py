"""A job is only seen by the key that made it."""

from __future__ import annotations

from ..config import ProviderSettings, SecretKey
from ..core import AuthError


def the_key(fingerprint: str, keys: tuple[SecretKey, ...], provider: ProviderSettings) -> tuple[SecretKey, ...]:
    """The key that made a job; no other one sees it.

    Raises:
        AuthError: it is not configured now.
    """
    found = tuple(key for key in keys if key.fingerprint == fingerprint)
    if not found:
        raise AuthError(
            "key_not_configured",
            f"this job was made with key {fingerprint}, which is not configured now",
            guidance=(f"set {provider.key_env} to the key that made the job; a job is only seen by its own key",),
            details={"configured": [key.fingerprint for key in keys]},
        )
    return found
