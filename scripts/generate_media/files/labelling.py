"""Labels for a job's files: for one that has no name yet, and for those that were saved without."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..core import SavedOutput
from .atomic import Part, part_file
from .names import file_mark

if TYPE_CHECKING:
    from .label import Labelled, LeftAlone, Provenance


@dataclass(frozen=True)
class Labelling:
    """What a job's files shall say of themselves, and who is told of one that cannot."""

    provenance: Provenance
    generation_id: str
    warn: Callable[[str], None]

    def of(self, number: int) -> Labelling:
        """That of the ``number``-th file, with a handle of its own."""
        own = file_mark(self.provenance.provider, self.generation_id, number)
        return replace(self, provenance=replace(self.provenance, handle=own))

    def made(self, outcome: Labelled | LeftAlone) -> Labelled | None:
        """The outcome, if it is a label; what is not as it was asked for is told."""
        from .label import LeftAlone

        which = f"file {self.provenance.handle}"
        if isinstance(outcome, LeftAlone):
            self.warn(f"{which} has no label: {outcome.reason}")
            return None
        if outcome.without_prompt:
            self.warn(f"{which} has its label without the prompt, which is too long for one")
        return outcome


@contextmanager
def labelled(part: Part, folder: Path, name: str, wanted: Labelling | None) -> Iterator[tuple[Part, Labelled | None]]:
    """The part to publish: a second one with the label in it, or the first where there is none to be."""
    if wanted is None:
        yield part, None
        return
    from .label import label_copy

    with part_file(folder, name) as second:
        made = wanted.made(label_copy(part.file, second.file, wanted.provenance))
        if made is not None:
            second.sync()
        yield (part if made is None else second), made


def add_labels(
    saved: Sequence[SavedOutput], labelling: Labelling, record: Callable[[tuple[SavedOutput, ...]], None]
) -> tuple[SavedOutput, ...]:
    """Give each file that has no label yet its own, in its place.

    ``record`` is called before a file is replaced: whichever of its two contents a kill leaves,
    :func:`~.outputs.still_there` knows it. Raises OSError.
    """
    from .label import label_file

    done = list(saved)
    for at, item in enumerate(saved):
        if item.path is None or item.source_sha256:
            continue

        def written(made: Labelled, at: int = at) -> None:
            done[at] = done[at]._replace(
                sha256=made.sha256, source_sha256=made.source_sha256, size_bytes=made.size_bytes
            )
            record(tuple(done))

        wanted = labelling.of(at + 1)
        wanted.made(label_file(Path(item.path), wanted.provenance, written))
    return tuple(done)
