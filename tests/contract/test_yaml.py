"""YAML: what PyYAML writes is read again, anchors and merge keys mean what YAML says, and broken places are named."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, strategies as st

from generate_media.contract.budget import Budget, TooLarge
from generate_media.contract.yaml_tree import BrokenYaml, parse_yaml

values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4)),
    max_leaves=20,
)


@given(value=values, flow=st.booleans())
def test_what_pyyaml_writes_is_read_again(value: Any, flow: bool) -> None:
    text = yaml.safe_dump(value, allow_unicode=True, default_flow_style=flow)
    assert json.dumps(parse_yaml(text, Budget()), sort_keys=True) == json.dumps(value, sort_keys=True)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: &x [1, 2]\nb: *x", {"a": [1, 2], "b": [1, 2]}),
        ("&k a: 1\nb: *k", {"a": 1, "b": "a"}),
        ("a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}", {"a": {"p": 1, "q": 2}, "b": {"p": 1, "q": 3}}),
        ("b: {q: 3, <<: [{q: 1, p: 1}, {p: 2, r: 2}]}", {"b": {"q": 3, "p": 1, "r": 2}}),
        ('{"<<": {a: 1}}', {"<<": {"a": 1}}),
        ("[16:9, on, 2026-01-02, 010, 0x1F, '1']", ["16:9", "on", "2026-01-02", 10, 31, "1"]),
        ("[! 5, ~, .5, 1e3]", [5, None, 0.5, 1000.0]),
        ("[!!str 5, !!int '7', !!float 3, !!timestamp 2001-01-01]", ["5", 7, 3.0, "2001-01-01"]),
        ("!!set {a}", {"a": None}),
        ("", None),
        ("# nothing\n", None),
    ],
)  # fmt: skip
def test_anchors_merges_and_tags(text: str, value: Any) -> None:
    assert json.dumps(parse_yaml(text, Budget()), sort_keys=True) == json.dumps(value, sort_keys=True)


@pytest.mark.parametrize(
    ("text", "words", "line", "column"),
    [
        ("a: 1\nb: *x", "the alias *x", 2, 4),
        ("a: &x [*x]", "the alias *x", 1, 8),
        ("a: {<<: 5}", "a merge key takes", 1, 9),
        ("a: !mine 5", "the tag !mine", 1, 4),
        ("a: 1e999", "is too large", 1, 4),
        (f"a: {'9' * 5000}", "is too large", 1, 4),
        ("a: !!int x", "is no int", 1, 4),
        ("a: 1\n--- \nb: 2", "a second document", 2, 1),
    ],
)
def test_what_is_broken_is_said_with_its_place(text: str, words: str, line: int, column: int) -> None:
    with pytest.raises(BrokenYaml) as caught:
        parse_yaml(text, Budget())
    assert words in caught.value.problem
    assert (caught.value.line, caught.value.column) == (line, column)


@pytest.mark.parametrize(("nodes", "enough"), [(10, True), (9, False)])
def test_an_alias_costs_what_it_names(nodes: int, enough: bool) -> None:
    """One object, three lists, and two values in each: the second and the third time by an alias."""
    text = "{a: &a [1, 2], b: *a, c: *a}"
    if enough:
        assert parse_yaml(text, Budget(nodes)) == {key: [1, 2] for key in "abc"}
        return
    with pytest.raises(TooLarge):
        parse_yaml(text, Budget(nodes))
