"""Patterns: Python's reading of them, a time-out for a stranger's, and the bundle's proven harmless."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from contract.bombs import MANY_X, MODEL, SLOW, of, thing
from contract.documents import of_schema
from generate_media.contract.patterns import Patterns
from generate_media.core.paths import BUNDLE, REFERENCES

try:
    from re import _parser as sre  # type: ignore[attr-defined]
except ImportError:  # Python 3.10
    import sre_parse as sre

TEXTS = (
    "",
    "a",
    "A1",
    "v{d}",
    "a{e}b",
    "x{2}",
    "aa",
    "aaa",
    "{x}",
    "d",
    "é",
    "\n",
    "a\n",
    "16:9",
    "https://a.test/b.png",
)
PATTERNS = (
    "", "a", "^a$", "^v{d}$", "^v\\{d}$", "a{e}", "[{d}]", "\\\\{d}", "^a{2}$", "^a{2,}$", "^a{,2}$", "^a{2,3}$",
    "^{x}$", "x{2}", "\\w", "\\d", "^\\S+$", "^(?!a)", "(?i)^a1$", "^https?://\\S+$", "a{s<=2}", "{i}", "[a-z]{1,2}$",
    "^[1-9][0-9]*:[0-9]+$", "^(?:a|v)\\b", "\\x41",
)  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_means_what_python_takes_it_for(pattern: str) -> None:
    found = [Patterns(10.0).search(pattern, text) for text in TEXTS]
    assert found == [re.search(pattern, text) is not None for text in TEXTS]


@pytest.mark.parametrize(
    ("pattern", "text", "why"),
    [(SLOW, MANY_X, "it takes too long"), ("(", "x", "it cannot be read"), ("a" * 5000, "a", "it is too long")],
)
def test_what_cannot_be_matched_is_said(pattern: str, text: str, why: str) -> None:
    patterns = Patterns(1.0)
    assert patterns.search(pattern, text) is None
    assert patterns.unchecked == {pattern: why}


def test_a_pattern_of_letters_in_any_script_is_understood() -> None:
    """Python's own ``re`` cannot read it."""
    made, endpoint = of_schema({"type": "object", "properties": {"a": {"type": "string", "pattern": r"^\p{L}+$"}}})
    assert made.validate(endpoint, {"a": "élan"}) == ()
    assert [problem.field for problem in made.validate(endpoint, {"a": "5"})] == ["a"]


def test_slow_patterns_together_take_a_part_of_the_time_only() -> None:
    patterns = Patterns(1.0)
    for index in range(40):
        patterns.search(f"{SLOW}{index}", MANY_X)
    reasons = list(patterns.unchecked.values())
    assert reasons.count("it takes too long") == 10
    assert reasons.count("others took too long") == 30


@pytest.mark.parametrize(
    "schema",
    [
        {"pattern": SLOW},
        {"not": {"pattern": SLOW}},
        {"oneOf": [{"pattern": SLOW}, {"maxLength": 3}]},
        {"oneOf": [{"pattern": SLOW}, {"minLength": 3}]},
        {"if": {"pattern": SLOW}, "then": {"maxLength": 3}},
        {"if": {"pattern": SLOW}, "else": {"maxLength": 3}},
    ],
)
def test_a_pattern_that_was_not_matched_refuses_nothing(schema: Any) -> None:
    """Wherever it stands, either of its answers could be right."""
    made, endpoint = of_schema({"type": "object", "properties": {"a": schema}})
    (problem,) = made.validate(endpoint, {"a": MANY_X})
    assert (problem.severity, SLOW in problem.message) == ("unchecked", True)


def bundled_patterns() -> Iterator[str]:
    for path in sorted(REFERENCES.glob("*.openapi.json")):
        waiting = [json.loads(path.read_text(encoding="utf-8"))]
        while waiting:
            node = waiting.pop()
            waiting += node.values() if isinstance(node, dict) else node if isinstance(node, list) else []
            if isinstance(node, dict):
                yield from [node["pattern"]] if isinstance(node.get("pattern"), str) else []
                yield from node.get("patternProperties") or ()


@pytest.mark.parametrize("pattern", sorted(set(bundled_patterns())))
def test_no_bundled_pattern_can_run_away(pattern: str) -> None:
    """They are matched by ``re``, without a time-out: what repeats without bound is one character, so that the work is
    a polynomial of the text's length; it takes an alternative or a repetition within a repetition to be more."""
    for body in repeated(sre.parse(pattern)):
        assert [str(kind) for kind, _ in body] in (["IN"], ["LITERAL"], ["NOT_LITERAL"], ["ANY"]), pattern


def repeated(parsed: Any) -> Iterator[Any]:
    """The bodies of a parsed pattern's unbounded repetitions."""
    for kind, value in parsed:
        if str(kind) in ("MAX_REPEAT", "MIN_REPEAT") and value[1] == sre.MAXREPEAT:
            yield value[2]
        inner = value if isinstance(value, tuple | list) else ()
        for part in inner:
            for one in part if isinstance(part, list) else (part,):
                if isinstance(one, sre.SubPattern):
                    yield from repeated(one)


def test_the_proof_finds_what_runs_away() -> None:
    for bad in ("^(a+)+$", "(a|a)*b", "(?:x?)*", "(?=(a*)*)"):
        assert any([str(k) for k, _ in body] not in (["IN"], ["LITERAL"]) for body in repeated(sre.parse(bad))), bad


@pytest.mark.parametrize(
    ("args", "loaded"),
    [
        (["--provider", "agnes", "--kind", "video", "--image", "https://a.example/b.png"], False),
        (["--model", MODEL, "--openapi", "plain.json"], False),
        (["--model", MODEL, "--openapi", "pattern.json"], True),
    ],
)
def test_regex_is_loaded_only_to_match_a_users_pattern(args: list[str], loaded: bool, tmp_path: Path) -> None:
    (tmp_path / "plain.json").write_text(of(thing("prompt")))
    (tmp_path / "pattern.json").write_text(of(thing("prompt", prompt={"type": "string", "pattern": "boat"})))
    command = [sys.executable, "-X", "importtime", str(BUNDLE / "scripts/create_and_wait.py")]
    done = subprocess.run(
        [*command, "--dry-run", "--prompt", "a boat", *args],
        cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "GENERATE_MEDIA_STATE_DIR": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    names = {line.rsplit("|", 1)[-1].strip() for line in done.stderr.splitlines()}
    assert "jsonschema" in names
    assert ("regex" in names) is loaded
