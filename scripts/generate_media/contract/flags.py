"""``x-flags`` of a create operation: how the friendly flags map onto its fields, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..models import Json


@dataclass(frozen=True)
class FlagForm:
    """One way to fill a request from flags; the first whose ``needs`` are given and whose ``flags`` cover all fits.

    ``set`` are constants of the body; each rule in ``flags`` says where the value goes and what bounds it.
    """

    name: str
    models: tuple[str, ...] = ()
    kind: str = ""
    set: Mapping[str, Json] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    flags: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)


def forms_of(operation: Mapping[str, Any], model: str = "") -> tuple[FlagForm, ...]:
    """The operation's forms in order, without those for other models."""
    forms = (
        FlagForm(
            name=str(row.get("name", "")),
            models=tuple(row.get("models", ())),
            kind=str(row.get("kind", "")),
            set=row.get("set", {}),
            needs=tuple(row.get("needs", ())),
            flags=row.get("flags", {}),
        )
        for row in operation.get("x-flags", ())
    )
    return tuple(form for form in forms if not form.models or not model or model in form.models)
