"""Results out: each fetched or decoded to a part file, checked by its bytes, given a name of ours, measured."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Sequence, Set
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ..core import GenerateMediaError, OutputError, RemoteOutput, SavedOutput
from ..http import BrokenAnswer
from ..media import EXTENSIONS, HEAD_BYTES, extension, identify, measure
from .atomic import Part, has_bytes, keep, part_file, publish
from .labelling import labelled
from .names import names_to_try, stem
from .sidecar import write_sidecar
from .transfer import CutShort, Fetched, Sink, save_failed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .download import Downloader
    from .labelling import Labelling

__all__ = ["save", "stem", "still_there", "write_sidecar"]

_BASE64_CHARS = 1 << 18
_URL_SAFE = str.maketrans("-_", "+/")


def save(
    outputs: Sequence[RemoteOutput],
    *,
    folder: Path,
    stem_prompt: str,
    provider: str,
    generation_id: str,
    downloader: Downloader,
    on_saved: Callable[[SavedOutput], None] | None = None,
    labelling: Labelling | None = None,
) -> tuple[SavedOutput, ...]:
    """Save a job's results in their order; done again, it finds the same files and makes none twice.

    One result that fails does not stop the next (a disk that fails does); what was saved stays, is told to
    ``on_saved`` at once, and stands in the error's ``details["outputs"]``. The bytes of a file that is cut short are
    kept as ``<stem>[-n].<ext>.part`` until the n-th result is whole. With ``labelling`` no file without its label
    ever has a final name, but for one that cannot have a label.

    Raises:
        OutputError: the first that failed (see :meth:`Downloader.fetch`); ``save_failed`` for the disk.
        StillRunning: the time is up.
    """
    name = stem(stem_prompt, provider, generation_id)
    saved: list[SavedOutput] = []
    taken: set[str] = set()
    failures: list[OutputError] = []
    place = Path(os.path.abspath(folder))
    try:
        for number, output in enumerate(outputs, start=1):
            with _kept_for_later(failures):
                cut = f"{name}-{number}" if number > 1 else name
                wanted = labelling and labelling.of(number)
                item = _save_one(output, place, name, cut, downloader, taken, wanted)
                saved.append(item)
                taken.add(item.path or "")
                if on_saved is not None:
                    on_saved(item)
        if failures:
            raise failures[0]
    except GenerateMediaError as error:
        if saved:
            error.details["outputs"] = [item.as_json(show_query=False) for item in saved]
        raise
    finally:
        downloader.close()
    return tuple(saved)


def still_there(saved: Sequence[SavedOutput], folder: str) -> tuple[SavedOutput, ...]:
    """All files of a finished job, if they still lie in its own ``folder``, with their bytes, and are media; else none.

    The journal alone is no proof: one that somebody else prepared could name any file of the user's as an output.
    """
    try:
        found = tuple(_found(item, folder) for item in saved) if folder else ()
    except (OSError, ValueError, TypeError):  # TypeError: a damaged column
        return ()
    return tuple(filter(None, found)) if all(found) else ()


def _found(item: SavedOutput, folder: str) -> SavedOutput | None:
    """A file as it lies there: as it was recorded, or as it was before its label, when a run was killed in between."""
    if item.path is None or not Path(item.path).resolve().is_relative_to(Path(folder).resolve()):
        return None
    path = Path(item.path)
    forms = [item]
    if item.source_sha256:
        forms.append(item._replace(sha256=item.source_sha256, source_sha256="", size_bytes=path.lstat().st_size))
    here = next((form for form in forms if has_bytes(path, size_bytes=form.size_bytes, sha256=form.sha256)), None)
    if here is None:
        return None
    with path.open("rb") as file:
        return here if identify(file.read(HEAD_BYTES)) in EXTENSIONS else None


def _save_one(
    output: RemoteOutput,
    folder: Path,
    name: str,
    cut: str,
    downloader: Downloader,
    taken: Set[str],
    wanted: Labelling | None,
) -> SavedOutput:
    """One result under the first free name; ``cut`` is the one that its bytes get when they are cut short."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with part_file(folder, name) as part:
            try:
                fetched = _fetch(output, part.file, downloader)
            except CutShort as error:
                raise _kept(error, part, folder / _cut_name(cut, error.media_type)) from None
            part.sync()
            size = measure(part.path, fetched.media_type, seconds=downloader.look_seconds())
            names = (row for row in names_to_try(name, extension(fetched.media_type)) if str(folder / row) not in taken)
            with labelled(part, folder, name, wanted) as (whole, label):
                size_bytes, sha256 = (label or fetched).size_bytes, (label or fetched).sha256
                path = publish(whole.path, folder, names, size_bytes=size_bytes, sha256=sha256)
        (folder / _cut_name(cut, fetched.media_type)).unlink(missing_ok=True)
    except OSError as error:
        raise save_failed(error) from None
    return SavedOutput(
        path=str(path),
        url=output.url,
        media_type=fetched.media_type,
        size_bytes=size_bytes,
        sha256=sha256,
        width=size.width,
        height=size.height,
        duration_seconds=size.duration_seconds,
        role=output.role,
        source_sha256=label.source_sha256 if label else "",
    )


def _cut_name(cut: str, media_type: str) -> str:
    return f"{cut}{extension(media_type)}.part"


def _kept(error: CutShort, part: Part, path: Path) -> CutShort:
    """The error, once the bytes lie where it says."""
    keep(part, path)
    error.message += f"; what came is kept as {path}"
    return error


def _fetch(output: RemoteOutput, file: BinaryIO, downloader: Downloader) -> Fetched:
    if output.inline:
        return _decode(output.inline, Sink(file, downloader.max_bytes, downloader.look_seconds))
    if output.url:
        return downloader.fetch(output.url, file)
    raise OutputError("no_output", "the provider named a result but gave neither a URL nor its bytes")


def _decode(text: str, sink: Sink) -> Fetched:
    """Base64 (a data: URI too) straight into the file, a window at a time."""
    rest = ""
    try:
        for at in range(text.find(",") + 1 if text[:5] == "data:" else 0, len(text), _BASE64_CHARS):
            window = rest + "".join(text[at : at + _BASE64_CHARS].split()).translate(_URL_SAFE)
            whole = len(window) - len(window) % 4
            rest = window[whole:]
            sink.write(base64.b64decode(window[:whole], validate=True))
        sink.write(base64.b64decode(rest + "=" * (-len(rest) % 4), validate=True))
        return sink.finish()
    except (ValueError, BrokenAnswer):
        raise OutputError("wrong_type", "the result came inline but is no base64") from None


@contextmanager
def _kept_for_later(failures: list[OutputError]) -> Iterator[None]:
    try:
        yield
    except OutputError as error:
        if error.code == "save_failed":
            raise
        failures.append(error)
