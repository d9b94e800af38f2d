"""The provider as one job sees it: its hosts in turn while none can be reached, its keys in turn until accepted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from ..config import SecretKey
from ..core import Answer, Call
from .exchange import TransportError

if TYPE_CHECKING:
    from .client import Client
    from .incoming import EventStream
    from .trust import TrustStore


class Gateway:
    """Sends a job's calls. A host is changed only when no connection could be made, never for a status.

    ``client_of``: the client of a base URL and a key, which all jobs share.
    """

    def __init__(
        self, client_of: Callable[[str, SecretKey], Client], hosts: Sequence[str], keys: Sequence[SecretKey]
    ) -> None:
        self._client_of = client_of
        self._hosts = list(hosts)
        self._keys = list(keys)

    @property
    def base_url(self) -> str:
        return self._hosts[0]

    @property
    def key(self) -> SecretKey:
        return self._keys[0]

    @property
    def trust(self) -> TrustStore | None:
        """The certificates that the host's client has loaded, for downloads to share; None for plain loopback."""
        return self._client().trust

    def _client(self) -> Client:
        return self._client_of(self.base_url, self.key)

    def next_key(self) -> bool:
        """Put the present key aside; False when it was the last."""
        if len(self._keys) < 2:
            return False
        self._keys.pop(0)
        return True

    def prefer_key(self, fingerprint: str) -> None:
        """Begin with the key that made the job, where it is still configured: no other may see it."""
        self._keys.sort(key=lambda key: key.fingerprint != fingerprint)

    def send(self, call: Call, *, timeout_seconds: float, before_bytes: Callable[[], object] | None = None) -> Answer:
        """One exchange, on the first host that can be reached; real seconds. ``before_bytes`` as for a client's.

        Raises:
            TransportError: of the last host tried.
        """
        return self._first_reachable(
            lambda client: client.send(call, timeout_seconds=timeout_seconds, before_bytes=before_bytes)
        )

    def open_stream(
        self, call: Call, *, answer_seconds: float, silence_seconds: float, before_bytes: Callable[[], object]
    ) -> AbstractContextManager[Answer | EventStream]:
        """A create that streams; entering the context sends it. Real seconds."""
        return self._client().open_stream(
            call, answer_seconds=answer_seconds, silence_seconds=silence_seconds, before_bytes=before_bytes
        )

    def rotate_host(self) -> bool:
        """Go on with the next host; False when there is only one."""
        self._hosts.append(self._hosts.pop(0))
        return len(self._hosts) > 1

    def _first_reachable(self, send: Callable[[Client], Answer]) -> Answer:
        for left in range(len(self._hosts) - 1, -1, -1):
            try:
                return send(self._client())
            except TransportError as error:
                if error.reached or not left:
                    raise
                self.rotate_host()
        raise AssertionError("a gateway has at least one host")
