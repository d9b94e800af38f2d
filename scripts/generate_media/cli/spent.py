"""``wait_generation.py --spent``: what jobs cost, by provider, model and day, as their providers told it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from itertools import groupby
from typing import Any

from ..config import Settings, load_settings
from ..core import CONFIG_FILE, ExitCode, clean_text, journal_dir, utc, without_none
from ..events import Outcome
from ..journal import Expense, Journal
from ..providers import Adapter, adapter_for
from .list import check_one_question


def run_spent(args: argparse.Namespace, stack: ExitStack) -> Outcome:
    """One line: ``rows`` of provider, model and day (UTC), ``totals`` by provider. No journal is made for it.

    ``jobs`` and ``cost`` are of jobs that succeeded or go on; those that failed, and those whose answer was lost and
    that were perhaps made, are told apart. ``untold`` counts jobs whose provider named no cost (yet).
    """
    check_one_question(args)
    settings = load_settings(args.config or CONFIG_FILE)
    journal = stack.enter_context(Journal.open(journal_dir(os.environ, sandbox=args.sandbox), read_only=True))
    if args.provider:
        settings.provider(args.provider)
    found = journal.expenses(provider=args.provider, since=args.since or 0.0)
    line = {
        "event": "spent",
        "since": _iso(args.since) if args.since else None,
        "rows": [
            {"provider": provider, "model": clean_text(model), "day": day, **_sums(settings, provider, of)}
            for (provider, model, day), of in _grouped(found, lambda e: (e.provider, e.model, _iso(e.at)[:10]))
        ],
        "totals": [
            {"provider": provider, **_sums(settings, provider, of)}
            for (provider,), of in _grouped(found, lambda e: (e.provider,))
        ],
        "sandbox": True if args.sandbox else None,
    }
    return Outcome(ExitCode.OK, without_none(line))


def _grouped(expenses: Sequence[Expense], key: Any) -> Iterable[tuple[tuple[str, ...], list[Expense]]]:
    return ((name, list(of)) for name, of in groupby(sorted(expenses, key=key), key))


def _sums(settings: Settings, provider: str, of: Sequence[Expense]) -> dict[str, Any]:
    """The sums of some jobs of one provider."""
    block = settings.providers.get(provider)
    adapter = adapter_for(block.protocol) if block else None
    made = [expense for expense in of if expense.fate in ("succeeded", "open")]
    row = _sum(adapter, made) | {"unit": adapter.cost_unit or None if adapter else None}
    for fate in ("failed", "unknown"):
        apart = [expense for expense in of if expense.fate == fate]
        row[fate] = _sum(adapter, apart) if apart else None
    return without_none(row)


def _sum(adapter: Adapter | None, of: Sequence[Expense]) -> dict[str, Any]:
    costs = [adapter.cost(expense.usage) if adapter else None for expense in of]
    told = [cost for cost in costs if cost is not None]
    return {
        "jobs": len(of),
        "cost": sum(told),
        **({"untold": len(costs) - len(told)} if len(told) < len(costs) else {}),
    }


def _iso(unix: float) -> str:
    return utc(min(max(unix, 0.0), 1e11))
