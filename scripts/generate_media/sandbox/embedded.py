"""Every protocol of the registry on loopback: a real HTTP server with real bytes, and faults on request.

:func:`start` is all that others need. A protocol is one module; protocol.py says what it brings.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import load_settings
from ..core import CONFIG_FILE
from ..providers import PROTOCOLS

if TYPE_CHECKING:
    from .protocol import Fault, SandboxProtocol
    from .routes import Mounted, RoutesFor
    from .server import Port
    from .world import Clock, World

DEFAULT_SPEED = 20.0


@dataclass(frozen=True)
class Running:
    """A sandbox that answers. ``protocol_urls``: protocol → base URL, for providers of any name. A context manager
    that closes it."""

    port: int
    files_port: int
    protocol_urls: Mapping[str, str]
    _parts: tuple[Port, Port, World] = field(repr=False)

    @cached_property
    def base_urls(self) -> Mapping[str, str]:
        """Base URL of each provider that the bundle's config.json names."""
        providers = load_settings(CONFIG_FILE).providers
        return {name: self.protocol_urls[provider.protocol] for name, provider in providers.items()}

    def close(self) -> None:
        """Stop; streams break off."""
        api, files, world = self._parts
        world.close()
        api.close()
        files.close()

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def start(
    *,
    port: int = 0,
    speed: float = DEFAULT_SPEED,
    faults: Sequence[str] = (),
    seed: int = 0,
    store: Path | None = None,
    clock: Clock | None = None,
    new_models: bool = False,
) -> Running:
    """Serve on 127.0.0.1 from threads of this process, at once; port 0 takes any free one.

    ``store`` is a folder for the jobs, so that a later sandbox finds them (and, where it still can, takes the same
    two ports, so that file URLs stay good); None keeps them in memory. ``speed`` is how much faster than life;
    ``clock`` tells the time in place of the real one. ``new_models``: a model that the contract does not know is not
    refused, for who asks has been told; it is made as its siblings are.
    Raises faults.UnknownFault (a ValueError) for a bad fault name, OSError for a port that is taken.
    """
    from . import files
    from .faults import Switchboard
    from .log import Log
    from .routes import mount
    from .store import Store
    from .world import Clock, World

    switchboard = Switchboard(known_faults, faults, seed)
    world = World(
        speed=speed,
        seed=seed,
        store=Store(store),
        faults=switchboard,
        log=Log(),
        clock=clock or Clock(),
        new_models=new_models,
    )
    own, of_files = _routes_for(), mount(files.routes(), None)
    last_port, files_port = (0, 0) if store is None else _ports_of(store)
    api = _bound(world, "api", own, port or last_port, must=bool(port))
    cdn = _bound(world, "files", lambda _: of_files, files_port)
    if store is not None:
        (store / "ports.json").write_text(json.dumps([api.port, cdn.port]), encoding="utf-8")
    world.files_url = cdn.url
    api.start()
    cdn.start()
    urls = {name: api.url + protocol.base_path for name, protocol in PROTOCOLS.items()}
    return Running(api.port, cdn.port, urls, (api, cdn, world))


def _routes_for() -> RoutesFor:
    """Path → the sandbox's own routes and those of the protocols at that path, loaded when first asked for."""
    from .routes import mount
    from .server import control_routes

    own = control_routes()
    mounted: dict[str, list[Mounted]] = {}

    def routes_for(path: str) -> list[Mounted]:
        found = list(own)
        for name in (name for name, protocol in PROTOCOLS.items() if path.startswith(protocol.prefixes)):
            if name not in mounted:
                protocol = load(name)
                mounted[name] = mount(protocol.routes, protocol)
            found += mounted[name]
        return found

    return routes_for


def _bound(world: World, side: str, routes: RoutesFor, port: int, *, must: bool = False) -> Port:
    """A port, any free one where ``port`` is taken; with ``must`` that is an OSError."""
    from .server import Port

    try:
        return Port(world, side, routes, port)
    except OSError:
        if must or not port:
            raise
        return Port(world, side, routes, 0)


def load(name: str) -> SandboxProtocol:
    """A protocol's side here, imported when it is first needed."""
    protocol: SandboxProtocol = import_module(PROTOCOLS[name].sandbox).PROTOCOL
    return protocol


def known_faults() -> dict[str, Fault]:
    """Every named fault of the sandbox and its protocols; transport faults are made from their names."""
    from .common_faults import FAULTS

    own = [replace(fault, protocol=name) for name in PROTOCOLS for fault in load(name).faults]
    found = [*FAULTS, *own]
    return {fault.name: fault for fault in found}


def _ports_of(store: Path) -> tuple[int, int]:
    """The ports that the last sandbox with this store had; zeros for none."""
    try:
        api, cdn = json.loads((store / "ports.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError):
        return 0, 0
    good = all(isinstance(number, int) and 1024 <= number < 65536 for number in (api, cdn))
    return (api, cdn) if good and os.name == "posix" else (0, 0)
