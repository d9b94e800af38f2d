"""One run's surroundings, opened in the order in which they can fail: config, keys, host, state, sandbox."""

from __future__ import annotations

import argparse
import os
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..config import KeySearch, ProviderSettings, SecretKey, Settings, hide_keys_of, is_loopback, keys_of, load_settings
from ..core import BUNDLE, CONFIG_FILE, AuthError, Clock, Deadline, UsageError, journal_dir
from ..events import Printer, Signals
from ..http import ClientPool, Gateway
from ..providers import adapter_for
from .context import Events, JobContext, Limits, OpenStreams, OutputPlan

if TYPE_CHECKING:
    from ..http import Client, Watch
    from ..journal import Journal

SANDBOX_KEY = SecretKey("sandbox-test-key", "the sandbox")


@dataclass(eq=False, repr=False)
class Session:
    """What all jobs of a run share. Everything opened here is closed with ``stack``."""

    settings: Settings
    args: argparse.Namespace
    printer: Printer
    signals: Signals
    stack: ExitStack
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)
    stop: threading.Event = field(default_factory=threading.Event)
    streams: OpenStreams = field(default_factory=OpenStreams)
    sandbox_urls: Mapping[str, str] = field(default_factory=dict)
    """Protocol → base URL, once the sandbox runs."""
    _journal: Journal | None = None
    _watch: Watch | None = None
    _pools: dict[str, ClientPool] = field(default_factory=dict)

    @classmethod
    def open(cls, args: argparse.Namespace, printer: Printer, signals: Signals, stack: ExitStack) -> Session:
        """Read the settings; nothing else yet."""
        session = cls(load_settings(args.config or CONFIG_FILE), args, printer, signals, stack)
        hide_keys_of(session.settings, session.environ)
        return session

    @property
    def sandbox(self) -> bool:
        return bool(self.args.sandbox)

    @property
    def config(self) -> str | None:
        """--config, as a printed command says it."""
        return str(self.args.config.resolve()) if self.args.config else None

    @property
    def folder(self) -> Path:
        """Where the journal lives."""
        return journal_dir(self.environ, sandbox=self.sandbox)

    @property
    def journal(self) -> Journal:
        """Opened when first needed; an unusable folder is an early, clear error."""
        if self._journal is None:
            from ..journal import Journal

            self._journal = Journal.open(self.folder)
            self.stack.callback(self._journal.close)
        return self._journal

    def past(self) -> Journal:
        """The journal to look at only: none is made where there is none."""
        from ..journal import Journal

        return self._journal or self.stack.enter_context(Journal.open(self.folder, read_only=True))

    @property
    def watch(self) -> Watch:
        if self._watch is None:
            from ..http import shared

            self._watch = shared()
        return self._watch

    def keys(self, provider: ProviderSettings) -> KeySearch:
        """Where the provider's keys stand now; in the sandbox any will do."""
        if self.sandbox:
            return KeySearch((SANDBOX_KEY,))
        found = keys_of(self.settings, (provider,), self.environ)
        return replace(found, warnings=(*found.warnings, *self._tracked_config(provider)))

    def _tracked_config(self, provider: ProviderSettings) -> tuple[str, ...]:
        """A warning where a key stands in a config.json that git tracks."""
        from ..config import is_tracked

        file: Path = self.args.config or CONFIG_FILE
        if not self.settings.config_keys(provider) or not is_tracked(file):
            return ()
        words = f"{file} holds a key and is tracked by git: move the key to the environment ({provider.key_env}) or to "
        return (f"{words}{BUNDLE / '.env'}, and take it out of config.json before you commit",)

    def has_key(self, provider: ProviderSettings) -> bool:
        """Whether a key of the provider is set for real, the sandbox aside."""
        return bool(keys_of(self.settings, (provider,), self.environ).keys)

    def base_url(self, provider: ProviderSettings, wanted: str | None) -> str:
        """The host to call: the sandbox's, the one asked for, or the provider's own.

        Raises:
            UsageError: a host that config.json does not allow.
        """
        from ..http import check_base_url

        if self.sandbox:
            return self._start_sandbox()[provider.protocol]
        url = (wanted or provider.base_url).rstrip("/")
        check_base_url(url, provider.allowed_hosts)
        return url

    def _start_sandbox(self) -> Mapping[str, str]:
        if not self.sandbox_urls:
            from ..sandbox import start

            self.journal  # noqa: B018 - its folder, which is the sandbox's too, is made and tried in one place
            try:
                running = start(store=self.folder / "store")
            except OSError as error:
                raise _no_sandbox(self.folder, error) from error
            self.stack.callback(running.close)
            self.sandbox_urls = running.protocol_urls
        return self.sandbox_urls

    def clock(self, base_url: str) -> Clock:
        return Clock(self.settings.scale_at(base_url), self.stop)

    def stop_all(self) -> None:
        """Wake every sleeper and every reader of a stream: the run is ending."""
        self.stop.set()
        self.streams.shut_down()

    def args_concurrency(self, otherwise: int) -> int:
        return getattr(self.args, "concurrency", None) or otherwise

    def gateway(self, provider: ProviderSettings, base_url: str, keys: tuple[SecretKey, ...]) -> Gateway:
        pool = self._pools.setdefault(provider.name, ClientPool(lambda url, key: self._client(provider, url, key)))
        return Gateway(pool, provider.hosts_for(base_url), keys)

    def _client(self, provider: ProviderSettings, base_url: str, key: SecretKey) -> Client:
        from ..http import Client, Site

        client = Client(
            Site(base_url=base_url, allowed_hosts=provider.allowed_hosts, loopback=is_loopback(base_url), key=key)
        )
        self.stack.callback(client.close)
        return client

    def context(
        self,
        provider: ProviderSettings,
        base_url: str,
        keys: tuple[SecretKey, ...],
        *,
        deadline: Deadline,
        clock: Clock,
        folder: Path | None,
        synchronous: bool = False,
        quiet: bool = False,
    ) -> JobContext:
        """A job's surroundings at one provider."""
        return JobContext(
            provider=provider,
            adapter=adapter_for(provider.protocol),
            gateway=self.gateway(provider, base_url, keys),
            journal=self.journal,
            clock=clock,
            deadline=deadline,
            limits=self.limits(provider, synchronous),
            outputs=OutputPlan(folder),
            events=Events(self.printer, quiet=quiet),
            signals=self.signals,
            watch=self.watch,
            streams=self.streams,
            sandbox=self.sandbox,
            config=self.config,
            budget_seconds=self.args.deadline,
        )

    def limits(self, provider: ProviderSettings, synchronous: bool) -> Limits:
        """The run's time-outs: flags first, then the provider's; an interval below its minimum is raised."""
        interval = self.args.poll_interval
        if interval is not None and interval < provider.min_poll_interval:
            self.printer.event(
                "warning",
                message=f"--poll-interval {interval:g} raised to {provider.min_poll_interval:g}, "
                f"the least that {provider.name} allows",
            )
            interval = provider.min_poll_interval
        sync = provider.sync_create_timeout_seconds
        return Limits(
            poll_interval=interval or provider.poll_interval / self.pace,
            poll_timeout=self.args.poll_timeout or provider.poll_timeout,
            poll_request_timeout=self.args.poll_request_timeout,
            stream_silence=getattr(self.args, "sse_request_timeout", 120.0),
            create_timeout=max(sync, provider.create_timeout_seconds)
            if synchronous
            else provider.create_timeout_seconds,
            least_poll_interval=provider.min_poll_interval / self.pace,
            typical_seconds={}
            if interval
            else {kind: seconds / self.pace for kind, seconds in provider.typical_seconds.items()},
        )

    @property
    def pace(self) -> float:
        """How much faster than life the other side is: waits that only spare a real provider are cut by it."""
        if not self.sandbox:
            return 1.0
        from ..sandbox import DEFAULT_SPEED

        return DEFAULT_SPEED

    def need_keys(self, provider: ProviderSettings) -> tuple[SecretKey, ...]:
        """The provider's keys.

        Raises:
            AuthError: there is none; with where to get one and how to set it, for every provider.
        """
        found = self.keys(provider)
        for warning in found.warnings:
            self.printer.event("warning", message=warning)
        if not found.keys:
            raise missing_key(provider, self.settings, found)
        return found.keys


