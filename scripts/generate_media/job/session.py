"""What all jobs of a run share, opened in the order in which it can fail: config, host, keys, state, sandbox."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from ..config import (
    KeySearch,
    LabelWish,
    ProviderSettings,
    SecretKey,
    Settings,
    hide_keys_of,
    key_of_job,
    keys_by_provider,
    load_settings,
    missing_key,
    tracked_key_warning,
)
from ..core import (
    CONFIG_FILE,
    Clock,
    Deadline,
    StorageError,
    UsageError,
    journal_dir,
)
from ..events import Printer, Signals
from ..http import Gateway
from ..providers import adapter_for
from ..request import Chooser
from .clients import Clients
from .context import JobContext, JobPrinter, Limits, OpenStreams, RunOptions, limits
from .crowd import Crowd
from .spending import Spending

if TYPE_CHECKING:
    from ..files import OutputName
    from ..journal import Journal

SANDBOX_KEY = SecretKey("sandbox-test-key", "the sandbox")
FRESH_URL_SECONDS = 3600.0
"""How long a result URL of ours may stand in for the local file it came from (lifetime undocumented [M])."""


class Session:
    """What all jobs of a run share. Everything opened here is closed with ``stack``."""

    def __init__(
        self, settings: Settings, options: RunOptions, printer: Printer, signals: Signals, stack: ExitStack
    ) -> None:
        self.settings, self.options = settings, options
        self.printer, self.signals, self.stack = printer, signals, stack
        self.environ: Mapping[str, str] = dict(os.environ)
        self.stop, self.streams = threading.Event(), OpenStreams()
        # By provider and key space: limits hold for a key, and so for all of a platform's hosts.
        self._crowds: dict[tuple[str, str], Crowd] = {}

    @classmethod
    def open(cls, options: RunOptions, printer: Printer, signals: Signals, stack: ExitStack) -> Session:
        """Read the settings; nothing else yet."""
        session = cls(load_settings(options.config or CONFIG_FILE), options, printer, signals, stack)
        hide_keys_of(session.settings, session.environ)
        return session

    @property
    def sandbox(self) -> bool:
        return self.options.sandbox

    @property
    def config(self) -> str | None:
        """--config, as a printed command says it."""
        return str(self.options.config.resolve()) if self.options.config else None

    @property
    def label(self) -> LabelWish:
        """What files say of themselves: by the flag, else by config.json."""
        return self.options.label or self.settings.label

    @property
    def folder(self) -> Path:
        """Where the journal lives."""
        return journal_dir(self.environ, sandbox=self.sandbox)

    @cached_property
    def journal(self) -> Journal:
        """Opened when first needed; an unusable folder is an early, clear error."""
        from ..journal import Journal

        journal = Journal.open(self.folder)
        self.stack.callback(journal.close)
        return journal

    @cached_property
    def spending(self) -> Spending:
        """What this run may spend: one sum for all its jobs."""
        return Spending(self.options.max_cost, self.options.yes)

    def past(self) -> Journal:
        """The journal to look at only: none is made where there is none."""
        from ..journal import Journal

        opened: Journal | None = vars(self).get("journal")
        return opened or self.stack.enter_context(Journal.open(self.folder, read_only=True))

    def past_if_readable(self) -> Journal | None:
        """The same for what is only told; None where it cannot be read. Raises JournalDamaged, which is said once."""
        from ..journal import JournalDamaged

        try:
            return self.past()
        except JournalDamaged:
            raise
        except StorageError:
            return None

    def known_url(self, provider: str, sha256: str) -> str | None:
        """Where a local file that was made here can be had by URL, while that URL is fresh."""
        return self.past().url_for_bytes(sha256, provider, FRESH_URL_SECONDS)

    def chooser(self, *, connects: bool = False) -> Chooser:
        """Which provider, endpoint and model are meant. It holds the contracts: let it go when all is chosen.

        ``connects``: a create follows where nothing objects, so its connection is opened as soon as its host is known.
        """
        chooser = Chooser(self.settings, lambda: [name for name, found in self._keys.items() if found.keys])
        if connects and not self.sandbox:
            chooser.chosen = partial(self._clients.connect_early, asked=self.options.base_url)
            chooser.meanwhile = _load_ahead
        return chooser

    @cached_property
    def _clients(self) -> Clients:
        return Clients(self.stack)

    @cached_property
    def _keys(self) -> Mapping[str, KeySearch]:
        """What every provider's places hold, the sandbox aside; read when first asked for."""
        return keys_by_provider(self.settings, self.environ)

    def keys(self, provider: ProviderSettings) -> KeySearch:
        """The provider's keys; in the sandbox any will do."""
        if self.sandbox:
            return KeySearch((SANDBOX_KEY,))
        found = self._keys[provider.name]
        tracked = tracked_key_warning(provider, self.settings, self.options.config or CONFIG_FILE)
        return found._replace(warnings=(*found.warnings, *tracked))

    def need_keys(self, provider: ProviderSettings) -> tuple[SecretKey, ...]:
        """The provider's keys.

        Raises:
            AuthError: there is none; with where to get one and how to set it, for every provider.
        """
        found = self.keys(provider)
        for warning in found.warnings:
            self.printer.event("warning", message=warning)
        if not found.keys:
            with_key = [name for name, other in self._keys.items() if other.keys]
            raise missing_key(provider, self.settings, found.problems, with_key)
        return found.keys

    def base_url(self, provider: ProviderSettings, otherwise: str | None = None) -> str:
        """The host to call: the sandbox's, the one that --base-url names, ``otherwise``, or the provider's own.

        Raises:
            UsageError: a host that config.json does not allow.
        """
        from ..http import check_base_url

        if self.sandbox:
            return self._sandbox_urls[provider.protocol]
        url = (self.options.base_url or otherwise or provider.base_url).rstrip("/")
        check_base_url(url, provider.allowed_hosts)
        return url

    @cached_property
    def _sandbox_urls(self) -> Mapping[str, str]:
        """Protocol → base URL. The sandbox runs from the first time that this is asked for."""
        from ..sandbox import start

        self.journal  # noqa: B018 - its folder, which is the sandbox's too, is made and tried in one place
        try:
            running = start(store=self.folder / "store", new_models=True)
        except OSError as error:
            raise _no_sandbox(self.folder, error) from error
        self.stack.callback(running.close)
        return running.protocol_urls

    def key_space(self, provider: ProviderSettings, base_url: str) -> str:
        """What jobs and keys are told apart by; all of the sandbox is one, for its port is another each time."""
        return "sandbox" if self.sandbox else provider.key_space_of(base_url)

    def clock(self, base_url: str) -> Clock:
        return Clock(self.settings.scale_at(base_url), self.stop)

    def stop_all(self) -> None:
        """Wake every sleeper and every reader of a stream: the run is ending."""
        self.stop.set()
        self.streams.shut_down()

    def gateway(self, provider: ProviderSettings, base_url: str, keys: tuple[SecretKey, ...]) -> Gateway:
        return self._clients.gateway(provider, base_url, keys)

    def context(
        self,
        provider: ProviderSettings,
        folder: Path | None,
        *,
        output: OutputName | None = None,
        base_url: str | None = None,
        made_with: str = "",
        synchronous: bool = False,
        quiet: bool = False,
    ) -> JobContext:
        """A job's surroundings at one provider: everything that can fail before anything is sent.

        ``base_url`` and ``made_with`` are the host and the key's fingerprint of a job that the journal knows.
        """
        url = self.base_url(provider, base_url)
        keys = self.need_keys(provider)
        if made_with and not self.sandbox:
            keys = key_of_job(made_with, keys, provider)
        if folder is not None:
            from ..files import check_folder

            check_folder(folder)
        clock = self.clock(url)
        space = self.key_space(provider, url)
        per_minute = provider.rate_limits.get("requests_per_minute", 0.0) * self.pace
        return JobContext(
            provider=provider,
            adapter=adapter_for(provider.protocol),
            gateway=self.gateway(provider, url, keys),
            key_space=space,
            journal=self.journal,
            clock=clock,
            deadline=Deadline.after(clock, self.options.deadline),
            limits=self._limits(provider, synchronous),
            folder=folder,
            inline_folder=folder or self.options.named_folder(),
            output=output,
            label=self.label,
            printer=JobPrinter(self.printer, quiet=quiet),
            signals=self.signals,
            streams=self.streams,
            spending=self.spending,
            crowd=self._crowds.setdefault((provider.name, space), Crowd(clock, per_minute)),
            sandbox=self.sandbox,
            config=self.config,
            budget_seconds=self.options.deadline,
        )

    def _limits(self, provider: ProviderSettings, synchronous: bool) -> Limits:
        """The run's time-outs; that an interval was raised is said."""
        asked, least = self.options.poll_interval, provider.min_poll_interval
        if asked is not None and asked < least:
            message = f"--poll-interval {asked:g} raised to {least:g}, the least that {provider.name} allows"
            self.printer.event("warning", message=message)
        return limits(self.options, provider, synchronous=synchronous, pace=self.pace)

    @property
    def pace(self) -> float:
        """How much faster than life the other side is: waits that only spare a real provider are cut by it."""
        if not self.sandbox:
            return 1.0
        from ..sandbox import DEFAULT_SPEED

        return DEFAULT_SPEED


def _load_ahead() -> None:
    """Import what a job needs once its request is found to be good. Raises ImportError."""
    import sqlite3  # noqa: F401

    from ..http import TracedAdapter  # noqa: F401 - and with it requests
    from ..journal import Journal  # noqa: F401


def _no_sandbox(folder: Path, error: OSError) -> UsageError | StorageError:
    from ..http import NETWORK_BLOCKED, is_blocked
    from ..journal import unwritable

    if error.filename is None and is_blocked(error):
        return UsageError(NETWORK_BLOCKED, "the sandbox cannot serve: this process may not even use 127.0.0.1")
    return unwritable(folder, error.strerror or str(error))
