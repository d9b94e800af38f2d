"""jsonschema as this package uses it. This module's functions import third parties."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .load import BrokenDocument


def is_valid(schema: Mapping[str, Any], value: Any) -> bool:
    """Whether a self-contained schema accepts a value. Raises BrokenDocument for references that lead nowhere."""
    return next(errors_of(schema, value), None) is None


def errors_of(schema: Mapping[str, Any], value: Any) -> Iterator[Any]:
    """jsonschema's errors. By itself jsonschema would fetch references from the network: its registry is replaced by
    one that holds JSON Schema's own dialects and fetches nothing. Raises BrokenDocument."""
    from jsonschema import Draft202012Validator
    from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]
    from referencing.exceptions import Unresolvable

    try:
        yield from Draft202012Validator(schema, registry=REGISTRY).iter_errors(value)
    except Unresolvable as error:
        message = f"the reference {error.ref} leads nowhere, and nothing is fetched from a network"
        raise BrokenDocument("broken_document", message) from None
