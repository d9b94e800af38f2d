"""A seeded sample of the fault matrix; ``make faults`` runs every row."""

from __future__ import annotations

import os

from faults.bench import run_rows, sample

SEED = int(os.environ.get("GENERATE_MEDIA_SEED", "20261121"))
ROWS = 24


def test_a_sample_of_the_matrix() -> None:
    chosen = sample(ROWS, SEED)
    results = list(run_rows(chosen, processes=2))
    print(f"seed {SEED}: {len(results)} rows, {sum(result.jobs for result in results)} jobs")
    assert len(results) == ROWS
    assert {row.operation for row, _ in chosen} == {"connect", "tls", "create", "poll", "download"}
    assert not [result for result in results if result.wrong]
    assert not sum(result.leaks for result in results)
