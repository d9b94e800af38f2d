"""The last frame of a clip, cut once and kept in the state folder: whoever asks for it again gets the same picture."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..core import OutputError
from ..files import is_plain, keep, part_file

if TYPE_CHECKING:
    from .tools import Tool

FOLDER = "frames"


def kept_frame(state: Path, clip: Path, sha256: str, tool: Tool) -> Path:
    """The clip's last frame as PNG; ``sha256`` names it, whichever tool cuts it.

    Raises:
        OutputError: ``no_last_frame``.
    """
    path = state / FOLDER / f"{sha256}.png"
    if is_plain(path):
        return path
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with part_file(path.parent, path.name) as part:
            tool.last_frame(clip, part.path)
            keep(part, path)
    except OSError as error:
        raise OutputError(
            "no_last_frame",
            f"the last frame of {clip.name} cannot be read: {error.strerror or error}",
            guidance=("run the same command again; --return-last-frame asks the provider for it, where it can",),
        ) from None
    return path
