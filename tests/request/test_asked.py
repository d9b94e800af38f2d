"""What a command said, and whether it can be said again in a printed one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from generate_media.core.text import KnownKeys, hide_key
from generate_media.request.asked import GONE, asked_of, words_of

KEY = "sk-test-0123456789abcdef"


def asked(flags: dict[str, Any] | None = None, payload: Any = None, **values: Any) -> dict[str, Any]:
    return asked_of(values, flags or {}, payload, values.pop("openapi", ()))


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (asked(prompt="a 'b' $c"), ["--prompt=a 'b' $c"]),
        (asked({"audio-track": False}, prompt="a"), ["--prompt=a", "--no-audio-track"]),
        (asked({"watermark": True, "seed": 7}, fit=True), ["--fit", "--watermark", "--seed=7"]),
        (asked({"image": ("https://a.example/b.png",)}), ["--image=https://a.example/b.png"]),
        (asked(set=["a=1", "b=2"]), ["--set=a=1", "--set=b=2"]),
        (asked(payload={"prompt": "ä"}), ['--payload={"prompt": "ä"}']),
        (asked(prompt="x", prompt_from="-"), None),
        (asked({"image": ("https://a.example/b.png?X-Signature=0123456789abcdef",)}), None),
        (asked({"image": ("data:image/png;base64,AAAA",)}), None),
        (asked({"image": ("@shot1",)}), None),
        (asked(payload={"image": "data:image/png;base64," + "A" * 400}), None),
        (asked(payload={"prompt": "a" * 5000}), None),
        (asked(prompt="a\0b"), None),
        (None, None),
        ({}, None),
        ("damaged", None),
    ],
)
def test_words(said: Any, words: list[str] | None) -> None:
    assert words_of(said) == words


def test_files_hold_in_every_folder_and_only_while_they_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.png").write_bytes(b"x")
    Path("words.txt").write_text("x")
    said = asked({"first-frame": "a.png"}, prompt="x", prompt_from="words.txt")
    monkeypatch.chdir("/")
    assert words_of(said) == [f"--prompt-file={tmp_path}/words.txt", f"--first-frame={tmp_path}/a.png"]
    (tmp_path / "a.png").unlink()
    assert words_of(said) is None


def test_a_key_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("generate_media.core.text._known", KnownKeys())
    hide_key(KEY)
    said = asked(payload={"api": KEY}, set=[f"token={KEY}"])
    assert said == {"set": [GONE], "payload": GONE}
