"""The one HTTP client: the key to the right host, every exchange bounded, nothing repeated by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .addresses import Resolver as Resolver, shown_host as shown_host, system_resolver as system_resolver
    from .anonymous import (
        AGAIN as AGAIN,
        AnonymousGet as AnonymousGet,
        FileAnswer as FileAnswer,
        Transient as Transient,
    )
    from .blocked import BLOCKED as BLOCKED, NETWORK_BLOCKED as NETWORK_BLOCKED, is_blocked as is_blocked
    from .client import Client as Client, Site as Site, check_base_url as check_base_url
    from .connections import TracedAdapter as TracedAdapter
    from .early import EarlyConnection as EarlyConnection, open_early as open_early
    from .exchange import BrokenAnswer as BrokenAnswer, TransportError as TransportError
    from .gateway import Gateway as Gateway
    from .incoming import EventStream as EventStream
    from .retry import OutOfTime as OutOfTime, Retries as Retries
    from .trust import TrustStore as TrustStore
    from .unpack import PIECE_BYTES as PIECE_BYTES, ZIPPED as ZIPPED, unzipped as unzipped
    from .watch import shared as shared
else:
    from ..core.door import opened

    __getattr__ = opened(
        __name__,
        ("addresses", "Resolver shown_host system_resolver"),
        ("anonymous", "AGAIN AnonymousGet FileAnswer Transient"),
        ("blocked", "BLOCKED NETWORK_BLOCKED is_blocked"),
        ("client", "Client Site check_base_url"),
        ("connections", "TracedAdapter"),
        ("early", "EarlyConnection open_early"),
        ("exchange", "BrokenAnswer TransportError"),
        ("gateway", "Gateway"),
        ("incoming", "EventStream"),
        ("retry", "OutOfTime Retries"),
        ("trust", "TrustStore"),
        ("unpack", "PIECE_BYTES ZIPPED unzipped"),
        ("watch", "shared"),
    )
