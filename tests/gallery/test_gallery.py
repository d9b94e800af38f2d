"""The gallery: what a folder of sidecars becomes, read by Python's own parser and used in headless Chromium."""

from __future__ import annotations

import contextlib
import json
import os
import re
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from browser import Browser
from generate_media.core.errors import UsageError
from generate_media.files.label.door import LeftAlone, label_file
from generate_media.gallery.cards import read_cards
from generate_media.gallery.page import write_gallery
from label_samples import LABEL
from tools import require_tool
from web import picture

HOSTILE = (
    '<script>window.hit=1</script><img src=http://198.51.100.1/x onerror=window.hit=2> " onmouseover="window.hit=3" '
    "' </title></style></figure>{{cards}} ]]> \u202egnp.exe \x1b[31m &lt;"
)
SHOWN = HOSTILE.replace("\u202e", "\ufffd").replace("\x1b", "\ufffd")
SCRIPT = Path(__file__).parents[2] / "scripts" / "gallery.py"


def sidecar(folder: Path, name: str, **fields: Any) -> None:
    record = {
        "generate_media": "1.0.0",
        "provider": "skills.video",
        "model": "google/nano-banana-pro",
        "prompt": "a cat",
        "request": {"prompt": "a cat", "seed": 1234},
        "generation_id": "gen_1",
        "status": "COMPLETED",
        "result": "succeeded",
        "sandbox": False,
        "created_at": 1_790_000_000.0,
        "ended_at": 1_790_000_010.0,
        "elapsed_seconds": 9.5,
        "outputs": [],
        "response": {},
        "error": None,
        **fields,
    }
    (folder / f"{name}.json").write_text(json.dumps(record))


def with_picture(folder: Path, name: str, **fields: Any) -> None:
    (folder / f"{name}.png").write_bytes(picture(64, 48))
    output = {"path": f"{name}.png", "url": "https://cdn.example/x?sig=hush", "media_type": "image/png"}
    sidecar(folder, name, outputs=[{**output, "bytes": 999, "width": 64, "height": 48}], **fields)


@pytest.fixture(autouse=True)
def _own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENERATE_MEDIA_STATE_DIR", str(tmp_path / "state"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "generated"
    place.mkdir()
    with_picture(place, "cat", ended_at=1_790_000_300)
    with_picture(place, "黑猫 100%#?", prompt="黑猫坐在窗台上", model="agnes-image-2.1-flash", ended_at=1_790_000_200)
    with_picture(place, "hostile", prompt=HOSTILE, model="<b>model</b>", ended_at=1_790_000_100)
    error = {"error": "SensitiveContent", "message": "may contain <i>x</i>"}
    sidecar(place, "failed", prompt="a fight", status="FAILED", result="failed", error=error, ended_at=1_790_000_050)
    return place


def test_a_file_without_its_sidecar_is_shown_by_its_label(folder: Path) -> None:
    for name in ("copied.png", "cat.png"):
        (folder / name).write_bytes(picture(64, 48))
        assert not isinstance(label_file(folder / name, LABEL), LeftAlone)
    (folder / "stray.png").write_bytes(picture(32, 32))
    cards = read_cards(folder)
    assert len(cards) == 5, "a file with a sidecar has one card, one with neither has none"
    (card,) = (card for card in cards if card.file == "copied.png")
    assert (card.kind, card.width, card.height) == ("image", 64, 48)
    assert (card.prompt, card.provider, card.model) == (LABEL.prompt.strip(), LABEL.provider, LABEL.model)
    assert (card.generation_id, card.seed, card.ended_at) == (LABEL.handle, LABEL.seed, LABEL.created_at)
    write_gallery(folder)
    assert "copied.png" in (folder / "index.html").read_text(encoding="utf-8")


def test_a_card_says_when_there_is_no_command(tmp_path: Path) -> None:
    error = {"error": "INSUFFICIENT_CREDITS", "message": "no", "category": "insufficient_credits"}
    for name, url in (("plain", "https://cdn.example/cat.png"), ("signed", "https://cdn.example/cat.png?X-Sig=hush")):
        request = {"prompt": name, "image": url}
        sidecar(tmp_path, name, generation_id=name, result="failed", error=error, request=request, prompt=name)
    signed, plain = sorted(read_cards(tmp_path), key=lambda card: card.ways.again)
    assert (signed.prompt, signed.ways.again) == ("signed", "")
    assert plain.ways.again
    assert Page(write_gallery(tmp_path)).text.count("does not suffice for a command") == 1 + 1, "one card, one table"


