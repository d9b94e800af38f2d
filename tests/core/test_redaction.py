"""Keys are cut from text however they are spelled, and nothing else is; the reader of tests/spellings.py decides."""

from __future__ import annotations

import json
import string
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, strategies as st

from generate_media.core.redaction import MARK, Redactor
from generate_media.core.text import clean_text, hide_key
from spellings import CHANGES, INVISIBLE, OBEYED, TRICKY_KEY, every_third, json_escaped, percent, reveals

KEYS = st.text(string.ascii_letters + string.digits + "+/=_-.", min_size=16, max_size=80)
LAYERS = st.lists(
    st.sampled_from([str.swapcase, json_escaped, percent, every_third(percent), every_third(json_escaped),
                     *(mark.join for mark in INVISIBLE)]),
    max_size=3,
)  # fmt: skip
AROUND = st.text(max_size=40)


def test_the_reader_reads_every_spelling() -> None:
    """Else the tests below would show nothing."""
    assert [name for name, change in CHANGES.items() if not reveals(f"a {change(TRICKY_KEY)} b", TRICKY_KEY)] == []
    assert not reveals("sk-test+Ab/9dEf_12", TRICKY_KEY)


@pytest.mark.parametrize("how", CHANGES)
@pytest.mark.parametrize("key", [TRICKY_KEY, "0123456789abcdef", "test-key-with-words", "-+/=" * 3 + "abcd1"])
def test_a_spelling_is_cut_and_the_rest_stays(how: str, key: str) -> None:
    cut = Redactor([key]).cut(f"The provider said: {CHANGES[how](key)} is no key of ours.")
    assert not reveals(cut, key)
    assert MARK in cut
    assert cut.startswith("The provider said: ")
    assert cut.endswith(" is no key of ours.")


@given(KEYS, LAYERS, AROUND, AROUND)
def test_no_layer_of_spellings_hides_a_key(key: str, layers: list[Any], before: str, after: str) -> None:
    spelled = key
    for change in layers:
        spelled = change(spelled)
    redactor = Redactor([key])
    cut = redactor.cut(before + spelled + after)
    assert not reveals(cut, key) or reveals(before + after, key)
    assert not redactor.holds(cut)
    assert redactor.cut(cut) == cut


@given(KEYS, st.integers(0, 30), st.binary(max_size=40), st.binary(max_size=40))
def test_base64_of_anything_around_a_key(key: str, spaces: int, before: bytes, after: bytes) -> None:
    import base64

    text = base64.b64encode(before + b" " * spaces + key.encode() + after).decode()
    assert not reveals(Redactor([key]).cut(f"x: {text}"), key)


@pytest.mark.parametrize("length", [32, 33, 34])
def test_no_bit_of_a_key_is_left_beside_it(length: int) -> None:
    """Base64's outermost characters hold bits of the key and of its neighbour."""
    import base64

    key = "test-0123456789-abcdefghijklmnopqrs"[:length]
    for lead in (b"", b"a", b"ab"):
        cut = Redactor([key]).cut(f"x {base64.b64encode(lead + key.encode()).decode()} y")
        own = base64.b64encode(lead).decode()[: len(lead) * 8 // 6]
        assert cut == f"x {own}<key> y"


@given(st.text(max_size=300))
def test_other_text_stays_as_it_is(text: str) -> None:
    redactor = Redactor([TRICKY_KEY, "test-another-key-0123456789"])
    assert redactor.cut(text) == text


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20))  # fmt: skip
def test_a_value_without_a_key_is_the_same_value(value: Any) -> None:
    assert Redactor([TRICKY_KEY]).cut_all(value) is value


@given(KEYS, st.integers(1, 15))
def test_a_key_in_pieces_is_cut_as_a_whole(key: str, at: int) -> None:
    cut = Redactor([key]).cut_all({"pieces": ["a", key[:at], key[at:], "b"], "other": "stays"})
    assert not reveals(json.dumps(cut).replace('", "', ""), key)
    assert cut["other"] == "stays"


@pytest.mark.parametrize("key", ["test-short-key", "password"])
def test_a_short_key_may_be_a_word_and_stays(key: str) -> None:
    assert Redactor([key]).cut(f"{key} or not") == f"{key} or not"


def test_names_numbers_and_deep_places_are_looked_through() -> None:
    value = {TRICKY_KEY: 1, "a": [{"b": [TRICKY_KEY]}], "c": 1234567890123456, "d": 1.5, "e": None}
    cut = Redactor([TRICKY_KEY, "1234567890123456"]).cut_all(value)
    assert cut == {MARK: 1, "a": [{"b": [MARK]}], "c": MARK, "d": 1.5, "e": None}


