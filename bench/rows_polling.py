"""Polling that is neither slow nor rude: requests a job and mean lateness, simulated with the product's own schedule.

Durations are log-normal around the provider's typical one (config.json), sigma 0.4: two thirds of the jobs end
between 0.67 and 1.5 times the typical time; one in twenty fails within its first quarter.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable

from harness import SCRIPTS

JOBS = 20_000
SIGMA, EARLY_FAILURES = 0.4, 0.05


def polling_table() -> str:
    """Every provider and kind that may be polled, in Markdown."""
    sys.path.insert(0, str(SCRIPTS))
    from generate_media.config.settings import load_settings
    from generate_media.core.paths import CONFIG_FILE
    from generate_media.job.schedule import wait_seconds

    lines = [
        "| polling (simulated) | requests a job | mean lateness | 95 % within | flat interval: requests | lateness |",
        "|---|---|---|---|---|---|",
    ]
    for provider in load_settings(CONFIG_FILE).providers.values():
        for kind, typical in provider.typical_seconds.items():
            interval, minimum = provider.poll_interval, provider.min_poll_interval
            if provider.protocol == "agnes" and kind == "image":
                continue  # its images are answered by the create itself

            def scheduled(
                elapsed: float, typical: float = typical, interval: float = interval, minimum: float = minimum
            ) -> float:
                return wait_seconds(elapsed, typical=typical, interval=interval, minimum=minimum)

            requests, late, most = simulate(typical, scheduled)
            flat, flat_late, _ = simulate(typical, lambda _, interval=interval: interval)  # type: ignore[misc]
            lines.append(
                f"| {provider.name}, {kind}, typically {typical:g} s | {requests:.1f} | {late:.1f} s | {most:.1f} s "
                f"| {interval:g} s: {flat:.1f} | {flat_late:.1f} s |"
            )
    return "\n".join(lines)


def simulate(typical: float, wait: Callable[[float], float]) -> tuple[float, float, float]:
    """(requests a job, mean lateness in seconds, its 95th percentile)."""
    chance = random.Random(1)
    requests, late = 0, []
    for _ in range(JOBS):
        life = typical * chance.lognormvariate(0.0, SIGMA)
        if chance.random() < EARLY_FAILURES:
            life = chance.uniform(0.0, typical / 4)
        at = 0.0
        while at < life:
            at += wait(at)
            requests += 1
        late.append(at - life)
    return requests / JOBS, sum(late) / JOBS, sorted(late)[int(JOBS * 0.95)]
