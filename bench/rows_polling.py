"""(j) The polling schedule, simulated; no wall time. Requests a job, and how late its end is noticed, against the best
for as many requests; (k) a thousand jobs that share a provider's requests a minute.

Durations are log-normal around the provider's typical seconds (config.json), sigma 0.4: two thirds of the jobs end
between 0.67 and 1.5 times the typical time; one in twenty fails within its first quarter.
"""

from __future__ import annotations

import heapq
import math
import random
import sys
from collections.abc import Iterator
from functools import cache

from best_looks import best_lateness
from harness import SCRIPTS, Desk, Row

sys.path.insert(0, str(SCRIPTS))
from generate_media.config.settings import ProviderSettings, load_settings
from generate_media.core.clock import Clock
from generate_media.core.paths import CONFIG_FILE
from generate_media.job.crowd import Crowd
from generate_media.job.schedule import LOOKS, NEAREST, Schedule, schedule_for
from generate_media.job.spread import Lasted, Spread, learned

SIGMA, EARLY_FAILURES = 0.4, 0.05
JOBS, LEARNED_FROM = 6000, 100
LATE_SECONDS = {"skills.video": 0.9, "agnes": 3.0, "agcloud": 2.7, "ark": 2.7, "byteplus": 2.7}
MOST_REQUESTS, MOST_RATIO = 20.0, 1.10
CROWD, CROWD_PER_MINUTE, CREATES_PER_SECOND = 1000, 180.0, 1.0


def polling_rows(desk: Desk) -> list[Row]:
    """(j) for every provider and kind that may be polled; (k)."""
    jobs = JOBS if desk.runs > 1 else 50
    rows: list[Row] = []
    for provider in load_settings(CONFIG_FILE).providers.values():
        for kind, typical in provider.typical_seconds.items():
            if kind == "image" and (provider.protocol == "agnes" or desk.runs == 1):
                continue  # Agnes's images are answered by the create itself
            rows += _rows(provider, kind, typical, jobs)
    return [*rows, *_misjudged(jobs), *_crowd_rows(CROWD if desk.runs > 1 else 200)]


@cache
def _ended_by(typical: float, seconds: float) -> float:
    if seconds <= 0:
        return 0.0
    normal = 0.5 * math.erfc(-math.log(seconds / typical) / SIGMA / math.sqrt(2))
    return (1 - EARLY_FAILURES) * normal + EARLY_FAILURES * min(1.0, seconds / (typical / 4))


@cache
def _best(typical: float, nearest: float, budget: float) -> float:
    return best_lateness(lambda seconds: _ended_by(typical, seconds), typical, nearest, budget)


def a_life(chance: random.Random, typical: float) -> tuple[float, bool]:
    """How long a job lasts, and whether it made something."""
    life = typical * chance.lognormvariate(0.0, SIGMA)
    return (chance.uniform(0.0, typical / 4), False) if chance.random() < EARLY_FAILURES else (life, True)


def _rows(provider: ProviderSettings, kind: str, typical: float, jobs: int) -> Iterator[Row]:
    interval, minimum = provider.poll_interval, provider.min_poll_interval
    most_late, budget = LATE_SECONDS[provider.name], LOOKS * typical / interval
    best = _best(typical, max(minimum, NEAREST * interval), budget)
    flat = _flat(typical, interval, jobs)
    first = _lived(schedule_for(Spread(typical), typical=typical, interval=interval, minimum=minimum), typical, jobs)
    told = f"best for {budget:.1f}: {best:.2f} s; flat {interval:g} s: {flat[0]:.1f}, {flat[1]:.2f} s"
    few = provider.name == "skills.video" or kind == "image"
    target = f"≤ {most_late} s, ≤ {MOST_RATIO:.2f} of the best" + ("" if few else f", ≤ {MOST_REQUESTS:g} requests")
    named = (("before anything is learned", first), ("learned", _learning(provider, typical, typical, jobs)))
    for name, (requests, late) in named:
        holds = late <= most_late and late <= MOST_RATIO * best and (few or requests <= MOST_REQUESTS)
        yield Row(f"(j) {provider.name}, {kind}, typically {typical:g} s, {name}",
                  f"{requests:.1f} requests, {late:.2f} s late", told, f"{late / best:.2f}", target, holds)  # fmt: skip


def _looks(schedule: Schedule, life: float) -> tuple[float, float, int]:
    """When a job was last seen running, and first seen done, and after how many looks."""
    before, at, looks = 0.0, 0.0, 0
    while at < life:
        before, at, looks = at, at + schedule.wait_seconds(at), looks + 1
    return before, at, looks


def _lived(schedule: Schedule, typical: float, jobs: int) -> tuple[float, float]:
    """(requests a job, mean lateness)."""
    chance, requests, late = random.Random(1), 0, 0.0
    for _ in range(jobs):
        life, _made = a_life(chance, typical)
        _, at, looks = _looks(schedule, life)
        requests, late = requests + looks, late + at - life
    return requests / jobs, late / jobs