def test_no_depth_is_too_deep() -> None:
    value: Any = TRICKY_KEY
    for _ in range(5000):
        value = [{"in": value}]
    cut = json.dumps(Redactor([TRICKY_KEY]).cut_all(value))
    assert not reveals(cut, TRICKY_KEY)
    assert "nested too deep" in cut


def test_our_own_fields_stay_but_not_in_what_a_server_sent() -> None:
    ours = frozenset({"path"})
    row = {"path": f"/home/{TRICKY_KEY}/cat.png", "response": {"path": TRICKY_KEY}, "status": TRICKY_KEY}
    cut = Redactor([TRICKY_KEY]).cut_all(row, ours)
    assert cut == {"path": row["path"], "response": {"path": MARK}, "status": MARK}


def test_what_is_left_of_two_keys_is_no_key() -> None:
    inner = "test-inner-key-0123456789"
    cut = Redactor([TRICKY_KEY, inner]).cut(TRICKY_KEY[:9] + inner + TRICKY_KEY[9:])
    assert not reveals(cut, inner)
    nested = "sk-my-key-test-0123456789"  # what is put in place of a key holds a word of this one
    assert Redactor([nested]).cut("sk-my-" + nested + "-test-0123456789") == MARK


@pytest.mark.parametrize("key", ["", " ", "ключ" * 8, "\u200b" * 20, "。" * 20])
def test_a_key_that_nobody_could_see_cuts_nothing(key: str) -> None:
    assert Redactor([key]).cut("nothing to see") == "nothing to see"


@pytest.mark.parametrize(
    "text",
    ["%41x" * 50_000, "%25" * 60_000, "\\u0041" * 30_000, "&#65;" * 40_000, "&" * 200_000, "\\" * 200_000,
     "一只猫" * 60_000, TRICKY_KEY * 4_000, ("%25" * 5 + TRICKY_KEY) * 2_000,
     "\x1b[" * 100_000, "\x1b]" * 100_000, "\x1b[" + "0" * 200_000, "\x1b " * 100_000, "\x1b]" + "x" * 200_000],
    ids=lambda text: ascii(text[:8]),
)  # fmt: skip
def test_a_long_text_of_anything_takes_time_in_proportion(text: str) -> None:
    """By processor time against a tenth of the same text: no machine is too busy for that."""
    redactor = Redactor([TRICKY_KEY])
    spent(redactor.cut, text[:1000])
    assert spent(redactor.cut, text) < 30 * (spent(redactor.cut, text[: len(text) // 10]) + 0.005)
    assert not redactor.holds(redactor.cut(text))


def spent(cut: Callable[[str], str], text: str) -> float:
    """Seconds of this process."""
    began = time.process_time()
    cut(text)
    return time.process_time() - began


def test_a_key_in_a_key_in_a_key_takes_time_in_proportion() -> None:
    """What is put in place of the innermost makes up the next one, as long as anybody looks."""
    redactor = Redactor(["my-key-test-0123456789"])

    def nested(deep: int) -> str:
        return "before " + "my" * deep + "my-key-test-0123456789" + "test0123456789" * deep + " after"

    spent(redactor.cut, nested(10))
    assert spent(redactor.cut, nested(1000)) < 30 * (spent(redactor.cut, nested(100)) + 0.01)
    assert redactor.cut(nested(3)) == f"before {MARK} after"
    assert not redactor.holds(redactor.cut(nested(100)))


@pytest.mark.parametrize("mark", OBEYED.values(), ids=OBEYED)
def test_no_sequence_of_a_terminal_is_half_taken_out(mark: str) -> None:
    """Without its first character, which is not shown, the rest of it would stand between the letters of a key."""
    hide_key(TRICKY_KEY)
    for key in (mark.join(TRICKY_KEY), json_escaped(mark.join(TRICKY_KEY)), f"\x1b[{TRICKY_KEY}"):
        shown = clean_text(f"code {key} words")
        assert shown.replace("[", "") == f"code {MARK} words"


def test_what_is_shown_of_an_endless_text_is_all_that_is_looked_through() -> None:
    hide_key(TRICKY_KEY)
    endless = TRICKY_KEY + "%25" * 1_000_000 + TRICKY_KEY
    assert spent(clean_text, endless) < 30 * (spent(clean_text, endless[:60_000]) + 0.01)
    assert clean_text(endless, 20) == f"{MARK}%25%25%25%25%2…"
    for at in (1, len(TRICKY_KEY) // 2):  # whatever part of a key is the last that is looked at
        ends = " ".join([TRICKY_KEY] * 4000)[at:] + "x" * 70_000
        assert not reveals(clean_text(ends, 300), TRICKY_KEY[:12])
