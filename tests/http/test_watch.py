from __future__ import annotations

import threading
import time

from generate_media.http.watch import Watch, shared


def test_actions_run_once_in_the_order_of_their_times() -> None:
    watch, done, order = Watch(), threading.Event(), []
    now = time.monotonic()
    for number in (3, 1, 2):
        watch.at(now + number / 20, lambda number=number: order.append(number), brief=True)  # type: ignore[misc]
    watch.at(now + 0.25, done.set)
    assert done.wait(2)
    assert order == [1, 2, 3]
    assert time.monotonic() - now >= 0.25


def test_a_canceled_action_never_runs_and_an_earlier_one_wakes_the_watch() -> None:
    watch, done = Watch(), threading.Event()
    ran: list[str] = []
    late = watch.at(time.monotonic() + 0.1, lambda: ran.append("canceled"))
    watch.at(time.monotonic() + 60, lambda: ran.append("much later"))
    late.cancel()
    late.cancel()
    watch.at(time.monotonic() + 0.2, done.set)
    assert done.wait(2)
    assert ran == []


def test_a_slow_action_delays_no_other() -> None:
    watch, release, done = Watch(), threading.Event(), threading.Event()
    watch.at(time.monotonic(), lambda: release.wait(5))
    began = time.monotonic()
    watch.at(began + 0.05, done.set)
    assert done.wait(2)
    assert time.monotonic() - began < 1
    release.set()


def test_an_action_may_ask_for_the_next() -> None:
    watch, done = Watch(), threading.Event()
    count = 0

    def again() -> None:
        nonlocal count
        count += 1
        if count < 4:
            watch.at(time.monotonic() + 0.01, again)
        else:
            done.set()

    watch.at(time.monotonic(), again)
    assert done.wait(2)


def test_one_thread_for_any_number_and_canceled_ones_are_forgotten() -> None:
    watch = Watch()
    before = set(threading.enumerate())
    alarms = [watch.at(time.monotonic() + 600, lambda: None, brief=True) for _ in range(5000)]
    assert len(set(threading.enumerate()) - before) == 1
    for alarm in alarms[1:]:
        alarm.cancel()
    assert len(watch._heap) < 200


def test_what_is_due_never_comes_too_soon_for_infinity() -> None:
    watch, done = Watch(), threading.Event()
    watch.at(float("inf"), lambda: None)
    watch.at(time.monotonic() + 0.05, done.set)
    assert done.wait(2)


def test_there_is_one_watch_for_the_process() -> None:
    assert shared() is shared()
