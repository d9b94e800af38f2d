"""What a file is, by its bytes and never by its name or a header.

:func:`identify` is pure; :func:`measure` reads a few header bytes of a file (see measures.py).
"""

from __future__ import annotations

from pathlib import Path

from .bounded import LOOK_SECONDS, Bounded
from .measures import READERS, Measures

__all__ = ["HEAD_BYTES", "Measures", "identify", "measure"]

HEAD_BYTES = 4096
"""How much of a file's beginning :func:`identify` wants; fewer bytes do for a file that is shorter."""

_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"II+\0", "image/tiff"),
    (b"MM\0+", "image/tiff"),
    (b"fLaC", "audio/flac"),
)
_RIFF = {b"WEBP": "image/webp", b"AVI ": "video/x-msvideo", b"WAVE": "audio/wav"}
_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
_AVIF_BRANDS = {b"avif", b"avis"}
_AUDIO_BRANDS = {b"M4A ", b"M4B ", b"M4P "}
_QUICKTIME_BOXES = {b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}
_BMP_HEADER_SIZES = {12, 40, 52, 56, 64, 108, 124}


def identify(head: bytes) -> str | None:
    """The media type that the first bytes of a file say, or None for what is no image, video or audio.

    HTML, SVG, JSON, plain text and archives are None: SVG can carry script, so it does not count as a picture.
    """
    for magic, media_type in _MAGIC:
        if head.startswith(magic):
            return media_type
    return _riff(head) or _iso_media(head) or _matroska(head) or _ogg(head) or _bmp(head) or _mpeg_audio(head)


def measure(path: str | Path, media_type: str, *, seconds: float = LOOK_SECONDS) -> Measures:
    """Pixels and seconds of a file, from its own header; None for what the header does not tell.

    A file that is broken, cannot be read, or takes longer than ``seconds`` (real ones) has no measures; that is not
    an error.
    """
    reader = READERS.get(media_type)
    if reader is None:
        return Measures()
    try:
        with open(path, "rb") as file:
            return reader(Bounded(file, seconds=seconds))
    except Exception:  # a decoder may raise anything at all, and no measure is worth a file that was paid for
        return Measures()


def _riff(head: bytes) -> str | None:
    return _RIFF.get(head[8:12]) if head[:4] in (b"RIFF", b"RF64") else None


def _iso_media(head: bytes) -> str | None:
    size, box = head[:4], head[4:8]
    if len(head) < 12:
        return None
    if box in _QUICKTIME_BOXES and size[0] < 0x20:  # files from before ftyp; text has printable bytes there
        return "video/quicktime"
    length = int.from_bytes(size, "big")
    if box != b"ftyp" or not 12 <= length <= HEAD_BYTES:
        return None
    major, brands = head[8:12], {head[at : at + 4] for at in range(16, min(length, len(head)) - 3, 4)}
    if major in _AVIF_BRANDS or (major in _HEIF_BRANDS and brands & _AVIF_BRANDS):
        return "image/avif"
    if major in _HEIF_BRANDS:
        return "image/heic"
    if major in _AUDIO_BRANDS:
        return "audio/mp4"
    return "video/quicktime" if major == b"qt  " else "video/mp4"


def _matroska(head: bytes) -> str | None:
    if not head.startswith(b"\x1aE\xdf\xa3"):
        return None
    if b"\x42\x82" not in head[:256]:  # DocType, RFC 8794 section 11.2.4
        return None
    doctype = head[head.index(b"\x42\x82") + 3 :]
    if doctype.startswith(b"webm"):
        return "video/webm"
    return "video/x-matroska" if doctype.startswith(b"matroska") else None


def _ogg(head: bytes) -> str | None:
    if not head.startswith(b"OggS\0"):
        return None
    return "video/ogg" if b"\x80theora" in head[:256] else "audio/ogg"


def _bmp(head: bytes) -> str | None:
    if len(head) < 26 or not head.startswith(b"BM"):
        return None
    return "image/bmp" if int.from_bytes(head[14:18], "little") in _BMP_HEADER_SIZES else None


def _mpeg_audio(head: bytes) -> str | None:
    if head.startswith(b"ID3") and len(head) >= 10 and head[3] < 0x10 and all(byte < 0x80 for byte in head[6:10]):
        return "audio/mpeg"
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    layer = head[1] & 0x06
    if layer == 0:  # ADTS: 12 bits of sync, layer always 0, a sampling index below 13 (ISO 13818-7)
        return "audio/aac" if head[1] & 0xF0 == 0xF0 and (head[2] >> 2) & 0x0F < 13 else None
    version, bitrate, sampling = head[1] & 0x18, head[2] >> 4, (head[2] >> 2) & 0x03
    # Layer I would also match a UTF-16 byte-order mark and nobody makes it.
    good = layer in (0x02, 0x04) and version != 0x08 and 0 < bitrate < 15 and sampling != 3
    return "audio/mpeg" if good else None
