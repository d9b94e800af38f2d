"""File names: ours, safe on every system, the same for the same job."""

from __future__ import annotations

import hashlib
import re
import unicodedata

import pytest
from hypothesis import given, settings, strategies as st

from generate_media.files.names import names_to_try, slug, stem

HOSTILE = [
    "../../etc/passwd",
    "..",
    "a\0b",
    "x" * 5000,
    "CON",
    "com¹",
    "LPT9",
    "name. ",
    "\u202egnp.exe",
    "\u200fشعار",
    "-rf",
    "~",
]
FORBIDDEN = set('<>:"/\\|?*\0') | {chr(code) for code in range(32)}


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("A black cat, on a windowsill!", "a-black-cat-on-a-windowsill"),
        ("黑猫坐在窗台上", "黑猫坐在窗台上"),
        ("Ｆｕｌｌ　ｗｉｄｔｈ", "full-width"),
        ("हिन्दी में चित्र", "हिन्दी-में-चित्र"),
        ("café", "café"),
        ("cafe\u0301", "café"),
        ("../../etc/passwd", "etc-passwd"),
        ("", "untitled"),
        ("🐈🐈", "untitled"),
        ("con", "con-file"),
        ("\u202etxt.exe", "txt-exe"),
        (
            "the quick brown fox jumps over the lazy dog and then it goes home",
            "the-quick-brown-fox-jumps-over-the-lazy-dog-and-then-it",
        ),
    ],
)
def test_slug_is_readable(prompt: str, expected: str) -> None:
    assert slug(prompt) == expected


def test_a_cut_falls_between_characters() -> None:
    assert slug("猫" * 50) == "猫" * 20  # three bytes each, sixty in all
    assert slug("x" + "猫" * 50) == "x" + "猫" * 19


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(st.text(max_size=200), st.sampled_from(HOSTILE), st.text(alphabet="./\\ -\u202e\u0301é猫", max_size=90))
)
def test_any_prompt_gives_a_safe_name(prompt: str) -> None:
    name = slug(prompt)
    data = name.encode("utf-8")  # fails on half a character
    assert 0 < len(data) <= 60
    assert not FORBIDDEN & set(name)
    assert "." not in name
    assert " " not in name
    assert name.strip("-") == name
    assert not any(unicodedata.category(ch) in ("Cc", "Cf", "Cs", "Zs", "Zl", "Zp") for ch in name)
    assert not re.fullmatch(r"con|prn|aux|nul|com\d|lpt\d", name)
    assert len((stem(prompt, "p", "i") + "-1000.jpeg").encode("utf-8")) < 255


def test_a_slug_is_at_most_sixty_bytes() -> None:
    assert max(len(slug(text).encode()) for text in (*HOSTILE, "猫" * 99, "é" * 99, "word " * 99)) <= 60


def test_stem_ends_in_eight_hex_of_provider_and_id() -> None:
    expected = hashlib.sha256(b"agnes\ntask_1").hexdigest()[:8]
    assert stem("a cat", "agnes", "task_1") == f"a-cat-{expected}"
    assert stem("a cat", "agnes", "task_1") != stem("a cat", "agnes", "task_2")
    assert stem("a cat", "agnes", "task_1") != stem("a cat", "ark", "task_1")
    assert stem("\ud800 cat", "agnes", "\ud800")  # a lone surrogate is no reason to fail


def test_candidates_count_from_two() -> None:
    names = names_to_try("cat-1234", ".png")
    assert [next(names) for _ in range(3)] == ["cat-1234.png", "cat-1234-2.png", "cat-1234-3.png"]
