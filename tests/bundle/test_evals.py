"""The evaluations: their shape here, and for some of them that the grader tells right from wrong (make eval: all)."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from generate_media.core.paths import BUNDLE

EVALS: dict[str, Any] = json.loads((BUNDLE / "evals/evals.json").read_text(encoding="utf-8"))
TRIGGERS: list[dict[str, Any]] = json.loads((BUNDLE / "evals/triggers.json").read_text(encoding="utf-8"))
TRIED = {
    "sv-edit-local": ("reference", "wrong"),
    "sv-lost-answer": ("reference", "idle", "wrong"),
    "models-question": ("reference", "idle", "wrong"),
    "wish-my-key": ("reference", "twice", "wrong"),
}


@pytest.fixture
def evals_path() -> Iterator[None]:
    """The runner's folder, as when it is started from there."""
    sys.path.insert(0, str(BUNDLE / "evals"))
    yield
    sys.path.remove(str(BUNDLE / "evals"))


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= ch <= "\u9fff" for ch in text)


def test_evals_have_the_known_shape() -> None:
    rows = EVALS["evals"]
    assert EVALS["skill_name"] == "generate-media"
    assert len(rows) >= 15
    assert len({row["name"] for row in rows}) == len(rows)
    for row in rows:
        assert {"id", "name", "prompt", "expected_output", "files", "assertions", "checks"} <= set(row)
        assert row["assertions"]
        assert all(isinstance(words, str) for words in row["assertions"])
        assert {"creates", "files"} <= set(row["checks"]), "what was made, and how often it was paid"


def test_evals_cover_three_providers_and_two_languages() -> None:
    rows = EVALS["evals"]
    for name in ("sv-", "agnes-", "agcloud-"):
        assert len([row for row in rows if row["name"].startswith(name)]) >= 3
    chinese = [row for row in rows if is_chinese(row["prompt"])]
    assert 5 <= len(chinese) <= len(rows) - 5


def test_triggers_are_half_near_misses() -> None:
    assert len(TRIGGERS) == 60
    assert len({row["query"] for row in TRIGGERS}) == 60
    assert all(set(row) == {"query", "should_trigger"} for row in TRIGGERS)
    assert [row["should_trigger"] for row in TRIGGERS].count(True) in range(28, 33)
    runs = [list(run) for _, run in groupby(row["should_trigger"] for row in TRIGGERS)]
    assert max(map(len, runs)) < 10, "their order tells a judge nothing"
    for wanted in (True, False):
        queries = [row["query"] for row in TRIGGERS if row["should_trigger"] is wanted]
        assert any(map(is_chinese, queries))
        assert not all(map(is_chinese, queries))


@pytest.mark.usefixtures("evals_path")
def test_every_evaluation_has_its_scripted_agents_and_known_checks() -> None:
    import grade
    import scripted

    assert set(scripted.AGENTS) == {row["name"] for row in EVALS["evals"]}
    assert {name for row in EVALS["evals"] for name in row["checks"]} <= set(grade._CHECKS)


@pytest.mark.usefixtures("evals_path")
@pytest.mark.parametrize(("name", "variant"), [(name, one) for name, variants in TRIED.items() for one in variants])
def test_the_grader_tells_right_from_wrong(
    name: str, variant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import run

    monkeypatch.setenv("HOME", str(tmp_path))
    (evaluation,) = run.evaluations([name])
    checks = run.attempt_scripted(evaluation, tmp_path / "task", variant)
    failed = [check for check in checks if not check.ok]
    assert (not failed) is (variant == "reference"), failed
