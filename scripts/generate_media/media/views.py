"""What the contract, the fingerprint, the journal and the terminal see of a body: never a file's bytes.

A local file stays a :class:`LocalMedia` in the body until the moment of sending (local.py).
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from ..core import Body, Encoding, Json, without_nulls

if TYPE_CHECKING:
    from ..core import LocalMedia

_LONG = 200
"""So many characters of base64 without a space: no prompt looks so, and 150 bytes of a picture do."""
# Compiled where one is first met: few bodies hold any of them.
_DATA_URI = r"(?is)data:([\w.+-]+/[\w.+-]+)?((?:;[\w.+=-]+)*),(.*)\Z"
_INNER_DATA_URI = r"(?i)data:[\w.+-]+/[\w.+-]+(?:;[\w.+=-]+)*;base64,[A-Za-z0-9+/=_%-]+"
_LONG_BASE64 = rf"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-](?:[A-Za-z0-9+/_-]|\r?\n){{{_LONG - 1},}}={{0,2}}"


def for_validation(body: Body) -> Json:
    """The body with a short stand-in of the right shape for each local file."""
    return walk(body, _stand_in)


def redact(body: Body) -> Json:
    """The body as it may be shown and stored: every file and every piece of base64 cut to its hash and size."""
    return walk(body, _described, _cut)


def canonical(body: Body) -> Json:
    """The body as the fingerprint sees it: no fields that are null, 5.0 as 5, files and data URIs as their sha256."""
    plain = walk(body, lambda media: f"sha256:{media.identity or media.sha256}", _hashed_uri)
    return _one_kind_of_number(without_nulls(plain))


def files_of(body: Body) -> Iterator[LocalMedia]:
    """Every local file in a body, in order."""
    if isinstance(body, Mapping):
        for value in body.values():
            yield from files_of(value)
    elif isinstance(body, Sequence):
        for value in () if isinstance(body, str) else body:
            yield from files_of(value)
    elif body is not None and not isinstance(body, (int, float)):
        yield body


def walk(value: Body, leaf: Callable[[LocalMedia], Json], text: Callable[[str], str] = str) -> Json:
    """A body as plain JSON, each local file turned by ``leaf`` and each string by ``text``."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, Mapping):
        return {key: walk(item, leaf, text) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [walk(item, leaf, text) for item in value]
    return value if value is None or isinstance(value, (int, float)) else leaf(value)


def _one_kind_of_number(value: Json) -> Json:
    """As JSON has it: who writes 5.0 the second time means the same job."""
    if isinstance(value, dict):
        return {key: _one_kind_of_number(item) for key, item in value.items()}
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return [_one_kind_of_number(item) for item in value] if isinstance(value, list) else value


def _stand_in(media: LocalMedia) -> Json:
    if media.remote_url is not None:
        return media.remote_url
    if media.encoding is Encoding.MULTIPART:
        from .endings import extension

        name = quote(Path(media.path).stem, safe="", errors="replace")
        return f"https://local.file/{name}{extension(media.media_type)}"
    return "AAAA" if media.encoding is Encoding.BASE64 else f"data:{media.media_type};base64,AAAA"


def _described(media: LocalMedia) -> Json:
    name = Path(media.path).name
    return {"file": name, "sha256": media.sha256, "bytes": media.size_bytes, "media_type": media.media_type}


def _cut(text: str) -> str:
    """Data URIs and long base64 by their hash; a URL stays whole, though its signature may look like base64."""
    if (len(text) < _LONG and "data:" not in text.lower()) or re.match(r"https?://\S*\Z", text):
        return text
    if re.match(_DATA_URI, text):
        return _label(text)
    text = re.sub(_INNER_DATA_URI, lambda found: _label(found[0]), text)
    return re.sub(_LONG_BASE64, lambda found: _hash_label(*_bytes_of("", found[0])), text)


def _label(uri: str) -> str:
    head, _, payload = uri.partition(",")
    return f"{head},{_hash_label(*_bytes_of(head, payload))}"


def _hash_label(digest: str, size: int) -> str:
    return f"<sha256:{digest[:16]}… {size} bytes>"


def _bytes_of(head: str, payload: str) -> tuple[str, int]:
    """sha256 and size of what a payload stands for; of its text where it is no base64."""
    data = payload.encode("utf-8", "surrogatepass")
    if not head or head.lower().endswith(";base64"):
        with suppress(ValueError):
            data = base64.b64decode("".join(payload.split()), validate=True)
    return hashlib.sha256(data).hexdigest(), len(data)


def _hashed_uri(text: str) -> str:
    found = re.match(_DATA_URI, text) if text[:5].lower() == "data:" else None
    if found is None:
        return text
    return "sha256:" + _bytes_of(text.partition(",")[0], found[3])[0]
