"""The names of the flags that ask for something, by themselves: --help needs no more of this room."""

from __future__ import annotations

MEDIA_KINDS = {"image": "image", "first-frame": "image", "last-frame": "image", "video": "video", "audio": "audio"}
"""Media flag → the kind of file it takes."""
MEDIA_FLAGS = tuple(flag.replace("-", "_") for flag in MEDIA_KINDS)
"""The flags that take a file or a URL, as argparse names them."""
WISH_FLAGS = (
    *MEDIA_KINDS, "aspect-ratio", "size", "resolution", "duration", "seed", "frames",
    "audio-track", "watermark", "return-last-frame", "expires-after",
)  # fmt: skip
CLIP_FLAGS = frozenset(MEDIA_KINDS) - {"image"}
CLIP_HINTS = CLIP_FLAGS | {"duration", "frames", "audio-track", "return-last-frame"}
"""Flags that nobody gives for a picture."""
