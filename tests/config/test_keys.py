"""Keys: where they are looked for, what is wrong with them in words, and that they never print."""

from __future__ import annotations

import os
import pickle
import traceback
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from generate_media.config.keys import KeyPlaces, SecretKey, find_keys, problem_of

CANARY = "test-canary-4f1d0c"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("<YOUR_API_KEY>", "placeholder"),
        ("your-api-key", "placeholder"),
        ("YOUR_SKILLS_API_KEY_HERE your key", "placeholder"),
        ("sk-...", "placeholder"),
        ("xxxxxxxx", "placeholder"),
        ("test-key\nX-Evil: 1", "line break"),
        ("test-key\r\n", "line break"),
        ("“test-key”", "typographic quotes"),
        ('"test-key"', "quotation marks"),
        ("test key", "spaces"),
        (" test-key", "spaces"),
        ("\ufefftest-key", "byte-order mark"),
        ("test" + "k" * 10_000, "longer than"),
        ("test-ключ", "characters that no key has"),
        ("test-key\x00", "characters that no key has"),
    ],
)
def test_a_broken_key_is_named_as_such(value: str, words: str) -> None:
    assert words in problem_of(value)


@pytest.mark.parametrize("value", ["test", "sk-test-0123456789abcdef", "any.test_value/+=", "dummy"])
def test_any_plausible_key_is_accepted(value: str) -> None:
    assert problem_of(value) == ""


@given(st.text(max_size=200))
def test_what_is_accepted_can_stand_in_a_header(value: str) -> None:
    if value and not problem_of(value):
        assert value.isascii()
        assert not set(value) & set("\r\n \t\"'")


def search(tmp_path: Path, environ: dict[str, str], config: tuple[str, ...] = ()):  # type: ignore[no-untyped-def]
    places = KeyPlaces(("AGNES_API_KEY",), config, ("~/.agnes_api_key", "~/.agnes_api_key_old"))
    return find_keys(places, environ=environ, skill_folder=tmp_path / "skill", home=tmp_path / "home")


def test_sources_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "skill").mkdir()
    (tmp_path / "home" / ".config" / "generate-media").mkdir(parents=True)
    (tmp_path / "skill" / ".env").write_text("\ufeffAGNES_API_KEY=test-dotenv\n", encoding="utf-8")
    (tmp_path / "home/.config/generate-media/.env").write_text("AGNES_API_KEY='test-user-dotenv'\n")
    for name, value in (("", "test-file"), ("_old", "test-file-old")):
        path = tmp_path / f"home/.agnes_api_key{name}"
        path.write_text(f"{value}\n")
        path.chmod(0o600)
    found = search(tmp_path, {"AGNES_API_KEY": "test-env", "AGNES_API_KEYS": "test-a, test-b"}, ("test-config",))
    assert [key.reveal() for key in found.keys] == [
        "test-config", "test-env", "test-a", "test-b", "test-dotenv", "test-user-dotenv", "test-file", "test-file-old",
    ]  # fmt: skip
    assert found.problems == ()
    assert found.warnings == ()


def test_empty_and_placeholder_values_count_as_absent(tmp_path: Path) -> None:
    found = search(tmp_path, {"AGNES_API_KEY": ""}, ("", "<YOUR_API_KEY>"))
    assert found.keys == ()
    assert len(found.problems) == 1
    assert "config.json" in found.problems[0]
    assert "<YOUR_API_KEY>" not in found.problems[0]


@pytest.mark.skipif(os.name == "nt", reason="POSIX modes")
def test_a_key_file_that_others_can_read_draws_a_warning(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    path = tmp_path / "home/.agnes_api_key"
    path.write_text("test-file")
    path.chmod(0o644)
    assert "chmod 600" in search(tmp_path, {}).warnings[0]


def test_the_callers_own_dotenv_is_never_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project/.env").write_text("AGNES_API_KEY=test-other-project\n")
    monkeypatch.chdir(tmp_path / "project")
    assert search(tmp_path, {}).keys == ()


def test_a_key_cannot_print_itself() -> None:
    key = SecretKey(CANARY, "a test")
    shown = [repr(key), str(key), f"{key}", f"{key!r:>80}", "%s" % key, str([key]), str({"k": key})]  # noqa: UP031
    try:
        raise ValueError(key)  # noqa: TRY301 - the traceback is what is looked at
    except ValueError:
        shown.append(traceback.format_exc())
    assert not [text for text in shown if CANARY in text]
    assert not hasattr(key, "__dict__")
    with pytest.raises(TypeError):
        pickle.dumps(key)
    assert key.reveal() == CANARY
