"""The flags that ask one model for something, as another model takes them: each tried by the contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..core import UsageError
from ..media import for_validation
from .build import Wish, build_body
from .flag_names import MEDIA_KINDS

if TYPE_CHECKING:
    from ..contract import Contract


def translated(contract: Contract, model: str, flags: Mapping[str, Any]) -> dict[str, Any] | None:
    """The flags that another model takes: prompt and media must be among them (else None), the rest each if it fits."""
    core = {name: value for name, value in flags.items() if name == "prompt" or name in MEDIA_KINDS}
    if not _fits(contract, model, core):
        return None
    kept = dict(core)
    for name, value in flags.items():
        if name not in core:
            usable = _usable(contract, model, core, name, value)
            kept |= {} if usable is None else {name: usable}
    return kept


def _usable(contract: Contract, model: str, core: Mapping[str, Any], name: str, value: Any) -> Any:
    """A flag's value, brought into the new model's range where it lies outside; None where it has no such flag."""
    try:
        return value if _fits(contract, model, {**core, name: value}, quiet=False) else None
    except UsageError as error:
        bounds = error.details.get("allowed")
        if error.code == "bad_value" and isinstance(bounds, list) and len(bounds) == 2 and _number(value) is not None:
            low, high = (_number(bound) for bound in bounds)
            if low is not None and high is not None:
                return f"{min(max(_number(value) or 0.0, low), high):g}"
        return None


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _fits(contract: Contract, model: str, flags: Mapping[str, Any], *, quiet: bool = True) -> bool:
    """Whether the contract takes the flags for a model. Raises UsageError unless ``quiet``."""
    endpoint = contract.find_model(model)
    rest = {name: value for name, value in flags.items() if name != "prompt"}
    base: dict[str, Any] = {} if endpoint.model else {"model": model}
    try:
        built = build_body(Wish(flags.get("prompt"), rest), contract.forms(endpoint, model), base=base)
    except UsageError:
        if quiet:
            return False
        raise
    problems = contract.validate(endpoint, for_validation(built.body))
    return not any(problem.severity == "error" for problem in problems)
