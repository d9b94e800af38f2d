"""What jobs cost, as far as the journal knows: before one is sent (``--max-cost``, ``max_cost_per_day``), and to be
shown. A cost is a number in its provider's own unit, out of the ``usage`` that the provider told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..config import ProviderSettings
from ..core import Json, UsageError, short, utc, without_none
from ..events import command
from ..providers import LARGEST_COST, adapter_for

if TYPE_CHECKING:
    from ..journal import Expense, Journal, Row
    from ..request import JobSpec, Prepared
    from .context import JobContext
    from .session import Session

DAY_SECONDS = 24 * 3600.0


class _Limit(NamedTuple):
    """What one sum must not pass, and what counts towards it."""

    code: str
    daily: bool
    most: float
    expenses: Sequence[Expense]
    period: str
    remedy: str


class Spending:
    """What one command may spend: shared by its jobs. ``yes``: jobs whose cost nobody knows are meant all the same."""

    def __init__(self, max_cost: float | None = None, yes: bool = False) -> None:
        self.max_cost, self.yes = max_cost, yes
        # Provider → fingerprint and copy of this command's jobs → the row of each that --new made; None: without --new,
        # whatever was made of the job.
        self._jobs: dict[str, dict[tuple[str, int], int | None]] = {}
        # Provider and model → jobs of the same wish that have not begun: what is made of it without them is no use.
        self._to_come: Counter[tuple[str, str]] = Counter()

    def is_one_wish(self, jobs: Sequence[Prepared]) -> None:
        """These jobs, one after the other, are parts of one thing: the first is sent where all of them may be."""
        self._to_come.update((job.provider.name, job.request.model) for job in jobs)

    def begin(self, spec: JobSpec) -> None:
        """A job begins, and is none of those to come any more."""
        self._to_come[spec.request.provider, spec.request.model] -= 1
        self.count(spec)

    def count(self, spec: JobSpec) -> None:
        """A job of this command, whose rows count towards the sum, made by an earlier run or meanwhile by another one:
        going on, and attaching, raise no limit."""
        if self.max_cost is not None and not spec.force_new:
            self._jobs.setdefault(spec.request.provider, {})[spec.fingerprint, spec.copy] = None

    def allow(self, ctx: JobContext, spec: JobSpec, row: Row) -> None:
        """Whether a job may be sent, as this row; called inside the journal's transaction that claims it.

        Raises:
            UsageError: ``cost_limit``, ``daily_cost_limit``, ``cost_unknown``. Nothing was sent.
        """
        provider, journal = ctx.provider, ctx.journal
        if row.model in provider.free_models or (self.max_cost is None and provider.max_cost_per_day is None):
            return
        self.count(spec)
        prices = last_price(journal, provider)
        price = prices(row.model)
        if price is None and not self.yes:
            raise _unknown(provider, row.model)
        wanted = [row.model, *self._models_to_come(provider)]
        for limit in self._limits(journal, provider, row.row_id, ctx.clock.wall()):
            _check(limit, ctx, wanted, prices)
        if spec.force_new:
            self._jobs.setdefault(provider.name, {})[spec.fingerprint, spec.copy] = row.row_id

    def _models_to_come(self, provider: ProviderSettings) -> list[str]:
        """A model for each job of the same wish at a provider that is yet to begin and costs something."""
        jobs = (+self._to_come).elements()
        return [model for name, model in jobs if name == provider.name and model not in provider.free_models]

    def _limits(self, journal: Journal, provider: ProviderSettings, row_id: int, now: float) -> list[_Limit]:
        limits = []
        if self.max_cost is not None:
            mine = [expense for expense in self._made(journal, provider.name) if expense.row_id != row_id]
            limits.append(
                _Limit("cost_limit", False, self.max_cost, mine, "by this command", "run it with a higher --max-cost")
            )
        if provider.max_cost_per_day is not None:
            today = journal.expenses(provider=provider.name, since=now - DAY_SECONDS)
            others = [expense for expense in today if expense.row_id != row_id]
            remedy = f"raise providers.{provider.name}.max_cost_per_day in config.json, if the user agrees"
            period = "by all runs of the last 24 hours"
            limits.append(_Limit("daily_cost_limit", True, provider.max_cost_per_day, others, period, remedy))
        return limits

    def _made(self, journal: Journal, provider: str) -> Iterator[Expense]:
        """What was made of this command's jobs at a provider."""
        jobs = self._jobs.get(provider, {}).copy()
        rows: dict[tuple[str, int], list[Expense]] = {}
        for expense in journal.expenses_of(jobs):
            rows.setdefault(expense.job, []).append(expense)
        for job, made in rows.items():
            only = jobs[job]
            yield from _tries(made) if only is None else (one for one in made if one.row_id == only)


def _tries(made: Sequence[Expense]) -> Iterator[Expense]:
    """The newest row of a job and those that failed before it: only ``--new`` makes again what did not fail."""
    *before, newest = made
    yield newest
    yield from takewhile(lambda expense: expense.fate == "failed", reversed(before))


def last_price(journal: Journal | None, provider: ProviderSettings) -> Callable[[str], float | None]:
    """What the newest job of a model cost that succeeded and told it; None: unknown."""
    adapter = adapter_for(provider.protocol)

    @cache
    def price(model: str) -> float | None:
        told = map(adapter.cost, journal.usages(provider.name, model) if journal else ())
        return next((cost for cost in told if cost is not None), None)

    return price