def _learning(provider: ProviderSettings, told: float, typical: float, jobs: int) -> tuple[float, float]:
    """The same of jobs that each learn from what those before saw, the first LEARNED_FROM of them not counted."""
    interval, minimum = provider.poll_interval, provider.min_poll_interval
    chance, seen = random.Random(2), list[Lasted]()
    requests, late, counted = 0, 0.0, 0
    for number in range(LEARNED_FROM + jobs // 2):
        if number % 10 == 0:
            spread = learned(seen[-LEARNED_FROM:], told)
            schedule = schedule_for(spread, typical=told, interval=interval, minimum=minimum)
        life, made = a_life(chance, typical)
        before, at, looks = _looks(schedule, life)
        seen += [(before, at)] if made else []
        if number >= LEARNED_FROM:
            requests, late, counted = requests + looks, late + at - life, counted + 1
    return requests / counted, late / counted


def _misjudged(jobs: int) -> Iterator[Row]:
    """Ark's clips where they take half, or twice, what config.json takes for typical."""
    provider = load_settings(CONFIG_FILE).providers["ark"]
    typical, interval = provider.typical_seconds["video"], provider.poll_interval
    unlearned = schedule_for(Spread(typical), typical=typical, interval=interval, minimum=0.0)
    for factor in (0.5, 2.0):
        life = factor * typical
        requests, late = _learning(provider, typical, life, jobs)
        first, first_late = _lived(unlearned, life, jobs)
        best = _best(life, NEAREST * interval, MOST_REQUESTS)
        reference = f"unlearned: {first:.1f} requests, {first_late:.2f} s; best for {MOST_REQUESTS:g}: {best:.2f} s"
        holds = requests <= MOST_REQUESTS and late <= MOST_RATIO * best
        ours, target = (
            f"{requests:.1f} requests, {late:.2f} s late",
            f"≤ {MOST_REQUESTS:g}, ≤ {MOST_RATIO:.2f}",
        )
        yield Row(f"(j) ark, video, in truth {life:g} s, learned", ours, reference, f"{late / best:.2f}", target, holds)


def _flat(typical: float, interval: float, jobs: int) -> tuple[float, float]:
    chance, requests, late = random.Random(1), 0, 0.0
    for _ in range(jobs):
        life, _made = a_life(chance, typical)
        looks = math.ceil(life / interval)
        requests, late = requests + looks, late + looks * interval - life
    return requests / jobs, late / jobs


class _StoryClock(Clock):
    """The simulation's own time."""

    story = 0.0

    def now(self) -> float:
        return self.story


def _crowd_rows(jobs: int) -> Iterator[Row]:
    """(k) one is created each second, and all are followed by one process until the last has ended."""
    for name, flat in (("one schedule for all", 0.0), ("each every 10 s, the limit held", 10.0)):
        moments, late = _crowd(jobs, flat)
        most = max(_in_a_minute(moments))
        what = f"(k) {jobs} jobs at {CROWD_PER_MINUTE:g} requests a minute, {name}"
        ours = f"at most {most} a minute, {len(moments) / jobs:.1f} requests a job, {late:.1f} s late"
        yield Row(what, ours) if flat else Row(what, ours, "", "", f"≤ {CROWD_PER_MINUTE:g}", most <= CROWD_PER_MINUTE)


def _crowd(jobs: int, flat: float) -> tuple[list[float], float]:
    """(when requests went out, mean lateness)."""
    clock, chance = _StoryClock(), random.Random(3)
    crowd = Crowd(clock, CROWD_PER_MINUTE)
    schedule = schedule_for(Spread(120), typical=120, interval=10, minimum=0)
    moments: list[float] = []
    late = 0.0

    def turn() -> float:
        at = clock.story + crowd.throttle.turn(math.inf)
        moments.append(at)
        return at

    events: list[tuple[float, int, float, float]] = [
        (number / CREATES_PER_SECOND, number, 0.0, 0.0) for number in range(jobs)
    ]
    while events:  # (when, job, created, ends); a job that ends at 0 is not yet created
        clock.story, number, created, ends = heapq.heappop(events)
        answered = turn()
        if ends == 0.0:
            created, ends = answered, answered + a_life(chance, 120)[0]
        elif answered >= ends:
            late += answered - ends
            crowd.leave(number)
            continue
        wait = flat or crowd.shared(number, schedule.wait_seconds(answered - created))
        heapq.heappush(events, (answered + wait, number, created, ends))
    return moments, late / jobs


def _in_a_minute(moments: list[float]) -> Iterator[int]:
    """For each request, how many went out in the minute that it begins."""
    last = 0
    for first, moment in enumerate(moments):
        while last < len(moments) and moments[last] < moment + 60 - 1e-6:
            last += 1
        yield last - first
