"""``--join FILE.mp4``: the clips of a batch as one film, in the file's order, made again only when its parts changed.

The film's sidecar names its parts. It is written before the film takes its place and tells of the film before as well,
so that a run that is killed in between leaves a film that the next one knows for ours.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .. import __version__
from ..core import GenerateMediaError, OutputError, UsageError, handle
from ..files import (
    digest_of,
    find_sidecar,
    is_plain,
    keep,
    labelled,
    move_to_free_name,
    part_file,
    read_sidecar,
    save_failed,
    write_sidecar,
)
from ..media import measure
from .tools import Tool

if TYPE_CHECKING:
    from ..files import Labelling, Part
    from ..job import Session

ENDING = ".mp4"
JOINED = "joined"
_COPY_BYTES = 1 << 20


class Clip(NamedTuple):
    """A clip of a film. ``line``: of the batch file."""

    path: Path
    sha256: str
    prompt: str
    line: int


class Film(NamedTuple):
    """A film to be: where, and by what. ``folder`` is the results', in which a gallery looks for it."""

    path: Path
    tool: Tool
    folder: Path
    sandbox: bool = False

    def check(self) -> None:
        """Before anything is sent. Raises UsageError ``bad_value``, ``output_exists``."""
        if self.path.suffix.lower() != ENDING:
            raise UsageError("bad_value", f"--join {self.path.name} must end in {ENDING}")
        if os.path.lexists(self.path) and not _is_ours(self.path):
            raise self._is_taken("it was left alone, and nothing was sent")

    def _is_taken(self, then: str) -> UsageError:
        return UsageError(
            "output_exists",
            f"{self.path} is there already and is no film of ours; {then}",
            guidance=("give --join another name, or move that file away",),
            details={"path": str(self.path)},
        )

    @property
    def place(self) -> str:
        """What the film is called in the list of a batch, whatever it is made of."""
        return sha256(f"film\n{self.path}".encode("utf-8", "surrogatepass")).hexdigest()

    def make(self, parts: Sequence[Clip], label: Labelling | None = None) -> Path:
        """The film of these clips, which is left as it is where they are the same as before, but for its label.

        Raises:
            OutputError: ``join_failed``, ``save_failed``.
            UsageError: ``output_exists``, where a file came there since the run began.
        """
        placed = True
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if not _is_of(self.path, parts):
                placed = self._put(self.path, parts, label, lambda new: self._join(parts, new))
            elif label is not None and not _has_label(self.path):
                placed = self._put(self.path, parts, label, lambda new: _copy(self.path, new.file))
            if not placed:
                raise self._is_taken("it came there since this run began and was left alone; the clips are saved")
            self._show(parts)
        except OSError as error:
            raise save_failed(error) from None
        return self.path

    def _put(self, place: Path, parts: Sequence[Clip], label: Labelling | None, write: Callable[[Part], None]) -> bool:
        """A film in its place, whole and with its label, and its record before it; False where another's file is."""
        with part_file(place.parent, place.name) as new:
            write(new)
            with labelled(new, place.parent, place.name, label) as (whole, _):
                replaces = os.path.lexists(place)  # looked at now: joining takes long, and what came meanwhile stays
                if replaces and not _is_ours(place):
                    return False
                self._record(place, whole.path, parts)
                if replaces:
                    keep(whole, place)
                    return True
                whole.sync()
                return move_to_free_name(whole.path, place)

    def _join(self, parts: Sequence[Clip], new: Part) -> None:
        try:
            write_film(self.tool, [part.path for part in parts], new.path)
        except OSError as error:
            raise OutputError(
                "join_failed",
                f"the clips were made, but could not be joined: {error.strerror or error}",
                guidance=("the same command tries again; the clips stay, and nothing is paid twice",),
            ) from None

    def _show(self, parts: Sequence[Clip]) -> None:
        """The film among the results as well, where it lies elsewhere: a page shows what lies in its folder."""
        if self.path.parent.resolve() == self.folder.resolve():
            return
        for place in _names(self.folder / self.path.name):
            if os.path.lexists(place) and not _is_ours(place):
                continue
            same = _is_of(place, parts) and digest_of(place) == digest_of(self.path)
            if same or self._put(place, parts, None, lambda new: _copy(self.path, new.file)):
                return

    def _record(self, path: Path, film: Path, parts: Sequence[Clip]) -> None:
        """The sidecar of the film that is about to lie at ``path``."""
        size, digest = digest_of(film)
        sizes = measure(film, "video/mp4")
        before = digest_of(path)[1] if is_plain(path) else None
        output: dict[str, Any] = {
            "path": path.name,
            "url": None,
            "media_type": "video/mp4",
            "bytes": size,
            "sha256": digest,
        }
        output |= {"width": sizes.width, "height": sizes.height, "duration_seconds": sizes.duration_seconds}
        rows = [part._asdict() | {"path": str(part.path)} for part in parts]
        now = time.time()
        record = {
            "generate_media": __version__,
            **_job_of(path),
            "kind": "video",
            "prompt": "\n".join(dict.fromkeys(part.prompt for part in parts if part.prompt)),
            "fingerprint": self.place,
            "copy": 0,
            "status": JOINED,
            "result": "succeeded",
            "sandbox": self.sandbox,
            "created_at": now,
            "ended_at": now,
            JOINED: rows,
            "replaces": before,
            "outputs": [output],
        }
        write_sidecar(path.parent, path.stem, record)


