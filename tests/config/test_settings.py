"""config.json: the shipped one, and every mistake named with its line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from generate_media.cli.flags import create_parser
from generate_media.config.settings import is_loopback, load_settings
from generate_media.core.errors import UsageError
from generate_media.core.paths import BUNDLE, CONFIG_FILE

SHIPPED: dict[str, Any] = json.loads(CONFIG_FILE.read_text(encoding="utf-8"))
SCHEMA: dict[str, Any] = json.loads((BUNDLE / "config.schema.json").read_text(encoding="utf-8"))


def test_the_shipped_file_is_valid_and_loads() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    Draft202012Validator(SCHEMA).validate(SHIPPED)
    settings = load_settings(CONFIG_FILE)
    assert list(settings.providers) == ["skills.video", "agnes", "agcloud", "ark", "byteplus"]
    assert settings.shared_key_envs() == {"ARK_API_KEY"}
    assert settings.api_key == ""
    assert (settings.document_nodes, settings.document_seconds) == (2_000_000, 10)


@pytest.mark.parametrize(
    ("old", "new", "line_holds", "words"),
    [
        ('"api_key": "",\n  "default', '"api_kee": "",\n  "default', '"api_kee"', "api_kee"),
        ('"poll_interval": 3', '"poll_interval": "3"', '"poll_interval": "3"', "is not of type 'number'"),
        ('"poll_timeout": 900', '"poll_timeout": -1', '"poll_timeout": -1', "less than the minimum"),
        ('"protocol": "skills_video"', '"protocol": "skillsvideo"', '"skillsvideo"', "is not one of"),
        ('"allowed_hosts": ["open.skills.video"]', '"allowed_hosts": "open.skills.video"', "allowed_hosts", "array"),
        ('"default_provider": ""', '"default_provider": "nobody"', None, "nobody"),
        ('"document_nodes": 2000000', '"document_nodes": 0', '"document_nodes"', "less than or equal to the minimum"),
        ('"document_seconds": 10', '"document_seconds": "10"', '"document_seconds"', "is not of type 'number'"),
    ],
)
def test_a_mistake_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, line_holds: str | None, words: str
) -> None:
    text = CONFIG_FILE.read_text(encoding="utf-8")
    assert old in text
    changed = text.replace(old, new, 1)
    path = tmp_path / "config.json"
    path.write_text(changed, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        load_settings(path)
    assert words in caught.value.message
    if line_holds is not None:
        block = next(n for n, row in enumerate(changed.splitlines(), start=1) if line_holds in row)
        assert f"line {block}:" in caught.value.message or "line 1:" in caught.value.message


def test_broken_json_gives_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text('{\n  "providers": {,}\n}')
    with pytest.raises(UsageError, match=r"line 2, column 17"):
        load_settings(path)


ODD_NUMBERS = ("0", "1e-320", "1e400", "1" + "0" * 400, "NaN", "-Infinity", "-1", "true")


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        '{"providers": ' * 3000 + "1" + "}" * 3000,
        '{"providers": ' + "9" * 5000 + "}",
        json.dumps({**SHIPPED, "一" * 2000: 1}),
        *(json.dumps({**SHIPPED, "time_scale": "HERE"}).replace('"HERE"', odd) for odd in ODD_NUMBERS),
        *(json.dumps(SHIPPED).replace('"poll_timeout": 900', f'"poll_timeout": {odd}') for odd in ODD_NUMBERS[2:]),
        "null",
        "{}",
    ],
    ids=lambda text: text[-40:],
)
def test_whatever_json_allows_is_one_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        load_settings(path)
    assert caught.value.code == "config_invalid"


def test_a_missing_file_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        load_settings(tmp_path / "nowhere.json")


@pytest.mark.parametrize(
    ("base_url", "space"),
    [
        ("https://apihub.agnes-ai.com/v1", "agnes"),
        ("https://apihub.agnes-ai.cn/v1", "agnes"),
        ("https://api.agnes-ai.cn/v1", "api.agnes-ai.cn"),
        ("http://127.0.0.1:8787/v1", "http://127.0.0.1:8787"),
    ],
)
def test_key_spaces(base_url: str, space: str) -> None:
    """Facts, agnes: two hosts share keys and tasks, the third has keys of its own."""
    assert load_settings(CONFIG_FILE).providers["agnes"].key_space_of(base_url) == space


@pytest.mark.parametrize(
    ("url", "yes"),
    [
        ("http://localhost:8787/v1", True),
        ("https://LOCALHOST", True),
        ("http://127.0.0.1:8787", True),
        ("http://127.9.9.9", True),
        ("http://[::1]:1/", True),
        ("http://127.1", False),
        ("http://2130706433", False),
        ("http://a.localhost", False),
        ("http://127.0.0.1.evil.test", False),
        ("http://[2002:7f00:1::]", False),
        ("http://[64:ff9b::7f00:1]", False),
        ("http://10.0.0.1", False),
        ("http://[::1", False),
        ("", False),
    ],
)
def test_what_is_this_machine_itself(url: str, yes: bool) -> None:
    assert is_loopback(url) is yes


def test_settings_that_hold_keys_do_not_show_them(tmp_path: Path) -> None:
    config = json.loads(CONFIG_FILE.read_text(encoding="utf-8")) | {"api_key": "top-test-key-123456"}
    for block in config["providers"].values():
        block["api_key"] = "block-test-key-123456"
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    settings = load_settings(path)
    provider = settings.provider("agnes")
    assert settings.config_keys(provider) == ("block-test-key-123456", "top-test-key-123456")
    for shown in (repr(settings), f"{settings}", repr(settings.providers), repr([provider]), str(provider)):
        assert "test-key" not in shown


KEY = "sk-test-0123456789abcdef"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("api_key",), [KEY]),
        (("providers",), [KEY]),
        (("providers", "agnes"), KEY),
        (("providers", "agnes", "api_key"), {"value": KEY}),
        (("providers", "agnes", "protocol"), KEY),
        (("providers", "agnes", "poll_interval"), KEY),
        (("default_provider",), KEY),
    ],
)
def test_a_key_in_a_wrong_place_is_not_said(path: tuple[str, ...], value: object, tmp_path: Path) -> None:
    config = json.loads(json.dumps(SHIPPED))
    place = config
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    file = tmp_path / "config.json"
    file.write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(UsageError) as found:
        load_settings(file)
    assert path[-1] in found.value.message
    assert KEY not in str(found.value.as_json())


def test_help_names_the_providers_of_config_json() -> None:
    names = ", ".join(SHIPPED["providers"])
    assert f"--provider NAME          {names} (config.json)" in create_parser().format_help()
