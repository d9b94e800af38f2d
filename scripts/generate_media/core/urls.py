"""Which result URLs are secrets, and texts without them: whoever holds a signed one can fetch the file."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

from .redaction import MARK

_PLAIN_NAMES = frozenset(
    (
        *("w", "h", "width", "height", "dpr", "fit", "crop", "fm", "format", "ext", "type", "q", "quality", "size"),
        *("v", "ver", "version", "rev", "n", "page", "index", "frame", "dl", "download", "name", "filename", "file"),
        *("id", "lang"),
    )
)
_PLAIN_VALUE = r"[\w.,:@ -]{0,24}"
_WORD = rf"(?:{MARK}|[^\s\"'<>`])+"
_QUERY_MARK = r"(?i)\?|%(?:25)*3f|\\u003f"
_QUERY = r"(?i)=|%(?:25)*3d|\\u003d"
_HOST_MARK = r"(?i)[/\\]/|%(?:25)*2f%"
CUT_QUERY = "?<signature>"
"""What stands for a query that was cut out of a text."""


def is_signed(url: str) -> bool:
    """Whether a URL's query may be a signature: anything but short values of well-known plain names counts as one."""
    try:
        query = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    except ValueError:
        return True
    if not query:
        return "?" in url and not url.endswith("?")
    return not all(name.lower() in _PLAIN_NAMES and re.fullmatch(_PLAIN_VALUE, value) for name, value in query)


def unsigned(text: str) -> str:
    """A text in which no URL has a query that may be a signature; URLs that are escaped in it are found too."""
    if not re.search(_QUERY_MARK, text):
        return text
    return re.sub(_WORD, lambda found: _unsigned_word(found[0]), text)


def _unsigned_word(word: str) -> str:
    mark = re.search(_QUERY_MARK, word)
    if mark is None:
        return word
    before, query = word[: mark.start()], word[mark.end() :]
    is_query = re.search(_QUERY, query) or (query and re.search(_HOST_MARK, before))
    if not is_query or (mark[0] == "?" and not is_signed("?" + query)):
        return word
    return before + CUT_QUERY
