"""What follows an end: files and sidecar for a job that succeeded, a sidecar with the reason for one that did not."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config import is_loopback
from ..core import (
    MAX_OUTPUTS,
    JobFailure,
    OutputError,
    Reading,
    RemoteOutput,
    ReportedError,
    SavedOutput,
    StillRunning,
    clean_text,
)
from ..events import Outcome
from ..files import Placing, copy_saved, save, still_there, those_there
from ..http import NETWORK_BLOCKED
from ..journal import Row, State, local_id
from ..providers import classify_job_failure
from .accept import end_in_journal
from .ask import ask
from .beside import mend_sidecar, told_there, write_record
from .context import JobContext, job_ref
from .expiry import RESULT_LOST, result_lost_words
from .label import label_saved, labelling
from .lines import Ended, failed, no_file, terminal

if TYPE_CHECKING:
    from ..files import Downloader

FRESH_SECONDS = 600.0
"""So long after its end a job's files may still be on their way to the CDN: a 404 may pass."""
NEW_HINT = "the same command with --new makes it again, and may pay again"
LOST_INSIDE = f"the result came inside the answer, which nobody gives a second time, so it is lost; {NEW_HINT}"


def record_end(ctx: JobContext, row: Row, reading: Reading, *, source: str, elapsed: float) -> Outcome:
    """The outcome of a job that has just ended and stands in the journal as ended."""
    if row.result == "succeeded":
        return collect_files(ctx, row, source=source, elapsed=elapsed, reused=False, reading=reading)
    end = _ended(ctx, row, source, elapsed, reused=False)
    outcome = failed(end, reading.failure, _category(ctx, reading.failure), ctx.provider.recharge)
    if ctx.folder is not None:
        error = {key: outcome.line.get(key) for key in ("error", "category", "message")}
        write_record(ctx, end, (), error)
    return outcome


def collect_files(
    ctx: JobContext, row: Row, *, source: str, elapsed: float, reused: bool, reading: Reading | None = None
) -> Outcome:
    """Files on disk for a job that succeeded, the reason for one that did not; nothing is fetched twice."""
    end = _ended(ctx, row, source, elapsed, reused)
    if row.result != "succeeded":
        failure = _failure_of(row)
        return failed(end, failure, _category(ctx, failure), ctx.provider.recharge)
    for place, alone in ctx.adapter.failed_alone(row.response):
        why = ": ".join(filter(None, (clean_text(alone.code, 200), clean_text(alone.message, 500))))
        ctx.printer.warn(
            f"result {place} of this job was not made ({why or 'no reason was given'}); the good ones stay"
        )
    if end.more_outputs:
        ctx.printer.warn(f"the provider named {len(row.remote)} outputs: the first {MAX_OUTPUTS} are taken, no more")
    there = still_there(saved_outputs(row), row.output_dir) if row.state is State.COLLECTED else ()
    if reused and there:
        return _again(ctx, end, there)
    if reading is None and _worth_asking(ctx, row):
        reading, row = _fresh(ctx, row)
        end = _ended(ctx, row, source, elapsed, reused)
    outputs = (reading.outputs if reading is not None else row.remote)[:MAX_OUTPUTS]
    if not outputs:
        lack = _no_output(row)
        _record_lack(ctx, row, lack)
        return no_file(end, lack)
    if ctx.folder is None and any(not item.url for item in outputs):
        ctx = ctx._replace(folder=ctx.inline_folder)
        if any(item.inline for item in outputs):
            ctx.printer.warn(
                "--no-download gives URLs, and this result has none, it came inside the answer: "
                f"it is saved all the same, in {ctx.folder}"
            )
    if ctx.folder is None:
        return terminal(end, [SavedOutput(None, item.url, "", 0, "", role=item.role) for item in outputs])
    return _save(ctx, end, outputs)


