"""From a call's body to the bytes of a request. Opens local media files; sends nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from ..core import Body, UsageError

if TYPE_CHECKING:
    from ..core import LocalMedia

_BLOCK_BYTES = 1 << 18


class Content(NamedTuple):
    """What goes out: bytes, or a readable multipart encoder that knows its length."""

    data: Any
    content_type: str


def json_content(body: Mapping[str, Body]) -> Content:
    """ASCII-safe JSON (a lone surrogate survives as an escape); local files are encoded now, not before.

    Raises:
        UsageError: a local file changed, or a number that JSON cannot say.
    """
    try:
        text = json.dumps(body, default=_leaf, allow_nan=False, separators=(",", ":"))
    except ValueError:
        raise UsageError("bad_value", "the request holds NaN or Infinity, which JSON cannot say") from None
    return Content(text.encode("ascii"), "application/json")


def multipart_content(body: Mapping[str, Body], files: ExitStack) -> Content:
    """multipart/form-data whose files are read while they are sent; ``files`` closes them.

    Raises:
        UsageError: a local file is gone or changed.
    """
    from requests_toolbelt.multipart.encoder import MultipartEncoder

    from ..media import multipart_fields

    fields = [
        (name, value.encode("utf-8", "replace") if isinstance(value, str) else _part(value, files))
        for name, value in multipart_fields(body)
    ]
    encoder = MultipartEncoder(fields)
    return Content(encoder, encoder.content_type)


def _leaf(value: object) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    from ..core import LocalMedia

    if isinstance(value, LocalMedia):
        from ..media import encode

        return encode(value)
    raise TypeError(f"not a body: {type(value).__name__}")


def _part(media: LocalMedia, files: ExitStack) -> tuple[str, IO[bytes], str]:
    """Name, open file and type of one part. The name is ours: a local one is nobody's business."""
    from ..media import extension

    try:
        file = files.enter_context(Path(media.path).open("rb"))  # noqa: SIM115 -- the stack closes it
        digest = hashlib.sha256()
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
        file.seek(0)
    except OSError as error:
        raise UsageError("unreadable_file", f"{media.path}: {error.strerror}") from None
    if digest.hexdigest() != media.sha256:
        raise UsageError("file_changed", f"{media.path} changed after it was checked; run the command again")
    return f"{media.sha256[:16]}{extension(media.media_type)}", file, media.media_type
