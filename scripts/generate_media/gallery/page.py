"""One self-contained index.html of a folder's jobs: nothing is fetched, everything from outside is escaped.

A sidecar's words are a server's or a stranger's words. So its text is only ever text; its paths only name plain
files of this folder; what a file is, its bytes say; and the page's own policy allows this page's one style and one
script, by their hashes, and pictures and clips from beside it. The page's own text, style and script lie in parts/.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from ..config import load_settings
from ..core import CONFIG_FILE, UsageError
from ..files import save_failed, write_whole
from .cards import Card, read_cards
from .markup import cards_html, text
from .records import rows_or_warning
from .thumbnails import PIXELS, Source, make_thumbnails

PARTS = Path(__file__).with_name("parts")
SCRIPTS = ("words", "list", "cards", "view", "compare", "keys", "start")
_MARK = b'<meta name="generator" content="generate-media gallery">'
_KINDS = (
    *(("image", "Pictures"), ("video", "Clips"), ("audio", "Sounds")),
    *(("failed", "Failed"), ("missing", "Without a file"), ("open", "Unfinished")),
)


class Look(NamedTuple):
    """What a page is about beside its cards. ``base``: the URL path from the page to the files' folder, with its slash;
    ``live``: the version that a served page shows, empty for a page on disk."""

    title: str
    base: str
    folder: Path
    live: str = ""


def write_gallery(
    folder: Path,
    *,
    output: Path | None = None,
    title: str | None = None,
    config: Path | None = None,
    warn: Callable[[str], None] = lambda message: None,
) -> Path:
    """Write the gallery of ``folder`` to ``output`` (default: index.html in it), replacing an earlier gallery only.

    ``warn`` is told what could not be read.

    Raises:
        UsageError: ``no_folder``, ``not_a_gallery`` (another file has that name).
        OutputError: ``save_failed``.
    """
    check_folder(folder)
    place = output or folder / "index.html"
    _check_place(place)
    cards = all_cards(folder, config=config, warn=warn)
    look = Look(title or folder.resolve().name, _link_base(folder, place.parent), folder)
    try:
        write_whole(place, render(cards, look).encode("utf-8"), 0o644)
    except OSError as error:
        raise save_failed(error) from None
    return place


def check_folder(folder: Path) -> None:
    """Raises UsageError ``no_folder``."""
    if not folder.is_dir():
        raise UsageError(
            "no_folder",
            f"there is no folder {folder}",
            guidance=("Give the folder that --output-dir named; left out, it is generated/.",),
        )


def all_cards(
    folder: Path, *, config: Path | None = None, warn: Callable[[str], None] = lambda message: None
) -> tuple[Card, ...]:
    """The folder's cards, from sidecars and journal, with their thumbnails made."""
    rows, warning = rows_or_warning(folder, os.environ)
    if warning:
        warn(warning)
    settings = load_settings(config or CONFIG_FILE)
    cards = read_cards(folder.absolute(), rows, settings, str(config.resolve()) if config else None, os.environ)
    wanted = [Source(card.file, card.kind) for card in cards if card.file and _is_large(card)]
    small = make_thumbnails(folder, wanted)
    return tuple(replace(card, thumbnail=True) if card.file in small else card for card in cards)


def _is_large(card: Card) -> bool:
    return card.kind == "video" or (card.kind == "image" and not 0 < max(card.width, card.height) <= PIXELS)


def render(cards: Sequence[Card], look: Look) -> str:
    """The whole page."""
    counts = Counter(card.kind for card in cards)
    style, script = _part("page.css", "photoswipe.css"), _script()
    parts = {
        "title": text(look.title),
        "folder": text(str(look.folder.resolve()) + os.sep),
        "live": f' data-live="{text(look.live)}"' if look.live else "",
        "about": text(_about(counts, cards)),
        "cards": cards_html(cards, look.base),
        "some": " hidden" if cards else "",
        "csp": _policy(style, script, "connect-src 'self'; " if look.live else ""),
        "style": style,
        "script": script,
    }
    template = _part("page.html")
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], template)


@cache
def _part(*names: str) -> str:
    return "\n".join((PARTS / name).read_text(encoding="utf-8") for name in names)


@cache
def _script() -> str:
    """PhotoSwipe (MIT, its licence beside it), then ours as one block with the table of Chinese words."""
    ours = _part(*(f"{name}.js" for name in SCRIPTS))
    return (
        f'{_part("photoswipe.min.js")}\n(() => {{\n"use strict";\nconst CHINESE = {_part("zh.json")};\n{ours}}})();\n'
    )


def _policy(style: str, script: str, more: str) -> str:
    return (
        f"default-src 'none'; img-src 'self' file:; media-src 'self' file:; style-src '{_hash(style)}'; "
        f"script-src '{_hash(script)}'; {more}base-uri 'none'; form-action 'none'"
    )


def _hash(element: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(element.encode()).digest()).decode()


def _about(counts: Counter[str], cards: Sequence[Card]) -> str:
    words = [f"{counts[kind]} {_singular(name, counts[kind])}" for kind, name in _KINDS if counts[kind]]
    models = len({card.model for card in cards if card.model})
    return " · ".join([*words, f"{models} models"] if models > 1 else words)


def _singular(name: str, count: int) -> str:
    return (name[:-1] if count == 1 and name.endswith("s") else name).lower()


def _link_base(folder: Path, page_folder: Path) -> str:
    try:
        way = os.path.relpath(folder.resolve(), page_folder.resolve())
    except ValueError:  # another drive on Windows
        return folder.resolve().as_uri() + "/"
    return quote("./" if way == "." else way.replace(os.sep, "/") + "/")


def _check_place(place: Path) -> None:
    """A file that is no gallery of ours is never replaced."""
    try:
        with place.open("rb") as file:
            ours = _MARK in file.read(4096)
    except FileNotFoundError:
        return
    except OSError as error:
        raise save_failed(error) from None
    if not ours:
        raise UsageError(
            "not_a_gallery",
            f"{place} is there already and is no gallery of ours; it was left alone",
            guidance=("Name another file with --output.",),
        )
