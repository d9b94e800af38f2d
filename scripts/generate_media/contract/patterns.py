"""The patterns of documents against texts. Some patterns run for ever, so a stranger's are matched with a time-out.

Patterns are ECMAScript's in name; what JSON Schema validators in Python make of them (``re``'s reading) is kept.
"""

from __future__ import annotations

import re
import warnings

_LONGEST = 4096
"""Characters of a pattern that is tried at all: compiling has no time-out."""
_SHARE = 0.02
"""Of the budget's seconds, for matching a pattern once."""
_MOST_SLOW = 10
"""So many patterns may take too long; then no other is tried."""
_MOST_SECONDS = 10.0
_BRACE = r"(?s)(\\[pPN]\{|\\.)|\{(?!\d*,?\d*\})"
"""A brace that bounds no repetition is a plain character; in ``regex`` it may ask for fuzzy matching."""


class Patterns:
    """One document's patterns. ``seconds``: what the whole question may take; ``trusted``: the bundle's own, whose
    patterns a test holds to forms that cannot run away, so that ``re`` will do and ``regex`` stays unloaded."""

    def __init__(self, seconds: float, *, trusted: bool = False) -> None:
        self.seconds = seconds
        self.trusted = trusted
        self.unchecked: dict[str, str] = {}
        """Pattern → why it could not be matched; whoever asks clears it first."""
        self._given_up: dict[str, str] = {}
        self._slow = 0

    def search(self, pattern: str, text: str) -> bool | None:
        """Whether a text holds a match; None where that cannot be told, which ``unchecked`` then says."""
        if self.trusted:
            return re.search(pattern, text) is not None
        if pattern not in self._given_up:
            found = self._search(pattern, text)
            if found is not None:
                return found
        self.unchecked[pattern] = self._given_up[pattern]
        return None

    def _search(self, pattern: str, text: str) -> bool | None:
        if len(pattern) > _LONGEST or self._slow >= _MOST_SLOW:
            self._given_up[pattern] = "it is too long" if len(pattern) > _LONGEST else "others took too long"
            return None
        import regex

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about sets that other versions of the library read otherwise
                compiled = regex.compile(re.sub(_BRACE, lambda brace: brace[1] or r"\{", pattern))
            return compiled.search(text, timeout=min(self.seconds, _MOST_SECONDS) * _SHARE) is not None
        except TimeoutError:
            self._slow += 1
            self._given_up[pattern] = "it takes too long"
        except Exception:  # whatever stops the library on a pattern: nothing was matched
            self._given_up[pattern] = "it cannot be read"
        return None
