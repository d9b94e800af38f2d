"""Whether a local file is what its first bytes say. Eight magic bytes before a private key make it no picture."""

from __future__ import annotations

import struct
import warnings
from pathlib import Path
from typing import BinaryIO, cast

from .bounded import MAX_PIECE_BYTES, Bounded, Untold
from .measures import READERS
from .sounds import check_sound
from .wholeness import Structure, structure

LOOK_SECONDS = 10.0
"""Longer than for a result: here a file is refused where its end cannot be found in time."""
_PILLOW = {"image/png": "PNG", "image/jpeg": "JPEG", "image/bmp": "BMP", "image/tiff": "TIFF"}
"""What Pillow reads wherever it is installed, and strictly up to the pixels. Of a GIF it passes over what it does not
know, and WebP, AVIF and HEIC it may lack: those are told by their blocks, chunks and boxes, as clips are."""


def objection(path: Path, media_type: str) -> str:
    """What speaks against it, as a clause that follows the file's name; empty where nothing does. Raises OSError."""
    with path.open("rb") as file:
        try:
            good = _parses(file, media_type)
        except Untold as error:
            return f"begins as {media_type} but cannot be checked: {error}"
        except (ValueError, EOFError, struct.error, LookupError, ArithmeticError):
            good = False
    return "" if good else f"begins as {media_type} but is none, or only a part of one"


def _parses(file: BinaryIO, media_type: str) -> bool:
    """Raises ValueError and its like as well for what does not parse; Untold."""
    sizes = READERS[media_type](_bounded(file)) if media_type in READERS else None
    if media_type.startswith("image/") and not (sizes and sizes.width and sizes.height):
        return False
    if media_type in _PILLOW:
        return _pillow_opens(file, _PILLOW[media_type])
    if structure(file, media_type, seconds=LOOK_SECONDS) in (Structure.CUT, Structure.BROKEN):
        return False
    if media_type == "video/x-msvideo":
        return _bounded(file).take(24)[20:] == b"hdrl"
    check_sound(_bounded(file), media_type)
    return True


def _bounded(file: BinaryIO) -> Bounded:
    """All of it may be read, some of it again: a bomb makes its reader read the same bytes a thousand times."""
    return Bounded(file, seconds=LOOK_SECONDS, max_bytes=2 * file.seek(0, 2) + MAX_PIECE_BYTES)


def _pillow_opens(file: BinaryIO, form: str) -> bool:
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            Image.open(cast("BinaryIO", _bounded(file)), formats=(form,))
    except Untold:
        raise
    except Image.DecompressionBombError:
        return True  # it has a size, and that is large; the provider's limits say whether too large
    except Exception:  # its plugins raise whatever their parsing stumbles over
        return False
    return True
