"""The real openai package drives Agnes in the sandbox. GENERATE_MEDIA_CLIENTS=1 installs it into .cache/clients/."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from generate_media.sandbox.embedded import start

pytestmark = pytest.mark.skipif(
    os.environ.get("GENERATE_MEDIA_CLIENTS") != "1", reason="GENERATE_MEDIA_CLIENTS=1 installs and runs real clients"
)
HERE = Path(__file__).parent
FOLDER = HERE.parents[1] / ".cache" / "clients" / "openai"


def client_python() -> Path:
    python = FOLDER / "bin" / "python"
    if not (FOLDER / "installed").exists():
        subprocess.run([sys.executable, "-m", "venv", str(FOLDER)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", "openai"], check=True)
        (FOLDER / "installed").touch()
    return python


def fetch(url: str) -> bytes:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=10) as response:
        body: bytes = response.read()
    return body


def test_the_openai_package_makes_pictures_edits_and_clips(tmp_path: Path) -> None:
    from PIL import Image

    photo = tmp_path / "photo.png"
    Image.new("RGB", (64, 48), "teal").save(photo)
    with start(speed=400.0) as running:
        command = [str(client_python()), str(HERE / "openai_agnes.py"), running.base_urls["agnes"], str(photo)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, env=_without_proxies())
        assert done.returncode == 0, done.stderr[-2000:]
        report: dict[str, Any] = json.loads(done.stdout)
        assert "agnes-video-2.5-flash" in report["models"]
        assert [fetch(url)[:4] for url in report["pictures"]] == [b"\x89PNG"] * 2
        for clip in report["clips"].values():
            assert (clip["status"], clip["same"]) == ("completed", True)
            assert fetch(clip["url"])[4:8] == b"ftyp"
    assert report["refusals"] == {
        "flattened": "BadRequestError 400 invalid_request",
        "wrong frames": "BadRequestError 400 None",
        "bad key": "AuthenticationError 401 ",
        "unknown model": "InternalServerError 503 model_not_found",
    }


def _without_proxies() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
