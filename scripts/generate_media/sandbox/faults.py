"""Which faults are on, and when each fires. Names: see protocol.py (its Fault) and transport.py."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from . import transport
from .protocol import Fault

CHAOS = "chaos"
CHAOS_KNOWN = "chaos-known"
"""The same, but no create's answer is lost, so that every job can be accounted for by the client alone."""
_SPEC = re.compile(
    r"(?P<name>[a-z0-9:._-]+)(=(?P<argument>[^+*]*?))?(\+(?P<skip>\d+))?(\*(?P<times>\d+))?(?P<each>/job)?"
)
CHAOS_READS = ("before:reset", "before:close", "status-line:close", "headers:reset", "body-9:reset", "before:html")
CHAOS_BY_OPERATION: Mapping[str, tuple[str, ...]] = {
    "create": ("create-refused-429", "create-refused-503", "create:accept:reset", "create:before:close",
               "create:request:reset", "create:headers:close", "create:id:reset"),
    "poll": (*(f"poll:{name}" for name in CHAOS_READS), "poll-http-500", "poll-http-404", "poll-http-429"),
    "download": (*(f"download:{name}" for name in CHAOS_READS), "download-http-404", "download-http-503"),
}  # fmt: skip


_KNOWN_CREATES = ("create-refused-429", "create-refused-503")


class UnknownFault(ValueError):
    """No such fault, or not written as NAME[=ARG][+SKIP][*TIMES][/job]."""


@dataclass(frozen=True)
class Armed:
    """One fault that is on: it fires after ``skip`` chances, ``times`` times (None: always), each per job or in all."""

    spec: str
    name: str
    argument: str = ""
    skip: int = 0
    times: int | None = None
    per_job: bool = False


def parse(spec: str, known: Mapping[str, Fault]) -> Armed:
    """Read what a user wrote. Raises UnknownFault."""
    found = _SPEC.fullmatch(spec.strip())
    if found is None:
        raise UnknownFault(f"{spec!r} is not NAME[=ARG][+SKIP][*TIMES][/job]")
    name = found["name"]
    if name not in known and transport.parse(name) is None:
        near = [other for other in known if name[:6] in other][:5]
        raise UnknownFault(f"no fault is called {name!r}" + (f"; perhaps {', '.join(near)}" if near else ""))
    argument = found["argument"] or ""
    if name in (CHAOS, CHAOS_KNOWN) and not re.fullmatch(r"0?\.\d+|0|1|1\.0", argument):
        raise UnknownFault(f"{name} wants a share: {name}=0.2")
    times = int(found["times"]) if found["times"] else None
    return Armed(spec.strip(), name, argument, int(found["skip"] or 0), times, bool(found["each"]))


class Switchboard:
    """The faults that are on. Thread-safe; the header's faults (for one request) come in as ``extra``."""

    def __init__(self, load: Callable[[], Mapping[str, Fault]], specs: Iterable[str], seed: int) -> None:
        self._load = load
        self._seed = seed
        self._lock = threading.Lock()
        self._chances: dict[tuple[str, str], int] = {}
        self._dice = 0
        self._armed: tuple[Armed, ...] = ()
        self.replace(specs)

    @cached_property
    def known(self) -> Mapping[str, Fault]:
        """Every named fault; loaded when the first is asked for."""
        return self._load()

    def replace(self, specs: Iterable[str]) -> None:
        """Switch to exactly these; counters begin anew. Raises UnknownFault and then changes nothing."""
        armed = tuple(parse(spec, self.known) for spec in specs)
        with self._lock:
            self._armed, self._chances = armed, {}

    def specs(self) -> list[str]:
        return [armed.spec for armed in self._armed]

    def for_request(self, header: str) -> tuple[str, ...]:
        """The faults that X-Sandbox-Fault asks for. Raises UnknownFault."""
        names = tuple(part.strip() for part in header.split(",") if part.strip())
        for name in names:
            parse(name, self.known)
        return names

    def roll(self, operation: str) -> tuple[str, ...]:
        """What chaos adds to one request: nothing, or one fault of its operation's list."""
        chaos = next((armed for armed in self._armed if armed.name in (CHAOS, CHAOS_KNOWN)), None)
        if chaos is None or operation not in CHAOS_BY_OPERATION:
            return ()
        share, choices = float(chaos.argument), CHAOS_BY_OPERATION[operation]
        if chaos.name == CHAOS_KNOWN and operation == "create":
            choices = _KNOWN_CREATES
        import random

        with self._lock:
            self._dice += 1
            rng = random.Random(f"{self._seed}:{self._dice}")  # noqa: S311
        return (rng.choice(choices),) if rng.random() < share else ()

    def fires(self, name: str, extra: Iterable[str], subject: str = "") -> Armed | None:
        """The armed fault, when it fires now; asking counts as a chance. ``subject`` is what "/job" counts by."""
        for spec in extra:
            armed = parse(spec, self.known)
            if armed.name == name:
                return armed
        for armed in self._armed:
            if armed.name == name and self._chance(armed, subject):
                return armed
        return None

    def argument(self, name: str, extra: Iterable[str]) -> str:
        """What stands after ``NAME=``; the request's own header wins."""
        armed = (*(parse(spec, self.known) for spec in extra), *self._armed)
        return next((one.argument for one in armed if one.name == name and one.argument), "")

    def transport(self, operation: str, extra: Iterable[str], subject: str) -> transport.Break | None:
        """The first transport fault for this operation that fires."""
        for name in self._names(extra):
            fault = transport.parse(name)
            if fault and fault.operation in (operation, "any") and self.fires(name, extra, subject):
                return fault
        return None

    def staged(self, stage: str, extra: Iterable[str], subject: str, protocol: str) -> list[tuple[Fault, Armed]]:
        """Named faults of a stage that fire now for a protocol, in the order in which they were switched on."""
        named = (self.known[name] for name in self._names(extra) if name in self.known)
        faults = [one for one in named if one.stage in (stage, "any") and one.protocol in ("", protocol)]
        hits = ((fault, self.fires(fault.name, extra, subject)) for fault in faults if fault.wrap or stage == "job")
        return [(fault, armed) for fault, armed in hits if armed is not None]

    def _names(self, extra: Iterable[str]) -> list[str]:
        """Names that are on, each once: the request's own first."""
        asked = (parse(spec, self.known).name for spec in extra)
        return list(dict.fromkeys([*asked, *(armed.name for armed in self._armed)]))

    def _chance(self, armed: Armed, subject: str) -> bool:
        with self._lock:
            key = (armed.spec, subject if armed.per_job else "")
            chance = self._chances[key] = self._chances.get(key, 0) + 1
        return chance > armed.skip and (armed.times is None or chance <= armed.skip + armed.times)
