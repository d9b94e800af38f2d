"""Documents of strangers have a budget: each command answers, in a sentence, and nothing is sent.

The limits are config.json's: few nodes, so that they are reached at once, and seconds that no machine needs.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import inspect_openapi
from conftest import Desk, Ran
from contract.bombs import BOMBS, HUGE, MODEL, Bomb, of, thing
from contract.documents import of_schema
from generate_media.contract.budget import Budget, TooLarge
from generate_media.contract.catalog import open_contract
from generate_media.contract.validate import check
from generate_media.events.printer import run_document

NODES = 60_000
CASES = pytest.mark.parametrize("bomb", list(BOMBS.values()), ids=list(BOMBS))


@pytest.fixture
def limits(desk: Desk) -> str:
    return str(desk.write_config(document_nodes=NODES, document_seconds=3600))


@pytest.fixture
def written(tmp_path: Path) -> Callable[[Bomb], str]:
    def write(bomb: Bomb) -> str:
        path = tmp_path / ("bomb.json" if bomb.text[:1] in "{[" else "bomb.yaml")
        path.write_text(bomb.text)
        return str(path)

    return write


def inspect(desk: Desk, *args: str) -> Ran:
    """inspect_openapi.py with its errors printed, as the script does."""
    desk.capture()
    code = run_document(inspect_openapi.main, args)
    captured = desk.capture()
    return Ran(code, captured.out, captured.err)


def says(ran: Ran, expected: tuple[int, str]) -> Any:
    """One JSON document with these words and this exit code; nothing on stderr."""
    document = json.loads(ran.out)
    assert ran.code == expected[0], ran.out[:2000]
    assert expected[1] in json.dumps(document), ran.out[:2000]
    assert ran.err == ""
    return document


@CASES
def test_an_endpoint_is_described(desk: Desk, bomb: Bomb, limits: str, written: Callable[[Bomb], str]) -> None:
    asked = ("--openapi", written(bomb), "--endpoint", MODEL, "--config", limits)
    found = says(inspect(desk, *asked, "--include-template"), bomb.template)
    assert ("template_problem" in found) == (bomb.template[1] != "" and found.get("request_template", 0) is None)
    says(inspect(desk, *asked, "--full"), bomb.full)


@CASES
def test_a_request_is_checked(desk: Desk, bomb: Bomb, limits: str, written: Callable[[Bomb], str]) -> None:
    request = json.dumps(bomb.request)
    asked = ("--openapi", written(bomb), "--config", limits)
    found = says(inspect(desk, *asked, "--endpoint", MODEL, "--validate", request), bomb.validate)
    create = ("--model", MODEL, "--provider", "skills.video", "--payload", request, "--dry-run")
    sent = says(desk.call("create_and_wait", *asked, *create), bomb.create or bomb.validate)
    if found.get("ok"):
        assert sent["unchecked"] == found["unchecked"]


def test_lists_of_a_document_end_too(desk: Desk, limits: str, written: Callable[[Bomb], str]) -> None:
    for bomb in BOMBS.values():
        for what in ("--models", "--list-endpoints"):
            ran = inspect(desk, "--openapi", written(bomb), what, "--config", limits)
            assert ran.code in (0, 2)
            assert json.loads(ran.out)


def test_a_job_goes_on_with_a_warning_of_what_was_not_checked(desk: Desk, written: Callable[[Bomb], str]) -> None:
    desk.write_config(document_nodes=NODES, document_seconds=3600)
    bomb = BOMBS["doubling by allOf"]._replace(text=BOMBS["doubling by allOf"].text.replace(MODEL, NANO))
    ran = desk.run("--openapi", written(bomb), "--model", NANO, "--payload", '{"prompt": "a boat"}')
    assert ran.code == 0
    assert any(HUGE in line["message"] for line in ran.events("warning"))


NANO = "google/nano-banana-pro"


def test_the_seconds_are_counted_by_the_clock_that_is_handed_in(written: Callable[[Bomb], str]) -> None:
    """A clock of which each look takes a second: the eleventh is too late."""
    ticks = itertools.count()
    with pytest.raises(TooLarge, match="more than 10 seconds"):
        open_contract(
            "", [Path(written(BOMBS["YAML aliases of aliases"]))], budget=Budget(seconds=10, now=lambda: next(ticks))
        )


def test_each_question_has_its_own_budget_but_too_large_stays_too_large() -> None:
    budget = Budget(nodes=10)
    for _ in range(3):
        budget.spend(8)
        budget.restart()
    for _ in range(2):
        with pytest.raises(TooLarge, match=r"a\.json is too large to unfold: more than 10 nodes"):
            budget.spend(11, "a.json")
        budget.restart()
    with pytest.raises(TooLarge):
        budget.spend(1)


def test_every_line_of_a_batch_has_its_own_budget(desk: Desk, tmp_path: Path) -> None:
    """Thirty lines, of which a handful would spend the budget."""
    (tmp_path / "mine.json").write_text(of(thing("prompt", **{f"f{i}": {"enum": ["x"] * 50} for i in range(60)})))
    body = {"prompt": "a", **{f"f{i}": "x" for i in range(60)}}
    lines = [json.dumps({"model": MODEL, "payload": {**body, "prompt": f"boat {i}"}}) for i in range(30)]
    (tmp_path / "jobs.jsonl").write_text("\n".join(lines))
    config = str(desk.write_config(document_nodes=NODES, document_seconds=3600))
    flags = ("--provider", "skills.video", "--openapi", str(tmp_path / "mine.json"), "--config", config, "--dry-run")
    ran = desk.call("create_and_wait", "--batch", str(tmp_path / "jobs.jsonl"), *flags)
    assert ran.code == 0, ran.out[:2000]
    assert not any("too large" in json.dumps(line) for line in ran.lines)


def test_a_thousand_objections_are_enough() -> None:
    schema = {"type": "object", "additionalProperties": {"type": "integer"}}
    made, endpoint = of_schema(schema)
    problems = made.validate(endpoint, {f"f{i}": "x" for i in range(5000)})
    assert sum(problem.severity == "error" for problem in problems) == 1000
    assert [problem.message for problem in problems if problem.severity == "unchecked"] == [
        "nothing after the first 1000 objections was checked"
    ]
    assert check(endpoint.operation, {}) == ()
