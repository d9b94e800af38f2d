"""The page at work: order, filters, address, copying, the large view, comparison."""

from __future__ import annotations

import hashlib
import json
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from browser import Browser
from conftest import Desk
from generate_media.gallery.cards import Card
from generate_media.gallery.page import PARTS, all_cards, write_gallery

SHOWN = "[...document.querySelectorAll('.card:not([hidden]) .prompt')].map(p => p.textContent)"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six lines of a batch that ended in another order, and two single jobs, one before and one after it."""
    place = tmp_path_factory.mktemp("home") / "generated"
    (place / ".batches").mkdir(parents=True)
    for line, ended in enumerate((5, 3, 6, 1, 4, 2), 1):
        record(place, f"shot {line}", ended, fingerprint=f"f{line}", usage={"total": 10 * line}, size=(1600, 900))
    lines = {f"f{line}:0": line for line in range(1, 7)}
    (place / ".batches" / "b.json").write_text(json.dumps({"batch": "film.jsonl", "lines": lines}))
    record(
        place,
        "early cat",
        -100,
        provider="agnes",
        model="agnes-image",
        size=(800, 800),
        usage={"generated_images": 200},
    )
    record(place, "late cat", 100, request={"prompt": "late cat", "seed": 41}, size=(900, 1600))
    write_gallery(place)
    return place


def record(folder: Path, prompt: str, ended: int, *, size: tuple[int, int], **fields: Any) -> None:
    name = prompt.replace(" ", "-")
    Image.effect_noise(size, 80).save(folder / f"{name}.png")
    output = {"path": f"{name}.png", "width": size[0], "height": size[1], "bytes": 3000}
    whole = {
        **{"generate_media": "1", "provider": "skills.video", "model": "google/nano", "prompt": prompt},
        **{"generation_id": f"gen_{name}", "result": "succeeded", "outputs": [output], "request": {"prompt": prompt}},
        **{"endpoint": "/generation/sse/google/nano", "created_at": 1.79e9 + ended, "ended_at": 1.79e9 + ended},
    }
    (folder / f"{name}.json").write_text(json.dumps(whole | fields))


@pytest.mark.parametrize(
    ("name", "sha256"),
    [
        ("photoswipe.min.js", "ba86fd2dadb31acd8e488540fedb5037c598bf86c63a2a804d5025271af6a323"),
        ("photoswipe.css", "b0eaaae0b9de064d25e2f18517b9011a526d9b2142376e1c0febd096cebab9f3"),
        ("photoswipe-license.txt", "2c223af0b21d32240087ee189eb70fd315907b6ade8b561e24265baccd6a98e7"),
    ],
)
def test_photoswipe_is_as_its_makers_published_it(name: str, sha256: str) -> None:
    """The files of photoswipe 5.4.4 from npm, and its licence."""
    assert hashlib.sha256((PARTS / name).read_bytes()).hexdigest() == sha256


BATCH = [f"shot {line}" for line in range(1, 7)]


ADDRESSES = [
    ("", ["late cat", *BATCH, "early cat"]),
    ("sort=oldest", ["early cat", "shot 4", "shot 6", "shot 2", "shot 5", "shot 1", "shot 3", "late cat"]),
    ("sort=dear&batch=film.jsonl", BATCH[::-1]),
    ("sort=cheap&q=shot", BATCH),
    ("sort=dear", [*BATCH[::-1], "early cat", "late cat"]),
    ("sort=cheap", [*BATCH, "early cat", "late cat"]),
    ("sort=model&q=cat", ["early cat", "late cat"]),
    ("q=video", []),
    ("q=skills+cat", ["late cat"]),
    ("q=provider:video+cat", ["late cat"]),
    ("q=image", ["late cat", *BATCH, "early cat"]),
    ("q=16:9", BATCH),
    ("q=%233", ["shot 3"]),
    ("q=seed:41", ["late cat"]),
    ("ratio=1:1", ["early cat"]),
    ("cost=30+credits", ["shot 3"]),
    ("model=agnes-image&kind=image", ["early cat"]),
    ("kind=failed", []),
]
GO_TO = """new Promise(done => {{
  addEventListener('popstate', () => setTimeout(done), {{once: true}}); location.hash = {}
}})"""


def test_order_and_filters_stand_in_the_address(folder: Path, browser: Browser) -> None:
    """Of a page that is opened there, and of one that is open and goes from one to the next."""
    page = (folder / "index.html").as_uri()
    browser.open(f"{page}#{ADDRESSES[2][0]}")
    assert browser.run(SHOWN) == ADDRESSES[2][1]
    browser.open(page)
    for address, expected in ADDRESSES:
        if address:
            browser.run(GO_TO.format(json.dumps(address)))
        assert browser.run(SHOWN) == expected, address


def test_back_goes_one_step_back(folder: Path, browser: Browser) -> None:
    browser.open((folder / "index.html").as_uri())
    browser.run("{const s = document.querySelector('#sort'); s.value = 'oldest'; s.dispatchEvent(new Event('change'))}")
    browser.run(
        "{const s = document.querySelector('[data-facet=batch]'); s.value = 'film.jsonl'; "
        "s.dispatchEvent(new Event('change', {bubbles: true}))}"
    )
    browser.run("document.querySelector('.card:not([hidden]) .open').click()")
    assert browser.run("location.hash").startswith("#batch=film.jsonl&sort=oldest&open=")
    steps = ["document.querySelector('dialog[open]') === null", f"{SHOWN}.length === 8"]
    for step in [*steps, f"{SHOWN}[0] === 'late cat'"]:
        browser.run("history.back()")
        browser.until(step)


def test_a_missing_thumbnail_gives_way_to_the_file(folder: Path, browser: Browser) -> None:
    small = folder / ".thumbnails" / "late-cat.png.webp"
    kept = small.read_bytes()
    small.unlink()
    browser.open((folder / "index.html").as_uri())
    browser.until("document.querySelector('.frame img').naturalWidth === 900")
    small.write_bytes(kept)
    browser.open((folder / "index.html").as_uri())
    browser.until("document.querySelector('.frame img').naturalHeight === 512")


def test_the_large_view_zooms_and_goes_on(folder: Path, browser: Browser) -> None:
    browser.open((folder / "index.html").as_uri())
    browser.run("document.querySelector('.open').click()")
    picture = "document.querySelector('.stage .pswp__item[aria-hidden=false] .pswp__img:not(.pswp__img--placeholder)')"
    browser.until(f"{picture}?.naturalHeight === 1600")
    width = browser.run(f"{picture}.getBoundingClientRect().width")
    browser.run("document.querySelector('.pswp__button--zoom').click()")
    browser.until(f"{picture}.getBoundingClientRect().width > {width * 1.5}")
    browser.key("ArrowRight")
    browser.until("document.querySelector('.side .prompt').textContent === 'shot 1'")
    facts = browser.run("document.querySelector('.side dl').innerText")
    for fact in ("1600 × 900 · 16:9", "10 credits", "film.jsonl · line 1", "shot-1.png"):
        assert fact in facts
    browser.key("Escape")
    browser.until("!document.querySelector('dialog[open]') && !location.hash")


def test_a_card_opened_as_another_closes_stays_open(folder: Path, browser: Browser) -> None:
    browser.open((folder / "index.html").as_uri())
    browser.run("document.querySelector('.open').click()")
    browser.run("document.querySelector('#dialog').close(); document.querySelectorAll('.open')[2].click()")
    browser.until("document.querySelector('.stage .pswp__item[aria-hidden=false] .pswp__img')?.naturalWidth === 1600")
    assert browser.run("[document.querySelector('#dialog').open, document.querySelectorAll('.pswp').length]") == [
        True,
        1,
    ]
    assert browser.run("location.hash").startswith("#open=")


def along(x: float, y: float, to_x: float, to_y: float) -> list[tuple[float, float]]:
    """A finger's way in ten steps."""
    return [(x + (to_x - x) * step / 10, y + (to_y - y) * step / 10) for step in range(11)]


