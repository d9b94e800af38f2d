"""How a script starts where its packages are missing, and where the bundle's .venv has them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bundle import ENTRY_SCRIPTS
from calls import copy_bundle
from generate_media.cli.script import Requirement, missing_requirements, requirements
from generate_media.core.paths import BUNDLE


@pytest.mark.parametrize("script", [name for name in ENTRY_SCRIPTS if name != "gallery"])
def test_without_packages_help_works_and_the_rest_says_what_to_install(
    bundle_copy: Path, bare_python: str, script: str
) -> None:
    command = [bare_python, str(bundle_copy / f"scripts/{script}.py")]
    run = subprocess.run([*command, "--help"], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.startswith("usage: ")
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 2
    assert run.stderr == ""
    error = json.loads(run.stdout)
    assert error["error"] == "missing_dependency"
    assert f'-m pip install -r "{bundle_copy / "requirements.txt"}"' in error["install"]
    assert any("uv run" in line for line in error["guidance"])
    assert any("python3-venv" in line for line in error["guidance"])


def test_the_bundles_own_venv_takes_over_once(tmp_path: Path, bare_python: str) -> None:
    bundle = copy_bundle(tmp_path / "generate-media")
    os.symlink(Path(sys.prefix), bundle / ".venv")
    run = subprocess.run(
        [bare_python, str(bundle / "scripts/handle_runtime_error.py"), "--status", "402"],
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


@pytest.mark.parametrize("script", ENTRY_SCRIPTS)
def test_inline_metadata_and_requirements_agree(script: str) -> None:
    text = (BUNDLE / f"scripts/{script}.py").read_text(encoding="utf-8")
    block = re.search(r"# /// script\n(.*?)# ///", text, re.DOTALL)
    assert block is not None
    listed = re.findall(r'#\s+"([^"]+)"', block[1].split("dependencies")[1])
    wanted = [line for line in (BUNDLE / "requirements.txt").read_text().splitlines() if line]
    assert listed == wanted
    assert 'requires-python = ">=3.10"' in block[1]
