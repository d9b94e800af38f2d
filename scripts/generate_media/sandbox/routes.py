"""Which route of which protocol a path is for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..core import moved_base
from ..providers import PROTOCOLS
from .protocol import Route, SandboxProtocol

RoutesFor = Callable[[str], "Sequence[Mounted]"]
"""Path → the routes that may fit it, first match wins; so that a protocol is loaded when it is first spoken."""
_HOLE = re.compile(r"\{(\w+)(\*?)\}")


@dataclass(frozen=True)
class Mounted:
    """A route with its compiled pattern and the protocol that it belongs to (None: the sandbox's own)."""

    route: Route
    pattern: re.Pattern[str]
    protocol: SandboxProtocol | None


def mount(routes: Iterable[Route], protocol: SandboxProtocol | None) -> list[Mounted]:
    return [Mounted(route, _compiled(route.pattern), protocol) for route in routes]


def in_other_versions(path: str) -> Iterator[str]:
    """A path under another version of a protocol's base, as it would be under that base; none for a known base."""
    bases = [protocol.base_path for protocol in PROTOCOLS.values()]
    for base in bases if not any(under(path, base) for base in bases) else ():
        version, rest = moved_base(path, base)
        if version and path.startswith(version):
            yield base + rest


def under(path: str, base: str) -> bool:
    return path == base or path.startswith(base.rstrip("/") + "/")


def _compiled(pattern: str) -> re.Pattern[str]:
    parts, at = [], 0
    for hole in _HOLE.finditer(pattern):
        parts += [re.escape(pattern[at : hole.start()]), f"(?P<{hole[1]}>{'.+' if hole[2] else '[^/]+'})"]
        at = hole.end()
    return re.compile("".join(parts) + re.escape(pattern[at:]), re.DOTALL)
