"""The fault matrix: where a connection breaks × how × which way of making a job. Rows are generated, not written.

What is right is said by :func:`expect`, from these rules alone (a create is sent once and repeated only when no
connection was made; a read is repeated; an id that was read is never lost; type from the bytes). Nothing here is
imported from the code under test; the names of transport faults are the sandbox's (``operation:point:action``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

ACTIONS = ("reset", "close", "silence", "garbage", "html", "wrong-type", "broken-gzip", "long-line", "drip")
UNSENT = ("accept", "request-half", "before")
"""Points at which the server has not acted upon the request: nothing is made."""
AT_HEAD = (*UNSENT, "request", "status-line", "headers")
HANDSHAKES = (*ACTIONS, "stranger", "other-name", "expired")
"""What a TLS handshake meets; the last three are certificates."""
SAMPLE_CUTS = (0, 1, 9)


@dataclass(frozen=True)
class Flow:
    """One way of making a job. ``listed``: lost jobs are candidates; ``free``: a lost picture is asked for again."""

    provider: str
    args: tuple[str, ...]
    streams: bool = False
    polls: bool = True
    listed: bool = False
    free: bool = False
    clip: bool = False


FLOWS = {
    "skills.video SSE": Flow("skills.video", ("--model", "google/nano-banana-pro"), streams=True),
    "skills.video poll": Flow("skills.video", ("--endpoint", "/generation/google/nano-banana-pro")),
    "Agnes image": Flow("agnes", ("--model", "agnes-image-2.1-flash"), polls=False, free=True),
    "Agnes video": Flow("agnes", ("--model", "agnes-video-2.5-flash"), clip=True),
    "AGCloud": Flow("agcloud", ("--kind", "video"), listed=True, clip=True),
    "Ark pictures": Flow("ark", ("--size", "1K"), polls=False),
}


@dataclass(frozen=True)
class Anatomy:
    """How long a flow's answers are, measured with a bare client: whole create body, its first whole event, a query."""

    create_bytes: int
    first_event_bytes: int
    poll_bytes: int


@dataclass(frozen=True)
class Row:
    """``lasting``: the fault is there for the whole first run, not once. ``cut``: bytes of the body before it."""

    flow: str
    operation: str
    point: str
    action: str
    cut: int | None = None
    lasting: bool = False

    @property
    def fault(self) -> str:
        point = self.point if self.cut is None else f"body-{self.cut}"
        return f"{self.operation}:{point}:{self.action}" + ("" if self.lasting else "*1")

    @property
    def name(self) -> str:
        return f"{self.flow} | {self.fault}"


@dataclass(frozen=True)
class Expect:
    """What one run and the next leave. ``jobs``: made by the first; ``more``: by the next; ``codes``: any is right."""

    jobs: int
    codes: tuple[int, ...]
    states: tuple[str, ...]
    then: int = 0
    more: int = 0
    perhaps_lost: bool = False
    """Right as well: the outcome is unknown, now and next time (the server's first event may be a longer one)."""


GOOD = Expect(1, (0,), ("collected",))
LOST = Expect(1, (13,), ("unknown",), then=13)


def expect(row: Row, anatomy: Anatomy) -> Expect:
    """The oracle: one small function of the rules for each operation."""
    if row.operation in ("connect", "tls"):
        return Expect(0, (24,), ("rejected",), more=1) if row.lasting else GOOD
    if row.operation == "create":
        return _create(row, anatomy)
    if row.operation == "poll":
        return _poll(row)
    return _download(row, anatomy)


def _create(row: Row, anatomy: Anatomy) -> Expect:
    """Connected, so never sent again: the id was read, or the outcome is unknown, whatever a list may show."""
    flow = FLOWS[row.flow]
    made = row.point not in UNSENT
    if made and _id_is_read(row, flow, anatomy):
        return replace(GOOD, perhaps_lost=flow.streams and row.cut is not None and row.action != "drip")
    lost = replace(LOST, jobs=int(made))
    return replace(lost, then=0, more=1) if flow.free else lost


