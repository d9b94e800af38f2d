"""Which result URLs are secrets: whoever holds a signed one can fetch the file."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, urlsplit

_PLAIN_NAMES = frozenset(
    (
        *("w", "h", "width", "height", "dpr", "fit", "crop", "fm", "format", "ext", "type", "q", "quality", "size"),
        *("v", "ver", "version", "rev", "n", "page", "index", "frame", "dl", "download", "name", "filename", "file"),
        *("id", "lang"),
    )
)
_PLAIN_VALUE = r"[\w.,:@ -]{0,24}"


def is_signed(url: str) -> bool:
    """Whether a URL's query may be a signature: anything but short values of well-known plain names counts as one."""
    try:
        query = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    except ValueError:
        return True
    if not query:
        return "?" in url and not url.endswith("?")
    return not all(name.lower() in _PLAIN_NAMES and re.fullmatch(_PLAIN_VALUE, value) for name, value in query)
