"""A card as HTML: text and plain links, everything from outside escaped; what its panel shows, as JSON beside it."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence, Set
from typing import Any
from unicodedata import normalize
from urllib.parse import quote

from .batches import FILM_LINE
from .cards import Card
from .facts import ratio, size_word
from .thumbnails import FOLDER, thumbnail_name

_MAX_PROMPT_IN_LABEL = 120
_BREAKS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=_)")
"""Where a provider's LongCodeOfOneWord or LONG_CODE may be broken."""
_PICK = '<button class="pick" type="button" aria-pressed="false" aria-label="Choose for comparison" hidden></button>'
_COPY = '<button class="copy" type="button" aria-haspopup="menu" hidden data-t>Copy</button>'
_NO_COMMAND = "What is kept of it does not suffice for a command: say it anew."
_LOOKS = {"image": "shown", "video": "shown", "audio": "sound", "open": "waiting"}


def cards_html(cards: Sequence[Card], base: str) -> str:
    """All cards with a heading before each batch. ``base``: the URL path to the files' folder, with its slash."""
    files = {card.file for card in cards if card.file}
    pieces, batch = [], ""
    for card in cards:
        here = card.place.key if card.place else ""
        if here != batch:
            pieces.append(_heading(card, cards))
        batch = here
        pieces.append(_card(card, base, files))
    return "\n".join(pieces)


def _heading(card: Card, cards: Sequence[Card]) -> str:
    """Before a batch: its name and how far it is; before the jobs that come after one: that they belong to none."""
    if card.place is None:
        return '<h2 class="group"><span data-t>Other jobs</span></h2>'
    same = [other.place.line for other in cards if other.file and other.place and other.place.key == card.place.key]
    done = set(same) - {FILM_LINE}
    name, of = text(card.place.batch), card.place.of
    return f'<h2 class="group"><span dir="auto">{name}</span> <small>{len(done)}/{of}</small></h2>'


def _card(card: Card, base: str, files: Set[str]) -> str:
    prompt = text(card.prompt) or "no prompt recorded"
    none = "" if card.prompt else " none"
    about = json.dumps(_about(card, base, files), ensure_ascii=False, separators=(",", ":"))
    look = _LOOKS.get(card.kind, card.kind)
    return (
        f'<figure class="card {look}" data-kind="{card.kind}" data-key="{text(card.key)}"'
        f" data-job='{_in_single_quotes(about)}'>"
        f'<div class="frame">{_frame(card, base)}{_PICK}</div>'
        f'<figcaption class="text"><p class="prompt{none}" dir="auto"{"" if card.prompt else " data-t"}>{prompt}</p>'
        f'<div class="foot"><p class="meta">{_meta(card)}</p>{_COPY}</div></figcaption></figure>'
    )


def _frame(card: Card, base: str) -> str:
    label = text(("Open: " + (card.prompt or card.model or "result"))[:_MAX_PROMPT_IN_LABEL])
    button = f'<button class="open" type="button" aria-label="{label}"></button>'
    nth = f'<span class="nth">{card.position}</span>' if card.position else ""
    size = f' width="{card.width}" height="{card.height}"' if card.width and card.height else ""
    link = base + quote(card.file) if card.file else ""
    small = f"{base}{FOLDER}/{quote(thumbnail_name(card.file))}" if card.thumbnail else ""
    if card.kind == "image":
        full = f' data-src="{link}"' if small else ""
        return f'<img src="{small or link}"{full} alt="" loading="lazy" decoding="async"{size}>{button}{nth}'
    if card.kind == "video":
        length = f'<span class="play">{_clock(card.duration_seconds)}</span>'
        # The script sets src when it is needed: a page of hundreds would read them all at once.
        poster = f' poster="{small}"' if small else ""
        clip = f'<video data-src="{link}" preload="none"{poster} controls muted loop playsinline{size}></video>'
        return f'{clip}<noscript><a href="{link}">clip</a></noscript>{button}{length}{nth}'
    if card.kind == "audio":
        opener = f'<button class="open" type="button" aria-label="{label}" data-t>Open</button>'
        return f'<audio src="{link}" preload="none" controls></audio>{opener}'
    return f'<div class="note">{_note(card)}</div>{button}{nth}'


