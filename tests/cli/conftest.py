"""What many tests of this room start from and none of them changes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from calls import copy_bundle


@pytest.fixture(scope="session")
def bundle_copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle as it is installed."""
    return copy_bundle(tmp_path_factory.mktemp("copy") / "generate-media")


@pytest.fixture(scope="session")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A python without any of our packages."""
    folder = tmp_path_factory.mktemp("bare")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return str(folder / "bin/python")
