"""One picture in another format, by Pillow: for a file's name that says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

QUALITY = 95
_FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP"}


def can_convert(media_type: str, wanted: str) -> bool:
    """Whether a file of one type can be made one of the other, as far as the types say."""
    return media_type in _FORMATS and wanted in _FORMATS


def convert_picture(source: BinaryIO, target: BinaryIO, wanted: str) -> str:
    """Write a single-frame picture as ``wanted``; the reason why not, empty where it was done.

    Colour profile and orientation are kept; transparent parts are white where the format has no transparency. The same
    bytes give the same bytes. ``target`` is of no use where there is a reason.
    """
    from PIL import Image

    try:
        source.seek(0)
        with Image.open(source) as opened:
            if getattr(opened, "n_frames", 1) != 1:
                return "it has several frames"
            kept = {name: opened.info[name] for name in ("icc_profile", "exif") if opened.info.get(name)}
            _in_colours(opened, _FORMATS[wanted]).save(target, _FORMATS[wanted], **_how(wanted), **kept)
    except MemoryError:
        return "it is too large"
    except Exception as error:  # a decoder may raise anything at all, and the file that was paid for is there
        return f"it cannot be read or written so ({type(error).__name__})"
    return ""


def _how(wanted: str) -> dict[str, Any]:
    return {} if wanted == "image/png" else {"quality": QUALITY}


def _in_colours(picture: Picture, form: str) -> Picture:
    from PIL import Image

    if form == "PNG":
        return picture if picture.mode != "CMYK" else picture.convert("RGB")
    if "A" not in picture.getbands() and "transparency" not in picture.info:
        return picture if picture.mode in ("L", "RGB") else picture.convert("RGB")
    whole = picture.convert("RGBA")
    if form == "WEBP":
        return whole
    ground = Image.new("RGBA", whole.size, (255, 255, 255, 255))
    return Image.alpha_composite(ground, whole).convert("RGB")
