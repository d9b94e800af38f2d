"""jsonschema as this package uses it. This module's functions import third parties."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Any

from .load import BrokenDocument
from .merging import merge
from .refs import Definitions
from .variants import Union, union_of

MOST_ERRORS = 1000


def is_valid(schema: Mapping[str, Any], value: Any) -> bool:
    """Whether a self-contained schema accepts a value. Raises BrokenDocument for references that lead nowhere."""
    return next(errors_of(schema, value), None) is None


def errors_of(schema: Mapping[str, Any], value: Any, *, doubtful: bool = True) -> Iterator[Any]:
    """jsonschema's errors; ``doubtful`` says whether a pattern that cannot be matched counts as matching.

    By itself jsonschema would fetch references from the network: its registry is replaced by one that holds JSON
    Schema's own dialects and fetches nothing. Raises BrokenDocument, TooLarge.
    """
    from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]
    from referencing.exceptions import Unresolvable

    try:
        yield from _validator(schema["$defs"], doubtful)(schema, registry=REGISTRY).iter_errors(value)
    except Unresolvable as error:
        message = f"the reference {error.ref} leads nowhere, and nothing is fetched from a network"
        raise BrokenDocument("broken_document", message) from None


def certain_errors(schema: Mapping[str, Any], value: Any) -> tuple[list[Any], list[str]]:
    """The errors that hold whatever the patterns say that could not be matched, and what was not checked, in sentences.

    Such a pattern may stand under ``not`` or in a union, so that either answer could be an error: what both ways
    object to is certain.
    """
    patterns = schema["$defs"].patterns.unchecked
    patterns.clear()
    errors = list(islice(errors_of(schema, value), MOST_ERRORS))
    unchecked = [f"nothing after the first {MOST_ERRORS} objections was checked"] if len(errors) == MOST_ERRORS else []
    if errors and patterns:
        otherwise = {_place(error) for error in errors_of(schema, value, doubtful=False)}
        errors = [error for error in errors if _place(error) in otherwise]
    return errors, unchecked + [_unmatched(pattern, why) for pattern, why in patterns.items()]


def _unmatched(pattern: str, why: str) -> str:
    return f"the pattern {pattern[:80]}{'…' * (len(pattern) > 80)} could not be matched: {why}"


def _place(error: Any) -> tuple[Any, ...]:
    return tuple(error.absolute_path), tuple(error.absolute_schema_path)


def _branch_meant(definitions: Definitions, schema: Any, value: Any) -> int | None:
    """The place of the branch that a union's discriminator names for a value; -1: none of them; None: it is silent."""
    if id(schema) not in definitions.unions:
        definitions.unions[id(schema)] = schema, union_of(merge(schema, definitions), definitions)
    union: Union | None = definitions.unions[id(schema)][1]
    if union is None or not isinstance(value, dict) or union.key not in value:
        return None
    index = union.index_of(value[union.key])
    if index is not None:
        return union.places[index]
    return -1 if union.is_unknown(value[union.key]) else None


def _validator(definitions: Definitions, doubtful: bool) -> Any:
    """jsonschema's own for the bundle's documents, a bounded one for a user's."""
    if definitions.document.trusted:
        from jsonschema import Draft202012Validator

        return Draft202012Validator
    if doubtful not in definitions.validators:
        from .bounded import bounded_validator

        search = definitions.patterns.search
        definitions.validators[doubtful] = bounded_validator(
            lambda pattern, text: doubtful if (found := search(pattern, text)) is None else found,
            definitions.spend,
            partial(_branch_meant, definitions),
        )
    return definitions.validators[doubtful]
