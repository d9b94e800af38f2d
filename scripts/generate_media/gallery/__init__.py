"""One page to look at all results of a folder, on disk or served while they come."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .batches import FILM_LINE as FILM_LINE, place_of as place_of, record_batch as record_batch
    from .page import write_gallery as write_gallery
    from .serve import DEFAULT_PORT as DEFAULT_PORT, Served as Served, serve_gallery as serve_gallery
else:
    from ..core.door import opened

    __getattr__ = opened(
        __name__,
        ("batches", "FILM_LINE place_of record_batch"),
        ("page", "write_gallery"),
        ("serve", "DEFAULT_PORT Served serve_gallery"),
    )
