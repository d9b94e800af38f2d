"""Commands that we print for somebody to run: only checked words in them, quoted for the shell."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Callable, Sequence
from functools import lru_cache

from ..core import BUNDLE, in_a_command
from .audience import JSON_FLAG, wants_json

SAFE_WORD = re.compile(r"[A-Za-z0-9._:/+=-]{1,512}\Z")
_SAME = 1000
"""So many words are quoted once: a list's commands have most of theirs in common."""
_quoted = lru_cache(_SAME)(shlex.quote)
_IN_ADVICE = re.compile(r"\bpython3 scripts/(\w+\.py)\b")


def resume_command(
    generation_id: str | None,
    *,
    provider: str,
    sandbox: bool = False,
    config: str | None = None,
    deadline: float | None = None,
    settles: str | None = None,
    label: str = "",
) -> str | None:
    """How to go on with a job of the journal, for as long at a time and with the label as now; None without an id.

    ``settles`` names the row of a create whose answer was lost, for which the job is then taken; the journal does not
    know that job yet, so an id that cannot stand in a command gives None.
    """
    word = in_a_command(provider, generation_id) if generation_id else ""
    if not word or (settles is not None and word != generation_id):
        return None
    extra = [] if settles is None else [f"--settles={settles}"]
    extra += ["--sandbox"] if sandbox else []
    if config is not None:
        extra += ["--config", config]
    if deadline is not None:
        extra += ["--deadline", f"{deadline:g}"]
    if label:
        extra += ["--label", *([label] if label == "prompt" else [])]
    return command("wait_generation.py", [f"--generation-id={word}", *extra])


def command(script: str, arguments: Sequence[str], *, for_person: bool = False) -> str:
    """One of our scripts with its arguments, every word quoted: as it runs from any folder and with a bare PATH.

    What was asked in JSON is answered in JSON again, unless it stands where only a person reads it.
    """
    return commands_of(script, for_person=for_person)(arguments)


def commands_of(script: str, *, for_person: bool = False) -> Callable[[Sequence[str]], str]:
    """:func:`command` for many commands of one script: how they begin is worked out once."""
    beginning = shlex.join([*_runner(), str(BUNDLE / "scripts" / script)])
    ending = [] if for_person or not wants_json() else [JSON_FLAG]

    def made(arguments: Sequence[str]) -> str:
        words = arguments if JSON_FLAG in arguments else [*arguments, *ending]
        return " ".join([beginning, *map(_quoted, words)])

    return made


def runnable(advice: str) -> str:
    """Advice of ours in which ``python3 scripts/NAME.py`` became that command."""
    return _IN_ADVICE.sub(lambda found: command(found[1], ()), advice)


def _runner() -> list[str]:
    """What runs a script again with the packages of this run.

    Under ``uv run`` (which sets both variables) they are uv's, so the command goes through it again.
    """
    if os.environ.get("UV_RUN_RECURSION_DEPTH"):
        from ..core import uv_command

        return [uv_command(os.environ) or "uv", "run"]
    return [sys.executable or "python3"]
