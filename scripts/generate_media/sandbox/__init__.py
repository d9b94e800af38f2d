"""The protocols on loopback: a real HTTP server with real bytes, and faults on request."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .embedded import DEFAULT_SPEED as DEFAULT_SPEED, known_faults as known_faults, start as start
    from .hosts import HOST as HOST, refuse_stranger as refuse_stranger
    from .protocol import OPERATIONS as OPERATIONS
    from .transport import ACTIONS as ACTIONS, POINTS as POINTS
else:
    from ..core.door import opened

    __getattr__ = opened(
        __name__,
        ("embedded", "DEFAULT_SPEED known_faults start"),
        ("hosts", "HOST refuse_stranger"),
        ("protocol", "OPERATIONS"),
        ("transport", "ACTIONS POINTS"),
    )
