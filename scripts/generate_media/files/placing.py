"""A whole part becomes a file with a name: converted where the name asks for it, measured, labelled, published."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from ..core import SavedOutput
from ..media import LOOK_SECONDS, can_convert, convert_picture, extension, measure
from .atomic import Part, digest_of, keep, part_file, publish, sync_folder
from .labelling import labelled
from .names import names_to_try
from .output_name import OutputName
from .transfer import Fetched

if TYPE_CHECKING:
    from .labelling import Labelling

_NAMES_LOOKED_AT = 100


@dataclass(eq=False, repr=False)
class Placing:
    """Where a job's files go and what is done to them on the way; ``warn`` hears what is not as it was asked for."""

    folder: Path
    stem: str
    provider: str
    generation_id: str
    output: OutputName | None = None
    labelling: Labelling | None = None
    warn: Callable[[str], None] = lambda sentence: None
    taken: set[str] = field(default_factory=set)
    """Paths of outputs that have their place."""
    _reason: str = ""
    """Why the last picture was not converted."""

    def place(
        self, part: Part, fetched: Fetched, like: SavedOutput, *, position: int, seconds: float = LOOK_SECONDS
    ) -> SavedOutput:
        """The ``position``-th output, from 1; ``like`` has what is known of it. Raises OSError."""
        with self._converted(part, fetched) as (picture, made):
            size = measure(picture.path, made.media_type, seconds=seconds)
            has_label = like.source_sha256 and made is fetched
            wanted = self.labelling.of(position) if self.labelling and not has_label else None
            with labelled(picture, self.folder, self.stem, wanted) as (whole, label):
                size_bytes, sha256 = (label or made).size_bytes, (label or made).sha256
                path = self._published(whole, position, made.media_type, size_bytes, sha256)
        self.taken.add(str(path))
        from_label = (fetched.sha256 if made is not fetched else label.source_sha256) if label else ""
        return like._replace(
            path=str(path),
            media_type=made.media_type,
            size_bytes=size_bytes,
            sha256=sha256,
            width=size.width,
            height=size.height,
            duration_seconds=size.duration_seconds,
            source_sha256=from_label or ("" if made is not fetched else like.source_sha256),
            converted_from=fetched.media_type if made is not fetched else like.converted_from,
        )

    def names(self, position: int, media_type: str) -> Iterator[str]:
        """The paths that are tried, best first."""
        if self.output is not None:
            found = self.output.names(self.provider, self.generation_id, position, media_type)
        else:
            found = (str(self.folder / name) for name in names_to_try(self.stem, extension(media_type)))
        return (path for path in found if path not in self.taken)

    def holds(self, path: Path, position: int, media_type: str) -> bool:
        """Whether a file has a name already under which this output may lie."""
        wanted = self.output.media_type if self.output is not None else ""
        if self.output is None:
            return path.parent == self.folder
        as_asked = not wanted or wanted == media_type or not can_convert(media_type, wanted)
        return as_asked and str(path) in islice(self.names(position, media_type), _NAMES_LOOKED_AT)

    def _published(self, whole: Part, position: int, media_type: str, size_bytes: int, sha256: str) -> Path:
        names = self.names(position, media_type)
        if self.output is None:
            return publish(whole.path, self.folder, names, size_bytes=size_bytes, sha256=sha256)
        asked = Path(next(self.output.names(self.provider, self.generation_id, position, media_type)))
        asked.parent.mkdir(parents=True, exist_ok=True)
        as_named = self.output.keeps_its_name(media_type)  # a name that nobody wrote replaces nothing
        if self.output.overwrite and as_named and str(asked) not in self.taken and asked.is_file():
            keep(whole, asked)
            sync_folder(asked.parent)
            return asked
        path = publish(whole.path, self.folder, names, size_bytes=size_bytes, sha256=sha256)
        if not as_named:
            self.warn(f"--output: the file is {media_type}{self._reason} and keeps its type: {path}")
        elif path != asked:
            self.warn(f"--output: {asked} was taken, so the next number is used: {path}")
        return path

    @contextmanager
    def _converted(self, part: Part, fetched: Fetched) -> Iterator[tuple[Part, Fetched]]:
        """The part in the type that its name says, where that can be done; else as it is."""
        self._reason = ""
        wanted = self.output.media_type if self.output is not None else ""
        if wanted == fetched.media_type or not can_convert(fetched.media_type, wanted):
            yield part, fetched
            return
        with part_file(self.folder, self.stem) as second:
            reason = convert_picture(part.file, second.file, wanted)
            if reason:
                self._reason = f" ({reason})"
                yield part, fetched
                return
            second.sync()
            size_bytes, sha256 = digest_of(second.path)
            yield second, Fetched(wanted, size_bytes, sha256)
