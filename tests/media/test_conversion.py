"""One picture in another format: what is kept, what is left alone and why."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image, ImageCms

from generate_media.media.conversion import can_convert, convert_picture

TYPES = {"PNG": "image/png", "JPEG": "image/jpeg", "WEBP": "image/webp"}


def encoded(picture: Image.Image, form: str, **how: Any) -> io.BytesIO:
    out = io.BytesIO()
    picture.save(out, form, **how)
    return out


def converted(source: io.BytesIO, form: str) -> Image.Image:
    target = io.BytesIO()
    assert convert_picture(source, target, TYPES[form]) == ""
    again = io.BytesIO()
    convert_picture(source, again, TYPES[form])
    assert target.getvalue() == again.getvalue(), "the same bytes give the same bytes"
    made = Image.open(target)
    assert made.format == form
    return made


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16"])
@pytest.mark.parametrize("form", TYPES)
def test_every_kind_of_picture_becomes_every_other(mode: str, form: str) -> None:
    source = encoded(Image.new(mode, (30, 20)), "JPEG" if mode == "CMYK" else "PNG")
    assert converted(source, form).size == (30, 20)


def test_what_is_transparent_is_white_where_nothing_can_be() -> None:
    clear = encoded(Image.new("RGBA", (16, 16), (255, 0, 0, 0)), "PNG")
    assert converted(clear, "JPEG").getpixel((8, 8)) == (255, 255, 255)
    assert converted(clear, "WEBP").convert("RGBA").getpixel((8, 8))[3] == 0  # type: ignore[index]


def test_colours_and_orientation_stay() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[0x0112] = 6
    made = converted(encoded(Image.new("RGB", (8, 8)), "PNG", icc_profile=profile, exif=exif), "JPEG")
    assert (made.info["icc_profile"], made.getexif()[0x0112]) == (profile, 6)


def bomb() -> io.BytesIO:
    """A PNG that says it has more pixels than anybody wants to see."""
    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    chunks = b""
    for name, data in ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 1000)), (b"IEND", b"")):
        chunks += struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    return io.BytesIO(b"\x89PNG\r\n\x1a\n" + chunks)


FRAMES = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
LEFT_ALONE = {
    "several frames": (encoded(FRAMES[0], "WEBP", save_all=True, append_images=FRAMES[1:]), "several frames"),
    "an animated PNG": (encoded(FRAMES[0], "PNG", save_all=True, append_images=FRAMES[1:]), "several frames"),
    "cut short": (io.BytesIO(encoded(Image.effect_noise((64, 64), 9), "PNG").getvalue()[:900]), "cannot be read"),
    "no picture": (io.BytesIO(b"\x89PNG\r\n\x1a\nno"), "cannot be read"),
    "a bomb": (bomb(), "cannot be read"),
}


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("what", LEFT_ALONE)
def test_what_cannot_be_converted_has_a_reason(what: str) -> None:
    source, reason = LEFT_ALONE[what]
    assert reason in convert_picture(source, io.BytesIO(), "image/jpeg")


def test_what_fits_no_format_has_a_reason() -> None:
    wide = encoded(Image.new("L", (20_000, 1)), "PNG")
    assert "cannot be read or written" in convert_picture(wide, io.BytesIO(), "image/webp")


@pytest.mark.parametrize(
    ("media_type", "wanted", "can"),
    [("image/png", "image/webp", True), ("image/gif", "image/png", False), ("image/png", "video/mp4", False)],
)
def test_which_types_can_be_converted(media_type: str, wanted: str, can: bool) -> None:
    assert can_convert(media_type, wanted) is can
