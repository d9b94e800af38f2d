"""Grades one evaluation from the files, the sandbox's log and the final answer. No model, none of the skill's code."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prepare import Task

_HEADS = ((b"\x89PNG", "image"), (b"\xff\xd8\xff", "image"), (b"RIFF", "image"), (b"GIF8", "image"))


@dataclass(frozen=True)
class Check:
    """One thing that was looked at: what was wanted, what was found."""

    name: str
    ok: bool
    wanted: Any
    found: Any


def grade(task: Task) -> tuple[Check, ...]:
    """All checks that the evaluation asks for; every key of ``checks`` must be known here."""
    log = task.log()
    seen = _Seen(task, log)
    return tuple(check for name, wanted in task.eval["checks"].items() for check in _CHECKS[name](seen, wanted))


class _Seen:
    """What is there to be judged."""

    def __init__(self, task: Task, log: Mapping[str, Any]) -> None:
        self.creates = [row for row in log["requests"] if row["operation"] == "create" and row["complete"]]
        self.create_count = sum(log["creates"].values())
        self.job_count = sum(log["jobs"].values())
        given = {task.work / name for name in task.eval["files"]}
        found = (path for path in task.work.rglob("*") if path.is_file() and path not in given)
        files = [path for path in found if not _is_hidden(path.relative_to(task.work))]
        self.media = {path: kind for path in files if (kind := _kind(path))}
        self.sidecars = [record for path in files if path.suffix == ".json" for record in _record(path)]
        self.calls, self.work = task.calls(), task.work
        self.pages = [path for path in files if path.name == "index.html"]
        self.answer = task.answer_file.read_text(encoding="utf-8") if task.answer_file.exists() else ""


def _is_hidden(path: Path) -> bool:
    """Whether it is none of the results: a page keeps its small pictures in such a folder."""
    return any(part.startswith(".") for part in path.parts)


def _kind(path: Path) -> str | None:
    with path.open("rb") as file:
        head = file.read(12)
    if head[4:8] == b"ftyp":
        return "video"
    return next((kind for magic, kind in _HEADS if head.startswith(magic)), None)


def _record(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return
    if isinstance(record, Mapping) and "outputs" in record:
        yield record


def _between(name: str, count: int, wanted: Sequence[int]) -> Check:
    return Check(name, wanted[0] <= count <= wanted[1], wanted, count)


def _creates(seen: _Seen, wanted: Sequence[int]) -> list[Check]:
    return [_between("creates", seen.create_count, wanted)]


def _jobs(seen: _Seen, wanted: Sequence[int]) -> list[Check]:
    return [_between("jobs", seen.job_count, wanted)]


def _path(seen: _Seen, wanted: str) -> list[Check]:
    paths = [row["path"] for row in seen.creates]
    return [Check("path", bool(paths) and all(re.match(wanted, path) for path in paths), wanted, paths)]


def _content_type(seen: _Seen, wanted: str) -> list[Check]:
    types = [row["headers"].get("content-type", "") for row in seen.creates]
    return [Check("content_type", bool(types) and all(text.startswith(wanted) for text in types), wanted, types)]


def _body(seen: _Seen, wanted: Mapping[str, Any]) -> list[Check]:
    return [_field(seen, place, value) for place, value in wanted.items()]


def _record_has(seen: _Seen, wanted: Mapping[str, Any]) -> list[Check]:
    """Fields of the request as the sidecars keep it: a form's are not in the sandbox's log."""
    rows = [{"body": record.get("request")} for record in seen.sidecars]
    return [_compared("record", rows, place, value) for place, value in wanted.items()]


def _field(seen: _Seen, place: str, wanted: Any) -> Check:
    return _compared("body", seen.creates, place, wanted)


def _compared(name: str, rows: Sequence[Mapping[str, Any]], place: str, wanted: Any) -> Check:
    found = [_at(row.get("body"), place.split(".")) for row in rows]
    same = [bool(value) if wanted is True else value == wanted for value in found]
    return Check(f"{name} {place}", bool(same) and all(same), wanted, found)


def _at(value: Any, place: Sequence[str]) -> Any:
    for step in place:
        if step == "length":
            return len(value) if value is not None else None
        if isinstance(value, list):
            value = value[int(step)] if int(step) < len(value) else None
        else:
            value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _prompt_has(seen: _Seen, wanted: Sequence[str]) -> list[Check]:
    # The log keeps no multipart body: it is a file's for the most part.
    bodies = [json.dumps(row["body"], ensure_ascii=False) for row in seen.creates if row.get("body") is not None]
    ok = bool(bodies) and all(word.lower() in body.lower() for body in bodies for word in wanted)
    return [Check("prompt_has", ok, wanted, [body[:300] for body in bodies])]


def _files(seen: _Seen, wanted: Mapping[str, int]) -> list[Check]:
    """So many files of each kind, each with the record of a job that the sandbox's log knows."""
    counts = {kind: list(seen.media.values()).count(kind) for kind in wanted}
    hashes = {row["sha256"] for record in seen.sidecars for row in record["outputs"] if row.get("sha256")}
    loose = [p.name for p in seen.media if hashlib.sha256(p.read_bytes()).hexdigest() not in hashes]
    return [Check("files", counts == wanted, wanted, counts), Check("sidecars", not loose, [], loose)]


