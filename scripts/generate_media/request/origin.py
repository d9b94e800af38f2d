"""``--from FILE``: the prompt, model, seed and plain fields of the job that made a file, as flags of a new one.

What stands in the file's record was perhaps written by a stranger: only words and numbers are taken from it, never a
path, URL, host or address to report to, and each goes through the same checks as a flag.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..core import Json, NotFound, UsageError
from ..files import digest_of, read_label, record_of
from .flag_names import CLIP_HINTS, MEDIA_KINDS, WISH_FLAGS
from .read_back import read_flags, read_plain_flags
from .translation import translated

if TYPE_CHECKING:
    from ..contract import Contract, FlagForm
    from ..journal import Journal
    from .choose import Chooser

_INSTEAD: Mapping[str, tuple[str, ...]] = {
    "size": ("resolution",),
    "resolution": ("size",),
    "duration": ("frames",),
    "frames": ("duration",),
}
"""A flag that is given → the flag of the record that says the same in other words."""
_PIXELS = re.compile(r"\s*\d+\s*[x*×]\s*\d+\s*", re.IGNORECASE)
"""A size that has a shape."""
_NOT_OURS = re.compile(r"url|uri|host|path|file|callback|webhook|notify|endpoint|token|secret|(^|_)key", re.IGNORECASE)
_PLAIN_TEXT = re.compile(r"[^/\\~@<>]{0,200}")
_SOMEWHERE = re.compile(
    r"[a-z][a-z0-9+.-]*:\S*"  # a scheme, with or without slashes
    r"|\S*\[\S*|[0-9a-f]*:[0-9a-f]*:[0-9a-f:.]*"  # IPv6
    r"|(?:(?:[\w-]+\.|[a-z0-9-]+[\u3002\uff0e\uff61])+(?:[^\W\d_]{2,}|xn--[\w-]+|\d{1,3})|localhost)"  # a host
    r"\.?(?:[:?#;&%]\S*)?",
    re.IGNORECASE,
)
"""A value of one word that a server may take for an address of any kind."""
_UNSEEN = re.compile(r"[\t\r\n]")
"""What readers of URLs leave out (WHATWG)."""
_CHANGES = ("prompt", "model", "provider", "kind", "endpoint", "sse_endpoint", "set")
PROMPT_CHARS = 20_000
FILES_SHOWN = 50
FILES_ADVISED = 3
_FILM = "film-"
"""How the handle of a film in its label begins."""


@dataclass(frozen=True)
class Origin:
    """What a file's record tells: ``body`` is the request as it was kept, empty where only a label is there."""

    provider: str
    model: str
    kind: str
    prompt: str
    body: Mapping[str, Json]


def read_origin(file: str, past: Callable[[], Journal | None]) -> Origin:
    """The job that made a file: by the sidecar beside it, else by the journal, which knows its bytes wherever it was
    moved to, else by the label in it.

    Raises:
        UsageError: ``unreadable_file``; ``no_record`` where neither is there; ``is_film`` where several jobs made it.
    """
    path = Path(file)
    if not path.is_file():
        raise UsageError("unreadable_file", f"{file} cannot be read: there is no such file", details={"file": file})
    record = record_of(path)
    if record is not None:
        if isinstance(record.get("joined"), list):
            raise _is_film(file, record)
        body = record.get("request")
        words = (record.get(name) for name in ("provider", "model", "kind", "prompt"))
        provider, model, kind, prompt = (word if isinstance(word, str) else "" for word in words)
        return Origin(provider, model, kind, prompt[:PROMPT_CHARS], body if isinstance(body, dict) else {})
    journal = past()
    row = journal.made(digest_of(path)[1]) if journal else None
    if row is not None:
        kept = row.request if isinstance(row.request, dict) else {}
        return Origin(row.provider, row.model, row.kind, row.prompt[:PROMPT_CHARS], kept)
    label = read_label(path)
    if label is None:
        raise UsageError(
            "no_record",
            f"nothing tells how {file} was made: no sidecar lies beside it, no job here saved it, no label is in it",
            details={"file": file},
            guidance=("say it with --prompt, and give the picture itself with --image",),
        )
    if label.handle.startswith(_FILM):
        raise _is_film(file, {"joined": ()})
    seed: dict[str, Json] = {"seed": int(label.seed)} if re.fullmatch(r"\d{1,18}", label.seed) else {}
    return Origin(label.provider, label.model, "", label.prompt[:PROMPT_CHARS], seed)


