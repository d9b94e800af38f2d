"""Models by the names that people say: "seedance", "nano banana 2", ``kling-3``. They are only ever suggested."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .spelling import nearest

MOST = 8
CHINESE = {
    **{"可灵": "kling", "海螺": "hailuo", "万相": "wan", "豆包": "doubao", "通义": "qwen", "千问": "qwen"},
    **{"香蕉": "banana", "即梦": "seed", "jimeng": "seed"},
}
"""What people call these models in China; 即梦 is the app with Seedream and Seedance behind it."""
_NOISE = frozenset({"v", "ai", "model", "the", "by", "video", "image"})
"""Words that tell no model from another."""


class Known(NamedTuple):
    """A model that a provider has."""

    model: str
    provider: str
    kind: str


def models_said(
    said: str, known: Iterable[Known], *, kind: str = "", limit: int = MOST, spelled: bool = True
) -> list[Known]:
    """The models that may be meant, likeliest first, at least one of each provider that has any.

    Every word that was said stands in the model's id, and a number there goes on as it was said (3 for 3.1); newer
    ones come first where no number was said; those of another ``kind`` come last.
    Where no model has all the words, if ``spelled``: those that differ in numbers alone (sora-2 for sora-3); where none
    does, and for a whole id (with a slash): the nearest spellings.
    """
    models = list(dict.fromkeys(known))
    words = _words(said)
    ranked = _ranked(words, models, kind)
    if spelled and not ranked:
        ranked = _ranked([word for word in words if not word[0].isdigit() and word not in _NOISE], models, kind)
    if spelled and (not ranked or "/" in said):
        near = nearest(said, list(dict.fromkeys(one.model for one in models)), limit=limit)
        ranked = [one for name in near for one in models if one.model == name] or ranked
    return _fair(ranked, limit)


def _ranked(words: Sequence[str], models: Iterable[Known], kind: str) -> list[Known]:
    """The models whose ids have all the words, likeliest first."""
    wanted = [word for word in words if word not in _NOISE] or words
    fitting = [
        (rank, one) for one in models if wanted and (rank := _rank(wanted, words, _words(one.model))) is not None
    ]
    return [one for _, one in sorted(fitting, key=lambda pair: (bool(kind) and pair[1].kind != kind, pair[0]))]


def _words(text: str) -> list[str]:
    """Letters and numbers apart; ``2-0`` and ``2.0`` are 2, ``1-5`` is 1.5, a date of six digits is no version."""
    text = text.lower()
    for chinese, name in CHINESE.items():
        text = text.replace(chinese, f" {name} ")
    plain = re.sub(r"(?<![\d.])(\d)-(\d)(?!\d)", r"\1.\2", text)
    return [re.sub(r"(\.0)+$", "", word) for word in re.findall(r"[^\W\d_]+|\d+(?:\.\d+)*", plain)]


def _rank(wanted: Sequence[str], said: Sequence[str], has: Sequence[str]) -> tuple[float, ...] | None:
    """Smaller is likelier; None where a word that was said is not in the id."""
    inexact = 0
    for word in wanted:
        if word in has:
            continue
        if (word.isalpha() and len(word) < 3) or not any(_goes_on(one, word) for one in has):
            return None
        inexact += 1
    versions = [float(one) for one in has if re.fullmatch(r"\d{1,2}(\.\d+)?", one)]
    unnamed = 0.0 if any(word[0].isdigit() for word in wanted) else -max(versions, default=0.0)
    return inexact, unnamed, len([word for word in has if word not in said and word not in _NOISE])


def _goes_on(has: str, word: str) -> bool:
    """Whether a part of an id begins as it was said: 3.1 as 3, seedance as seed; never 30 as 3."""
    return has.startswith(f"{word}." if word[0].isdigit() else word)


def _fair(ranked: Sequence[Known], limit: int) -> list[Known]:
    firsts = list({one.provider: one for one in reversed(ranked)}.values())
    chosen = {*firsts[-limit:], *ranked[: max(0, limit - len(firsts))]}
    return [one for one in ranked if one in chosen]
