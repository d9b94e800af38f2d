"""Lumen, a provider that does not exist, and its protocol: what somebody who adds a fourth one has to write.

It has what none of the bundled ones has: a refusal is an HTTP 200 with a number in it, the id goes in the query
string, a finished job names a file whose link is a call of its own, links live for an hour and are given anew, and no
call that costs nothing takes a key.
"""

from __future__ import annotations

from pathlib import Path

from generate_media.providers import Protocol

LUMEN = Protocol(
    name="lumen",
    adapter="providers.lumen.adapter",
    document=Path(__file__).parent / "lumen.openapi.json",
    sandbox="providers.lumen.sandbox",
    base_path="/render/v2",
)

BLOCK = {
    "protocol": "lumen",
    "base_url": "https://api.lumen.example/render/v2",
    "allowed_hosts": ["api.lumen.example"],
    "key_env": "LUMEN_API_KEY",
    "default_models": {"video": "lumen-drift-1"},
    "makes": ["video"],
    "poll_interval": 5,
    "result_ttl_seconds": 3600,
    "typical_seconds": {"video": 3},
    "key_url": "https://lumen.example/keys",
    "dashboard_url": "https://lumen.example/account",
    "pricing_url": "https://lumen.example/pricing",
}
"""Its block of config.json."""
