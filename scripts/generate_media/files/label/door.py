"""Label a file, or read the label of one. What cannot be labelled safely stays as it is, and says why."""

from __future__ import annotations

import os
import stat
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from ...media import HEAD_BYTES, Structure, identify, structure
from ..atomic import part_file, sync_folder
from . import isobox, jpeg, png, webp
from .edits import Unlabelled, XmpPlace, copy
from .packet import MAX_BYTES, merged, read
from .provenance import Provenance

_FORMATS: Mapping[str, Callable[[BinaryIO], XmpPlace]] = {
    "image/png": png.find,
    "image/jpeg": jpeg.find,
    "image/webp": webp.find,
    "video/mp4": isobox.find,
    "video/quicktime": isobox.find,
}
_BROKEN = (EOFError, ValueError, IndexError, struct.error, zlib.error)


@dataclass(frozen=True)
class Labelled:
    """A file that has its label. Digests in hexadecimal: of the file, and of what it was made from."""

    sha256: str
    source_sha256: str
    size_bytes: int
    without_prompt: bool = False
    """The prompt is longer than a label can be, and was left out."""


@dataclass(frozen=True)
class LeftAlone:
    """A file that stays as it is. ``reason`` is half a sentence: "it carries a C2PA manifest, …"."""

    reason: str


def label_file(
    path: Path, label: Provenance, written: Callable[[Labelled], None] | None = None
) -> Labelled | LeftAlone:
    """Put the label into a file, in one step: at any instant it is there whole, without the label or with it.

    ``written`` hears of the new bytes once they are on the disk and before they take the old ones' place.

    Raises:
        OSError: it cannot be read or written; it is as it was.
    """
    try:
        with _plain(path) as source, part_file(path.parent, path.name) as part:
            outcome = label_copy(source, part.file, label)
            if isinstance(outcome, LeftAlone):
                return outcome
            with suppress(AttributeError):  # Windows before 3.13
                os.fchmod(part.file.fileno(), stat.S_IMODE(os.fstat(source.fileno()).st_mode))
            part.sync()
            if written is not None:
                written(outcome)
            if os.name == "nt":  # open files can be neither moved nor replaced there
                part.file.close()
                source.close()
            os.replace(part.path, path)
    except Unlabelled as reason:
        return LeftAlone(str(reason))
    sync_folder(path.parent)
    return outcome


def label_copy(source: BinaryIO, target: BinaryIO, label: Provenance) -> Labelled | LeftAlone:
    """Write ``source`` with the label to ``target``, an empty file. Where it is left alone, ``target`` is of no use.

    Raises OSError.
    """
    try:
        place = _find(source)
        packet, without_prompt = _packet(place, label)
        return Labelled(*copy(source, target, place.edits(packet)), without_prompt=without_prompt)
    except Unlabelled as reason:
        return LeftAlone(str(reason))


def read_label(path: Path) -> Provenance | None:
    """The label in a file; None where there is none or the file cannot be read. Its texts are a stranger's words."""
    try:
        with _plain(path) as file:
            return next(filter(None, map(read, _find(file).packets)), None)
    except (OSError, Unlabelled):
        return None


def _packet(place: XmpPlace, label: Provenance) -> tuple[bytes, bool]:
    """The whole packet, and whether the prompt had to be left out of it."""
    if place.refusal:
        raise Unlabelled(place.refusal)
    if len(place.packets) > 1:
        raise Unlabelled("it has more than one XMP packet, where there should be one")
    existing = place.packets[0] if place.packets else b""
    for words in (label, replace(label, prompt="")):
        packet = merged(existing, words, declared=place.declared)
        if len(packet) <= MAX_BYTES:
            return packet, words is not label
    raise Unlabelled("its XMP metadata leaves no room for more")


def _find(file: BinaryIO) -> XmpPlace:
    """Raises Unlabelled for a type that has no place for a label, and for a file that is not whole."""
    file.seek(0)
    media_type = identify(file.read(HEAD_BYTES))
    find = _FORMATS.get(media_type or "")
    if media_type is None or find is None:
        raise Unlabelled(f"a label has no place in {media_type or 'such a file'}")
    try:
        if structure(file, media_type) in (Structure.WHOLE, Structure.UNTOLD):
            return find(file)
    except _BROKEN:
        pass
    raise Unlabelled("it is not whole, or not of the usual form")


@contextmanager
def _plain(path: Path) -> Iterator[BinaryIO]:
    """A regular file and no link: a link could lead out of the folder, a device could have no end."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with open(os.open(path, flags), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise Unlabelled("it is no plain file")
        yield file
