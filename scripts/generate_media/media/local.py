"""Local files in: recognised by their bytes, hashed, measured, encoded at the moment of sending. No HTTP.

A local file stays a :class:`LocalMedia` in the body until then; views.py is what everybody else sees of it.
Base64 is made here and nowhere else.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..core import Body, Encoding, Json, LocalMedia, UsageError
from .genuine import objection
from .sniff import HEAD_BYTES, identify, measure
from .views import walk

MAX_MEDIA_BYTES = 256 << 20
"""Several times what any provider documents; a body in JSON holds all of it in memory."""
_BLOCK = 1 << 20


@dataclass(frozen=True)
class MediaLimits:
    """What a provider documents for one media field; None or empty: nothing is documented.

    ``max_bytes`` counts the file, not its base64. ``side``: pixels of each side; ``aspect``: width over height;
    ``seconds``: of clips and sounds. All (least, most).
    """

    kind: str = ""
    types: tuple[str, ...] = ()
    max_bytes: int | None = None
    side: tuple[float, float] | None = None
    aspect: tuple[float, float] | None = None
    seconds: tuple[float, float] | None = None


def load(path: str | Path, encoding: Encoding, *, kind: str = "") -> LocalMedia:
    """Read a file once, in blocks: what it is, its sha256, its size in bytes and pixels and seconds.

    Raises:
        UsageError: ``unreadable_file``, or ``not_media`` for what is no image, video or audio or not of ``kind``.
    """
    file = Path(os.path.expanduser(path))
    try:
        head, digest, size = _read(file)
        media_type = identify(head)
        doubt = objection(file, media_type) if media_type else ""
    except (OSError, ValueError) as error:
        raise UsageError("unreadable_file", f"{path} cannot be read: {_reason(error)}") from None
    if media_type is None:
        raise UsageError("not_media", f"{path} is no image, video or audio (told by its bytes, not by its name)")
    if doubt:
        raise UsageError("not_media", f"{path} {doubt}")
    if kind and not media_type.startswith(f"{kind}/"):
        article = "an" if kind[0] in "aeiou" else "a"
        raise UsageError("not_media", f"{path} is {media_type}, and {article} {kind} file is wanted here")
    sizes = measure(file, media_type)
    return LocalMedia(
        path=str(file),
        media_type=media_type,
        size_bytes=size,
        sha256=digest,
        encoding=encoding,
        width=sizes.width,
        height=sizes.height,
        duration_seconds=sizes.duration_seconds,
    )


def objections(media: LocalMedia, limits: MediaLimits) -> tuple[str, ...]:
    """What a file has against it, each as a clause that follows its name; empty when it fits."""
    found: list[str] = []
    if limits.types and media.media_type not in limits.types:
        found.append(f"is {media.media_type}, allowed are {', '.join(limits.types)}")
    if limits.max_bytes is not None and media.size_bytes > limits.max_bytes:
        found.append(f"has {media.size_bytes:,} bytes, at most {limits.max_bytes:,} are allowed")
    if media.width and media.height:
        size = f"{media.width}x{media.height} pixels"
        if limits.side and not (limits.side[0] <= min(media.width, media.height)):
            found.append(f"is {size}, each side must have at least {limits.side[0]:g}")
        if limits.side and not (max(media.width, media.height) <= limits.side[1]):
            found.append(f"is {size}, each side may have at most {limits.side[1]:g}")
        if limits.aspect and not (limits.aspect[0] <= media.width / media.height <= limits.aspect[1]):
            low, high = limits.aspect
            found.append(f"is {size}, width over height must lie between {low:g} and {high:g}")
    seconds = media.duration_seconds
    if limits.seconds and seconds is not None and not limits.seconds[0] <= seconds <= limits.seconds[1]:
        found.append(f"lasts {seconds:g} s, allowed are {limits.seconds[0]:g} to {limits.seconds[1]:g} s")
    return tuple(found)


def encode(body: Body) -> Json:
    """The body as it is sent in JSON: local files read again and turned into data URIs or base64.

    Raises:
        UsageError: ``file_changed`` or ``unreadable_file`` since it was loaded.
        ValueError: a file that can travel only as multipart.
    """
    return walk(body, _encoded)


def multipart_fields(body: Mapping[str, Body]) -> list[tuple[str, str | LocalMedia]]:
    """The body as form fields: a list repeats its field's name, objects become JSON text, nulls are left out."""
    fields: list[tuple[str, str | LocalMedia]] = []
    for name, value in body.items():
        items = value if isinstance(value, (list, tuple)) else (value,)
        fields += [(name, _form_value(item)) for item in items if item is not None]
    return fields


def _encoded(media: LocalMedia) -> Json:
    if media.remote_url is not None:
        return media.remote_url
    if media.encoding is Encoding.MULTIPART:
        raise ValueError(f"{media.path} can travel only as multipart/form-data")
    try:
        data = Path(media.path).read_bytes()
    except OSError as error:
        raise UsageError("unreadable_file", f"{media.path} cannot be read: {_reason(error)}") from None
    if hashlib.sha256(data).hexdigest() != media.sha256:
        raise UsageError("file_changed", f"{media.path} changed while this command ran", guidance=("run it again",))
    text = base64.b64encode(data).decode("ascii")
    return text if media.encoding is Encoding.BASE64 else f"data:{media.media_type};base64,{text}"


def _form_value(value: Body) -> str | LocalMedia:
    if isinstance(value, LocalMedia):
        return value if value.remote_url is None else value.remote_url
    return value if isinstance(value, str) else json.dumps(encode(value))


def _read(file: Path) -> tuple[bytes, str, int]:
    """First bytes, sha256 and size. Only regular files: a FIFO would wait for ever, a device never end."""
    found = os.stat(file)
    if not stat.S_ISREG(found.st_mode):
        raise ValueError("it is not a regular file")
    if found.st_size > MAX_MEDIA_BYTES:
        raise ValueError(f"it is larger than the {MAX_MEDIA_BYTES >> 20} MiB that are taken here")
    digest, head, size = hashlib.sha256(), b"", 0
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            head = head or block[:HEAD_BYTES]
            digest.update(block)
            size += len(block)
    return head, digest.hexdigest(), size


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
