"""The gallery over HTTP: whom it answers, what it gives out, and a page that follows a batch."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from browser import Browser
from conftest import Desk
from generate_media.core.errors import UsageError
from generate_media.gallery import Served, serve_gallery
from web import picture

SCRIPT = Path(__file__).parents[2] / "scripts" / "gallery.py"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GENERATE_MEDIA_STATE_DIR", str(tmp_path / "state"))
    place = tmp_path / "generated"
    place.mkdir()
    (place / "cat.png").write_bytes(picture(64, 48))
    outputs = [{"path": "cat.png", "url": "https://cdn.example/x?sig=hush", "width": 64, "height": 48}]
    record = {"generate_media": "1.0.0", "provider": "agnes", "prompt": "a cat", "outputs": outputs}
    (place / "cat.json").write_text(json.dumps({**record, "generation_id": "t1", "result": "succeeded"}))
    (place / "notes.txt").write_text("mine")
    (tmp_path / "secret.png").write_bytes(picture(8, 8))
    (place / "link.png").symlink_to(tmp_path / "secret.png")
    return place


@pytest.fixture
def served(folder: Path) -> Iterator[Served]:
    opened = serve_gallery(folder)
    yield opened
    opened.close()


def ask(served: Served, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    link = http.client.HTTPConnection("127.0.0.1", served.server.server_port, timeout=20)
    link.putrequest(method, path, skip_host="Host" in headers)
    for name, value in headers.items():
        link.putheader(name, value)
    link.endheaders()
    answer = link.getresponse()
    body = answer.read()
    link.close()
    return answer.status, dict(answer.getheaders()), body


def test_it_gives_out_the_page_and_the_media(served: Served, folder: Path) -> None:
    status, headers, body = ask(served, "/")
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert b"a cat" in body
    assert b"hush" not in body
    status, headers, body = ask(served, "/cat.png")
    assert (status, headers["Content-Type"], body) == (200, "image/png", (folder / "cat.png").read_bytes())
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert ask(served, "/cat.png", "HEAD")[2] == b""


FORBIDDEN = (
    *("/cat.json", "/notes.txt", "/link.png", "/../secret.png", "/%2e%2e/secret.png", "/..%2fsecret.png"),
    *("/.batches/x.json", "/.thumbnails/../cat.json", "/.thumbnails/", "//cat.json", "/a%00.png", "/etc/passwd"),
)


def test_nothing_else_is_given_out(served: Served) -> None:
    assert {path: ask(served, path)[0] for path in FORBIDDEN} == dict.fromkeys(FORBIDDEN, 404)


def test_a_link_in_the_thumbnails_place_leads_nowhere(served: Served, folder: Path, tmp_path: Path) -> None:
    shutil.rmtree(folder / ".thumbnails", ignore_errors=True)
    (folder / ".thumbnails").symlink_to(tmp_path)
    assert ask(served, "/.thumbnails/secret.png")[0] == 404


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": "127.0.0.1.evil.example:80"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "localhost"}, 200),
        ({"Origin": "http://127.0.0.1:1"}, 200),
    ],
)
def test_only_this_machine_is_answered(headers: dict[str, str], status: int, served: Served) -> None:
    assert [ask(served, path, **headers)[0] for path in ("/", "/version", "/cat.png")] == [status] * 3


PARTS = {"bytes=0-9": (0, 10), "bytes=10-": (10, None), "bytes=-5": (-5, None), "bytes=5-99999999": (5, None)}


def test_a_player_may_ask_for_a_part(served: Served, folder: Path) -> None:
    whole = (folder / "cat.png").read_bytes()
    for asked, (first, end) in PARTS.items():
        status, headers, body = ask(served, "/cat.png", Range=asked)
        assert (status, body) == (206, whole[first:end]), asked
        assert headers["Content-Range"].endswith(f"/{len(whole)}")


def test_a_part_that_is_not_there_gives_the_whole(served: Served, folder: Path) -> None:
    whole = (folder / "cat.png").read_bytes()
    for asked in ("bytes=9-1", "bytes=-", "bytes=0-1,3-4", "lines=1-2", "bytes=99999999-"):
        assert ask(served, "/cat.png", Range=asked)[::2] == (200, whole), asked


def test_it_listens_on_loopback_alone_and_says_when_a_port_is_taken(served: Served, folder: Path) -> None:
    assert served.server.server_address[0] == "127.0.0.1"
    with pytest.raises(UsageError) as caught:
        serve_gallery(folder, port=served.server.server_port)
    assert caught.value.code == "cannot_serve"


def test_the_script_serves_until_it_is_told_to_stop(folder: Path) -> None:
    words = [sys.executable, str(SCRIPT), str(folder), "--serve", "--port", "0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ)) as running:
        assert running.stdout is not None
        told = json.loads(running.stdout.readline())
        link = http.client.HTTPConnection("127.0.0.1", told["port"], timeout=20)
        link.request("GET", "/")
        assert link.getresponse().status == 200
        link.close()
        running.send_signal(signal.SIGTERM)
        assert running.wait(20) == 0


def test_what_is_looked_at_stays_while_others_come(served: Served, folder: Path) -> None:
    record = json.loads((folder / "cat.json").read_text())

    def add(name: str, **fields: object) -> None:
        (folder / f"{name}.png").write_bytes(picture(64, 48))
        outputs = [{"path": f"{name}.png", "width": 64, "height": 48}]
        told = record | {"generation_id": name, "prompt": f"a {name}", "outputs": outputs, **fields}
        (folder / f"{name}.json").write_text(json.dumps(told))

    add("dog", ended_at=1.0)
    with Browser() as browser:
        browser.open(served.url)
        browser.run("document.querySelector('.open').click()")
        place = "document.querySelector('.side nav span').textContent"
        prompt = "document.querySelector('.side .prompt').textContent"
        assert browser.run(f"[{place}, {prompt}]") == ["1 / 2", "a dog"]
        add("hen", ended_at=2.0)
        add("dog", ended_at=1.5)
        browser.until("document.querySelectorAll('.card').length === 3")
        browser.key("ArrowRight")
        browser.until(f"{prompt} === 'a cat'")
        assert browser.run(f"[{place}, document.querySelector('[data-step=\"1\"]').disabled]") == ["2 / 2", True]
        browser.key("ArrowLeft")
        browser.until(f"{prompt} === 'a dog'")
        assert browser.run(place) == "1 / 2"
        browser.key("Escape")
        focused = "document.activeElement.closest('.card')?.querySelector('.prompt').textContent"
        browser.until(f"!document.querySelector('dialog').open && {focused} === 'a dog'")
        add("fox", outputs=[{"path": "fox.png", "width": 48, "height": 64}])
        browser.until("document.querySelector('[data-facet=ratio]') !== null")
        browser.run("document.querySelector('[data-facet=ratio]').focus()")
        add("owl", outputs=[{"path": "owl.png", "width": 50, "height": 50}])
        browser.until("document.querySelectorAll('.card').length === 5")
        assert browser.run("document.activeElement.dataset.facet") == "ratio"


def test_each_finished_job_of_a_batch_appears(desk: Desk) -> None:
    Path("generated").mkdir()
    names = ("one", "two", "three")
    lines = [json.dumps({"prompt": name, "model": "google/nano-banana-pro"}) for name in names]
    Path("shots.jsonl").write_text("\n".join(lines))
    desk.write_config(**{"skills.video": {"base_url": desk.sandbox.base_urls["skills.video"]}})
    served = serve_gallery(Path("generated"), config=desk.home / "config.json")
    try:
        with Browser() as browser:
            browser.open(served.url)
            browser.until("!document.querySelector('#nothing').hidden")
            browser.run("document.querySelector('#filter').value = 'three'")
            browser.run("document.querySelector('#filter').dispatchEvent(new Event('input'))")
            batch = ("--batch", "shots.jsonl", "--concurrency", "1", "--config", str(desk.home / "config.json"))
            run = threading.Thread(target=desk.call, args=("create_and_wait", *batch))
            with pytest.MonkeyPatch.context() as patch:  # signals are the main thread's
                patch.setattr(signal, "signal", lambda *_: None)
                run.start()
                run.join(60)
            browser.until("document.querySelectorAll('.card[data-kind=image]').length === 3")
            shown = "[...document.querySelectorAll('.card:not([hidden]) .prompt')].map(p => p.textContent)"
            assert browser.run(shown) == ["three"], "what was filtered stays so"
            lines_shown = "[...document.querySelectorAll('.meta')].map(m => m.textContent.match(/#\\d/)[0])"
            assert browser.run(lines_shown) == ["#1", "#2", "#3"]
            assert browser.run("document.querySelector('.group').textContent") == "shots.jsonl 3/3"
            assert browser.run("document.querySelector('.counts').textContent") == "3 pictures"
            served.close()
            browser.until("document.querySelector('.live').classList.contains('lost')")
    finally:
        served.close()
