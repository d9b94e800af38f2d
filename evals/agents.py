"""What a scripted agent is made of: its commands, its answer, and the words that commands have in common."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

TOLD = "{command}"
"""In place of a command: the one that the last output named."""
MAKE = "create_and_wait.py --deadline 100"
SV, AGNES, AGCLOUD, ARK = (f"{MAKE} --provider {name}" for name in ("skills.video", "agnes", "agcloud", "ark"))
ALL_OPEN = "wait_generation.py --all --deadline 100"


@dataclass(frozen=True)
class Script:
    """Commands as an agent would run them, and its final answer; ``{paths}`` are the files that they made.

    ``batch``: the agent first writes jobs.jsonl from prompts.txt.
    """

    commands: tuple[str, ...] = ()
    answer: str = "Done:\n{paths}"
    batch: bool = False
    files: Mapping[str, str] = field(default_factory=dict)
    """Further files that it writes first: name → text."""


@dataclass(frozen=True)
class Agents:
    """``twice`` left out: the reference, and then its creates again with --new."""

    reference: Script
    wrong: Script
    twice: tuple[str, ...] = ()
    claim: str = "Done:\nMEDIA:/tmp/generated/result.png"

    def script(self, variant: str) -> Script:
        if variant == "reference":
            return self.reference
        if variant == "wrong":
            return self.wrong
        if variant == "idle":
            return Script(answer=self.claim)
        again = self.twice or tuple(f"{line} --new" for line in self.reference.commands if line.startswith(MAKE))
        ours = self.reference
        return Script((*ours.commands, *again), ours.answer, ours.batch, ours.files)


def one(command: str, wrong: str) -> Agents:
    return Agents(Script((command,)), Script((wrong,)))
