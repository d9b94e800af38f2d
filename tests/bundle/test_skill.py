"""SKILL.md and the metadata beside it: the rules of the format's clients, its size, and that nothing is missing."""

from __future__ import annotations

import argparse
import ast
import importlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bundle import ENTRY_SCRIPTS, commands_in, published_files, tracked_files
from generate_media.cli.flags import create_parser, wait_parser
from generate_media.core.paths import BUNDLE
from tokens import count

SKILL = (BUNDLE / "SKILL.md").read_text(encoding="utf-8")
FRONT = SKILL.split("---\n")[1]
META: dict[str, Any] = yaml.safe_load(FRONT)
REFERENCES = sorted(f"references/{path.name}" for path in (BUNDLE / "references").glob("*.md"))
DOCUMENTS = ["SKILL.md", "README.md", "README.zh-CN.md", "CONTRIBUTING.md", *REFERENCES]


def parser_of(script: str) -> argparse.ArgumentParser:
    if script == "create_and_wait":
        return create_parser()
    if script == "wait_generation":
        return wait_parser()
    made: argparse.ArgumentParser = importlib.import_module(script).parser()
    return made


def test_frontmatter_has_only_what_every_validator_takes() -> None:
    assert set(META) == {"name", "description", "license", "metadata"}
    assert META["name"] == "generate-media"
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", META["name"])
    assert META["license"] == "MIT-0"
    assert not re.search(r"[{}\[\]]", FRONT), "the official validator refuses YAML in flow style"


def test_description_says_what_when_and_when_not() -> None:
    text = META["description"]
    assert len(text) <= 1024
    assert not set("<>") & set(text)
    for word in ("生图", "生视频", "文生图", "图生视频"):
        assert word in text[:160], "OpenClaw shows about the first 160 characters"
    for word in ("Use when", "Not for", "Agnes AI", "agnes-ai.com", "skills.video", "AGCloud", "Seedance"):
        assert word in text


def test_openclaw_metadata_hides_the_skill_from_nobody() -> None:
    claw = META["metadata"]["openclaw"]
    assert set(claw) == {"emoji", "homepage", "primaryEnv", "requires", "envVars"}
    assert claw["primaryEnv"] == "SKILLS_VIDEO_API_KEY"
    assert claw["requires"] == {"anyBins": ["uv", "python3"]}
    assert all(row["required"] is False and row["description"] for row in claw["envVars"])


def test_every_key_variable_is_listed_everywhere() -> None:
    config = json.loads((BUNDLE / "config.json").read_text(encoding="utf-8"))
    wanted = {row["key_env"] for row in config["providers"].values()} | {"AGNES_API_KEYS"}
    example = (BUNDLE / ".env.example").read_text(encoding="utf-8")
    assert {row["name"] for row in META["metadata"]["openclaw"]["envVars"]} == wanted
    assert set(re.findall(r"^([A-Z_]+)=$", example, re.MULTILINE)) == wanted
    for readme in ("README.md", "README.zh-CN.md"):
        text = (BUNDLE / readme).read_text(encoding="utf-8")
        assert {name for name in wanted if f"`{name}`" in text} == wanted


def test_skill_is_short() -> None:
    assert count(SKILL) <= 1800
    assert len(SKILL.splitlines()) < 500


def test_skill_names_no_placeholder_of_a_single_client() -> None:
    assert "{baseDir}" not in SKILL
    assert "relative to the folder of this file" in SKILL


@pytest.mark.parametrize("script", [name for name in ENTRY_SCRIPTS if name != "sandbox"])
def test_skill_tells_of_every_script_an_agent_needs(script: str) -> None:
    assert f"python3 scripts/{script}.py" in SKILL


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_flag_that_a_document_shows_exists(document: str) -> None:
    text = (BUNDLE / document).read_text(encoding="utf-8")
    for script, words in commands_in(text):
        known = parser_of(script)._option_string_actions
        for word in words:
            if word.startswith("--") and len(word) > 2:
                assert word.split("=")[0].rstrip("…,.") in known, f"{document}: {script}.py {word}"


