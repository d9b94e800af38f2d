"""The HTTP clients of a run: one for each host and key, and the connection that is begun before they are there."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from ..config import ProviderSettings, SecretKey, is_loopback
from ..http import Gateway

if TYPE_CHECKING:
    from ..http import Client, EarlyConnection


class Clients:
    """Made when they are needed, shared by all jobs, closed with ``stack``."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._clients: dict[tuple[str, str, str], Client] = {}
        self._lock = threading.Lock()
        self._early: EarlyConnection | None = None

    def connect_early(self, provider: ProviderSettings, *, asked: str | None) -> None:
        """Begin to open the connection that the first create goes out on; ``asked`` is --base-url."""
        from ..http import open_early

        self._early = open_early((asked or provider.base_url).rstrip("/"), provider.allowed_hosts)
        if self._early is not None:
            self._stack.callback(self._early.close)

    def gateway(self, provider: ProviderSettings, base_url: str, keys: tuple[SecretKey, ...]) -> Gateway:
        """A provider's hosts and keys as one job sees them."""
        return Gateway(partial(self._client_of, provider), provider.hosts_for(base_url), keys)

    def _client_of(self, provider: ProviderSettings, base_url: str, key: SecretKey) -> Client:
        place = provider.name, base_url, key.fingerprint
        with self._lock:
            if place not in self._clients:
                self._clients[place] = self._new(provider, base_url, key)
            return self._clients[place]

    def _new(self, provider: ProviderSettings, base_url: str, key: SecretKey) -> Client:
        from ..http import Client, Site

        site = Site(base_url=base_url, allowed_hosts=provider.allowed_hosts, loopback=is_loopback(base_url), key=key)
        early = self._early if self._early and self._early.base_url == base_url else None
        client = Client(site, early=early)
        self._stack.callback(client.close)
        return client
