"""What the files of a job say of themselves, from its row in the journal."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from ..core import Json, SavedOutput
from .context import JobContext

if TYPE_CHECKING:
    from ..config import LabelWish
    from ..files import Labelling, Provenance
    from ..journal import Row

_MEDIA = re.compile(r"(?:https?|asset)://\S+\Z|data:|<sha256:", re.IGNORECASE)
_TOLD_TO = re.compile("callback|webhook", re.IGNORECASE)
"""Fields whose URL is where the provider reports to."""


def labelling(ctx: JobContext, row: Row) -> Labelling | None:
    """The label that was asked for; None where none was.

    Its date is the job's own and the one that no later run changes (``ended_at`` moves when URLs are renewed): the
    same result, fetched again, must give the same bytes.
    """
    if not ctx.label:
        return None
    from ..files import Labelling

    return Labelling(provenance_of([row], ctx.label), row.generation_id or "", ctx.printer.warn)


def provenance_of(rows: Sequence[Row], wish: LabelWish, handle: str = "") -> Provenance:
    """What made a file out of the results of these jobs: each provider, model and prompt once, the newest date."""
    from ..files import Provenance

    return Provenance(
        provider=", ".join(dict.fromkeys(row.provider for row in rows)),
        model=", ".join(dict.fromkeys(row.model for row in rows)),
        handle=handle,
        created_at=max((row.accepted_at or row.created_at for row in rows), default=0.0),
        edited=any(_holds_media(row.request) for row in rows),
        prompt="\n".join(dict.fromkeys(row.prompt for row in rows)) if wish == "prompt" else "",
    )


def label_saved(
    ctx: JobContext, row: Row, saved: Sequence[SavedOutput], record: Callable[[tuple[SavedOutput, ...]], None]
) -> tuple[SavedOutput, ...]:
    """Files of an earlier run, now with the label that this run asks for. ``record`` is told before each is replaced.

    Raises:
        OutputError: ``save_failed``.
    """
    wanted = labelling(ctx, row)
    if wanted is None or all(item.source_sha256 for item in saved):
        return tuple(saved)
    from ..files import add_labels, save_failed

    try:
        return add_labels(saved, wanted, record)
    except OSError as error:
        raise save_failed(error) from None


def _holds_media(body: Json) -> bool:
    """Whether a request, as the journal keeps it, was given a picture, clip or sound: by URL, as bytes, as a file."""
    if isinstance(body, Mapping):
        is_file = {"file", "sha256", "media_type"} <= body.keys()  # what media.redact leaves of one
        return is_file or any(_holds_media(value) for name, value in body.items() if not _TOLD_TO.search(name))
    if isinstance(body, list):
        return any(map(_holds_media, body))
    return isinstance(body, str) and _MEDIA.match(body) is not None
