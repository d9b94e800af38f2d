"""How a script starts where its packages are missing, and where the bundle's .venv has them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from generate_media.cli.script import Requirement, missing_requirements, requirements
from generate_media.core.paths import BUNDLE

ENTRY_SCRIPTS = (
    "create_and_wait",
    "wait_generation",
    "inspect_openapi",
    "ensure_api_key",
    "handle_runtime_error",
    "sandbox",
)


def bare_python(tmp_path: Path) -> str:
    """A python without any of our packages."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True)
    return str(tmp_path / "bare/bin/python")


def copy_bundle(tmp_path: Path) -> Path:
    import shutil

    target = tmp_path / "generate-media"
    for name in ("scripts", "references"):
        shutil.copytree(BUNDLE / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("config.json", "config.schema.json", "requirements.txt"):
        shutil.copy(BUNDLE / name, target / name)
    return target


@pytest.mark.parametrize("script", ENTRY_SCRIPTS)
def test_without_packages_help_works_and_the_rest_says_what_to_install(tmp_path: Path, script: str) -> None:
    bundle, python = copy_bundle(tmp_path), bare_python(tmp_path)
    run = subprocess.run(
        [python, str(bundle / f"scripts/{script}.py"), "--help"], capture_output=True, text=True, check=False
    )
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("usage: ")
    run = subprocess.run([python, str(bundle / f"scripts/{script}.py")], capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert run.stderr == ""
    error = json.loads(run.stdout)
    assert error["error"] == "missing_dependency"
    assert f'-m pip install -r "{bundle / "requirements.txt"}"' in error["install"]
    assert any("uv run" in line for line in error["guidance"])
    assert any("python3-venv" in line for line in error["guidance"])


def test_the_bundles_own_venv_takes_over_once(tmp_path: Path) -> None:
    bundle, python = copy_bundle(tmp_path), bare_python(tmp_path)
    os.symlink(Path(sys.prefix), bundle / ".venv")
    run = subprocess.run(
        [python, str(bundle / "scripts/handle_runtime_error.py"), "--status", "402"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 20, run.stdout + run.stderr
    assert json.loads(run.stdout)["category"] == "insufficient_credits"


def test_versions_below_the_range_count_as_missing(tmp_path: Path) -> None:
    for item in requirements():
        (tmp_path / f"{item.name.replace('-', '_')}-{'.'.join(map(str, item.lowest))}.dist-info").mkdir()
    assert missing_requirements([str(tmp_path)]) == []
    (tmp_path / "requests-2.31.dist-info").rmdir()
    (tmp_path / "requests-2.28.1.egg-info").mkdir()
    assert missing_requirements([str(tmp_path)]) == ["requests"]
    assert not Requirement("x", (2, 31), (3,)).met_by("3.0.0")
    assert Requirement("x", (2, 31), (3,)).met_by("2.99.1")


@pytest.mark.parametrize("script", [*ENTRY_SCRIPTS, "gallery"])
def test_inline_metadata_and_requirements_agree(script: str) -> None:
    text = (BUNDLE / f"scripts/{script}.py").read_text(encoding="utf-8")
    block = re.search(r"# /// script\n(.*?)# ///", text, re.DOTALL)
    assert block is not None
    listed = re.findall(r'#\s+"([^"]+)"', block[1].split("dependencies")[1])
    wanted = [line for line in (BUNDLE / "requirements.txt").read_text().splitlines() if line]
    assert listed == wanted
    assert 'requires-python = ">=3.10"' in block[1]
