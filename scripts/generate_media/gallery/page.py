"""One self-contained index.html from a folder's sidecars: nothing is fetched, everything from outside is escaped.

A sidecar's words are a server's or a stranger's words. So its text is only ever text; its paths only name plain
files of this folder; what a file is, its bytes say; and the page's own policy allows this page's one style and one
script, by their hashes, and pictures and clips from beside it.
"""

from __future__ import annotations

import base64
import hashlib
import html
import os
import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import quote

from ..core import UsageError
from ..files import save_failed, write_whole
from .cards import Card, read_cards

TEMPLATE = Path(__file__).with_name("gallery.html")
_MARK = b'<meta name="generator" content="generate-media gallery">'
_KINDS = (("image", "Pictures"), ("video", "Clips"), ("audio", "Sounds"), ("failed", "Failed"), ("missing", "Missing"))
_MAX_PROMPT_IN_LABEL = 120
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
"""Where a provider's LongCodeOfOneWord may be broken."""


def write_gallery(folder: Path, *, output: Path | None = None, title: str | None = None) -> Path:
    """Write the gallery of ``folder`` to ``output`` (default: index.html in it), replacing an earlier gallery only.

    Raises:
        UsageError: ``no_folder``, ``not_a_gallery`` (another file has that name).
        OutputError: ``save_failed``.
    """
    if not folder.is_dir():
        raise UsageError(
            "no_folder",
            f"there is no folder {folder}",
            guidance=("Give the folder that --output-dir named; left out, it is generated/.",),
        )
    place = output or folder / "index.html"
    _check_place(place)
    page = render(read_cards(folder), title=title or folder.resolve().name, base=_link_base(folder, place.parent))
    try:
        write_whole(place, page.encode("utf-8"), 0o644)
    except OSError as error:
        raise save_failed(error) from None
    return place


def render(cards: Sequence[Card], *, title: str, base: str) -> str:
    """The whole page. ``base`` is the URL path from the page to the files' folder, ending in a slash."""
    counts = Counter(card.kind for card in cards)
    parts = {
        "title": _text(title),
        "about": _text(_about(counts, cards)),
        "kinds": _kind_buttons(counts) if len(counts) > 1 else "",
        "cards": "\n".join(_card(card, base) for card in cards),
        "some": " hidden" if cards else "",
        "nothing": "No results in this folder yet.",
    }
    template = TEMPLATE.read_text(encoding="utf-8")
    parts["csp"] = _policy(template)
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], template)


def _policy(template: str) -> str:
    style, script = (_hash(template, name) for name in ("style", "script"))
    return (
        f"default-src 'none'; img-src 'self' file:; media-src 'self' file:; style-src '{style}'; "
        f"script-src '{script}'; base-uri 'none'; form-action 'none'"
    )


def _hash(template: str, element: str) -> str:
    found = re.search(rf"<{element}>(.*?)</{element}>", template, re.DOTALL)
    assert found is not None
    return "sha256-" + base64.b64encode(hashlib.sha256(found[1].encode()).digest()).decode()


def _card(card: Card, base: str) -> str:
    prompt = _text(card.prompt) or "no prompt recorded"
    copy = '<button class="copy" type="button" aria-label="Copy the prompt">Copy</button>' if card.prompt else ""
    look = {"audio": "sound", "failed": "failed", "missing": "missing"}.get(card.kind, "shown")
    return (
        f'<figure class="card {look}" data-kind="{card.kind}" data-search="{_text(card.search)}">'
        f'<div class="frame">{_frame(card, base)}</div><figcaption class="text">'
        f'<p class="prompt{"" if card.prompt else " none"}" dir="auto">{prompt}</p>'
        f'<div class="foot"><p class="meta">{_meta(card)}</p>{copy}</div></figcaption>'
        f"<dl hidden>{_facts(card, base)}</dl></figure>"
    )