def test_flags_named_alone_in_the_skill_exist() -> None:
    known = {flag for script in ENTRY_SCRIPTS for flag in parser_of(script)._option_string_actions}
    for flag in re.findall(r"`(--[a-z-]+)", SKILL):
        assert flag in known


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_named_file_exists(document: str) -> None:
    text = (BUNDLE / document).read_text(encoding="utf-8")
    folder = (BUNDLE / document).parent
    for link in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (folder / link).exists(), f"{document}: {link}"
    for name in re.findall(r"\b(?:scripts|references|evals|agents|docs)/[\w./-]+\.\w+", text):
        assert (BUNDLE / name).exists(), f"{document}: {name}"


def test_every_published_file_is_reachable_from_the_skill() -> None:
    files = list(map(Path, published_files()))
    reached, new = set(), {Path("SKILL.md")}
    while new:
        reached |= new
        new = {other for name in new for other in _mentioned(name, files)} - reached
    assert sorted({*files} - reached - {Path("agents/openai.yaml")}) == [], "read by Codex from its fixed place"


def _mentioned(name: Path, files: list[Path]) -> list[Path]:
    """Files that a document names, that a module imports, or whose name or folder stands in a module's strings."""
    if name.suffix in (".json", ".dat", ".html"):
        return []
    text = (BUNDLE / name).read_text(encoding="utf-8")
    if name.suffix != ".py":
        named = [other for other in files if other.name in text]
        return [other for other in named if re.search(rf"(?<![\w-]){re.escape(other.name)}\b", text)]
    tree = ast.parse(text)
    words = {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    # A package's modules may be named as text (providers, sandbox protocols) or imported in any of Python's ways.
    words |= {part for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for part in _imported(node)}
    return [
        other for other in files
        if words & {other.name, other.stem, other.parent.name}
        or (other.name == "__init__.py" and other.parts[0] == "scripts")
    ]  # fmt: skip


def _imported(node: ast.ImportFrom) -> list[str]:
    return [*(node.module or "").split("."), *(alias.name for alias in node.names)]


def test_nothing_that_makes_an_installer_take_it_for_a_plugin() -> None:
    files = set(tracked_files())
    for name in (".claude-plugin/plugin.json", "openclaw.plugin.json", ".codex-plugin/plugin.json", "package.json"):
        assert name not in files
    market = json.loads((BUNDLE / ".claude-plugin/marketplace.json").read_text())
    (plugin,) = market["plugins"]
    assert (plugin["source"], plugin["strict"], plugin["skills"]) == ("./", False, ["./"])


def test_the_network_destinations_are_declared() -> None:
    """Scanners and sandboxes ask which hosts a skill calls: those that config.json lets have a key, and no other."""
    providers = json.loads((BUNDLE / "config.json").read_text(encoding="utf-8"))["providers"].values()
    declared = META["metadata"]["network"].split(", and ")[0].split(", ")
    assert declared == list(dict.fromkeys(host for provider in providers for host in provider["allowed_hosts"]))


def test_codex_metadata() -> None:
    interface = yaml.safe_load((BUNDLE / "agents/openai.yaml").read_text())["interface"]
    assert set(interface) == {"display_name", "short_description", "default_prompt"}
    assert 25 <= len(interface["short_description"]) <= 64


def test_published_set_is_small_and_whole() -> None:
    files = published_files()
    assert all((BUNDLE / name).stat().st_size < 10 << 20 for name in files)
    assert sum((BUNDLE / name).stat().st_size for name in files) < 50 << 20
    assert {"SKILL.md", "LICENSE", "config.json", "requirements.txt", "README.md"} <= set(files)
    assert not [name for name in files if name.startswith(("tests/", "evals/", "bench/", "docs/"))]
    lost = [name for name in tracked_files() if name.startswith(("scripts/", "references/")) and name not in files]
    assert lost == []


def test_no_literal_that_a_scanner_takes_for_a_secret() -> None:
    allowed = re.compile("your|example|placeholder|dummy|test", re.IGNORECASE)
    literal = re.compile(r"""(?i)(?:key|token|secret)\w*["']?\s*[:=]\s*["']([A-Za-z0-9+/_-]{16,})["']""")
    for name in published_files():
        for match in literal.finditer((BUNDLE / name).read_text(encoding="utf-8", errors="replace")):
            is_variable = re.fullmatch("[A-Z_]+", match[1])
            assert is_variable or allowed.search(match[1]), f"{name}: {match[0]}"
