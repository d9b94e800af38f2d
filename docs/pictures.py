"""The pictures of the gallery in this folder, made anew: a batch and a few failures from the sandbox, in Chromium.

The first of them stands in the READMEs too, as assets/gallery.svg: registries leave PNG files out.

    PYTHONPATH=tests/support .venv/bin/python docs/pictures.py

Needs Chromium (the README names the Debian package). No key, no network, no cost.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from io import BytesIO
from pathlib import Path

from PIL import Image

from browser import Browser

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
KEY = "example-key-of-nobody"
MODEL = "google/nano-banana-pro"
WALK = (
    ("a lantern at the forest's edge", "4:3"),
    ("fog over the tea terraces", "4:3"),
    ("a heron in the reeds", "1:1"),
    ("the last ferry of the day", "4:3"),
    ("a chapel on the ridge", "3:4"),
    ("first stars above the pass", "4:3"),
    ("rice fields after sunset", "4:3"),
    ("a campfire by the lake", "4:3"),
)
ENDS = (
    ("a crowd fights in the street", "sv-content-rejected"),
    ("the moon over a frozen lake", "sv-completed-null"),
    ("a red bicycle against a wall", "create-made-http-502"),
    ("a bowl of cherries", "download-cut"),
)


class Desk:
    """A user with the skill in an empty folder, and the sandbox that they talk to."""

    def __init__(self, home: Path) -> None:
        self.home = home
        keys = ("SKILLS_VIDEO_API_KEY", "AGNES_API_KEY", "AGCLOUD_API_KEY", "ARK_API_KEY")
        self.environ = os.environ | dict.fromkeys(keys, KEY) | {"GENERATE_MEDIA_STATE_DIR": str(home / "state")}
        self.skill = home / "generate-media"
        for name in ("scripts", "references"):
            shutil.copytree(ROOT / name, self.skill / name)
        for name in ("config.json", "config.schema.json", "requirements.txt"):
            shutil.copy(ROOT / name, self.skill)
        words = [sys.executable, str(self.skill / "scripts" / "sandbox.py"), "--port", "0", "--speed", "60"]
        self.sandbox = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self.sandbox.stdout is not None
        ready = json.loads(self.sandbox.stdout.readline())
        self.faults_url = f"http://127.0.0.1:{ready['port']}/_faults"
        config = json.loads((ROOT / "config.json").read_text(encoding="utf-8")) | {"time_scale": 20}
        for name, block in config["providers"].items():
            block["base_url"], block["typical_seconds"] = ready["providers"][name], {}
        (home / "config.json").write_text(json.dumps(config), encoding="utf-8")

    def faults(self, *names: str) -> None:
        body = json.dumps({"faults": names}).encode()
        request = urllib.request.Request(self.faults_url, body, {"Content-Type": "application/json"})
        urllib.request.urlopen(request, timeout=10).close()

    def start(self, script: str, *args: str) -> subprocess.Popen[bytes]:
        words = [sys.executable, str(self.skill / "scripts" / script), *args, "--config", "config.json"]
        silent = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        return subprocess.Popen(words, cwd=self.home, env=self.environ, **silent)  # type: ignore[call-overload]

    def make(self, *args: str) -> None:
        self.start("create_and_wait.py", *args).communicate()


def walk(desk: Desk) -> None:
    lines = [{"prompt": prompt, "aspect-ratio": ratio, "model": MODEL} for prompt, ratio in WALK]
    text = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    (desk.home / "evening-walk.jsonl").write_text(text, encoding="utf-8")


def shot(browser: Browser, name: str) -> None:
    """A screenshot in 256 colours, dithered, so that a page of documentation stays light."""
    path = DOCS / f"{name}.png"
    browser.screenshot(path)
    picture = Image.open(BytesIO(path.read_bytes())).convert("RGB")
    if name == "gallery":
        wrap(picture)
    colours = picture.quantize(256, method=Image.Quantize.MEDIANCUT)
    picture.quantize(palette=colours, dither=Image.Dither.FLOYDSTEINBERG).save(path, optimize=True)
    print(f"{path.stat().st_size // 1000} kB  {path.name}")


def wrap(picture: Image.Image) -> None:
    """The picture as WebP inside an SVG with round corners."""
    packed = BytesIO()
    picture.save(packed, "WEBP", quality=80, method=6)
    data = base64.b64encode(packed.getvalue()).decode("ascii")
    width, height = picture.size
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="The gallery: a '
        f'batch of eight pictures as cards">\n<image width="{width}" height="{height}" clip-path="inset(0 round 10px)" '
        f'href="data:image/webp;base64,{data}"/>\n<rect x=".5" y=".5" width="{width - 1}" height="{height - 1}" '
        f'rx="10" fill="none" stroke="#8888"/>\n</svg>\n'
    )
    (ROOT / "assets" / "gallery.svg").write_text(svg, encoding="utf-8")


def main() -> None:
    with tempfile.TemporaryDirectory() as place, Browser(width=1240, height=800) as browser:
        desk = Desk(Path(place))
        (desk.home / "generated").mkdir()
        walk(desk)
        served = desk.start("gallery.py", "generated", "--serve", "--port", "0", "--title", "Evening walk")
        assert served.stdout is not None
        url = json.loads(served.stdout.readline())["url"]
        for prompt, fault in ENDS:
            desk.faults(fault)
            desk.make("--model", MODEL, "--prompt", prompt)
        desk.faults()
        browser.open(url)
        batch = desk.start("create_and_wait.py", "--batch", "evening-walk.jsonl", "--concurrency", "2")
        browser.until("document.querySelectorAll('.card[data-kind=image]').length >= 3")
        time.sleep(1)
        shot(browser, "gallery-live")
        batch.communicate()
        browser.until(f"document.querySelectorAll('.card[data-kind=image]').length === {len(WALK)}")
        browser.open(url)
        time.sleep(1)
        shot(browser, "gallery")
        browser.dark(True)
        browser.run("document.querySelector('.card[data-kind=image] .open').click()")
        time.sleep(1)
        shot(browser, "gallery-large")
        served.terminate()
        desk.sandbox.terminate()


if __name__ == "__main__":
    main()
