"""External programs that some tests use: skipped by name where missing, a failure under CI=true."""

from __future__ import annotations

import os
import shutil

import pytest


def require_tool(name: str) -> str:
    """The path of a program from the Debian packages that the README names."""
    path = shutil.which(name)
    if path is None:
        reason = f"{name} is not installed (the README names its Debian package)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return path