def result_lost(ctx: JobContext, row: Row) -> Outcome:
    """The outcome of a job whose result its provider has deleted since, as far as is documented: nothing is asked."""
    guidance = (
        f"the command in resume asks {ctx.provider.name} once more, and saves the file if it is still given",
        f"its console may still show it: {ctx.provider.dashboard_url}",
        NEW_HINT,
    )
    error = OutputError(
        RESULT_LOST,
        result_lost_words(ctx.provider),
        guidance=guidance,
        details={"resume": ctx.resume(row.generation_id)},
    )
    return no_file(_ended(ctx, row, "poll", 0.0, reused=False), error)


def _save(ctx: JobContext, end: Ended, outputs: Sequence[Any]) -> Outcome:
    assert ctx.folder is not None
    row = end.row
    partly: list[SavedOutput] = []
    try:
        saved = save(
            outputs,
            folder=ctx.folder,
            stem_prompt=row.prompt,
            provider=row.provider,
            generation_id=row.generation_id or "",
            downloader=_downloader(ctx, row),
            on_saved=partly.append,
            labelling=labelling(ctx, row),
            output=ctx.output,
            warn=ctx.printer.warn,
            there=_of_an_earlier_run(ctx, row),
        )
    except StillRunning as error:
        raise _out_of_time(ctx, row, error) from None
    except OutputError as error:
        again = () if error.code == NETWORK_BLOCKED else (f"run the same command again to fetch it; {NEW_HINT}",)
        inside = _without_url(outputs) > _without_url(partly)
        guidance = (LOST_INSIDE,) if inside else (*error.guidance, *again)
        outcome = no_file(end, OutputError(error.code, error.message, guidance=guidance), partly)
        write_record(ctx, end, partly, {key: outcome.line.get(key) for key in ("error", "message")})
        _record_lack(ctx, row, error, partly)
        return outcome
    write_record(ctx, end, saved, None)
    _record(ctx, row, saved, str(ctx.folder))
    outcome = terminal(end, saved)
    _tell_differences(ctx, outcome)
    return outcome


def told_if_lost(row: Row, error: ReportedError) -> None:
    """What cut a run short says so where the result was in the answer, and so went with this process."""
    if row.state is State.ENDED and row.result == "succeeded" and _without_url(row.remote):
        error.guidance = (LOST_INSIDE,)


def _without_url(outputs: Sequence[RemoteOutput | SavedOutput]) -> int:
    """How many results came inside the answer."""
    return sum(not item.url for item in outputs)


def _of_an_earlier_run(ctx: JobContext, row: Row) -> Sequence[SavedOutput]:
    """The files of this job that are there already, though not all of them, with the label that this run asks for."""
    there = those_there(saved_outputs(row), row.output_dir)
    return label_saved(ctx, row, there, lambda saved: None) if there else ()


def _tell_differences(ctx: JobContext, outcome: Outcome) -> None:
    """What was delivered otherwise than asked for is a warning as well."""
    for flag, value in outcome.line.get("requested", {}).items():
        item = outcome.line["outputs"][0]
        made = {"kind": item.get("media_type"), "duration": f"{item.get('duration_seconds') or 0:g} s"}
        pixels = f"{item.get('width')}x{item.get('height')}"
        ctx.printer.warn(f"--{flag} {value} was asked for, and {made.get(flag, pixels)} was delivered")


def _record(ctx: JobContext, row: Row, saved: Sequence[SavedOutput], folder: str) -> None:
    ctx.journal.collected(
        row.row_id,
        saved=[item._asdict() for item in saved],
        output_dir=folder,
    )


def _record_lack(ctx: JobContext, row: Row, error: OutputError, partly: Sequence[SavedOutput] = ()) -> None:
    """Why a job that succeeded has not all its files, for --list; and those that it has."""
    ctx.journal.not_saved(
        row.row_id,
        {"code": error.code, "message": error.message},
        saved=[item._asdict() for item in partly],
        output_dir=str(ctx.folder or ""),
    )


