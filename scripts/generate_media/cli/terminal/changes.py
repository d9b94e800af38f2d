"""What changed between two documents, and a contract that was renewed or taken back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from .known import Known
from .look import Line, Look, path_words
from .words import WORDS

Document = Mapping[str, Any]


def changed(document: Document, look: Look, known: Known | None = None) -> Iterator[Line]:
    """Whether a request that was valid may be refused now, then each call that came, went, moved or changed."""
    breaks = document["breaking"]
    is_same = not any(document[name] for name in ("added", "removed", "moved", "changed"))
    yield Line(look.word("breaks" if breaks else "same" if is_same else "breaks_not"), "bad" if breaks else "ok")
    yield from (Line(_told(look, "added", name)) for name in document["added"])
    yield from (Line(_told(look, "removed", name), "bad") for name in document["removed"])
    yield from (Line(_told(look, "moved", f"{it['from']} {look.arrow} {it['to']}"), "bad") for it in document["moved"])
    for row in document["changed"]:
        yield Line(str(row["endpoint"]), "bad" if row["breaking"] else "warn")
        yield from (Line(f"  {_change(change, look)}") for change in row["changes"])
    yield from (Line(_told(look, "gone", name), "bad") for name in document.get("gone") or ())
    if document.get("not_in_this_document"):
        yield Line(look.word("not_in_it", n=len(document["not_in_this_document"])))


def _told(look: Look, what: str, name: Any) -> str:
    return look.word("because", what=look.word(f"change.{what}"), why=name)


def _change(change: Document, look: Look) -> str:
    """``prompt: max_length  2000 → 2500``; marked where it breaks a request."""
    word = f"change.{change['change']}"
    has_word = word in WORDS
    what = look.word(word) if has_word else str(change["change"])
    told = [name for name in ("old", "new") if name in change or not has_word]
    values = f" {look.arrow} ".join(_value(change.get(name, "-")) for name in told)
    which = look.word("because", what=change["field"], why=what) if change.get("field") else what
    breaks = look.word("breaks_one") if change["breaking"] else ""
    return "  ".join(part for part in (which, values, breaks) if part)


def _value(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def renewed(document: Document, look: Look, known: Known) -> Iterator[Line]:
    """Whose contract is another from now on, where it is kept, what that changes, how it is taken back."""
    names = ", ".join(document["renewed"])
    yield Line(look.word("renewed", names=names, n=document["models"], date=document["date"]), "ok")
    yield Line(path_words(str(document["kept"])))
    for name in ("older_than_the_bundle", "server", "fingerprints"):
        if document.get(name):
            yield Line(str(document[name]), "warn")
    yield from changed(document["diff"], look)
    yield Line(look.word("undo", command=document["undo"]), "do")


def dropped(document: Document, look: Look, known: Known) -> Iterator[Line]:
    """Back to the bundle."""
    yield Line(look.word("dropped"), "ok")
    yield from (Line(_told(look, "removed", path_words(path))) for path in document["dropped"])
