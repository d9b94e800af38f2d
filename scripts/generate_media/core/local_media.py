"""A local file in a body. Most bodies hold none: dataclasses, 8 ms of a start, are imported with the first that has."""

from __future__ import annotations

from dataclasses import dataclass

from .requests import Encoding


@dataclass(frozen=True)
class LocalMedia:
    """A local picture, clip or sound, known by its bytes and not by its name.

    Sizes in bytes and pixels, duration in seconds; None where the file does not tell.
    """

    path: str
    media_type: str
    size_bytes: int
    sha256: str
    encoding: Encoding
    width: int | None = None
    height: int | None = None
    duration_seconds: float | None = None
    remote_url: str | None = None
    """Where the provider already has these bytes; sent instead of them. The fingerprint still sees the bytes."""
    identity: str = ""
    """What the fingerprint sees in place of ``sha256``: for a file out of another job, what that job delivered."""
