"""Clients that nobody here wrote drive the sandbox. Their installs are large: GENERATE_MEDIA_CLIENTS=1 asks for them.

Each lives in a folder of its own under .cache/clients/, made on the first run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from generate_media.sandbox.embedded import Running, start
from tools import require_tool

pytestmark = pytest.mark.skipif(
    os.environ.get("GENERATE_MEDIA_CLIENTS") != "1", reason="GENERATE_MEDIA_CLIENTS=1 installs and runs real clients"
)
HERE = Path(__file__).parent
CACHE = HERE.parents[1] / ".cache" / "clients"
# In version 5 the extra [ark] became a requirement; older ones need it.
PYTHON_CLIENTS = {"volcenginesdkarkruntime": "volcengine-python-sdk[ark]", "arkruntime": "arkruntime"}
PNG_HEAD = b"\x89PNG\r\n\x1a\n".hex()


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Running]:
    with start(speed=200.0) as running:
        yield running


def python_of(module: str) -> Path:
    folder = CACHE / module
    python = folder / "bin" / "python"
    if not (folder / "installed").exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        install = [str(python), "-m", "pip", "install", "-q", PYTHON_CLIENTS[module]]
        subprocess.run(install, check=True, capture_output=True)
        (folder / "installed").touch()
    return python


def report_of(command: list[str], cwd: Path | None = None) -> dict[str, Any]:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.mark.parametrize("module", PYTHON_CLIENTS)
def test_an_official_python_sdk_makes_follows_lists_and_deletes(module: str, sandbox: Running) -> None:
    script = str(HERE / "ark_python.py")
    report = report_of([str(python_of(module)), script, module, sandbox.base_urls["ark"]])
    assert set(report["scenes"]) == {"text", "extend", "first-frame", "first-and-last-frame", "references"}
    for name, scene in report["scenes"].items():
        assert scene["status"] == "succeeded"
        assert (scene["listed"], scene["total"]) == ([scene["id"]], 1)
        assert scene["total_tokens"] > 0
        clip, frame = scene["files"]
        assert bytes.fromhex(clip)[4:8] == b"ftyp"
        assert frame == (PNG_HEAD if name == "first-frame" else None)
    assert report["refusals"] == {
        "a wrong ratio": "ArkBadRequestError",
        "an unknown task": "ArkNotFoundError",
        "a queued task, deleted": "cancelled",
    }


@pytest.mark.parametrize("module", PYTHON_CLIENTS)
def test_an_official_python_sdk_makes_pictures_edits_and_sets(module: str, sandbox: Running) -> None:
    script = str(HERE / "ark_pictures.py")
    report = report_of([str(python_of(module)), script, module, sandbox.base_urls["ark"]])
    jpeg = b"\xff\xd8\xff".hex()
    found = {
        name: (scene["sizes"], [None if head is None else head[:6] for head in scene["files"]])
        for name, scene in report["scenes"].items()
    }
    assert found == {
        "single": (["2048x2048"], [PNG_HEAD[:6]]),
        "reference": (["1024x1024"], [jpeg]),
        "references": (["4096x4096"], [jpeg]),
        "set": (["2304x1728"] * 4, [jpeg] * 4),
        "one of a set fails": (["2304x1728", None, "2304x1728", "2304x1728"], [jpeg, None, jpeg, jpeg]),
    }
    assert report["scenes"]["one of a set fails"]["errors"][1] == "OutputImageSensitiveContentDetected"
    assert set(report["refusals"].values()) == {"ArkBadRequestError"}


def test_the_ai_sdk_makes_clips(sandbox: Running) -> None:
    require_tool("npm")
    folder = CACHE / "bytedance"
    if not (folder / "installed").exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "package.json").write_text('{"private": true}')
        subprocess.run(["npm", "install", "--silent", "ai", "@ai-sdk/bytedance"], cwd=folder, check=True)
        (folder / "installed").touch()
    report = report_of(["node", str(HERE / "bytedance.mjs"), sandbox.base_urls["byteplus"]], folder)
    assert {name: scene["mediaType"] for name, scene in report["scenes"].items()} == {
        "text": "video/mp4",
        "first-and-last-frame": "video/mp4",
        "references": "video/mp4",
    }
    assert all(scene["bytes"] > 10_000 for scene in report["scenes"].values())
    assert "failed" in report["failed"]