def test_fingers_go_on_and_zoom(folder: Path, browser: Browser) -> None:
    browser.call("Emulation.setTouchEmulationEnabled", enabled=True, maxTouchPoints=2)
    browser.open((folder / "index.html").as_uri())
    browser.run("document.querySelector('.open').click()")
    picture = "document.querySelector('.stage .pswp__item[aria-hidden=false] .pswp__img:not(.pswp__img--placeholder)')"
    browser.until(f"{picture}?.naturalHeight === 1600")
    prompt = "document.querySelector('.side .prompt').textContent"
    browser.touch(along(600, 400, 100, 400))
    browser.until(f"{prompt} === 'shot 1' && {picture}?.naturalWidth === 1600")
    browser.touch(along(100, 400, 600, 400))
    browser.until(f"{prompt} === 'late cat'")
    width = browser.run(f"{picture}.getBoundingClientRect().width")
    browser.touch(along(430, 450, 330, 450), along(470, 450, 570, 450))
    browser.until(f"{picture}.getBoundingClientRect().width > {width * 2}")
    browser.touch(along(330, 450, 440, 450), along(570, 450, 460, 450))
    browser.until(f"{picture}.getBoundingClientRect().width < {width * 1.1}")
    browser.touch(along(450, 300, 450, 700))
    browser.until("!document.querySelector('dialog[open]') && !location.hash")
    browser.open((folder / "index.html").as_uri() + "#compare=" + ",".join(keys(browser, 0, 2)))
    browser.touch(along(300, 400, 250, 400), along(350, 400, 400, 400))
    scales = "[...document.querySelectorAll('.lens > *')].map(e => +/scale\\((.*)\\)/.exec(e.style.transform)[1])"
    first, second = browser.run(scales)
    assert first == second > 2
    browser.call("Emulation.setTouchEmulationEnabled", enabled=False)


