"""One page to look at all results of a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .page import write_gallery as write_gallery
else:
    from ..core.door import opened

    __getattr__ = opened(
        __name__,
        ("page", "write_gallery"),
    )
