"""A job of the sandbox: what is asked for, what is kept of it, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..core import Json


@dataclass(frozen=True)
class Output:
    """One file that a job makes. Pixels; ``text`` is written on pictures; ``seed`` varies their colours.

    Clips come from assets/: width, height and ``seconds`` choose the nearest of them.
    """

    kind: str
    """image, video or audio."""
    media_type: str = "image/png"
    width: int = 1024
    height: int = 1024
    text: str = ""
    seed: int = 0
    role: str = ""
    sound: bool = True
    seconds: float = 5.0


@dataclass(frozen=True)
class NewJob:
    """What a handler asks for. ``life_seconds`` (simulated) until it is done; the first ``queued_seconds`` it waits."""

    protocol: str
    id_prefix: str
    """E.g. ``gen_``, ``task_``, ``cgt-``; 20 random characters follow."""
    kind: str
    model: str
    prompt: str
    outputs: tuple[Output, ...]
    life_seconds: float
    queued_seconds: float = 0.0
    cost: int = 0
    body: Json = None
    """The request's body as received; long strings are cut when stored."""
    aliases: tuple[str, ...] = ()
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Job(NewJob):
    """A job as stored. ``created_at`` real Unix seconds; ``*_seconds`` simulated."""

    id: str
    created_at: float
    key_fingerprint: str
    traits: tuple[str, ...] = ()
    """Faults of stage "job" that were on when it was made, each as ``name`` or ``name=argument``."""
    ended_as: str = ""
    """Set by ``world.end``: e.g. "cancelled". It then wins over the clock."""

    def trait(self, name: str) -> str | None:
        """The argument of a trait ("" without one), or None when the job has no such trait."""
        for trait in self.traits:
            head, _, argument = trait.partition("=")
            if head == name:
                return argument
        return None


@dataclass(frozen=True)
class Phase:
    """How far a job is: ``name`` queued, running or done (``done`` also means that its files exist)."""

    name: str
    progress: float
    """0–100."""
    age_seconds: float
    """Simulated."""
    done_at: float
    """Real Unix seconds."""