def keys(browser: Browser, *cards: int) -> list[str]:
    """What the address calls these cards."""
    return [browser.run(f"document.querySelectorAll('.card')[{card}].dataset.key") for card in cards]


def test_what_is_copied(folder: Path, browser: Browser) -> None:
    browser.open((folder / "index.html").as_uri())
    browser.run(
        "window.copied = []; Object.defineProperty(navigator, 'clipboard', "
        "{value: {writeText: async text => { window.copied.push(text); }}})"
    )
    card = next(card for card in all_cards(folder) if card.prompt == "late cat")
    count = 4
    for item in range(count):
        browser.run("document.querySelector('.copy').click()")
        assert browser.run("document.querySelector('#menu').children.length") == count
        browser.run(f"document.querySelector('#menu').children[{item}].click()")
    assert browser.run("window.copied") == ["late cat", str(folder / "late-cat.png"), card.ways.again, card.ways.vary]
    words = shlex.split(card.ways.vary)
    assert words[2:6] == ["--from", str(folder / "late-cat.png"), "--seed", "42"]


def test_two_side_by_side_zoom_together(folder: Path, browser: Browser) -> None:
    browser.open((folder / "index.html").as_uri())
    browser.run("document.querySelector('.pick').click()")
    assert browser.run("document.querySelector('[data-compare]').disabled") is True
    browser.run("document.querySelectorAll('.pick')[2].click()")
    browser.run("document.querySelector('[data-compare]').click()")
    assert browser.run("[...document.querySelectorAll('.pane .prompt')].map(p => p.textContent)") == [
        "late cat",
        "shot 2",
    ]
    for _ in range(2):
        browser.key("+")
    browser.key("ArrowRight")
    transforms = browser.run("[...document.querySelectorAll('.lens > *')].map(e => e.style.transform)")
    assert transforms == ["translate(-10%, 0%) scale(2.25)"] * 2
    address = browser.run("location.href")
    browser.key("Escape")
    browser.until("!document.querySelector('dialog[open]')")
    browser.open(address)
    assert browser.run("document.querySelectorAll('.pane').length") == 2


def test_a_batch_reads_in_the_order_of_its_lines(desk: Desk) -> None:
    lines = [{"prompt": f"cat {number}", "model": "google/nano-banana-pro"} for number in range(6)]
    lines[3] = lines[0]  # equal lines are two jobs
    Path("shots.jsonl").write_text("\n".join(map(json.dumps, lines)))
    ran = desk.run("--batch", "shots.jsonl", "--gallery")
    assert ran.code == 0, ran.out
    cards = all_cards(Path("generated"))
    assert [card.place and card.place.line for card in cards] == [1, 2, 3, 4, 5, 6]
    assert [card.prompt for card in cards] == [line["prompt"] for line in lines]
    assert {card.place and card.place.batch for card in cards} == {"shots.jsonl"}
    shutil.rmtree(desk.state)
    assert all_cards(Path("generated")) == cards, "the folder tells its order on another machine too"


def test_the_exact_command_makes_the_same_request(desk: Desk) -> None:
    desk.write_config(**{"skills.video": {"base_url": desk.sandbox.base_urls["skills.video"]}})
    config = ("--config", str(desk.home / "config.json"))
    ran = desk.call("create_and_wait", "--model", "google/nano-banana-pro", "--prompt", 'it\'s "a" cat\n猫', *config)
    assert ran.code == 0, ran.out
    (card,) = all_cards(Path("generated"), config=desk.home / "config.json")
    _, script, *words = shlex.split(card.ways.again)
    assert desk.call(Path(script).stem, *words).code == 0
    assert len(set(desk.column("fingerprint"))) == 1, "the same job, meant twice"
    assert desk.jobs() == 2


