"""What a view looks up beside a row: cost in the provider's unit, how long such a job takes. Looking never fails."""

from __future__ import annotations

import argparse
import os
import statistics
from collections.abc import Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from ...core import CONFIG_FILE, journal_dir

if TYPE_CHECKING:
    from ...config import Settings


class Asked(NamedTuple):
    """What the command line says that a row does not."""

    provider: str | None = None
    config: str | None = None
    sandbox: bool = False
    failed: bool = False
    all: bool = False
    generation_id: str | None = None

    @property
    def waits(self) -> bool:
        """Whether it goes on with jobs, which has no first line."""
        return self.all or self.generation_id is not None

    @classmethod
    def of(cls, argv: Sequence[str]) -> Asked:
        """By a reading of these flags alone; a mistaken command line gives what it gives."""
        parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
        for flag in ("--provider", "--config", "--generation-id"):
            parser.add_argument(flag)
        for flag in ("--sandbox", "--failed", "--all"):
            parser.add_argument(flag, action="store_true")
        try:
            known, _ = parser.parse_known_args(argv)
        except (argparse.ArgumentError, SystemExit):
            return cls()
        return cls(**vars(known))


class Pace(NamedTuple):
    """A job's model, how many seconds one of it takes, and when it was accepted (unix seconds), as far as is known."""

    model: str
    seconds: float | None
    began: float | None


class Known:
    """Settings and journal, opened when first asked."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked

    @cached_property
    def settings(self) -> Settings | None:
        from pathlib import Path

        from ...config import load_settings

        with suppress(Exception):
            return load_settings(Path(self.asked.config) if self.asked.config else CONFIG_FILE)
        return None

    def cost(self, provider: Any, usage: Any) -> tuple[float, str] | None:
        """What a job cost and in what unit; None where that is not told."""
        from ...providers import adapter_for

        with suppress(Exception):
            assert self.settings is not None
            adapter = adapter_for(self.settings.providers[provider].protocol)
            told = adapter.cost(usage)
            return None if told is None else (told, adapter.cost_unit)
        return None

    def pace(self, provider: str, model: str, generation_id: str | None, kind: str) -> Pace:
        """How long a job takes: by what the journal has seen of its model, else by what is typical of its provider."""
        from ...journal import Journal

        began: float | None = None
        folder = journal_dir(os.environ, sandbox=self.asked.sandbox)
        with suppress(Exception), Journal.open(folder, read_only=True) as past:
            rows = past.find(generation_id, provider or None) if generation_id else ()
            if rows:
                provider, model, kind = rows[0].provider, rows[0].model, rows[0].kind
                began = rows[0].accepted_at
            took = past.durations(provider, model)
            if took:
                return Pace(model, statistics.median(took), began)
        if self.asked.sandbox or self.settings is None:
            return Pace(model, None, began)
        known = self.settings.providers.get(provider)
        return Pace(model, known.typical_seconds.get(kind) if known else None, began)

    def default_models(self) -> frozenset[str]:
        """What the provider that was asked for takes where no model is named."""
        if self.settings is None:
            return frozenset()
        name = self.asked.provider
        known = self.settings.providers.get(name) if name else self.settings.likeliest()
        return frozenset(known.default_models.values()) if known else frozenset()