def _id_is_read(row: Row, flow: Flow, anatomy: Anatomy) -> bool:
    """Whether bytes that name the job came in a form that can be read: a whole event, or a whole JSON document."""
    if row.action == "drip":
        return True  # all of it comes, slowly, within the create's own time-out
    if row.point == "id":
        return flow.streams  # inside JSON it is a cut
    if row.cut is not None:
        return row.cut >= (anatomy.first_event_bytes if flow.streams else anatomy.create_bytes)
    return row.action == "wrong-type" and row.point in ("request", "status-line")  # the right bytes, another label


def _poll(row: Row) -> Expect:
    """A read is repeated while the deadline lasts, and a known job is never ended by it."""
    relabelled = row.action == "wrong-type" and row.point in ("request", "status-line")
    if not row.lasting or relabelled:
        return GOOD
    return Expect(1, (11, 12) if row.action in ("silence", "drip") else (12,), ("accepted",))


def _download(row: Row, anatomy: Anatomy) -> Expect:
    """A broken file is fetched again; whole files are judged by their bytes; the job is never made again for it."""
    refused = Expect(1, (14,), ("ended",))
    acted = row.point not in UNSENT
    if row.action == "html" and row.point in (*UNSENT, "request", "status-line"):
        return refused  # a whole page with status 200
    if row.action == "long-line" and row.point != "headers" and row.cut is None:
        return refused  # 10 MB that are no picture
    if row.action == "long-line":  # the announced length, filled with x: recognised unless the beginning is right
        return refused if not row.cut else replace(refused, codes=(0, 14), states=("collected", "ended"))
    if row.action == "drip" and acted:
        return Expect(1, (11,), ("ended",))  # under --deadline: the file would take minutes
    if row.action == "wrong-type" and row.point in ("request", "status-line"):
        return GOOD
    return replace(refused, then=0) if row.lasting else GOOD


def rows(anatomies: dict[str, Anatomy]) -> list[Row]:
    """Every row, in a fixed order."""
    found = [row for flow in FLOWS for row in _of_flow(flow, anatomies[flow])]
    return list(dict.fromkeys(found))


def _of_flow(name: str, anatomy: Anatomy) -> Iterator[Row]:
    flow = FLOWS[name]
    for lasting in (False, True):
        yield from (Row(name, "connect", "connect", action, lasting=lasting) for action in ("reset", "silence"))
        yield from (Row(name, "tls", "handshake", action, lasting=lasting) for action in HANDSHAKES)
    edge = anatomy.first_event_bytes if flow.streams else anatomy.create_bytes
    yield from _crossed(name, "create", (*AT_HEAD, "id"), (*SAMPLE_CUTS, edge // 2, edge - 1))
    if flow.streams:
        yield from _crossed(name, "create", (), (edge, edge + 1, anatomy.create_bytes - 1))
    for cut in range(anatomy.create_bytes):
        actions = ("reset", "close") if cut <= edge else (("reset", "close")[cut % 2],)
        yield from (Row(name, "create", "body", action, cut) for action in actions)
    if flow.polls:
        yield from _crossed(
            name, "poll", (*AT_HEAD, "id"), (*SAMPLE_CUTS, anatomy.poll_bytes // 2, anatomy.poll_bytes - 1)
        )
        yield from (Row(name, "poll", "body", ("reset", "close")[cut % 2], cut) for cut in range(anatomy.poll_bytes))
        yield from (Row(name, "poll", point, action, lasting=True) for point in AT_HEAD for action in ACTIONS)
    yield from _crossed(name, "download", AT_HEAD, (*SAMPLE_CUTS, 100, 20_000))
    lasting_downloads = [action for action in ACTIONS if action not in ("silence", "drip")]
    yield from (Row(name, "download", "request", action, lasting=True) for action in lasting_downloads)


def _crossed(flow: str, operation: str, points: tuple[str, ...], cuts: tuple[int, ...]) -> Iterator[Row]:
    for action in ACTIONS:
        yield from (Row(flow, operation, point, action) for point in points)
        yield from (Row(flow, operation, "body", action, cut) for cut in cuts)
