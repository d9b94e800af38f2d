"""Small pictures of large files: WebP of 512 pixels in ``.thumbnails/``, made once, several at a time.

Pillow decodes pictures; a clip's first frame comes by PyAV or ffmpeg, where one is there. Whatever cannot be made is
left out: the page then shows the file itself.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..files import is_folder, is_plain, write_whole

if TYPE_CHECKING:
    from PIL.Image import Image

FOLDER = ".thumbnails"
PIXELS = 512
QUALITY = 78
MAX_PIXELS = 80_000_000
"""Of a picture that is decoded: 8,900 × 8,900; a bomb has more."""
AT_ONCE = 4
"""Pictures that are decoded at the same time: 0.7 GB each at the most."""
FFMPEG_SECONDS = 20.0
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")


class Source(NamedTuple):
    """A file of the folder that wants a thumbnail."""

    name: str
    kind: str
    """image or video."""


def make_thumbnails(folder: Path, sources: Sequence[Source]) -> frozenset[str]:
    """The names of the files that have a thumbnail now. Raises nothing: a page without thumbnails is a page."""
    fresh = {source.name for source in sources if _is_fresh(folder, source.name)}
    left = [source for source in sources if source.name not in fresh]
    if left and _can_make(folder):
        made = _all(lambda source: _make(folder, source), left)
        fresh |= {source.name for source, done in zip(left, made, strict=True) if done}
    return frozenset(fresh)


def thumbnail_name(file: str) -> str:
    """The thumbnail's name in :data:`FOLDER`."""
    return f"{file}.webp"


def _can_make(folder: Path) -> bool:
    try:
        import PIL  # noqa: F401 - without it nothing can be made

        (folder / FOLDER).mkdir(exist_ok=True)
    except (ImportError, OSError):
        return False
    return is_folder(folder / FOLDER)


def _is_fresh(folder: Path, name: str) -> bool:
    small = folder / FOLDER / thumbnail_name(name)
    try:
        is_ours = is_folder(folder / FOLDER) and is_plain(small)
        return is_ours and small.stat().st_mtime_ns >= (folder / name).stat().st_mtime_ns
    except OSError:
        return False


def _all(make: Callable[[Source], bool], sources: Sequence[Source]) -> list[bool]:
    """Each source made; Pillow works outside the interpreter's lock, so threads use several cores."""
    with ThreadPoolExecutor(min(len(sources), os.cpu_count() or 1, AT_ONCE)) as pool:
        return list(_with_bar(pool.map(make, sources), len(sources)))


def _with_bar(results: Iterable[bool], total: int) -> Iterable[bool]:
    """A bar on a terminal; nothing at all elsewhere."""
    if not sys.stderr.isatty():
        return results
    try:
        from tqdm import tqdm
    except ImportError:
        return results
    return tqdm(results, total=total, unit="thumbnail", file=sys.stderr, leave=not sys.stdout.isatty())


def _make(folder: Path, source: Source) -> bool:
    try:
        small = _small(folder / source.name, source.kind)
        if small is None:
            return False
        data = BytesIO()
        small.save(data, "WEBP", quality=QUALITY, method=2)
        write_whole(folder / FOLDER / thumbnail_name(source.name), data.getvalue(), 0o644)
    except Exception:  # Pillow's readers raise many kinds of error at a stranger's bytes
        return False
    return True


def _small(path: Path, kind: str) -> Image | None:
    if kind == "video":
        frame = _first_frame(path)
        return None if frame is None else _shrunk(frame)
    from PIL import Image

    with Image.open(path, formats=_FORMATS) as picture:
        is_wanted = max(picture.size) > PIXELS and picture.width * picture.height <= MAX_PIXELS
        return _shrunk(picture) if is_wanted else None


def _shrunk(picture: Image) -> Image:
    from PIL import ImageOps

    picture.draft("RGB", (PIXELS, PIXELS))
    mode = "RGBA" if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info else "RGB"
    # Whatever can be made small as it is: each copy of a large picture in another form is as large.
    small = picture if picture.mode in ("RGB", "RGBA", "L", "LA", "CMYK", "YCbCr") else picture.convert(mode)
    small.thumbnail((PIXELS, PIXELS), reducing_gap=2.0)
    return ImageOps.exif_transpose(small).convert(mode)


def _first_frame(path: Path) -> Image | None:
    try:
        import av
    except ImportError:
        return _frame_by_ffmpeg(path)
    with av.open(str(path)) as clip:
        return next(iter(clip.decode(video=0))).to_image()  # type: ignore[no-any-return]


def _frame_by_ffmpeg(path: Path) -> Image | None:
    program = shutil.which("ffmpeg")
    if program is None:
        return None
    # Only this file: a playlist that calls itself a clip could name others.
    source = ["-protocol_whitelist", "file,pipe", "-i", f"file:{path.absolute()}"]
    scale = f"scale={PIXELS}:{PIXELS}:force_original_aspect_ratio=decrease"
    frame = ["-frames:v", "1", "-vf", scale, "-f", "image2pipe", "-c:v", "png", "-"]
    words = [program, "-v", "error", "-nostdin", *source, *frame]
    with suppress(subprocess.SubprocessError, OSError):
        ran = subprocess.run(words, capture_output=True, timeout=FFMPEG_SECONDS, check=True)  # noqa: S603 - our words
        from PIL import Image

        return Image.open(BytesIO(ran.stdout), formats=("PNG",))
    return None