def write_film(tool: Tool, clips: Sequence[Path], film: Path) -> None:
    """Clips one after the other: as they are where their streams agree. Raises OSError."""
    looks = [tool.look(clip) for clip in clips]
    if len({(look.video, look.audio) for look in looks}) == 1:
        tool.remux(clips, film)
    else:
        tool.encode(clips, looks, film)


def film_label(session: Session, film: Film, jobs: Sequence[tuple[str, str]]) -> Labelling | None:
    """What a film says of itself where labels are asked for; ``jobs``: id and provider of those that made its clips."""
    if not session.label:
        return None
    from ..files import Labelling
    from ..job import provenance_of

    rows = [row for name, provider in jobs for row in session.journal.find(name, provider)[:1]]
    name = _job_of(film.path)["generation_id"]
    provenance = provenance_of(rows, session.label, name)
    return Labelling(provenance, name, lambda message: session.printer.event("warning", message=message))


def _has_label(path: Path) -> bool:
    from ..files import read_label

    return read_label(path) is not None


def _job_of(path: Path) -> dict[str, str]:
    """Who a film's record says it is: it has no provider, and its id is its place."""
    return {"provider": "", "model": "", "generation_id": f"film-{handle('', str(path))}"}


def _record_at(path: Path) -> Mapping[str, Any]:
    found = find_sidecar(path.parent, path.stem, _job_of(path))
    return (read_sidecar(found) or {}) if found else {}


def _digests(record: Mapping[str, Any]) -> Iterator[str]:
    """Of the film that a record tells of, and of the one that it took the place of."""
    for item in record.get("outputs") or ():
        if isinstance(item, dict):
            yield str(item.get("sha256"))
    yield str(record.get("replaces"))


def _is_ours(path: Path) -> bool:
    with suppress(OSError):
        return is_plain(path) and digest_of(path)[1] in set(_digests(_record_at(path)))
    return False


def _is_of(path: Path, parts: Sequence[Clip]) -> bool:
    """Whether a film is there, whole, of exactly these clips."""
    record = _record_at(path)
    told = record.get(JOINED)
    clips = [item.get("sha256") for item in told if isinstance(item, dict)] if isinstance(told, list) else []
    if clips != [part.sha256 for part in parts] or not is_plain(path):
        return False
    return digest_of(path)[1] == next(_digests(record), None)


def _names(path: Path) -> Iterator[Path]:
    yield path
    for number in range(2, 1000):
        yield path.with_name(f"{path.stem}-{number}{path.suffix}")


def _copy(source: Path, target: Any) -> None:
    with source.open("rb") as file:
        while piece := file.read(_COPY_BYTES):
            target.write(piece)
    target.flush()


def film_failed(error: GenerateMediaError) -> dict[str, Any]:
    """What a summary says of a film that could not be made."""
    told = error.as_json()
    return {name: told[name] for name in ("error", "message", "guidance")}