def _note(card: Card) -> str:
    """What happened in our words, the stranger's beneath them, and what to do."""
    code = f"<code>{_BREAKS.sub('<wbr>', text(card.code))}</code>" if card.code else ""
    theirs = f'<p class="theirs" dir="auto">{text(card.reason)}</p>' if card.reason else ""
    words = [card.fate.next, _NO_COMMAND if card.fate.way and not _way(card) else ""]
    todo = "".join(f'<p class="next" data-t>{text(sentence)}</p>' for sentence in words if sentence)
    return f"<strong data-t>{text(card.fate.head)}</strong><p data-t>{text(card.fate.words)}</p>{theirs}{code}{todo}"


def _way(card: Card) -> str:
    """The command that helps with a job that left no file."""
    return {"fetch": card.ways.fetch, "again": card.ways.again}.get(card.fate.way, "")


def _meta(card: Card) -> str:
    """Two short lines: what made it, and what it is."""
    size = f"{card.width}×{card.height}" if card.width and card.height else ""
    seed = f"{_said('seed')} {text(card.seed)}" if card.seed else ""
    cost = f"{card.cost.amount:,.10g} {_said(card.cost.unit)}" if card.cost.unit else ""
    line = "" if card.place is None else _said("film") if card.place.line == FILM_LINE else f"#{card.place.line}"
    role = _said(card.role.replace("_", " ")) if card.role else ""
    about = " · ".join(filter(None, (line, size, seed, role, cost)))
    tag = '<span class="tag">sandbox</span> ' if card.sandbox else ""
    maker = (card.model or card.provider).rsplit("/", 1)[-1]
    return f"<span>{tag}{text(maker)}</span>" + (f"<span>{about}</span>" if about else "")


def _said(word: str) -> str:
    """A word among figures, which the page's script says in the reader's language."""
    return f"<bdi data-t>{text(word)}</bdi>"


def _about(card: Card, base: str, files: Set[str]) -> dict[str, Any]:
    """What the panel, the filters and the order need; what is empty is left out."""
    way = _way(card)
    about: dict[str, Any] = {
        "file": card.file,
        "model": card.model,
        "provider": card.provider,
        "seed": card.seed,
        "status": card.status,
        "id": card.generation_id,
        "time": round(card.ended_at, 3),
        "took": round(card.elapsed_seconds, 1),
        "cost": card.cost.amount,
        "unit": card.cost.unit,
        "ratio": ratio(card.width, card.height),
        "size": size_word(card.width, card.height, card.kind),
        "w": card.width,
        "h": card.height,
        "seconds": card.duration_seconds,
        "bytes": card.size_bytes,
        "code": card.code,
        "words": normalize("NFKC", f"{card.fate.head} {card.reason} {card.role}").lower().strip(),
        "batch": card.place.batch if card.place else "",
        "group": card.place.key if card.place else "",
        "line": card.place.line if card.place else 0,
        "again": "" if way else card.ways.again,
        "vary": card.ways.vary,
        "way": way,
        "sandbox": card.sandbox,
        "refs": [
            [_printable(ref.name), base + quote(ref.file) if ref.file in files else ""] for ref in card.references
        ],
    }
    return {name: _printable(value) if isinstance(value, str) else value for name, value in about.items() if value}


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02}" if seconds else "clip"


def _in_single_quotes(json_text: str) -> str:
    """JSON for an attribute in single quotes: its own double ones, of which it is full, stay one byte each."""
    return json_text.replace("&", "&amp;").replace("'", "&#39;").replace("<", "&lt;")


def text(value: str) -> str:
    """Escaped, with what a reader could not see made visible."""
    return html.escape(_printable(value))


def _printable(value: str) -> str:
    return "".join("\ufffd" if _unprintable(ch) else ch for ch in value)


def _unprintable(ch: str) -> bool:
    control = (ch < " " and ch not in "\n\t") or "\x7f" <= ch <= "\x9f"
    turns_text_round = "\u202a" <= ch <= "\u202e" or "\u2066" <= ch <= "\u2069"
    return control or turns_text_round or "\ud800" <= ch <= "\udfff"
