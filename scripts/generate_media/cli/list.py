"""``wait_generation.py --list``: the journal's newest rows as one line. Loads neither HTTP nor contracts."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime, timezone
from functools import lru_cache
from itertools import islice, takewhile
from typing import Any

from ..config import Settings, hide_keys_of, load_settings
from ..core import CONFIG_FILE, Clock, ExitCode, Json, UsageError, clean_text, journal_dir, short, without_none
from ..events import Outcome, commands_of, resume_command
from ..journal import Journal, Row, State
from ..request import words_of

MESSAGE_CAP = 300

ALL = 1 << 62
SAME = 1000
"""So many usages that many rows have in common are cleaned once."""
PLAIN_CHARS = 200
_NOTHING_WRONG = (State.COLLECTED, State.ACCEPTED)
_OPEN = (State.SENDING, State.ACCEPTED)
_PERHAPS_UNSAVED = (State.ACCEPTED, State.ENDED)
_SECONDS = tuple(f"{second:02d}+00:00" for second in range(60))
_WHY = {State.REJECTED: "refused", State.UNKNOWN: "outcome_unknown"}
DEFAULT_ROWS = 50
_ONLY_WITH: Mapping[str, tuple[str, ...]] = {
    "since": ("--list", "--spent"),
    "failed": ("--list",),
    "limit": ("--list",),
    "model": ("--generation-id ID", "--cancel ID"),
}
"""A flag that chooses among jobs → the questions that it goes with."""


def check_one_question(args: argparse.Namespace) -> None:
    """One question at a time.

    Raises:
        UsageError: none was asked, or several.
    """
    asked = {
        "--generation-id ID": bool(args.generation_id),
        "--all": args.all and args.cancel is not True,
        "--list": args.list,
        "--spent": args.spent,
        "--cancel ID": isinstance(args.cancel, str),
        "--cancel --all": args.cancel is True,
    }
    questions = [question for question, is_asked in asked.items() if is_asked]
    if len(questions) != 1:
        raise UsageError(
            "usage",
            "give exactly one of --generation-id ID, --all, --list, --spent, --cancel ID (or --cancel --all)",
            guidance=("python3 scripts/wait_generation.py --list shows every job with its id",),
        )
    if args.cancel is True and not args.all:
        raise UsageError("usage", "--cancel needs the ID of a job, or --all for every open one")
    _check_chosen(args, questions[0])
    if args.settles and len(args.generation_id) != 1:
        raise UsageError(
            "usage",
            "--settles ROW needs exactly one --generation-id ID: the job that is taken for the lost one",
            guidance=("candidates[] of the exit 13 line hold the whole command",),
        )


def _check_chosen(args: argparse.Namespace, question: str) -> None:
    """Raises UsageError: a flag that chooses among jobs, with a question that is not asked of some of them."""
    for name, those in _ONLY_WITH.items():
        if getattr(args, name) not in (None, False, DEFAULT_ROWS) and question not in those:
            takes = [f"--{flag}" for flag, its in _ONLY_WITH.items() if question in its]
            more = f"; {question} goes with {', '.join(takes)}" if takes else ""
            raise UsageError("usage", f"--{name} only goes with {' or '.join(those)}{more}")


def run_list(args: argparse.Namespace, stack: ExitStack) -> Outcome:
    """The newest rows and how many there are in each state; no journal is made where there is none."""
    check_one_question(args)
    settings = load_settings(args.config or CONFIG_FILE)
    hide_keys_of(settings, os.environ)
    folder = journal_dir(os.environ, sandbox=args.sandbox)
    journal = stack.enter_context(Journal.open(folder, read_only=True))
    if args.provider:
        settings.provider(args.provider)
    rows = journal.listed(ALL if args.failed or args.provider else args.limit, unsuccessful=args.failed)
    if args.since:
        rows = takewhile(lambda row: row.created_at >= args.since, rows)
    if args.provider:
        rows = (row for row in rows if row.provider == args.provider)
    told = map(_Lines(settings, args, journal).line, rows)
    jobs = islice((line for line in told if "error" in line) if args.failed else told, args.limit)
    line: dict[str, Any] = {"event": "list", "jobs": jobs, "counts": _counts(journal)}
    may_lose = [provider.name for provider in settings.providers.values() if provider.result_ttl_seconds]
    lost = sum("error" in _fate_of_result(settings, row, args) for row in journal.listed(ALL, unsaved_of=may_lose))
    line |= {"result_lost": lost} if lost else {}
    return Outcome(ExitCode.OK, line | ({"sandbox": True} if args.sandbox else {}))


def _counts(journal: Journal) -> dict[str, int]:
    return {state.value: number for state, number in journal.counts().items()}


class _Lines:
    """Rows of the journal as those of the list. What many of them have in common is worked out once."""

    def __init__(self, settings: Settings, args: argparse.Namespace, journal: Journal) -> None:
        self._settings = settings
        self._args = args
        self._durations = lru_cache(SAME)(journal.durations)
        self._command = commands_of("create_and_wait.py")
        self._surroundings = lru_cache(SAME)(self._surrounding_words)
        self._usages: dict[int, tuple[Json, Json]] = {}
        """By its identity: a usage, kept so that no other one takes its place, and as it is told."""
        self._config = [f"--config={args.config.resolve()}"] if args.config else []

    def line(self, row: Row) -> dict[str, Any]:
        saved = row.saved if isinstance(row.saved, list) else []
        line = {
            "generation_id": row.generation_id and _clean(row.generation_id),
            "provider": row.provider,
            "model": row.model,
            "kind": row.kind or None,
            "state": row.state.value,
            "status": _word(row.status) or None,
            "result": row.result,
            "prompt": row.prompt[:80] or None,
            "created_at": _iso(row.created_at),
            "ended_at": _iso(row.ended_at),
            "files": [item["path"] for item in saved if isinstance(item, dict) and item.get("path")] or None,
            "usage": row.usage and self._usage(row.usage),
        }
        if row.state is not State.COLLECTED:
            line |= _why(row) | _fate_of_result(self._settings, row, self._args)
        if None in line.values():
            line = without_none(line)
        line["command"] = self._made_again(row)
        return line | _time_of_open(self._durations, row) if row.state in _OPEN else line

    def _usage(self, usage: Json) -> Json:
        """As :func:`short`; the journal reads equal usages of a list once, and gives the same object for all."""
        known = self._usages.get(id(usage))
        if known is None:
            known = (usage, short(usage))
            if len(self._usages) < SAME:
                self._usages[id(usage)] = known
        return known[1]

    def _made_again(self, row: Row) -> str | None:
        """The command that makes the job again, its files in the same place; null where a word of it is gone."""
        words = words_of(row.asked)
        if words is None:
            return None
        names_provider = isinstance(row.asked, dict) and "provider" in row.asked
        place = _place(row.place) if row.place else None
        words += self._surroundings(row.provider, names_provider, row.copy, place, row.output_dir, row.base_url)
        return self._command(words)

    def _surrounding_words(
        self,
        provider: str,
        names_provider: bool,
        copy: int,
        place: tuple[str, bool] | None,
        output_dir: str,
        base_url: str,
    ) -> list[str]:
        """The words of a command that are not of what was asked for. Its arguments are all that decides them."""
        words = [] if names_provider else [f"--provider={provider}"]
        words += [f"--count={copy + 1}"] if copy else []
        if place:
            words += [f"--output={place[0]}", *(["--overwrite"] if place[1] else [])]
        else:
            words += [f"--output-dir={output_dir}"] if output_dir else ["--no-download"]
        known = self._settings.providers.get(provider)
        if not self._args.sandbox and known is not None and base_url != known.base_url:
            words.append(f"--base-url={base_url}")
        return [*words, *(["--sandbox"] if self._args.sandbox else []), *self._config]


def _place(kept: Json) -> tuple[str, bool] | None:
    """What ``--output`` said, and whether with ``--overwrite``."""
    from ..files import output_from  # most jobs have none

    output = output_from(kept)
    return output and (output.pattern, output.overwrite)


def _why(row: Row) -> dict[str, Any]:
    """Why there is no file: refused, failed, outcome unknown, or made and not saved."""
    if row.state in _NOTHING_WRONG:
        return {}
    known = row.error if isinstance(row.error, dict) else {}
    otherwise = _WHY.get(row.state, "")
    if row.result not in (None, "succeeded"):
        otherwise = f"generation_{row.result}"
    code = clean_text(str(known.get("code") or ""), 200) or otherwise
    if not code:
        return {}
    return {"error": code, "message": clean_text(str(known.get("message") or ""), MESSAGE_CAP) or None}


def _time_of_open(durations: Callable[[str, str], Sequence[float]], row: Row) -> dict[str, int]:
    """Of a job that goes on: how long it runs, and how long jobs of its model took here before (the median)."""
    began = row.accepted_at or row.sending_at or row.created_at
    times = {"running_seconds": max(0, round(time.time() - began))}
    took = sorted(durations(row.provider, row.model))
    return times | ({"usual_seconds": round(took[len(took) // 2])} if took else {})


def _fate_of_result(settings: Settings, row: Row, args: argparse.Namespace) -> dict[str, Any]:
    """How long a result that is not saved can still be had; one that is lost, with what can still be tried."""
    if row.state not in _PERHAPS_UNSAVED or row.provider not in settings.providers:
        return {}
    from ..job import RESULT_LOST, expires_in, is_result_lost, result_lost_words  # mostly all is saved

    provider = settings.providers[row.provider]
    clock = Clock(settings.scale_at(row.base_url))
    left: dict[str, Any] = {"expires_in_seconds": expires_in(provider, row, clock)}
    if not is_result_lost(provider, row, clock):
        return left
    config = str(args.config.resolve()) if args.config else None
    resume = resume_command(row.generation_id, provider=row.provider, sandbox=args.sandbox, config=config)
    return left | {"error": RESULT_LOST, "message": result_lost_words(provider), "resume": resume}


def _clean(text: str) -> str:
    """As :func:`clean_text`; of plain words only a key could be cut, and the printer looks for one in all rows."""
    plain = text.isascii() and text.isprintable() and len(text) <= PLAIN_CHARS and "  " not in text
    return text if plain and text == text.strip() else clean_text(text)


_word = lru_cache(SAME)(_clean)
"""The same for words that many rows have in common."""


def _iso(unix: float | None) -> str | None:
    if unix is None:
        return None
    whole = int(unix)
    return _minute(whole // 60) + _SECONDS[whole % 60]


@lru_cache(1000)
def _minute(minutes: int) -> str:
    """An ISO time up to its seconds; jobs that follow each other share most of it."""
    return datetime.fromtimestamp(minutes * 60, timezone.utc).isoformat(timespec="seconds")[:-8]
