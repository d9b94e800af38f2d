"""What axe-core finds, and what it cannot see: targets, focus on any picture, print, the reader's language."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from browser import Browser
from generate_media.core.paths import BUNDLE
from generate_media.gallery.page import write_gallery

AXE = BUNDLE / ".cache" / "openapi" / "axe.min.js"
FINDINGS = """axe.run(document, {resultTypes: ['violations']}).then(found => found.violations.flatMap(
  rule => rule.nodes.map(node => [rule.id, node.target.join(' '), node.failureSummary])))"""
WIDTHS = (1400, 800, 390)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of every shade, one of a batch, and what failed in each way a sidecar can say."""
    place = tmp_path_factory.mktemp("home") / "generated"
    place.mkdir()
    for number, shade in enumerate(("white", "black", "grey", "orange")):
        Image.new("RGB", (640, 640), shade).save(place / f"{shade}.png")
        output = {"path": f"{shade}.png", "width": 640, "height": 640, "bytes": 3000}
        record(place, shade, number, outputs=[output], usage={"total": 20})
    error = {"error": "SensitiveContent", "message": "may contain a thing"}
    record(place, "failed", 5, result="failed", error=error)
    record(place, "refused", 6, result="failed", error=error | {"category": "content_rejected"})
    record(place, "lost", 7, outputs=[{"path": "nowhere.png"}], request={"image": "https://cdn.example/orange.png"})
    record(place, "empty", 8)
    place.joinpath(".batches").mkdir()
    lines = {f"place-{number}:0": number for number in range(1, 9)}
    place.joinpath(".batches", "b.json").write_text(json.dumps({"batch": "shots.jsonl", "lines": lines}))
    write_gallery(place)
    return place


def record(place: Path, name: str, number: int, **fields: Any) -> None:
    whole = {
        **{"generate_media": "1", "provider": "skills.video", "model": f"m/{number % 2}", "prompt": f"a {name} thing"},
        **{"generation_id": f"gen_{name}", "result": "succeeded", "outputs": [], "request": {"prompt": name}},
        **{"endpoint": "/generation/m", "created_at": 1.79e9 + number, "fingerprint": f"place-{number}"},
    }
    (place / f"{name}.json").write_text(json.dumps(whole | fields))


STATES = {
    "the page": "",
    "the large view": "document.querySelector('[data-kind=image] .open').click()",
    "a failure in the large view": "document.querySelector('[data-kind=failed] .open').click()",
    "the menu": "document.querySelector('.copy').click()",
    "chosen": "document.querySelectorAll('.pick:not([hidden])').forEach(b => b.click())",
    "the comparison": "document.querySelectorAll('.pick:not([hidden])').forEach(b => b.click());"
    "document.querySelector('[data-compare]').click()",
}


@pytest.mark.parametrize(
    ("state", "dark", "widths"),
    [
        *((state, False, WIDTHS if state == "the page" else WIDTHS[::2]) for state in STATES),
        *((state, True, WIDTHS[-1:]) for state in STATES),
    ],
)
def test_axe_finds_nothing(state: str, dark: bool, widths: tuple[int, ...], folder: Path, browser: Browser) -> None:
    """The dark page has other colours and the same boxes."""
    if not AXE.exists():
        pytest.skip("axe-core is not there: make documents fetches it")
    browser.dark(dark)
    for width in widths:
        browser.resize(width, 900)
        browser.open((folder / "index.html").as_uri())
        browser.run(AXE.read_text(encoding="utf-8") + ";0")
        browser.run(STATES[state])
        assert browser.run(FINDINGS) == [], f"{state}, {width} pixels"
        assert browser.run("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("state", STATES)
def test_what_a_finger_touches_is_44_pixels_large(state: str, folder: Path, browser: Browser) -> None:
    browser.resize(390, 844)
    browser.open((folder / "index.html").as_uri())
    browser.run(STATES[state])
    small = browser.run(
        "[...document.querySelectorAll('button, select, input')].filter(e => e.checkVisibility()).map(e => "
        "[e.className || e.id || e.textContent, e.getBoundingClientRect()])"
        ".filter(([, r]) => r.width < 44 || r.height < 44)"
        ".map(([name, r]) => `${name} ${r.width}×${r.height}`)"
    )
    assert small == []


def test_focus_shows_on_black_and_on_white(folder: Path, browser: Browser) -> None:
    browser.open((folder / "index.html").as_uri())
    browser.key("ArrowRight")
    shown = browser.run("getComputedStyle(document.activeElement).boxShadow")
    assert "rgb(255, 255, 255)" in shown
    assert "rgb(0, 0, 0)" in shown, "two tones: one of them stands out on any picture"


def test_the_number_of_matches_is_shown_and_announced(folder: Path, browser: Browser) -> None:
    browser.open((folder / "index.html").as_uri() + "#q=orange")
    found = "document.querySelector('.found')"
    assert browser.run(f"{found}.textContent") == "2 / 8 shown", "the picture, and the job that names it"
    assert browser.run(f"[{found}.getAttribute('role'), {found}.getAttribute('aria-live')]") == ["status", "polite"]
    assert browser.run(f"{found}.getBoundingClientRect().width") > 40


def test_it_prints_black_on_white_without_buttons(folder: Path, browser: Browser) -> None:
    browser.dark(True)
    browser.open((folder / "index.html").as_uri())
    browser.call("Emulation.setEmulatedMedia", media="print")
    style = "getComputedStyle(document.body)"
    assert browser.run(f"[{style}.backgroundColor, {style}.color]") == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]
    assert browser.run(
        "[...document.querySelectorAll('button:not(.open), select, input')].every(e => !e.checkVisibility())"
    )
    browser.call("Emulation.setEmulatedMedia", media="")


def test_large_clips_stand_still_where_motion_is_not_wanted(folder: Path, browser: Browser) -> None:
    assert "prefers-reduced-motion" in (folder / "index.html").read_text(encoding="utf-8")
    browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}])
    browser.open((folder / "index.html").as_uri())
    assert browser.run("getComputedStyle(document.querySelector('.card')).transitionDuration") == "0s"


def test_a_chinese_reader_gets_chinese(folder: Path) -> None:
    with Browser(flags=("--lang=zh-CN",)) as browser:
        browser.call("Emulation.setUserAgentOverride", userAgent="Chromium", acceptLanguage="zh-CN")
        browser.open((folder / "index.html").as_uri())
        assert browser.run("document.documentElement.lang") == "zh-CN"
        assert browser.run("document.querySelector('.failed strong').textContent") in ("失败", "未通过内容审核")
        left = browser.run(
            "[...document.querySelectorAll('[data-t], option, .kinds button, [aria-label]')].map(e => "
            "e.getAttribute('aria-label') || e.textContent)"
            ".filter(text => /[a-z]{3}/i.test(text) && !/[一-鿿]/.test(text))"
        )
        assert left == ["shots.jsonl"], "a file has a name of its own"
        figures = browser.run("[...document.querySelectorAll('.meta')].map(e => e.textContent).join()")
        assert "20 积分" in figures
        assert "credits" not in figures


def test_every_word_of_ours_has_its_chinese() -> None:
    from generate_media.gallery.fates import ALL
    from generate_media.gallery.page import PARTS

    chinese = json.loads((PARTS / "zh.json").read_text(encoding="utf-8"))
    words = {text for fate in ALL for text in (fate.head, fate.words, fate.next) if text}
    assert words <= set(chinese), words - set(chinese)