def _is_film(file: str, record: Mapping[str, Any]) -> UsageError:
    """``files``: its clips that are still there; ``prompts``: how many different ones; ``seconds`` of the whole."""
    parts = [part for part in record["joined"] if isinstance(part, dict)]
    output = next(iter(record.get("outputs") or ()), None)
    paths = [path for part in parts[:FILES_SHOWN] if os.path.isfile(path := str(part.get("path")))]
    those = f": {', '.join(paths[:FILES_ADVISED])}" if paths else ""
    return UsageError(
        "is_film",
        f"{file} is a film of {len(parts) or 'several'} clips, and --from varies what one job made: nothing was sent",
        guidance=(
            f"--from one of its clips varies that clip{those}",
            "the command that made the film, run with what changes, makes a new one; the clips that stay cost nothing",
        ),
        details={
            "files": paths,
            "prompts": len({str(part.get("prompt")) for part in parts}),
            "seconds": output.get("duration_seconds") if isinstance(output, dict) else None,
        },
    )


def with_origin(values: Mapping[str, Any], origin: Origin, chooser: Chooser) -> tuple[dict[str, Any], list[str]]:
    """The flags of a command with those of the file's job where it says nothing else, and what could not be taken.

    Raises:
        UsageError: nothing is changed; a provider that config.json does not name.
        NotFound: the model that is asked for instead is no model's id.
    """
    given = {name.replace("_", "-") for name in _NAMES if values.get(name) not in (None, [])}
    new = dict(values)
    new["provider"] = values.get("provider") or chooser.provider_of(values.get("model"), origin.provider) or None
    if values.get("prompt") is None:
        new["prompt"] = origin.prompt or None
    files = values.get("openapi") or ()
    forms = _forms(_contract(chooser, origin.provider, files), origin.model)
    flags, explained = read_plain_flags(origin.body, forms) if forms else ({}, frozenset[str]())
    _check_changed(values, origin, flags, given)
    warnings = list(_left_behind(origin.body, forms, given))
    if not given & {"model", "endpoint", "sse-endpoint"}:
        warnings += _take_model(new, origin, forms, given, chooser)
    dropped = {other for flag in given for other in _INSTEAD.get(flag, ())} | given
    if _PIXELS.fullmatch(str(values.get("size"))):
        dropped.add("aspect-ratio")
    if "aspect-ratio" in given and _PIXELS.fullmatch(str(flags.get("size"))):
        dropped.add("size")
    kept = {flag: value for flag, value in flags.items() if flag not in dropped and is_plain(flag, value)}
    if new.get("model") == origin.model:
        new["set"] = [*_leftovers(origin.body, explained), *(values.get("set") or ())]
    else:
        kept, lost = _for_another(_contract(chooser, new["provider"], files), new.get("model"), kept)
        warnings += [f"--from: left out, for this model does not take it so: {', '.join(lost)}"] if lost else []
    new |= {flag.replace("-", "_"): value for flag, value in kept.items()}
    return new, warnings


_NAMES = (*_CHANGES, *(flag.replace("-", "_") for flag in WISH_FLAGS))


def is_plain(name: str, value: Any) -> bool:
    """Whether a field is a word or a number that leads nowhere."""
    if _NOT_OURS.search(name):
        return False
    if isinstance(value, str):
        word = _UNSEEN.sub("", value).strip()
        return _PLAIN_TEXT.fullmatch(value) is not None and _SOMEWHERE.fullmatch(word) is None
    return isinstance(value, (bool, int, float))


