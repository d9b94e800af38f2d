"""Films as create_and_wait.py is asked for them: ``--chain``, ``--join``, and lines that use one another."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core import GenerateMediaError, UsageError
from ..files import stem
from ..request import MEDIA_FLAGS, Chooser, Prepared, Wanted, is_reference, prepare_request, wanted_from

if TYPE_CHECKING:
    from ..batch import Lines, Shard, Split
    from ..job import Session

_NOT_WITH = {
    "chain": ("batch", "count", "detach", "no_download", "payload", "payload_file", "overwrite"),
    "join": ("detach", "no_download"),
}


def check_film_flags(args: argparse.Namespace) -> None:
    """Flags of films that do not go together. ``--output`` of a chain is the film's.

    Raises:
        UsageError: which ones.
    """
    for flag, others in _NOT_WITH.items():
        for name in others if getattr(args, flag) else ():
            if getattr(args, name):
                raise UsageError("usage", f"--{flag} does not go with --{name.replace('_', '-')}")
    if args.join and not args.batch and not args.chain:
        raise UsageError("usage", "--join only goes with --batch FILE.jsonl or --chain")
    for name in MEDIA_FLAGS:
        for value in getattr(args, name) or ():
            if is_reference(value):
                raise UsageError(
                    "usage",
                    f"--{name.replace('_', '-')} {value[:80]}: @ID is another line's file, in a line of --batch",
                    guidance=(f"a file of that name is written ./{value[:80]}",),
                )
    if args.chain and args.output:
        args.join, args.output = args.join or args.output, None


def has_pyav(folders: Sequence[str]) -> bool:
    """Whether PyAV lies in one of these folders of packages."""
    return any((Path(folder) / "av" / "__init__.py").is_file() for folder in folders)


def film_path(args: argparse.Namespace) -> Path | None:
    """Where ``--join`` wants the film, absolute."""
    return Path(args.join).expanduser().absolute() if args.join else None


def check_references(args: argparse.Namespace, lines: Lines, shard: Shard) -> None:
    """Raises UsageError: lines that use one another, or are joined, with flags that leave them no files."""
    if lines.ties.needs:
        for name in ("no_download", "detach"):
            if getattr(args, name):
                flag = name.replace("_", "-")
                raise UsageError("usage", f"--{flag} leaves no file for the lines that use another's (@ID)")
    if args.join and shard.of > 1:
        raise UsageError(
            "usage",
            "--join does not go with --shard: each part has only some of the clips",
            guidance=("run the same file with --join and without --shard afterwards: it pays nothing, and joins",),
        )


def with_chain_hint(
    error: GenerateMediaError, session: Session, values: Mapping[str, Any], args: argparse.Namespace
) -> GenerateMediaError:
    """The error of a clip that is longer than the model's, with what makes it all the same where it can be chained."""
    most = _most_seconds(error)
    if most is not None and _number(values.get("duration")) > most and _can_chain(session, values, args):
        error.guidance = ("the same command with --chain makes it of several clips, joined", *error.guidance)
    return error


def _can_chain(session: Session, values: Mapping[str, Any], args: argparse.Namespace) -> bool:
    if any(getattr(args, name) for name in _NOT_WITH["chain"]):
        return False
    with suppress(GenerateMediaError):
        return len(_plan(session, values, args, session.chooser()).found.clips) > 1
    return False


def with_film_command(error: GenerateMediaError, script: str, args: argparse.Namespace) -> GenerateMediaError:
    """The error of ``--from`` with a film; where all its clips have one prompt, with the same call as a chain from the
    first of them."""
    files, seconds = error.details.get("files"), _number(error.details.get("seconds"))
    is_one_wish = error.details.get("prompts") == 1 and 1 <= seconds < 1e6
    if not files or not is_one_wish or any(getattr(args, name) for name in _NOT_WITH["chain"]):
        return error
    from .reworded import reworded

    more = [f"--from={files[0]}", *([] if args.chain else ["--chain"])]
    more += [] if args.duration else [f"--duration={round(seconds)}"]
    text = reworded(script, args.words, {"--from"}, more)
    if text:
        error.guidance = (f"the whole film as a chain, with its first clip's prompt and model: {text}", *error.guidance)
    return error


