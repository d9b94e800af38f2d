"""A seeded part of ``make kill``: kills at calls and moments, failing writes, a crowd on one journal."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import pytest

from faults.kill import PROVIDERS, Field, at_every_call, crowd, failing_calls, random_kills
from tools import require_tool

SEED = int(os.environ.get("GENERATE_MEDIA_SEED", "20261121"))


@pytest.fixture(scope="module")
def ground() -> Iterator[Field]:
    with Field(4) as field:
        yield field


@pytest.mark.parametrize("flow", PROVIDERS)
@pytest.mark.parametrize("tasks", [at_every_call, failing_calls])
def test_killed_or_failed_at_some_calls(ground: Field, tasks: object, flow: str) -> None:
    require_tool("strace")
    chosen = random.Random(SEED).sample(tasks(ground, flow), 4)  # type: ignore[operator]
    tally = ground.strike_all(chosen)
    assert not tally.wrong, "\n".join(tally.wrong)
    assert tally.seen["struck"] == len(chosen)
    # A busy machine polls more or less often, so the last of many calls may not come again.
    assert tally.seen["ended before the blow"] < len(chosen)


def test_killed_at_random_moments(ground: Field) -> None:
    tally = ground.strike_all(random_kills(ground, 16, SEED))
    assert not tally.wrong, "\n".join(tally.wrong)
    assert tally.seen[f"exit {-9}"], "some were killed on the way"


def test_several_processes_on_one_journal(ground: Field) -> None:
    tally = crowd(ground, 2, SEED, people=3)
    assert not tally.wrong, "\n".join(tally.wrong)
    assert tally.seen["killed"]
