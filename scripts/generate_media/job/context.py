"""What a run was asked for, and what one job of it has at hand: provider, journal, clock, limits, printer."""

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..config import LabelWish, ProviderSettings
from ..core import DEFAULT_OUTPUT_DIR, Clock, Deadline, Failure, JobRef, UsageError
from ..events import Printer, Signals
from ..http import Gateway
from ..providers import Adapter
from .crowd import Crowd
from .spending import Spending

if TYPE_CHECKING:
    from ..files import OutputName
    from ..http import EventStream, Retries
    from ..journal import Journal, Row

SILENCE_CHECK_SECONDS = 30.0


class RunOptions(NamedTuple):
    """What a command line says of a whole run, whatever it makes. Seconds; None: config.json's, or no limit."""

    config: Path | None = None
    sandbox: bool = False
    base_url: str | None = None
    deadline: float | None = None
    poll_interval: float | None = None
    poll_timeout: float | None = None
    poll_request_timeout: float = 20.0
    sse_request_timeout: float = 120.0
    output_dir: str | None = None
    output: str | None = None
    overwrite: bool = False
    no_download: bool = False
    label: LabelWish | None = None
    max_cost: float | None = None
    yes: bool = False

    @classmethod
    def of(cls, flags: Mapping[str, Any]) -> "RunOptions":
        """Those of a script's flags (names with underscores) that are meant here."""
        return cls(**{name: flags[name] for name in cls._fields if name in flags})

    def output_folder(self, otherwise: str = DEFAULT_OUTPUT_DIR) -> Path | None:
        """The absolute folder for results; None with --no-download."""
        output = self.output_name()
        if output is not None:
            return output.folder
        return None if self.no_download else self.named_folder(otherwise)

    def named_folder(self, otherwise: str = DEFAULT_OUTPUT_DIR) -> Path:
        """The absolute folder for results with names of ours, with --no-download too."""
        return Path(os.path.expanduser(self.output_dir or otherwise)).absolute()

    def output_name(self) -> "OutputName | None":
        """What --output says; None without it.

        Raises:
            UsageError: it does not go with the other flags.
        """
        if self.output is None:
            if self.overwrite:
                raise UsageError("usage", "--overwrite only goes with --output FILE")
            return None
        if self.no_download or self.output_dir:
            other = "--no-download" if self.no_download else f"--output-dir {self.output_dir}"
            raise UsageError("usage", f"--output {self.output} does not go with {other}: give one of them")
        from ..files import parse_output_name

        return parse_output_name(self.output, overwrite=self.overwrite)


class Limits(NamedTuple):
    """How long to wait for what, in story seconds."""

    poll_interval: float
    poll_timeout: float
    poll_request_timeout: float
    stream_silence: float
    create_timeout: float
    least_poll_interval: float
    """The provider's documented minimum."""
    typical_seconds: Mapping[str, float]
    """How long a job of each kind takes; empty where the user set the interval, which is then kept."""


def limits(options: RunOptions, provider: ProviderSettings, *, synchronous: bool, pace: float) -> Limits:
    """A run's limits: flags first, then the provider's, ``pace`` times as fast; an interval below its minimum is
    raised."""
    interval = None if options.poll_interval is None else max(options.poll_interval, provider.min_poll_interval)
    create = provider.create_timeout_seconds
    return Limits(
        poll_interval=interval or provider.poll_interval / pace,
        poll_timeout=options.poll_timeout or provider.poll_timeout,
        poll_request_timeout=options.poll_request_timeout,
        stream_silence=options.sse_request_timeout,
        create_timeout=max(provider.sync_create_timeout_seconds, create) if synchronous else create,
        least_poll_interval=provider.min_poll_interval / pace,
        typical_seconds={} if interval else {kind: each / pace for kind, each in provider.typical_seconds.items()},
    )


class JobPrinter:
    """A printer that adds what holds for every line of one job: its line in the batch file.

    ``quiet`` keeps back what nobody reads of one job among many (start, status); the id is always told.
    """

    QUIET = frozenset({"start", "status"})

    def __init__(self, printer: Printer, *, quiet: bool = False) -> None:
        self._printer = printer
        self._quiet = quiet
        self.extra: dict[str, Any] = {}

    @property
    def verbose(self) -> bool:
        return self._printer.verbose

    def event(self, name: str, **fields: Any) -> None:
        if not (self._quiet and name in self.QUIET):
            self._printer.event(name, **self.extra, **fields)

    def warn(self, message: str) -> None:
        self.event("warning", message=message)

    def say(self, text: str) -> None:
        if not self._quiet:
            self._printer.say(text)


class OpenStreams:
    """The streams that are being read, so that a signal can wake their readers."""

    def __init__(self) -> None:
        self._streams: set[EventStream] = set()
        self._lock = threading.Lock()

    @contextmanager
    def reading(self, stream: "EventStream") -> Iterator[None]:
        """A stream that is open as long as the block."""
        with self._lock:
            self._streams.add(stream)
        try:
            yield
        finally:
            with self._lock:
                self._streams.discard(stream)

    def shut_down(self) -> None:
        with self._lock:
            streams = list(self._streams)
        for stream in streams:
            stream.shutdown()


class JobContext(NamedTuple):
    """One job's surroundings. ``deadline`` is the whole run's budget, a download included."""

    provider: ProviderSettings
    adapter: Adapter
    gateway: Gateway
    key_space: str
    """What this provider's jobs are told apart from others by, in the journal."""
    journal: "Journal"
    clock: Clock
    deadline: Deadline
    limits: Limits
    folder: Path | None
    """Where results go; None means --no-download."""
    inline_folder: Path
    """Where a result goes all the same that came inside the answer: it has no URL that could be given instead."""
    output: "OutputName | None"
    """What they are called there; None: names of ours."""
    label: LabelWish
    printer: JobPrinter
    signals: Signals
    streams: OpenStreams
    spending: Spending
    crowd: Crowd
    """The jobs of this provider in this process."""
    sandbox: bool = False
    config: str | None = None
    budget_seconds: float | None = None
    """What --deadline said, so that the command that goes on is as short as this one."""

    def retries(self, operation: str, until: Deadline) -> "Retries":
        """The tries of one operation, each wait told as a ``retry`` line."""
        from ..http import Retries

        def tell(failure: Failure, wait: float, attempt: int) -> None:
            self.printer.event(
                "retry",
                operation=operation,
                http_status=failure.http_status,
                category=failure.category.value,
                code=failure.code or None,
                wait_seconds=round(wait, 2),
                attempt=attempt,
            )

        return Retries(until, tell)

    def resume(self, generation_id: str | None, *, settles: str | None = None) -> str | None:
        """The command that goes on with a job, or that takes it for the lost create ``settles`` first."""
        from ..events import resume_command

        return resume_command(
            generation_id,
            provider=self.provider.name,
            sandbox=self.sandbox,
            config=self.config,
            deadline=self.budget_seconds,
            settles=settles,
            label=self.label,
        )


def job_ref(row: "Row") -> JobRef:
    """What the journal knows of a job, as a provider wants to be asked."""
    return JobRef(row.generation_id or "", row.model, row.kind, row.aliases, row.query_path)
