"""Scaling a picture down until it meets a provider's limits, by Pillow, into a file of its own (``--fit``)."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from ..core import LocalMedia, UsageError
from ..events import at_end
from .local import MediaLimits

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

_QUALITIES = (90, 80, 70)
_STEP = 0.8
_NAME_CHARS = 60
_FORMATS = {"image/jpeg": ("JPEG", ".jpg"), "image/webp": ("WEBP", ".webp"), "image/png": ("PNG", ".png")}


def fit(media: LocalMedia, limits: MediaLimits, folder: Path | None = None) -> Path:
    """A smaller copy of the picture that meets ``max_bytes`` and the longest side, in ``folder`` (else a private
    one that goes away with the process). The same picture gives the same bytes.

    Raises:
        UsageError: ``bad_media`` when it cannot be read, or would fall under the least side.
    """
    from PIL import Image, ImageOps

    form, suffix = _format(limits)
    target = (folder or scratch_folder()) / f"{Path(media.path).stem[:_NAME_CHARS]}-{media.sha256[:8]}{suffix}"
    try:
        with Image.open(media.path) as opened:
            picture = _flat(ImageOps.exif_transpose(opened), keep_alpha=form != "JPEG")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UsageError("bad_media", f"{media.path} cannot be scaled: {error}") from None
    for size, quality in _tries(picture.size, limits):
        smaller = picture.resize(size, Image.Resampling.LANCZOS) if size != picture.size else picture
        try:
            smaller.save(target, form, quality=quality, optimize=True)
        except OSError as error:
            raise UsageError("bad_media", f"no smaller copy of {media.path} can be written: {error.strerror}") from None
        if limits.max_bytes is None or target.stat().st_size <= limits.max_bytes:
            return target
    raise UsageError("bad_media", f"{media.path} cannot be made small enough without falling under the least side")


@cache
def scratch_folder() -> Path:
    """A private folder that is removed when the process ends."""
    folder = tempfile.mkdtemp(prefix="generate-media-")
    at_end.callback(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def _format(limits: MediaLimits) -> tuple[str, str]:
    return next(
        (_FORMATS[kind] for kind in _FORMATS if not limits.types or kind in limits.types), _FORMATS["image/jpeg"]
    )


def _flat(picture: Picture, *, keep_alpha: bool) -> Picture:
    """RGB, transparent parts on white where the format has no transparency."""
    from PIL import Image

    if "A" not in picture.getbands() and "transparency" not in picture.info:
        return picture.convert("RGB")
    whole = picture.convert("RGBA")
    if keep_alpha:
        return whole
    ground = Image.new("RGBA", whole.size, (255, 255, 255, 255))
    return Image.alpha_composite(ground, whole).convert("RGB")


def _tries(size: tuple[int, int], limits: MediaLimits) -> Iterator[tuple[tuple[int, int], int]]:
    """Sizes from large to small, each at falling quality, down to the least side (64 pixels if none is known)."""
    least, most = limits.side or (64, float("inf"))
    scale, floor, before = min(1.0, most / max(size)), min(least, *size), None
    while True:
        scaled = (max(1, int(size[0] * scale)), max(1, int(size[1] * scale)))
        if min(scaled) < floor or scaled == before:
            return
        yield from ((scaled, quality) for quality in _QUALITIES)
        scale, before = scale * _STEP, scaled