@pytest.mark.parametrize(
    ("usage", "told"), [({"generated_images": 1}, "1 picture"), ({"total": 20}, "20 credits"), ({"unit": 1}, "")]
)
def test_what_a_job_used_in_words(usage: dict[str, int], told: str, tmp_path: Path) -> None:
    with_picture(tmp_path, "cat", usage=usage)
    page = Page(write_gallery(tmp_path))
    assert f"64×48 · seed 1234{told and ' · '}{told}" in page.text
    assert f"{told}s" not in page.text or not told


class Page(HTMLParser):
    """Elements with their attributes, and the text in them."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.text += data

    def links(self) -> list[str]:
        names = ("src", "href", "data-src", "poster", "action")
        return [attrs[name] for _, attrs in self.elements for name in names if name in attrs]


def test_the_page_is_text_and_plain_links(folder: Path) -> None:
    page = Page(write_gallery(folder))
    tags = [tag for tag, _ in page.elements]
    assert tags.count("script") == 1
    assert tags.count("img") == 3
    assert "b" not in tags
    assert "i" not in tags
    assert SHOWN in page.text
    assert "may contain <i>x</i>" in page.text
    assert not any(name.startswith("on") or name == "style" for _, attrs in page.elements for name in attrs)
    for link in page.links():
        assert link.startswith("./")
        assert (folder / unquote(link)).is_file()
    assert "hush" not in (folder / "index.html").read_text()


def test_newest_first_and_other_json_passed_over(folder: Path) -> None:
    (folder / "package.json").write_text('{"name": "x", "outputs": []}')
    (folder / "broken.json").write_text("{")
    (folder / "list.json").write_text("[1]")
    (folder / "deep.json").write_text("[" * 100_000)
    (folder / "bytes.json").write_bytes(b"\xff\xfe\x00")
    (folder / "folder.json").mkdir()
    (folder / "link.json").symlink_to(folder / "cat.json")
    cards = read_cards(folder)
    assert [card.prompt for card in cards] == ["a cat", "黑猫坐在窗台上", HOSTILE, "a fight"]
    assert [card.kind for card in cards] == ["image", "image", "image", "failed"]
    assert cards[0].seed == "1234"


@pytest.mark.parametrize(
    "path",
    [
        "../secret.png",
        "/etc/passwd",
        "a/b.png",
        "a\\b.png",
        "..",
        "",
        None,
        7,
        "page.png",
        "link.png",
        "nul\0.png",
        "C:x.png",
    ],
)
def test_only_plain_media_files_of_this_folder_are_shown(path: Any, tmp_path: Path) -> None:
    folder = tmp_path / "generated"
    folder.mkdir()
    (tmp_path / "secret.png").write_bytes(picture())
    (folder / "page.png").write_text("<script>1</script>")
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    sidecar(folder, "x", outputs=[{"path": path}])
    (card,) = read_cards(folder)
    assert (card.kind, card.file) == ("missing", "")
    assert Page(write_gallery(folder)).links() == []


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = [
    "prompt",
    "model",
    "request",
    "result",
    "status",
    "error",
    "ended_at",
    "elapsed_seconds",
    "sandbox",
    "response",
]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(fields=st.dictionaries(st.sampled_from(NAMES), values), outputs=st.lists(values, max_size=3))
def test_any_sidecar_gives_a_page(fields: dict[str, Any], outputs: list[Any], tmp_path: Path) -> None:
    sidecar(tmp_path, "x", **fields, outputs=outputs)
    page = Page(write_gallery(tmp_path))
    assert [tag for tag, _ in page.elements].count("figure") >= 1


def test_an_empty_folder_has_a_page_and_a_missing_one_an_error(tmp_path: Path) -> None:
    assert "No results" in write_gallery(tmp_path).read_text()
    with pytest.raises(UsageError) as caught:
        write_gallery(tmp_path / "nowhere")
    assert caught.value.code == "no_folder"


def test_a_page_of_somebody_else_is_left_alone(folder: Path) -> None:
    (folder / "index.html").write_text("<h1>mine</h1>")
    with pytest.raises(UsageError) as caught:
        write_gallery(folder)
    assert caught.value.code == "not_a_gallery"
    assert (folder / "index.html").read_text() == "<h1>mine</h1>"
    other = write_gallery(folder, output=folder / "gallery.html")
    assert write_gallery(folder, output=other) == other  # our own is replaced


def test_a_page_elsewhere_links_back(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    page = write_gallery(folder, output=tmp_path / "site" / "all.html")
    links = Page(page).links()
    assert "../generated/cat.png" in links
    assert all((page.parent / unquote(link)).is_file() for link in links)


def run_script(*arguments: str, cwd: Path) -> tuple[int, dict[str, Any]]:
    # -S: no site-packages, as it is on a machine where nothing is installed
    ended = subprocess.run([sys.executable, "-S", str(SCRIPT), *arguments], cwd=cwd, capture_output=True)
    assert ended.stderr == b""
    return ended.returncode, json.loads(ended.stdout)


def test_the_script(folder: Path) -> None:
    code, told = run_script("--title", "Cats & <dogs>", cwd=folder.parent)
    assert (code, told["ok"]) == (0, True)
    assert told["path"] == str(folder / "index.html")
    assert "<title>Cats &amp; &lt;dogs&gt;</title>" in Path(told["path"]).read_text()
    code, told = run_script("nowhere", cwd=folder.parent)
    assert (code, told["error"]) == (2, "no_folder")
    code, told = run_script("--nonsense", cwd=folder.parent)
    assert code == 2


def test_a_journal_that_cannot_be_read_costs_no_gallery(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = folder.parent / "state"
    state.mkdir(mode=0o700)
    (state / "journal.sqlite3").write_bytes(b"no database at all, but of some length " * 40)
    monkeypatch.setenv("GENERATE_MEDIA_STATE_DIR", str(state))
    told: list[str] = []
    write_gallery(folder, warn=told.append)
    assert len(read_cards(folder)) == 4
    assert len(told) == 1
    assert "jobs without a sidecar are not shown" in told[0]


def test_open_shows_it_with_the_systems_viewer(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    viewer = tmp_path / "bin" / ("open" if sys.platform == "darwin" else "xdg-open")
    viewer.parent.mkdir()
    viewer.write_text(f'#!/bin/sh\necho "$1" > "{tmp_path}/shown"\n')
    viewer.chmod(0o755)
    monkeypatch.setenv("PATH", f"{viewer.parent}:/usr/bin:/bin")
    code, told = run_script("--open", cwd=folder.parent)
    assert (code, told.get("warnings")) == (0, None)
    shown = tmp_path / "shown"
    for _ in range(500):
        if shown.exists() and shown.read_text():
            break
        time.sleep(0.02)
    assert shown.read_text().strip() == told["path"]
    monkeypatch.setenv("PATH", "/nowhere")
    code, told = run_script("--open", cwd=folder.parent)
    assert (code, told["warnings"]) == (0, ["this machine has no viewer to open it with"])


def test_a_terminal_sees_how_far_the_thumbnails_are(folder: Path) -> None:
    fcntl, pty, termios = (pytest.importorskip(name) for name in ("fcntl", "pty", "termios"))
    for number in range(3):
        (folder / f"large-{number}.png").write_bytes(picture(600, 600))
        sidecar(folder, f"large-{number}", outputs=[{"path": f"large-{number}.png"}])
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    ended = subprocess.run([sys.executable, str(SCRIPT), str(folder)], stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    told = b""
    with contextlib.suppress(OSError):  # Linux says so that nobody writes there any more
        while piece := os.read(ours, 1 << 16):
            told += piece
    os.close(ours)
    assert b"3/3" in told
    assert json.loads(ended.stdout)["ok"] is True


# In the browser


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@pytest.fixture(params=["file", "http"])
def address(request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """The page as a double click opens it, and as a web server gives it."""
    page = write_gallery(folder)
    if request.param == "file":
        yield page.as_uri()
        return
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/index.html"
        server.shutdown()


VISIBLE = "[...document.querySelectorAll('.card:not([hidden]) .prompt')].map(p => p.textContent)"
LOADED = "[...document.images].every(i => i.complete && i.naturalWidth === 64)"


def test_a_hostile_prompt_is_text_and_nothing_leaves_the_machine(browser: Browser, address: str) -> None:
    browser.console.clear()
    browser.open(address)
    browser.run("document.querySelectorAll('img').forEach(image => image.loading = 'eager')")
    browser.until(LOADED)
    assert SHOWN in browser.run(VISIBLE)
    assert browser.run("window.hit") is None
    browser.run("[...document.querySelectorAll('.open')].forEach(button => button.click())")
    assert browser.run("window.hit") is None
    origin = re.match(r"(file:///|http://127\.0\.0\.1:\d+/)", address)
    assert origin is not None
    assert len(browser.requests) >= 4
    assert all(url.startswith((origin[0], "data:image/svg+xml")) for url in browser.requests)
    assert [line for line in browser.console if "favicon" not in line and "404" not in line] == []


def test_the_policy_stops_what_escaping_might_miss(browser: Browser, address: str) -> None:
    browser.open(address)
    browser.run("document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=window.hit=4>')")
    browser.run("{const s = document.createElement('script'); s.textContent = 'window.hit=5'; document.body.append(s)}")
    stopped = browser.run("fetch('http://127.0.0.1:9/').then(() => 'sent', error => error.constructor.name)")
    assert stopped == "TypeError"
    assert browser.run("window.hit") is None
    browser.console.clear()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=fight", ["a fight"]),
        ("q=FAILED", ["a fight"]),
        ("q=%E9%BB%91%E7%8C%AB", ["黑猫坐在窗台上"]),
        ("q=agnes+flash", ["黑猫坐在窗台上"]),
        ("q=nano+cat", ["a cat"]),
        ("q=1234&kind=failed", ["a fight"]),
        ("kind=failed", ["a fight"]),
        ("q=nothing+like+it", []),
    ],
)
def test_the_filter_lives_in_the_address(query: str, expected: list[str], browser: Browser, folder: Path) -> None:
    browser.open(f"{write_gallery(folder).as_uri()}#{query}")
    assert browser.run(VISIBLE) == expected
    assert browser.run("!document.querySelector('#nothing').hidden") is (expected == [])


def test_by_keyboard_alone(browser: Browser, folder: Path) -> None:
    browser.open(write_gallery(folder).as_uri())
    browser.run(
        "window.copied = null; Object.defineProperty(navigator, 'clipboard', "
        "{value: {writeText: async text => { window.copied = text; }}})"
    )
    browser.key("/")
    for letter in "cat":
        browser.key(letter)
    assert browser.run(VISIBLE) == ["a cat"]
    assert browser.run("location.hash") == "#q=cat"
    browser.key("Escape")
    assert len(browser.run(VISIBLE)) == 4
    browser.key("ArrowRight")
    browser.key("ArrowRight")
    browser.key("Enter")
    assert browser.run("document.querySelector('dialog').open") is True
    assert browser.run("document.querySelector('.side .prompt').textContent") == "黑猫坐在窗台上"
    browser.key("c")
    browser.until("window.copied === '黑猫坐在窗台上'")
    browser.key("ArrowRight")
    assert browser.run("document.querySelector('.side .prompt').textContent") == SHOWN.strip()
    assert browser.run("document.querySelector('.side nav span').textContent") == "3 / 4"
    browser.key("Escape")
    focused = "document.activeElement.closest('.card')?.querySelector('.prompt').textContent"
    browser.until(f"!document.querySelector('dialog').open && {focused} === {json.dumps(SHOWN.strip())}")


def test_a_failed_job_shows_its_reason(browser: Browser, folder: Path) -> None:
    browser.open(write_gallery(folder).as_uri() + "#kind=failed")
    browser.run("document.querySelector('.failed .open').click()")
    told = browser.run("document.querySelector('dialog').innerText")
    assert "may contain <i>x</i>" in told
    assert "SensitiveContent" in told
    assert "Ended" in told
    assert "Made" not in told


def test_a_clip_plays_and_arrows_go_on_from_it(browser: Browser, tmp_path: Path) -> None:
    clip = tmp_path / "clip.webm"
    source = ["-f", "lavfi", "-i", "testsrc=duration=2:size=160x96:rate=10"]
    subprocess.run([require_tool("ffmpeg"), "-v", "error", *source, "-c:v", "libvpx", str(clip)], check=True)
    output = {"path": "clip.webm", "media_type": "video/webm", "duration_seconds": 2.0, "width": 160, "height": 96}
    sidecar(tmp_path, "clip", kind="video", outputs=[output], ended_at=1_790_000_400)
    with_picture(tmp_path, "long", prompt="a very long prompt " * 400)
    browser.open(write_gallery(tmp_path).as_uri())
    browser.until("document.querySelector('.frame video').getAttribute('poster')?.endsWith('clip.webm.webp')")
    assert browser.run("document.querySelector('.frame video').getAttribute('src')") is None, (
        "read when it is asked for"
    )
    browser.run("document.querySelector('.card').dispatchEvent(new PointerEvent('pointerenter'))")
    browser.until("document.querySelector('.frame video').currentTime > 0.2")
    browser.run("document.querySelector('.open').click()")
    browser.until("document.querySelector('.stage video').currentTime > 0.2")
    assert browser.run("(v => [v.muted, v.playsInline])(document.querySelector('.stage video'))") == [True, True]
    assert browser.run("document.querySelector('.stage video').videoWidth") == 160
    browser.run("document.querySelector('.stage video').focus()")
    browser.key("ArrowRight")
    browser.until("document.querySelector('.side nav span').textContent === '2 / 2'")
    browser.until("document.querySelector('.stage video')?.paused !== false")
    prompt = "document.querySelector('.side .prompt')"
    whole, seen, window = browser.run(f"[{prompt}.scrollHeight, {prompt}.clientHeight, innerHeight]")
    assert seen < window < whole, "a long prompt scrolls in its own place"


def test_a_large_clip_stands_still_where_motion_is_not_wanted(browser: Browser, tmp_path: Path) -> None:
    clip = tmp_path / "clip.webm"
    source = ["-f", "lavfi", "-i", "testsrc=duration=2:size=160x96:rate=10"]
    subprocess.run([require_tool("ffmpeg"), "-v", "error", *source, "-c:v", "libvpx", str(clip)], check=True)
    sidecar(tmp_path, "clip", kind="video", outputs=[{"path": "clip.webm"}])
    reduced = [{"name": "prefers-reduced-motion", "value": "reduce"}]
    browser.call("Emulation.setEmulatedMedia", features=reduced)
    browser.open(write_gallery(tmp_path).as_uri())
    browser.run("document.querySelector('.open').click()")
    browser.until("document.querySelector('.stage video').readyState >= 2")
    large = "document.querySelector('.stage video')"
    assert browser.run(f"[{large}.paused, {large}.autoplay, {large}.controls]") == [True, False, True]


@pytest.mark.parametrize(("dark", "lighter"), [(False, True), (True, False)])
def test_light_and_dark_follow_the_system(dark: bool, lighter: bool, browser: Browser, folder: Path) -> None:
    browser.dark(dark)
    browser.open(write_gallery(folder).as_uri())
    shade = browser.run("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)[0]")
    ink = browser.run("getComputedStyle(document.body).color.match(/\\d+/g).map(Number)[0]")
    assert (shade > ink) is lighter


def test_a_narrow_screen_needs_no_sideways_scrolling(browser: Browser, folder: Path) -> None:
    browser.resize(360, 740)
    browser.open(write_gallery(folder).as_uri())
    assert browser.run("document.documentElement.scrollWidth") <= 360


def test_a_folder_of_two_thousand_is_quick(tmp_path: Path) -> None:
    data = picture(8, 8)
    for number in range(2000):
        (tmp_path / f"cat-{number}.png").write_bytes(data)
        sidecar(tmp_path, f"cat-{number}", outputs=[{"path": f"cat-{number}.png"}])
    before = os.times()
    page = write_gallery(tmp_path)
    after = os.times()
    assert page.read_text().count("<figure") == 2000
    assert after.user + after.system - before.user - before.system < 5.0
