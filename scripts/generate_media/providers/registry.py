"""One small adapter a protocol; :func:`adapter_for` is the only place that knows their names."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .base import Adapter

PROTOCOLS = ("skills_video", "agnes", "agcloud")


def adapter_for(protocol: str) -> Adapter:
    """The adapter of a protocol named in config.json.

    Raises:
        KeyError: no such protocol (config.json's schema refuses it earlier).
    """
    if protocol not in PROTOCOLS:
        raise KeyError(protocol)
    adapter: Adapter = import_module(f"{__package__}.{protocol}.adapter").ADAPTER
    return adapter