def test_what_was_made_from_a_local_file_is_asked_for_again_in_the_journals_words(desk: Desk) -> None:
    desk.write_config(**{"skills.video": {"base_url": desk.sandbox.base_urls["skills.video"]}})
    config = ("--config", str(desk.home / "config.json"))
    assert desk.call("create_and_wait", "--model", "google/nano-banana-pro", "--prompt", "a cat", *config).code == 0
    (path,) = map(str, Path("generated").glob("*.png"))
    Path("other.png").write_bytes(Path(path).read_bytes())
    assert desk.call("create_and_wait", "--image", "other.png", "--prompt", "now in winter", *config).code == 0

    def winter() -> Card:
        cards = all_cards(Path("generated"), config=desk.home / "config.json")
        return next(card for card in cards if card.prompt == "now in winter")

    assert [reference.file for reference in winter().references] == [Path(path).name]
    assert "--from" in winter().ways.vary
    _, script, *words = shlex.split(winter().ways.again)
    assert desk.call(Path(script).stem, *words).code == 0
    assert desk.jobs() == 3
    assert len(set(desk.column("fingerprint"))) == 2, "the same job, meant twice"
    Path("other.png").unlink()
    assert winter().ways.again == "", "a file that is gone cannot be named"
    shutil.rmtree(desk.state)
    assert winter().ways.again == "", "the folder alone has no words for it"


def test_the_copy_that_failed_is_made_and_not_the_one_before_it(desk: Desk) -> None:
    desk.write_config(**{"skills.video": {"base_url": desk.sandbox.base_urls["skills.video"]}})
    config = ("--config", str(desk.home / "config.json"))
    cat = ("--model", "google/nano-banana-pro", "--prompt", "a cat")
    assert desk.call("create_and_wait", *cat, *config).code == 0
    desk.faults("sv-failed")
    assert desk.call("create_and_wait", *cat, "--count", "2", *config).code != 0
    desk.faults()
    (failed,) = (card for card in all_cards(Path("generated"), config=Path(config[1])) if card.kind == "failed")
    _, script, *words = shlex.split(failed.ways.again)
    assert desk.call(Path(script).stem, *words).code == 0
    assert (desk.jobs(), desk.column("copy")) == (3, [0, 1, 1])


def test_what_was_sent_against_the_contract_is_sent_so_again(desk: Desk) -> None:
    desk.write_config(**{"skills.video": {"base_url": desk.sandbox.base_urls["skills.video"]}})
    config = desk.home / "config.json"
    new = ("--provider", "skills.video", "--model", "google/brand-new", "--prompt", "a cat", "--no-validate")
    assert desk.call("create_and_wait", *new, "--config", str(config)).code != 2
    (card,) = all_cards(Path("generated"), config=config)
    _, script, *words = shlex.split(card.ways.again)
    assert desk.call(Path(script).stem, *words, "--dry-run").code == 0


def test_a_file_is_known_by_its_bytes_wherever_it_was_moved_to(desk: Desk) -> None:
    for prompt in ("a cat", "a dog", "a hen"):
        assert desk.run("--model", "google/nano-banana-pro", "--prompt", prompt).code == 0
    Path("keep").mkdir()
    cat, dog, hen = (next(Path("generated").glob(f"a-{name}-*.png")) for name in ("cat", "dog", "hen"))
    cat.rename("keep/the best.png")
    dog.rename("generated/rex.png")
    hen.rename("generated/hen.png")
    next(Path("generated").glob("a-hen-*.json")).unlink()
    Path("keep/stranger.png").write_bytes(Path("generated/hen.png").read_bytes()[:-1] + b"x")
    moved = {card.prompt: (card.kind, card.file) for card in all_cards(Path("generated"))}
    assert moved == {"a cat": ("missing", ""), "a dog": ("image", "rex.png"), "a hen": ("image", "hen.png")}
    (kept,) = all_cards(Path("keep"))
    assert (kept.prompt, kept.file, kept.kind) == ("a cat", "the best.png", "image")
    words = shlex.split(kept.ways.vary)
    config = ("--config", str(desk.home / "config.json"))
    base = ("--base-url", desk.sandbox.base_urls["skills.video"])
    assert desk.call("create_and_wait", *words[2:], *config, *base).code == 0
