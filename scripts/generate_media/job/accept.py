"""What is known of a job goes to disk before anything else happens, then to stdout."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..core import Reading, Result
from ..journal import JournalWriteError, Row, local_id
from .context import JobContext
from .create_errors import with_what_was_made

if TYPE_CHECKING:
    from ..http import EventStream


class Created(NamedTuple):
    """A job that exists: its row, what is known of it, and the stream that may tell more."""

    row: Row
    reading: Reading
    stream: EventStream | None = None


def record_created(ctx: JobContext, row: Row, reading: Reading, stream: EventStream | None = None) -> Created:
    """A job that its create's answer tells of: its id goes to disk first, then to stdout; where the disk fails, to
    stdout all the same. One that failed without an id has none to go on with: its last line tells of it.

    Raises:
        JournalWriteError: with the id, or the result's URLs, that could not be written.
    """
    given = reading.generation_id
    try:
        reading = _write_accepted(ctx, row, reading)
    except JournalWriteError as error:
        raise with_what_was_made(row, reading, error) from None
    if given is not None or reading.result is not Result.FAILED:
        tell_accepted(ctx, reading)
    return Created(ctx.journal.get(row.row_id), reading, stream)


def _write_accepted(ctx: JobContext, row: Row, reading: Reading) -> Reading:
    if reading.generation_id is None:
        identity = local_id(row.fingerprint, row.ordinal)
        reading = reading._replace(generation_id=identity)
        end_in_journal(ctx, row.row_id, reading)
    else:
        accept_in_journal(ctx, row.row_id, reading)
    return reading


def tell_accepted(ctx: JobContext, reading: Reading) -> None:
    ctx.printer.event(
        "accepted",
        generation_id=reading.generation_id,
        resume=ctx.resume(reading.generation_id),
    )


def accept_in_journal(ctx: JobContext, row_id: int, reading: Reading) -> None:
    """Record the id by which the job can be followed from now on, by whoever comes."""
    assert reading.generation_id is not None
    ctx.journal.accepted(
        row_id,
        generation_id=reading.generation_id,
        aliases=reading.aliases,
        status=reading.status,
        provider_created_at=reading.created_at,
        usage=reading.usage,
    )


def end_in_journal(
    ctx: JobContext,
    row_id: int,
    reading: Reading,
    *,
    lasted: tuple[float, float] | None = None,
    durable: bool = True,
) -> None:
    """Record that a job reached an end, with everything that the files will be made from.

    ``lasted``: when it was last seen running and first seen done. ``durable`` False: the provider can be asked again,
    so nobody waits for the disk.
    """
    assert reading.result is not None
    failure = reading.failure
    ctx.journal.ended(
        row_id,
        status=reading.status,
        result=reading.result.value,
        remote=reading.outputs,
        usage=reading.usage,
        response=reading.response,
        error={"code": failure.code, "message": failure.message} if failure else None,
        generation_id=reading.generation_id,
        lasted=lasted,
        durable=durable,
    )
