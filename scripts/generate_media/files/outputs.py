"""Results out: each fetched or decoded to a part file, checked by its bytes, given a name of ours, measured."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ..core import GenerateMediaError, OutputError, RemoteOutput, SavedOutput
from ..http import BrokenAnswer
from ..media import EXTENSIONS, HEAD_BYTES, LOOK_SECONDS, extension, identify
from .atomic import Part, has_bytes, keep, part_file
from .names import stem
from .placing import Placing
from .transfer import CutShort, Fetched, Sink, save_failed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .download import Downloader
    from .labelling import Labelling
    from .output_name import OutputName

_BASE64_CHARS = 1 << 18
_COPY_BYTES = 1 << 18
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
    output: OutputName | None = None,
    warn: Callable[[str], None] = lambda sentence: None,
    there: Sequence[SavedOutput] = (),
) -> tuple[SavedOutput, ...]:
    """Save a job's results in their order; done again, it finds the same files and makes none twice. What an earlier
    run saved (``there``) is not fetched again: its link may be dead by now.

    One result that fails does not stop the next (a disk that fails does); what was saved stays, is told to
    ``on_saved`` at once, and stands in the error's ``details["outputs"]``. The bytes of a file that is cut short are
    kept as ``<stem>[-n].<ext>.part`` until the n-th result is whole. With ``labelling`` no file without its label
    ever has a final name, but for one that cannot have a label. ``output`` names the files, else we do; ``warn`` hears
    of a name that is not exactly the one that was asked for.

    Raises:
        OutputError: the first that failed (see :meth:`Downloader.fetch`); ``save_failed`` for the disk.
        StillRunning: the time is up.
    """
    place = Path(os.path.abspath(folder))
    name = stem(stem_prompt, provider, generation_id)
    placing = Placing(place, name, provider, generation_id, output, labelling, warn)
    here: dict[str | None, SavedOutput] = {item.url: item for item in there if isinstance(item.url, str)}
    saved: list[SavedOutput] = []
    failures: list[OutputError] = []
    try:
        for position, remote in enumerate(outputs, start=1):
            with _kept_for_later(failures):
                item = _save_one(remote, placing, position, downloader, here.pop(remote.url, None))
                saved.append(item)
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
    found = those_there(saved, folder)
    return found if len(found) == len(saved) else ()


def those_there(saved: Sequence[SavedOutput], folder: str) -> tuple[SavedOutput, ...]:
    """Those of a job's files that are still there, by the same proof."""
    return tuple(filter(None, (_found(item, folder) for item in saved))) if folder else ()


def copy_saved(saved: Sequence[SavedOutput], placing: Placing) -> tuple[SavedOutput, ...]:
    """The same files where ``placing`` wants them: those that lie there already as they are, the others as copies.

    Raises:
        OutputError: ``save_failed``.
    """
    try:
        placing.folder.mkdir(parents=True, exist_ok=True)
        return tuple(_copied(item, placing, position) for position, item in enumerate(saved, start=1))
    except OSError as error:
        raise save_failed(error) from None


def _copied(item: SavedOutput, placing: Placing, position: int) -> SavedOutput:
    source = Path(item.path or "")
    if placing.holds(source, position, item.media_type):
        placing.taken.add(str(source))
        return item
    with part_file(placing.folder, placing.stem) as part, source.open("rb") as file:
        sink = Sink(part.file, item.size_bytes, lambda: LOOK_SECONDS)
        while piece := file.read(_COPY_BYTES):
            sink.write(piece)
        fetched = sink.finish()
        part.sync()
        return placing.place(part, fetched, item, position=position)


def _found(item: SavedOutput, folder: str) -> SavedOutput | None:
    """A file as it lies there: as it was recorded, or as it was before its label, when a run was killed in between."""
    try:
        return _proven(item, folder)
    except (OSError, ValueError, TypeError):  # TypeError: a damaged column
        return None


def _proven(item: SavedOutput, folder: str) -> SavedOutput | None:
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
    output: RemoteOutput, placing: Placing, position: int, downloader: Downloader, there: SavedOutput | None
) -> SavedOutput:
    """One result; the bytes of one that is cut short are kept under a name of ours."""
    folder, cut = placing.folder, f"{placing.stem}-{position}" if position > 1 else placing.stem
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if there is not None:
            return _copied(there, placing, position)
        with part_file(folder, placing.stem) as part:
            try:
                fetched = _fetch(output, part.file, downloader)
            except CutShort as error:
                raise _kept(error, part, folder / _cut_name(cut, error.media_type)) from None
            part.sync()
            like = SavedOutput(None, output.url, "", 0, "", role=output.role)
            saved = placing.place(part, fetched, like, position=position, seconds=downloader.look_seconds())
        (folder / _cut_name(cut, fetched.media_type)).unlink(missing_ok=True)
    except OSError as error:
        raise save_failed(error) from None
    return saved


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