def _again(ctx: JobContext, end: Ended, there: Sequence[SavedOutput]) -> Outcome:
    """Files of an earlier run as they are, but for a label that this one asks for, and for the place where it wants
    them: copies then, with a sidecar of their own."""
    row = end.row
    try:
        done = label_saved(ctx, row, there, lambda saved: _record(ctx, row, saved, row.output_dir))
        if done == there:
            mend_sidecar(ctx, end, there)
        else:
            write_record(ctx, end, done, None)
        placed = done if ctx.folder is None else copy_saved(done, _placing(ctx, end))
    except OutputError as error:
        return no_file(end, error, there)
    if placed != done:
        write_record(ctx, end, placed, None, others=told_there(ctx, end, placed))
    return terminal(end, placed)


def _placing(ctx: JobContext, end: Ended) -> Placing:
    assert ctx.folder is not None
    row = end.row
    return Placing(
        Path(os.path.abspath(ctx.folder)),
        end.stem,
        row.provider,
        row.generation_id or "",
        ctx.output,
        labelling(ctx, row),
        ctx.printer.warn,
    )


def _worth_asking(ctx: JobContext, row: Row) -> bool:
    """Whether another query may give better URLs than the recorded ones: to fetch them, or where they expire."""
    wanted = ctx.folder is not None or ctx.adapter.renews_urls
    return wanted and row.generation_id != local_id(row.fingerprint, row.ordinal)


def _fresh(ctx: JobContext, row: Row) -> tuple[Reading | None, Row]:
    """Ask again for a finished job, since its result URLs may have been renewed; else what is recorded."""
    asked = ask(ctx, job_ref(row), ctx.deadline)
    if isinstance(asked, Reading) and asked.result is not None and asked.outputs:
        end_in_journal(ctx, row.row_id, asked)
        return asked, ctx.journal.get(row.row_id)
    return None, row


def saved_outputs(row: Row) -> tuple[SavedOutput, ...]:
    """The files that the journal says a job left; none where that column is damaged, so that they are fetched anew."""
    rows = row.saved if isinstance(row.saved, list) else []
    try:
        return tuple(SavedOutput(**item) for item in rows)  # type: ignore[arg-type]
    except TypeError:  # no objects, or with other names
        return ()


def _ended(ctx: JobContext, row: Row, source: str, elapsed: float, reused: bool) -> Ended:
    return Ended(
        row,
        source,
        elapsed,
        sandbox=ctx.sandbox,
        verbose=ctx.printer.verbose,
        complete_urls=ctx.folder is None,
        reused=reused,
        more_outputs=max(0, len(row.remote) - MAX_OUTPUTS),
    )


def _category(ctx: JobContext, failure: JobFailure | None) -> Any:
    return classify_job_failure(failure.code if failure else "", failure.message if failure else "", ctx.adapter.errors)


def _failure_of(row: Row) -> JobFailure:
    error = row.error if isinstance(row.error, dict) else {}
    return JobFailure(str(error.get("code") or ""), str(error.get("message") or ""))


def _no_output(row: Row) -> OutputError:
    return OutputError(
        "no_output",
        f"the provider says {row.status or 'that it is done'} but gave nothing to fetch",
        guidance=(f"run the same command again to look once more; {NEW_HINT}",),
    )


def _downloader(ctx: JobContext, row: Row) -> Downloader:
    from ..files import Downloader

    return Downloader(
        ctx.retries("download", ctx.deadline),
        allow_loopback=is_loopback(ctx.gateway.base_url),
        fresh=row.ended_at is None or ctx.clock.age(row.ended_at) < FRESH_SECONDS,
        trust=ctx.gateway.trust,
    )


def _out_of_time(ctx: JobContext, row: Row, error: StillRunning) -> StillRunning:
    return StillRunning(
        "deadline",
        "the job is done, but the time was up before its files were fetched",
        should_retry=True,
        guidance=("go on with the command in resume: it only fetches the files",),
        details={**error.details, "generation_id": row.generation_id, "resume": ctx.resume(row.generation_id)},
    )
