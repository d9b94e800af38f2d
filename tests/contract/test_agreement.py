"""Real documents: our validation and an independent validator say the same of the same requests."""

from __future__ import annotations

import pytest

from contract.agreement import agreement
from contract.fetch_documents import CACHE

DOCUMENTS = ("adyen-checkout", "asana", "openai", "stripe", "twilio", "zoom")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_both_say_the_same(name: str) -> None:
    path = CACHE / f"{name}.json"
    if not path.exists():
        pytest.skip(f"{path.name} not fetched: make documents")
    row = agreement(path, seconds=60, most=15)
    assert row.differences == ()
    assert row.bodies > 60
