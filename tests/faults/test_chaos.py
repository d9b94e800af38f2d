"""A seeded part of ``make chaos``."""

from __future__ import annotations

import os

from faults.chaos import chaos

SEED = int(os.environ.get("GENERATE_MEDIA_SEED", "20261121"))


def test_a_killed_batch_against_a_breaking_server() -> None:
    account = chaos(32, kills=2, seed=SEED, concurrency=16)
    print(f"seed {SEED}: {account}")
    assert not account.wrong, "\n".join(account.wrong)
    assert account.kills == 2
    assert (account.files, account.sidecars, account.duplicates) == (32, 32, 0)
    assert account.jobs == account.known + account.lost_and_made
    assert account.faults