def _most_seconds(error: GenerateMediaError) -> float | None:
    """The longest clip that an error about ``duration`` names."""
    if error.code == "bad_value" and error.message.startswith("--duration"):
        allowed = error.details.get("allowed")
    else:
        problems = error.details.get("problems") or ()
        allowed = next((one.get("allowed") for one in problems if one.get("field") == "duration"), None)
    if isinstance(allowed, Mapping):
        allowed = [allowed["maximum"]] if "maximum" in allowed else None
    return max(map(_number, allowed), default=None) if isinstance(allowed, list) else None


def _number(value: object) -> float:
    """0 for what is none."""
    try:
        return float(str(value))
    except ValueError:
        return 0.0


@contextmanager
def film_packages() -> Iterator[None]:
    """Where clips cannot be read here, but a venv of ours has PyAV, the same command goes on there."""
    try:
        yield
    except UsageError as error:
        if error.code == "missing_dependency":
            from .script import go_on_in_venv

            go_on_in_venv(has_pyav)
        raise


class Chained(NamedTuple):
    """A film to be made of ``clips`` (seconds each), at ``path``; ``lines`` records the split, and gives the jobs."""

    clips: tuple[int, ...]
    path: Path
    lines: Callable[[], Lines]


def chain_of(session: Session, values: Mapping[str, Any], args: argparse.Namespace, chooser: Chooser) -> Chained | None:
    """The film of ``--chain``; None where one clip of the model is as long.

    Raises:
        UsageError, InvalidRequest: no length is given, or the model makes no such clips.
    """
    from ..batch import chain_digest

    whole, provider, model, key, found = _plan(session, values, args, chooser)
    if len(found.clips) == 1:
        session.printer.event("warning", message=_of_one(model, found.clips[0], is_known=found.known))
        return None
    _tell(session, model, found.clips, found.alone, values.get("duration"))
    digest = chain_digest(whole, key)
    name = f"{stem(values.get('prompt') or '', provider, digest)}.mp4"
    folder = session.options.output_folder()
    assert folder is not None  # --no-download does not go with a chain
    wishes = [_wanted(one, args) for one in _clips(whole, found.clips)]
    return Chained(
        found.clips,
        film_path(args) or folder / name,
        lambda: _lines(session, wishes, found.clips, digest, args.dry_run),
    )


class _Plan(NamedTuple):
    """``whole``: the flags of the film; ``key``: who would make it and where."""

    whole: dict[str, Any]
    provider: str
    model: str
    key: str
    found: Split


def _plan(session: Session, values: Mapping[str, Any], args: argparse.Namespace, chooser: Chooser) -> _Plan:
    """How a model would make a film of clips. Raises UsageError, InvalidRequest."""
    from ..batch import split

    whole = {**values, "kind": values.get("kind") or "video"}
    target = chooser.choose(_wanted(whole, args).ask)
    key = f"{target.provider.name} {target.endpoint.path} {target.model}"

    def prepare(one: Mapping[str, Any], suggesting: bool) -> Prepared:
        return prepare_request(_wanted(one, args), chooser, session.known_url, suggesting=suggesting)

    found = split(whole, prepare, session.folder, key)
    return _Plan(whole, target.provider.name, target.model, key, found)


def _wanted(values: Mapping[str, Any], args: argparse.Namespace) -> Wanted:
    return wanted_from(values, openapi=tuple(args.openapi))


def _of_one(model: str, seconds: int, *, is_known: bool) -> str:
    if is_known:
        return f"{model} makes {seconds} s in one clip: no chain is needed"
    return f"no document says how long a clip of {model} may be: {seconds} s are asked for in one"


def _clips(values: Mapping[str, Any], clips: tuple[int, ...]) -> list[dict[str, Any]]:
    from ..batch import clip_values

    return list(clip_values(values, clips))


def _lines(session: Session, wishes: list[Any], clips: tuple[int, ...], digest: str, dry_run: bool) -> Lines:
    from ..batch import lines_of, record_split
    from ..journal import unwritable

    if not dry_run:
        try:
            session.journal  # noqa: B018 - its folder is made and tried in one place
            record_split(clips, session.folder, digest)
        except OSError as error:
            raise unwritable(session.folder, error.strerror or str(error)) from None
    return lines_of(wishes)


def _tell(session: Session, model: str, clips: tuple[int, ...], alone: tuple[str, ...], asked: object) -> None:
    total = sum(clips)
    more = f", which is {total} s" if str(total) != str(asked) else ""
    words = f"{len(clips)} jobs: {model} makes {' + '.join(map(str, clips))} s{more}, joined"
    one = "; no chain is needed with " + alone[0].removeprefix("models that can: ") if alone else ""
    session.printer.event("warning", message=words + one)
