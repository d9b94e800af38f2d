from __future__ import annotations

import time
from random import Random

import pytest

from clocks import QuickClock, StillClock, retries
from generate_media.core.errors import Category
from generate_media.core.failure import Failure
from generate_media.http.retry import OutOfTime, RetryPolicy
from generate_media.providers.retry_after import parse_retry_after

NOW = 1_445_412_400.0  # Wed, 21 Oct 2015 07:26:40 GMT


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        (" 7 ", 7.0),
        ("1.5", 1.5),
        ("5, 30", 30.0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 80.0),
        ("Wednesday, 21-Oct-15 07:28:00 GMT", 80.0),  # RFC 850, obsolete, to be accepted
        ("Wed Oct 21 07:28:00 2015", 80.0),  # asctime, obsolete, to be accepted
        ("Wed, 21 Oct 2015 07:00:00 GMT", 0.0),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1e3", None),
        ("inf", None),
        ("nan", None),
        ("٣", None),  # a digit, but not an ASCII one
        ("9" * 400, None),
        ("Wed, 99 Oct 99999 07:28:00 GMT", None),
        ("x" * 100_000, None),
    ],
)
def test_retry_after_is_a_number_or_a_date(value: str, seconds: float | None) -> None:
    assert parse_retry_after({"retry-after": value}, NOW) == seconds


@pytest.mark.parametrize("value", ["Wed Oct 21 07:28:00 2015", "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_dates_are_utc_whatever_the_machines_zone(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    try:
        assert parse_retry_after({"retry-after": value}, NOW) == 80.0
    finally:
        monkeypatch.undo()
        time.tzset()


def test_no_retry_after() -> None:
    assert parse_retry_after({"content-type": "text/html"}, NOW) is None


@pytest.mark.parametrize(("attempt", "delay"), [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 16), (1000, 16)])
def test_delays_double_up_to_their_cap_and_jitter_stays_below(attempt: int, delay: float) -> None:
    waits = [RetryPolicy().wait_seconds(attempt, None, 0.0, Random(seed)) for seed in range(200)]
    assert delay / 2 <= min(waits)
    assert max(waits) <= delay
    assert len(set(waits)) > 100


@pytest.mark.parametrize(
    ("retry_after", "minimum", "at_least"), [(30.0, 0.0, 30.0), (0.0, 10.0, 10.0), (30.0, 60.0, 60.0)]
)
def test_what_the_provider_asks_for_wins(retry_after: float, minimum: float, at_least: float) -> None:
    assert RetryPolicy().wait_seconds(1, retry_after, minimum, Random(1)) == at_least


def test_a_short_retry_after_does_not_shorten_the_wait() -> None:
    assert RetryPolicy().wait_seconds(5, 0.0, 0.0, Random(1)) >= 8


def test_a_crowd_that_was_turned_away_together_does_not_come_back_together() -> None:
    waits = [RetryPolicy().wait_seconds(1, 60.0, 0.0, Random(seed), crowd=True) for seed in range(200)]
    assert min(waits) >= 60.0
    assert max(waits) <= 90.0
    assert len(set(waits)) > 100


def test_each_wait_is_told_and_slept_and_a_good_answer_starts_anew() -> None:
    clock, told = QuickClock(), list[tuple[Failure, float, int]]()
    tries = retries(clock, notes=told)
    for asked in (None, 40.0, 0.0):
        tries.wait(Failure(Category.TRANSIENT, "busy", retry_after_seconds=asked))
    tries.failed = 0
    tries.wait(Failure(Category.TRANSIENT, "busy"), minimum=5.0)
    assert [attempt for _, _, attempt in told] == [1, 2, 3, 1]
    assert clock.waits == [wait for _, wait, _ in told]
    assert clock.waits[1] == 40.0
    assert clock.waits[3] == 5.0


def test_a_wait_that_reaches_the_deadline_is_neither_told_nor_begun() -> None:
    clock, told = StillClock(), list[tuple[Failure, float, int]]()
    with pytest.raises(OutOfTime):
        retries(clock, 40.0, told).wait(Failure(Category.TRANSIENT, "busy", retry_after_seconds=40.0))
    assert (clock.waits, told) == ([], [])