def _check(limit: _Limit, ctx: JobContext, models: Sequence[str], prices: Callable[[str], float | None]) -> None:
    """``models``: of the job that is to be sent, and of those that must follow it."""
    provider, price = ctx.provider, prices(models[0]) or 0
    costs = [(expense.at, _cost(provider, expense, prices)) for expense in limit.expenses]
    spent = sum(cost for _, cost in costs)
    needed = sum(prices(model) or 0 for model in models)
    if spent + needed <= limit.most:
        return
    unit = adapter_for(provider.protocol).cost_unit
    all_left = f", the {len(models)} clips that are left would cost {needed:,.15g}" if len(models) > 1 else ""
    raise UsageError(
        limit.code,
        f"{provider.name}: {spent:,.15g} {unit} are spent or being spent {limit.period}, the last job of {models[0]} "
        f"cost {price:,.15g}{all_left}, and the limit is {limit.most:,.15g}: this job was not sent",
        guidance=(limit.remedy, f"what was spent on what: {_ledger(ctx)}"),
        details={
            "may_have_been_created": False,
            "spent": spent,
            "last_cost": price,
            "needed": needed if len(models) > 1 else None,
            "allowed": limit.most,
            "unit": unit,
            "room_in_seconds": _room_in(costs, spent + needed - limit.most, ctx.clock.wall()) if limit.daily else None,
        },
    )


def _ledger(ctx: JobContext) -> str:
    config = ["--config", ctx.config] if ctx.config else []
    return command("wait_generation.py", ["--spent", "--since", "1d", *(["--sandbox"] if ctx.sandbox else []), *config])


def _cost(provider: ProviderSettings, expense: Expense, prices: Callable[[str], float | None]) -> float:
    """What a job counts for: what it told, and as long as it has not ended, or told nothing of a success, at least what
    its like cost."""
    if expense.model in provider.free_models:
        return 0
    told = adapter_for(provider.protocol).cost(expense.usage)
    if expense.fate == "failed" or (expense.fate == "succeeded" and told is not None):
        return told or 0
    return max(told or 0, prices(expense.model) or 0)


def _room_in(costs: Sequence[tuple[float, float]], needed: float, now: float) -> int | None:
    """Seconds until so much is older than a day; None where that never suffices."""
    for at, cost in sorted(costs):
        needed -= cost
        if needed <= 0:
            return max(0, round(at + DAY_SECONDS - now))
    return None


def _unknown(provider: ProviderSettings, model: str) -> UsageError:
    return UsageError(
        "cost_unknown",
        f"no earlier job of {model} at {provider.name} told what it cost, so no limit can be kept: nothing was sent",
        guidance=(f"look at {provider.pricing_url}; if the user agrees, run the same command with --yes",),
        details={"may_have_been_created": False, "pricing_url": provider.pricing_url},
    )


def known_cost(session: Session, jobs: Sequence[Prepared]) -> dict[str, Any] | None:
    """What a dry run says of the cost: what such jobs used last (summed where they are several), the balance that was
    told last, and where prices stand. Of jobs at several providers, whose units cannot be added: each by its name.

    None where the journal cannot be read. Raises JournalDamaged, which is said once only.
    """
    journal = session.past_if_readable()
    if journal is None:
        return None
    providers = {job.provider.name: job.provider for job in jobs}
    rows = {
        name: _of_provider(
            journal, provider, [job.request.model for job in jobs if job.provider.name == name], session.folder
        )
        for name, provider in providers.items()
    }
    return next(iter(rows.values())) if len(rows) == 1 else {"by_provider": rows}


def _of_provider(journal: Journal, provider: ProviderSettings, models: Sequence[str], folder: Path) -> dict[str, Any]:
    counts = Counter(models)
    usages = {model: journal.last_usage(provider.name, model) for model in counts}
    unknown = sum(number for model, number in counts.items() if usages[model] is None)
    summed = sum_usage([usages[model] for model in models])
    return without_none(
        {
            "last_usage": (short(usages[models[0]]) if len(models) == 1 else summed or None),
            "unit": adapter_for(provider.protocol).cost_unit or None,
            "free": True if set(models) <= set(provider.free_models) else None,
            "jobs_of_unknown_cost": unknown or None,
            "balance": told_balance(folder, provider.name),
            "pricing_url": provider.pricing_url or None,
        }
    )


def told_balance(folder: Path, provider: str) -> dict[str, Any] | None:
    """What the provider last said of its account, and when; nothing is asked."""
    from ..journal import last_balance

    known = last_balance(folder, provider)
    at = known.get("at") if isinstance(known, dict) else None
    if not isinstance(known, dict) or not isinstance(at, (int, float)) or not 0 <= at < 1e11:
        return None
    return {"account": short(known.get("account")), "at": utc(at)}


def sum_usage(usages: Sequence[Json]) -> dict[str, float]:
    """The numbers of all usage objects added up, by dotted name; what is no number is left out."""
    total: Counter[str] = Counter()

    def add(value: Any, name: str) -> None:
        if isinstance(value, Mapping):
            for key, item in value.items():
                add(item, f"{name}.{key}" if name else str(key))
        elif isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < LARGEST_COST:
            total[name] += value  # type: ignore[assignment]

    for usage in usages:
        add(usage, "")
    return dict(total)