def _frame(card: Card, base: str) -> str:
    label = _text(("Open: " + (card.prompt or card.model or "result"))[:_MAX_PROMPT_IN_LABEL])
    button = f'<button class="open" type="button" aria-label="{label}"></button>'
    link = base + quote(card.file) if card.file else ""
    nth = f'<span class="nth">{card.position}</span>' if card.position else ""
    size = f' width="{card.width}" height="{card.height}"' if card.width and card.height else ""
    if card.kind == "image":
        return f'<img src="{link}" alt="" loading="lazy" decoding="async"{size}>{button}{nth}'
    if card.kind == "video":
        length = f'<span class="play">{_clock(card.duration_seconds)}</span>'
        # The script sets src when the clip comes near: a page of hundreds would read them all at once.
        clip = f'<video data-src="{link}" preload="metadata" controls muted loop playsinline{size}></video>'
        return f'{clip}<noscript><a href="{link}">clip</a></noscript>{button}{length}{nth}'
    if card.kind == "audio":
        opener = f'<button class="open" type="button" aria-label="{label}">Open</button>'
        return f'<audio src="{link}" preload="none" controls></audio>{opener}'
    head = card.status.replace("_", " ").capitalize() or "Failed" if card.kind == "failed" else "File not found"
    code = f"<code>{_CAMEL.sub('<wbr>', _text(card.code))}</code>" if card.code else ""
    return f'<div class="note"><strong>{_text(head)}</strong><p>{_text(card.reason)}</p>{code}</div>{button}'


def _meta(card: Card) -> str:
    """Two short lines: what made it, and what it is."""
    size = f"{card.width}×{card.height}" if card.width and card.height else ""
    seed = f"seed {card.seed}" if card.seed else ""
    about = " · ".join(_text(part) for part in (size, seed, card.role.replace("_", " ")) if part)
    tag = ' <span class="tag">sandbox</span>' if card.sandbox else ""
    maker = (card.model or card.provider).rsplit("/", 1)[-1]
    return f"<span>{_text(maker)}{tag}</span>" + (f"<span>{about}</span>" if about else "")


def _facts(card: Card, base: str) -> str:
    rows = [
        ("Reason", f'<dd class="reason">{_text(card.reason)}</dd>' if card.reason else ""),
        ("Code", _dd(card.code)),
        ("File", f'<dd><a href="{base + quote(card.file)}">{_text(card.file)}</a></dd>' if card.file else ""),
        ("Model", _dd(card.model)),
        ("Provider", _dd(card.provider)),
        ("Seed", _dd(card.seed)),
        ("Size", _dd(f"{card.width} × {card.height}" if card.width and card.height else "")),
        ("Length", _dd(f"{card.duration_seconds:g} s" if card.duration_seconds else "")),
        ("File size", _dd(_bytes(card.size_bytes))),
        ("Made", f"<dd>{_time(card.ended_at)}</dd>" if card.ended_at else ""),
        ("Took", _dd(f"{card.elapsed_seconds:.1f} s" if card.elapsed_seconds else "")),
        ("Status", _dd(card.status)),
        ("Id", _dd(card.generation_id)),
    ]
    return "".join(f"<dt>{name}</dt>{value}" for name, value in rows if value)


def _dd(value: str) -> str:
    return f"<dd>{_text(value)}</dd>" if value else ""


def _time(unix_seconds: float) -> str:
    try:
        moment = datetime.fromtimestamp(unix_seconds, timezone.utc)
    except (ValueError, OverflowError, OSError):
        return ""
    return f'<time datetime="{moment.isoformat()}">{moment:%Y-%m-%d %H:%M} UTC</time>'


def _clock(seconds: float | None) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}" if seconds else ""


def _bytes(count: int) -> str:
    if count < 1000:
        return f"{count} bytes" if count else ""
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"


def _about(counts: Counter[str], cards: Sequence[Card]) -> str:
    words = [f"{counts[kind]} {_singular(name, counts[kind])}" for kind, name in _KINDS if counts[kind]]
    models = len({card.model for card in cards if card.model})
    return " · ".join([*words, f"{models} models"] if models > 1 else words)


def _singular(name: str, count: int) -> str:
    return (name[:-1] if count == 1 and name.endswith("s") else name).lower()


def _kind_buttons(counts: Counter[str]) -> str:
    rows = [("", "All", sum(counts.values())), *((kind, name, counts[kind]) for kind, name in _KINDS if counts[kind])]
    return "".join(
        f'<button type="button" data-kind="{kind}" aria-pressed="{"false" if kind else "true"}">{name} '
        f"<small>{count}</small></button>"
        for kind, name, count in rows
    )


def _text(value: str) -> str:
    """Text as text, in an element or a quoted attribute; what UTF-8 or a screen cannot hold becomes U+FFFD."""
    safe = "".join("\ufffd" if _unprintable(ch) else ch for ch in value)
    return html.escape(safe, quote=True)


def _unprintable(ch: str) -> bool:
    control = (ch < " " and ch not in "\n\t") or "\x7f" <= ch <= "\x9f"
    turns_text_round = "\u202a" <= ch <= "\u202e" or "\u2066" <= ch <= "\u2069"
    return control or turns_text_round or "\ud800" <= ch <= "\udfff"


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