def _left_behind(body: Mapping[str, Json], forms: Sequence[FlagForm], given: set[str]) -> Iterator[str]:
    """That the job had pictures, clips or sounds which a record does not bring along."""
    had = read_flags({name: _names_of(value) for name, value in body.items()}, forms) or {}
    if lost := [f"--{flag}" for flag in MEDIA_KINDS if flag in had.keys() - given]:
        yield f"--from brings no files along, and that job had {', '.join(lost)}: give it once more to keep it"


def _names_of(value: Any) -> Any:
    """A part of a kept request, its files as their names."""
    if isinstance(value, Mapping):
        if isinstance(value.get("file"), str) and "sha256" in value:
            return value["file"]
        return {name: _names_of(part) for name, part in value.items()}
    return [_names_of(part) for part in value] if isinstance(value, list) else value


def _contract(chooser: Chooser, provider: str | None, files: Sequence[Path]) -> Contract | None:
    """A provider's contract; None where config.json does not know it, which its own choice will tell."""
    try:
        return chooser.contract(provider, files) if provider else None
    except UsageError:
        return None


def _forms(contract: Contract | None, model: str) -> tuple[FlagForm, ...]:
    if contract is None or not model:
        return ()
    try:
        return contract.forms(contract.find_model(model), model)
    except NotFound:
        return ()


def _check_changed(values: Mapping[str, Any], origin: Origin, flags: Mapping[str, Any], given: set[str]) -> None:
    same = {"prompt": origin.prompt, "model": origin.model, "provider": origin.provider, "kind": origin.kind, **flags}
    if all(str(values[name.replace("-", "_")]) == str(same.get(name, "")) and name in same for name in given):
        raise UsageError(
            "nothing_changed",
            "--from makes a variation, and nothing of that job is changed",
            guidance=(
                'change something: --prompt "…", --seed N, --aspect-ratio 9:16, --model ID, --image FILE for its style',
                "python3 scripts/wait_generation.py --list has its command; with --new it pays again",
            ),
        )


def _take_model(
    new: dict[str, Any], origin: Origin, forms: tuple[FlagForm, ...], given: set[str], chooser: Chooser
) -> Iterator[str]:
    """The file's model and kind; the provider's default where it is another provider's, another kind is asked for, or
    the model cannot take the pictures that come along."""
    media = {flag for flag in given if flag in MEDIA_KINDS}
    lacks = media and forms and not any(media <= set(form.flags) for form in forms)
    kind = new.get("kind") or (origin.kind if origin.kind in ("image", "video") else None)
    if new["provider"] and (lacks or new["provider"] != origin.provider or kind not in (None, origin.kind)):
        kind = "video" if CLIP_HINTS & given else kind
        new["model"] = chooser.default_model(new["provider"], kind or "image", frozenset(given)) or None
        names = ", ".join(f"--{flag}" for flag in sorted(media))
        yield from (f"--from: {origin.model} takes no {names}: {new['model']} is used",) if lacks else ()
    else:
        new["model"] = origin.model or None
    new["kind"] = kind


def _leftovers(body: Mapping[str, Json], explained: frozenset[str]) -> Iterator[str]:
    for name, value in body.items():
        if name not in explained and name not in ("model", "prompt") and is_plain(name, value) and "." not in name:
            yield f"{name}={json.dumps(value)}"


def _for_another(
    contract: Contract | None, model: str | None, flags: Mapping[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """The flags that another model takes, and those that it does not."""
    if contract is None or not model:
        return {}, [f"--{name}" for name in flags]
    try:
        kept = translated(contract, model, {"prompt": "a", **flags})
    except NotFound:
        kept = None
    taken = {name: value for name, value in (kept or {}).items() if name in flags}
    return taken, [f"--{name}" for name in flags if name not in taken]