def _no_sandbox(folder: Path, error: OSError) -> UsageError:
    from ..http import NETWORK_BLOCKED, is_blocked
    from ..journal import unwritable

    if error.filename is None and is_blocked(error):
        return UsageError(NETWORK_BLOCKED, "the sandbox cannot serve: this process may not even use 127.0.0.1")
    return unwritable(folder, error.strerror or str(error))


def missing_key(provider: ProviderSettings, settings: Settings, found: KeySearch) -> AuthError:
    """The first contact: everything that somebody without a key needs, in one object."""
    return AuthError(
        "missing_key",
        found.problems[0] if found.problems else f"no key for {provider.name} was found",
        guidance=(
            f"get a key at {provider.key_url} and set {provider.key_env}; never paste it into the chat",
            "or try it at once without any key: add --sandbox",
        ),
        details={
            "provider": provider.name,
            "problems": list(found.problems) or None,
            **first_contact(settings, provider),
        },
    )


PRIMARY_ENV = "SKILLS_VIDEO_API_KEY"
"""The one variable that OpenClaw hands to a skill by itself; the others go to its own .env."""


def first_contact(settings: Settings, provider: ProviderSettings) -> dict[str, Any]:
    """Where each provider's key comes from, and the four places to put the one that is asked for."""
    env = provider.key_env
    openclaw = f'openclaw.json: skills.entries.generate-media.env {{"{env}": "<your key>"}}'
    return {
        "get_key": {p.name: {"env_var": p.key_env, "url": p.key_url} for p in settings.providers.values()},
        "set_key": {
            "shell": f"export {env}=<your key>",
            ".env": f"{BUNDLE / '.env'}: {env}=<your key>",
            "config.json": f'providers."{provider.name}".api_key',
            "openclaw": openclaw if env == PRIMARY_ENV else f"~/.openclaw/.env: {env}=<your key>",
        },
    }
