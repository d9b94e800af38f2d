"""Lines that use what other lines make: what they wait for, what they get, and why one of them is skipped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..core import ExitCode, GenerateMediaError, Json, OutputError
from ..events import Outcome, error_outcome
from ..job import JobContext, Session
from ..journal import ClaimKind
from ..request import JobSpec, Prepared, Reference, awaited_in, identified, with_files
from .contexts import Run
from .frames import kept_frame
from .ties import Ties

if TYPE_CHECKING:
    from .tools import Tool

SKIPPED = "skipped"
_SENT = (ClaimKind.ATTACHED, ClaimKind.FINISHED)


class Delivered(NamedTuple):
    """What a line made, as its last line tells: the first result, and the last frame where that came with it."""

    path: str
    sha256: str
    """Of the bytes as they were delivered: a label or another type changes nothing of what is paid."""
    last_frame: str = ""


def delivered(outputs: Json) -> Delivered | None:
    """The first result of a job's ``outputs``, or of its row's ``saved``; None where there is none on disk."""
    rows = [row for row in outputs if isinstance(row, dict)] if isinstance(outputs, list) else []
    main = next((row for row in rows if not row.get("role") and row.get("path")), None)
    if main is None:
        return None
    frame = next((str(row["path"]) for row in rows if row.get("role") == "last_frame" and row.get("path")), "")
    return Delivered(str(main["path"]), str(main.get("source_sha256") or main.get("sha256")), frame)


def identity(found: Delivered, *, last_frame: bool) -> str:
    """How a reference stands in a fingerprint: the source file, and which part of it."""
    return f"{found.sha256} last-frame" if last_frame else found.sha256


class Followers:
    """The results of lines, kept for those that wait for them. Each line's are written before a follower begins."""

    def __init__(self, session: Session, ties: Ties, tool: Tool | None, told: Callable[[int, JobSpec], None]) -> None:
        self._session, self._ties, self._tool = session, ties, tool
        self._outcomes: dict[int, Outcome] = {}
        self._names = {line: name for name, line in ties.ids.items()}
        self.told = told
        """Hears of a line's job as soon as it is known what it is."""

    def watched(self, line: int, run: Run) -> Run:
        """The same, skipped where a line that it needs has no result; its own outcome is kept."""

        def runs(extra: Mapping[str, Any]) -> Outcome:
            outcome = self._skipped(line)
            if outcome is None:
                try:
                    outcome = run(extra)
                except GenerateMediaError as error:
                    outcome = error_outcome(error)
            self._outcomes[line] = outcome
            return outcome

        return runs

    def _skipped(self, line: int) -> Outcome | None:
        """Why a line is not sent: what it needs failed, or is still open."""
        needs = self._ties.needs.get(line, ())
        failed = [need for need in needs if not self._has_result(need)]
        if not failed:
            return None
        codes = [self._outcomes[need].exit_code for need in failed if need in self._outcomes]
        names = [self._names[need] for need in failed]
        error = GenerateMediaError(
            SKIPPED,
            f"not sent: {', '.join(f'@{name}' for name in names)} has no result",
            guidance=("once that line succeeds, the same command goes on with this one; nothing is paid twice",),
            details={"needs": names, "may_have_been_created": False},
        )
        return error_outcome(error)._replace(exit_code=next(iter(codes), ExitCode.USAGE))

    def _has_result(self, line: int) -> bool:
        outcome = self._outcomes.get(line)
        return outcome is not None and outcome.exit_code == ExitCode.OK and self._found(line) is not None

    def _found(self, line: int) -> Delivered | None:
        return delivered(self._outcomes[line].line.get("outputs"))

    def settled(self, prepared: Prepared, ctx: JobContext, copy: int) -> Prepared:
        """A follower's request, now that what it needs is there. Files are only read where it is still to be sent.

        Raises:
            UsageError: a file does not fit the model. OutputError: no last frame can be read from a clip.
        """
        references = {leaf.reference for leaf in awaited_in(prepared.request.body)}
        found = {one: self._source(one) for one in references}
        named = identified(prepared, {one: identity(it, last_frame=one.last_frame) for one, it in found.items()})
        outlook = ctx.journal.outlook(named.spec(ctx.key_space).fingerprint, copy)
        if outlook in _SENT or (outlook is ClaimKind.UNKNOWN and not prepared.request.synchronous):
            return named
        files = {one: self._file(one, it) for one, it in found.items()}
        return with_files(named, files, partial(self._session.known_url, prepared.provider.name))

    def _source(self, reference: Reference) -> Delivered:
        found = self._found(self._ties.ids[reference.id])
        assert found is not None  # else the line would have been skipped
        return found

    def _file(self, reference: Reference, found: Delivered) -> str:
        if not reference.last_frame:
            return found.path
        if found.last_frame:
            return found.last_frame
        if self._tool is None:
            raise OutputError("no_last_frame", f"@{reference.id} came without its last frame")
        return str(kept_frame(self._session.folder, Path(found.path), found.sha256, self._tool))