def _answer(seen: _Seen, wanted: Sequence[str]) -> list[Check]:
    return [Check("answer", bool(re.search(rule, seen.answer)), rule, seen.answer[:500]) for rule in wanted]


def _not_answer(seen: _Seen, wanted: Sequence[str]) -> list[Check]:
    return [Check("not_answer", not re.search(rule, seen.answer), rule, seen.answer[:500]) for rule in wanted]


def _answer_has_paths(seen: _Seen, _: bool) -> list[Check]:
    missing = [str(path) for path in seen.media if str(path) not in seen.answer]
    return [Check("answer_has_paths", bool(seen.media) and not missing, "every file's absolute path", missing)]


def _page(seen: _Seen, _: bool) -> list[Check]:
    text = "".join(page.read_text(encoding="utf-8") for page in seen.pages)
    missing = [path.name for path in seen.media if path.name not in text]
    return [Check("page", bool(seen.pages) and not missing, "index.html with every file", missing)]


def _calls(seen: _Seen, wanted: int) -> list[Check]:
    """At most so many calls of the skill's scripts, those for help included."""
    return [Check("calls", len(seen.calls) <= wanted, wanted, [row["words"][:4] for row in seen.calls])]


def _characters(seen: _Seen, wanted: int) -> list[Check]:
    """No call printed more characters."""
    printed = [row["characters"] for row in seen.calls]
    return [Check("characters", max(printed, default=0) <= wanted, wanted, printed)]


def _codes(seen: _Seen, wanted: Sequence[int]) -> list[Check]:
    """Calls ended with no other exit codes, and there was one at all."""
    found = [row["code"] for row in seen.calls]
    return [Check("codes", bool(found) and set(found) <= set(wanted), wanted, found)]


def _file_at(seen: _Seen, wanted: str) -> list[Check]:
    path = seen.work / wanted
    kind = _kind(path) if path.is_file() else None
    right = (path.suffix.lower() == ".png") == (path.is_file() and path.read_bytes()[:4] == b"\x89PNG")
    return [Check("file_at", kind is not None and right, wanted, [str(found) for found in seen.media])]


def _prompt_is(seen: _Seen, wanted: str) -> list[Check]:
    """The prompt arrived as it stands in a file, to the character."""
    text = (seen.work / wanted).read_text(encoding="utf-8")
    found = [_at(row.get("body"), ["prompt"]) for row in seen.creates]
    return [Check("prompt_is", bool(found) and all(one == text for one in found), text[:80], str(found)[:300])]


def _sent_with(seen: _Seen, wanted: str) -> list[Check]:
    """The last create was given a file: as multipart, as bytes, or by the provider's own URL of it."""
    last = seen.creates[-1] if seen.creates else {}
    text = json.dumps(last.get("body"), ensure_ascii=False)
    multipart = str(last.get("headers", {}).get("content-type", "")).startswith("multipart/")
    return [Check("sent_with", multipart or "/files/" in text or "data:image" in text, wanted, text[:300])]


_CHECKS: Mapping[str, Callable[[_Seen, Any], list[Check]]] = {
    "creates": _creates,
    "jobs": _jobs,
    "path": _path,
    "content_type": _content_type,
    "body": _body,
    "prompt_has": _prompt_has,
    "files": _files,
    "answer": _answer,
    "not_answer": _not_answer,
    "answer_has_paths": _answer_has_paths,
    "page": _page,
    "calls": _calls,
    "characters": _characters,
    "codes": _codes,
    "file_at": _file_at,
    "prompt_is": _prompt_is,
    "record": _record_has,
    "sent_with": _sent_with,
}
