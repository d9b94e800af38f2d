"""The lines of a batch as jobs, all of them prepared before anything is sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..core import GenerateMediaError, UsageError
from ..job import Caller, Session, retired
from ..request import MEDIA_KINDS, Prepared, awaited_in, outputs_expected

if TYPE_CHECKING:
    from .file import BadLines, Lines, Shard

OWN_FRAME = "return-last-frame"
"""The flag with which a job delivers its clip's last frame itself."""


@dataclass(frozen=True)
class Job:
    """One prepared line, and which of the equal lines of the whole file it is."""

    line: int
    prepared: Prepared
    copy: int
    first: int
    """The number of its first output, counted over the whole file."""

    @property
    def is_clip(self) -> bool:
        return self.prepared.request.kind == "video"

    @property
    def gives_last_frame(self) -> bool:
        return bool(self.prepared.request.asked.get(OWN_FRAME))


def prepare_all(session: Session, lines: Lines, shard: Shard, dry_run: bool) -> tuple[list[Job], BadLines]:
    """The shard's lines as jobs, and those that are none; equal lines are counted over the whole file.

    Raises:
        UsageError: a line uses what another one cannot give.
    """
    from ..request import prepare_request
    from .file import BadLines

    chooser = session.chooser()  # its contracts go with it: they weigh more than all the jobs
    seen: Counter[str] = Counter()
    jobs: list[Job] = []
    bad = BadLines()
    first = 1
    for line in lines.jobs:
        is_ours = shard.holds(lines.ties.first_of(line.number))
        try:
            if line.error is not None:
                raise line.error
            assert line.wanted is not None
            prepared = prepare_request(line.wanted, chooser, session.known_url, thorough=dry_run)
        except GenerateMediaError as error:
            if is_ours:
                bad.add(line.number, error)
            first += 1  # what it would make: the numbers of the others stay as they are once it is mended
            continue
        same = prepared.spec("").fingerprint
        if is_ours:
            jobs.append(Job(line.number, prepared, seen[same], first))
        seen[same] += 1
        first += outputs_expected(prepared.request.body)
    _check_uses(jobs, lines.ties.ids)
    return jobs, bad


def refuse_retired(session: Session, job: Job, bad: BadLines) -> bool:
    """Make a bad line of one whose model is no longer served; whether it was one."""
    if job.prepared.request.ended is None:
        return False
    caller = Caller(job.prepared.provider, session.sandbox, session.config)
    bad.add(job.line, retired(caller, job.prepared.request))
    return True


def needs_cut_frame(jobs: Iterable[Job], ids: Mapping[str, int]) -> bool:
    """Whether a last frame is wanted that its own job was not asked for."""
    makers = {job.line for job in jobs if job.gives_last_frame}
    leaves = (leaf.reference for job in jobs for leaf in awaited_in(job.prepared.request.body))
    return any(reference.last_frame and ids[reference.id] not in makers for reference in leaves)


def _check_uses(jobs: Sequence[Job], ids: Mapping[str, int]) -> None:
    """Raises UsageError ``wrong_kind``: a clip where a picture is needed; ``local_file_refused``."""
    by_line = {job.line: job for job in jobs}
    for job in jobs:
        for leaf in awaited_in(job.prepared.request.body):
            maker = by_line.get(ids[leaf.reference.id])
            if maker is None:  # a line that is no job: its followers are skipped
                continue
            gives = "clip" if maker.is_clip else "picture"
            right = (
                maker.is_clip if leaf.reference.last_frame else (MEDIA_KINDS[leaf.flag] == maker.prepared.request.kind)
            )
            if not right or (leaf.reference.last_frame and MEDIA_KINDS[leaf.flag] != "image"):
                raise _wrong_kind(job.line, leaf.path, leaf.flag, gives)
            if leaf.reference.last_frame and leaf.remote_url is not None and not maker.gives_last_frame:
                reason = leaf.rule.get("local", "this model takes URLs only")
                raise UsageError("local_file_refused", f"line {job.line}: --{leaf.flag} {leaf.path}: {reason}")


def _wrong_kind(line: int, reference: str, flag: str, gives: str) -> UsageError:
    name = reference.partition(".")[0]
    hint = f"{name}.last-frame is its last picture" if gives == "clip" else f"{name} itself is a picture"
    return UsageError(
        "wrong_kind",
        f"line {line}: {name} makes a {gives}, and {reference} as {flag} needs another kind: nothing was sent",
        guidance=(hint,),
        details={"line": line, "received": reference},
    )
