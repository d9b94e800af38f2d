"""The gallery of two thousand results in Chromium: size, time to a usable page, memory and frames while scrolling.

    PYTHONPATH=scripts:tests/support python bench/gallery_page.py [--count 2000] [--code OTHER/scripts]

``--code`` measures another checkout's gallery with the same folder of 2,048² pictures. One line of JSON; the machine's
load stands in it, since a busy one is slower. ``memory_mb_when_short`` is what is left when the browser is told that
memory is short: without the decoded pictures that it keeps as long as there is room.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from browser import Browser

PIXELS = 2048
DISTINCT = 16
PIXELS_PER_SECOND = 4000
SCROLL = f"""new Promise((done) => {{
  const frames = [], end = document.documentElement.scrollHeight;
  let last = performance.now(), at = 0;
  const frame = (now) => {{
    frames.push(now - last);
    at += Math.min(now - last, 250) * {PIXELS_PER_SECOND / 1000};
    last = now;
    scrollTo(0, at);
    at < end ? requestAnimationFrame(frame) : done(frames.slice(1));
  }};
  requestAnimationFrame(frame);
}})"""
USABLE = "new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(performance.now()))))"
FILTERED = """new Promise((done) => {
  const filter = document.querySelector('#filter'), start = performance.now();
  filter.value = 'cat 1999'; filter.dispatchEvent(new Event('input'));
  requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)));
})"""


def pictures(folder: Path) -> list[Path]:
    """A few large photographs' worth of pixels, each of its own."""
    from PIL import Image, ImageFilter

    made = []
    for number in range(DISTINCT):
        noise = Image.effect_noise((256, 256), 90).resize((PIXELS, PIXELS)).filter(ImageFilter.GaussianBlur(3))
        hue = Image.new("L", (PIXELS, PIXELS), number * 16)
        path = folder / f"source-{number}.jpg"
        Image.merge("HSV", (hue, noise, noise)).convert("RGB").save(path, quality=88)
        made.append(path)
    return made


def fill(folder: Path, count: int, sources: list[Path]) -> None:
    for number in range(count):
        name = f"cat-{number}"
        os.link(sources[number % len(sources)], folder / f"{name}.jpg")
        output = {
            "path": f"{name}.jpg",
            "media_type": "image/jpeg",
            "width": PIXELS,
            "height": PIXELS,
            "bytes": 400_000,
        }
        record = {
            **{"generate_media": "1.0.0", "provider": "skills.video", "model": "google/nano-banana-pro"},
            **{"endpoint": "/generation/sse/google/nano-banana-pro", "generation_id": f"gen_{number:020}"},
            "prompt": f"cat {number} on a windowsill at night, neon light, rain on the glass, shallow depth of field",
            "request": {
                "prompt": f"cat {number} on a windowsill at night, neon light, rain on the glass",
                "seed": number,
            },
            **{"status": "COMPLETED", "result": "succeeded", "usage": {"total": 20}},
            **{
                "created_at": 1.79e9 + number,
                "ended_at": 1.79e9 + number,
                "elapsed_seconds": 12.5,
                "outputs": [output],
            },
        }
        (folder / f"{name}.json").write_text(json.dumps(record))


def write(code: Path, folder: Path) -> float:
    """Seconds that gallery.py takes."""
    start = time.monotonic()
    environ = os.environ | {"GENERATE_MEDIA_STATE_DIR": str(folder.parent / "state")}
    subprocess.run(
        [sys.executable, str(code / "gallery.py"), str(folder)], check=True, stdout=subprocess.PIPE, env=environ
    )
    return time.monotonic() - start


def family(pid: int) -> set[int]:
    """A process and all below it."""
    parents = {}
    for entry in Path("/proc").iterdir():
        try:
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue
    members = {pid}
    while more := {child for child, parent in parents.items() if parent in members} - members:
        members |= more
    return members


def cpu_seconds(pid: int) -> float:
    """What a process and all below it have computed so far: unlike a frame's time, no busy neighbour makes it more."""
    ticks = 0
    for member in family(pid):
        try:
            fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def memory_mb(pid: int) -> float:
    """What a process and all below it hold (PSS: a shared page counts once), in MB."""
    total = 0
    for member in family(pid):
        try:
            rollup = Path(f"/proc/{member}/smaps_rollup").read_text()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return total / 1000


def in_browser(page: Path) -> dict[str, Any]:
    with Browser(width=1400, height=900) as browser:
        empty = memory_mb(browser.pid)
        browser.open(page.as_uri())
        usable = browser.run(USABLE)
        filtered = browser.run(FILTERED)
        browser.run("location.hash = ''; location.reload()")
        time.sleep(2)
        browser.until("document.readyState === 'complete'")
        computed = cpu_seconds(browser.pid)
        frames = sorted(browser.run(SCROLL))
        computed = cpu_seconds(browser.pid) - computed
        full = memory_mb(browser.pid)
        browser.call("Memory.simulatePressureNotification", level="critical")
        time.sleep(3)
        return {
            "usable_seconds": round(usable / 1000, 2),
            "filter_ms": round(filtered),
            "frames": len(frames),
            "frame_ms_p50": round(frames[len(frames) // 2], 1),
            "frame_ms_p95": round(frames[int(len(frames) * 0.95)], 1),
            "frames_over_100_ms": sum(frame > 100 for frame in frames),
            "scroll_cpu_percent": round(computed * 1e5 / sum(frames)),
            "memory_mb_more": round(full - empty),
            "memory_mb": round(full),
            "memory_mb_when_short": round(memory_mb(browser.pid)),
        }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--code", type=Path, default=Path(__file__).parents[1] / "scripts")
    parser.add_argument("--keep", type=Path, help="keep the folder of pictures here, and use it again")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        place = args.keep or Path(scratch)
        folder = place / "generated"
        if not folder.exists():
            folder.mkdir(parents=True)
            fill(folder, args.count, pictures(place))
        first, second = write(args.code, folder), write(args.code, folder)
        page = folder / "index.html"
        data = page.read_bytes()
        told = {"results": args.count, "first_seconds": round(first, 1), "again_seconds": round(second, 1)}
        told |= {"page_kb": round(len(data) / 1000), "page_kb_gzip": round(len(gzip.compress(data, 9)) / 1000)}
        told |= in_browser(page) | {"load": round(os.getloadavg()[0], 1)}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
