"""The polling schedule: its bounds for any numbers, and what it is chosen for."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, strategies as st

from generate_media.config.settings import load_settings
from generate_media.core.paths import CONFIG_FILE
from generate_media.job.schedule import wait_seconds

SECONDS = st.floats(0, 5000)
CASES = [
    (f"{provider.name} {kind}", typical, provider.poll_interval, provider.min_poll_interval)
    for provider in load_settings(CONFIG_FILE).providers.values()
    for kind, typical in provider.typical_seconds.items()
    if (provider.protocol, kind) != ("agnes", "image")  # answered by the create itself, never polled
]


@given(SECONDS, SECONDS, st.floats(0.1, 60), st.floats(0, 60))
def test_never_below_the_minimum_nor_above_three_intervals(
    elapsed: float, typical: float, interval: float, minimum: float
) -> None:
    wait = wait_seconds(elapsed, typical=typical, interval=interval, minimum=minimum)
    assert minimum <= wait <= max(minimum, 3 * interval)


@given(st.floats(0.5, 2, exclude_max=True), st.floats(1, 600), st.floats(0.1, 60))
def test_at_least_once_an_interval_while_the_end_is_expected(share: float, typical: float, interval: float) -> None:
    assert wait_seconds(share * typical, typical=typical, interval=interval, minimum=0) <= interval


@given(SECONDS, st.floats(0.1, 60))
def test_the_interval_is_kept_where_nothing_is_typical(elapsed: float, interval: float) -> None:
    assert wait_seconds(elapsed, typical=0, interval=interval, minimum=0) == interval


@pytest.mark.parametrize(("elapsed", "wait"), [(0, 30), (45, 15), (58, 7), (60, 7), (239, 7), (240, 20), (900, 20)])
def test_a_clip_of_two_minutes(elapsed: float, wait: float) -> None:
    assert wait_seconds(elapsed, typical=120, interval=10, minimum=5) == pytest.approx(wait)


@pytest.mark.parametrize(("name", "typical", "interval", "minimum"), CASES, ids=[case[0] for case in CASES])
def test_fewer_requests_than_a_flat_interval_and_less_late(
    name: str, typical: float, interval: float, minimum: float
) -> None:
    """Durations spread log-normally around the typical one, a twentieth of the jobs failing early."""
    chance = random.Random(7)
    lives = [typical * chance.lognormvariate(0, 0.4) for _ in range(3000)]
    lives = [life if chance.random() > 0.05 else chance.uniform(0, typical / 4) for life in lives]
    ours = [0.0, 0.0]
    flat = [0.0, 0.0]
    for life in lives:
        for totals, flat_interval in ((ours, 0.0), (flat, interval)):
            at = 0.0
            while at < life:
                at += flat_interval or wait_seconds(at, typical=typical, interval=interval, minimum=minimum)
                totals[0] += 1
            totals[1] += at - life
    assert ours[0] < flat[0]
    assert ours[1] < flat[1]
