"""The polling schedule: its bounds for any numbers, what it learns from intervals, and what a crowd shares."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings, strategies as st

from clocks import HeldClock
from generate_media.config.settings import ProviderSettings, load_settings
from generate_media.core.paths import CONFIG_FILE
from generate_media.job.crowd import Crowd
from generate_media.job.schedule import FARTHEST, FARTHEST_SHARE, before_the_end, schedule_for
from generate_media.job.spread import Lasted, Spread, learned

ALIKE = {
    (provider.typical_seconds[kind], provider.poll_interval, provider.min_poll_interval): (provider, kind)
    for provider in load_settings(CONFIG_FILE).providers.values()
    for kind in provider.typical_seconds
    if (provider.protocol, kind) != ("agnes", "image")  # answered by the create itself, never polled
}
CASES = [pytest.param(provider, kind, id=f"{provider.name} {kind}") for provider, kind in ALIKE.values()]
LIVES = 2500
LEAST = {"agnes": 5.0, "agcloud": 4.0, "ark": 4.0, "byteplus": 4.0, "skills.video": 1.2}
MOST_REQUESTS = {"image": 9.0, "video": 20.0}
LATE = {"agnes": 3.0, "agcloud": 2.7, "ark": 2.7, "byteplus": 2.7, "skills.video": 0.9}
"""Mean lateness in seconds that is promised, the jobs' spread being the one that config.json gives."""


def a_life(chance: random.Random, median: float, sigma: float = 0.4) -> tuple[float, bool]:
    """How long a job lasts, and whether it made something: a twentieth fails within its first quarter."""
    if chance.random() < 0.05:
        return chance.uniform(0, median / 4), False
    return median * chance.lognormvariate(0, sigma), True


@settings(max_examples=25, deadline=None)
@given(st.floats(1, 900), st.floats(0.05, 1.2), st.floats(0.5, 30), st.floats(0, 30), st.floats(0, 5000))
def test_bounds(median: float, sigma: float, interval: float, minimum: float, elapsed: float) -> None:
    schedule = schedule_for(Spread(median, sigma), typical=60, interval=interval, minimum=minimum)
    wait = schedule.wait_seconds(elapsed)
    assert minimum <= wait <= max(minimum, FARTHEST * interval, FARTHEST_SHARE * median)


@pytest.mark.parametrize(("provider", "kind"), CASES)
def test_lateness_and_requests_a_job_before_anything_is_learned(provider: ProviderSettings, kind: str) -> None:
    typical, least = provider.typical_seconds[kind], provider.min_poll_interval
    schedule = schedule_for(Spread(typical), typical=typical, interval=provider.poll_interval, minimum=least)
    chance, requests, late = random.Random(7), 0, 0.0
    for _ in range(LIVES):
        at, (life, _) = 0.0, a_life(chance, typical)
        while at < life:
            wait = schedule.wait_seconds(at)
            assert wait >= LEAST[provider.name] - 1e-9
            at, requests = at + wait, requests + 1
        late += at - life
    assert late / LIVES <= LATE[provider.name]
    if provider.name != "skills.video":
        assert requests / LIVES <= MOST_REQUESTS[kind]


@pytest.mark.parametrize(("median", "sigma"), [(30, 0.3), (120, 0.4), (400, 0.2)])
def test_it_learns_from_its_own_looks_without_drifting(median: float, sigma: float) -> None:
    """Each schedule is made from what the ones before it saw, and so decides what the next one sees."""
    chance, seen = random.Random(5), list[Lasted]()
    for _ in range(45):
        schedule = schedule_for(learned(seen[-100:], 120), typical=120, interval=10, minimum=0)
        for _ in range(5):
            before, at, (life, made) = 0.0, 0.0, a_life(chance, median, sigma)
            while at < life:
                before, at = at, at + schedule.wait_seconds(at)
            seen += [(before, at)] if made else []
    spread = learned(seen[-100:], 120)
    assert spread.median == pytest.approx(median, rel=0.12)
    assert spread.sigma == pytest.approx(sigma, rel=0.3)


@pytest.mark.parametrize(
    ("seen", "low", "high"),
    [
        ([], 120, 120),
        ([(0, 5000)] * 50, 60, 240),  # collected the next day: that says next to nothing
        ([(40, 44)] * 30, 40, 48),
        ([(42, 42)] * 30, 40, 46),  # a stream tells the moment
        ([(40, 44)] * 30 + [(5000, 5010)] * 2, 40, 50),  # two that hung
        ([(3, 4)] * 10, 3, 5),  # nothing like what config.json says
        ([(-1, 4), (9, 3), (0, float("inf"))], 120, 120),  # damaged by another hand
    ],
)
def test_what_is_learned(seen: list[Lasted], low: float, high: float) -> None:
    assert low - 0.01 <= learned(seen, 120).median <= high + 0.01


@pytest.mark.parametrize(
    ("wait", "remaining", "minimum", "slowest", "then"),
    [
        (10, 100, 5, 0.1, 10),  # not near the end
        (10, 9, 5, 0.1, 7),  # the last look
        (10, 11, 5, 0.1, 9),  # an answer to the planned one would come too late
        (10, 6, 5, 0.1, 10),  # sooner than the provider allows
        (10, 9, 0, 4, 1),  # answers are slow
        (10, 2.5, 0, 0.1, 10),  # hardly anything can have changed
    ],
)
def test_a_last_look_before_the_end(wait: float, remaining: float, minimum: float, slowest: float, then: float) -> None:
    assert before_the_end(wait, remaining=remaining, minimum=minimum, slowest=slowest) == pytest.approx(then)


def test_a_thousand_jobs_share_what_a_minute_allows() -> None:
    clock = HeldClock()
    crowd = Crowd(clock, 180)
    turns = []
    for _ in range(400):
        clock.story += crowd.throttle.turn(float("inf"))
        turns.append(clock.story)
    assert all(later - earlier >= 60 - 1e-6 for earlier, later in zip(turns, turns[180:], strict=False))
    waits = [crowd.shared(row, 10.0) for row in range(1000)]
    assert waits[0] == 10
    assert all(earlier <= later for earlier, later in pairwise(waits))
    assert waits[-1] == pytest.approx(1000 / 3)
    for row in range(1, 1000):
        crowd.leave(row)
    assert crowd.shared(0, 10.0) == 10
