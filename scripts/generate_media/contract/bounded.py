"""jsonschema for a stranger's schemas: every keyword counted, every pattern with a time-out, one dialect.

By itself jsonschema follows doubling unions to their end, matches patterns with ``re`` (which some keep busy for
ever) and changes to its own validators where a schema names a ``$schema``. Imported for documents of users only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import attrs
from jsonschema import Draft202012Validator, ValidationError, validators

_ERROR_COST = 20
"""Nodes that an error counts for: it weighs two kilobytes, and a union keeps those of every branch."""
_STOCK = Draft202012Validator.VALIDATORS
Found = Callable[[str, str], bool]
"""Pattern and text → whether it matches."""
Spend = Callable[[int], None]
Place = Callable[[Any, Any], "int | None"]
"""A union's schema and a value → the branch that its discriminator names; -1: it names none; None: it cannot tell."""


def bounded_validator(found: Found, spend: Spend, place: Place) -> Any:
    """A validator class for Draft 2020-12 that asks ``found`` about patterns, lets a discriminator decide unions
    (``place``), and ``spend``s for what it does."""
    keywords = {**_STOCK, **_with_patterns(found, spend), **_with_discriminators(place)}
    counted = {name: _counted(keyword, spend) for name, keyword in keywords.items()}
    made = validators.extend(Draft202012Validator, counted)  # type: ignore[no-untyped-call]
    made.evolve = lambda self, **changes: attrs.evolve(self, **changes)
    return made


def _counted(keyword: Callable[..., Any], spend: Spend) -> Callable[..., Iterator[Any]]:
    def run(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
        spend(1 + (len(value) if isinstance(value, list | dict) else 0))
        for error in keyword(validator, value, instance, schema) or ():
            spend(_ERROR_COST + len(error.message) // 64)
            yield error

    return run


def _with_discriminators(place: Place) -> Mapping[str, Callable[..., Iterator[Any]]]:
    """Unions under OpenAPI's ``discriminator``: the branch that it names decides alone, however many others fit."""

    def union(keyword: str) -> Callable[..., Iterator[Any]]:
        def run(validator: Any, branches: Any, instance: Any, schema: Any) -> Iterator[Any]:
            chosen = place(schema, instance) if "discriminator" in schema else None
            if chosen is None:
                yield from _STOCK[keyword](validator, branches, instance, schema)
                return
            unnamed = [ValidationError("the discriminator names no branch")]
            context = (
                list(validator.descend(instance, branches[chosen], schema_path=chosen)) if chosen >= 0 else unnamed
            )
            if context:
                yield ValidationError(f"{instance!r} is not valid under the branch that it names", context=context)

        return run

    return {keyword: union(keyword) for keyword in ("oneOf", "anyOf")}


def _with_patterns(found: Found, spend: Spend) -> Mapping[str, Callable[..., Iterator[Any]]]:
    """The keywords of Draft 2020-12 that match patterns; each is jsonschema's own but for that."""

    def pattern(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
        if isinstance(instance, str) and not found(value, instance):
            yield ValidationError(f"{instance!r} does not match {value!r}")

    def pattern_properties(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
        if isinstance(instance, dict):
            for one, below in value.items():
                for name in (name for name in instance if found(one, name)):
                    yield from validator.descend(instance[name], below, path=name, schema_path=one)

    def additional(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
        if isinstance(instance, dict):
            named, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
            extras = [name for name in instance if name not in named and not any(found(one, name) for one in patterns)]
            yield from _STOCK["additionalProperties"](validator, value, {name: instance[name] for name in extras}, {})

    def unevaluated(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
        if isinstance(instance, dict):
            known = _evaluated(validator, instance, schema, (found, spend))
            rest = {name: item for name, item in instance.items() if name not in known}
            yield from _STOCK["unevaluatedProperties"](validator, value, rest, {})

    return {
        "pattern": pattern,
        "patternProperties": pattern_properties,
        "additionalProperties": additional,
        "unevaluatedProperties": unevaluated,
    }


def _evaluated(validator: Any, instance: Mapping[str, Any], schema: Any, how: tuple[Found, Spend]) -> set[str]:
    """Names of an object that a schema and those that it applies have looked at (2020-12, core 11.3)."""
    if not isinstance(schema, dict):
        return set()
    found, spend = how
    spend(1)
    names = {name for name in instance if name in schema.get("properties", ())}
    names |= {name for name in instance for one in schema.get("patternProperties", ()) if found(one, name)}
    for keyword in ("additionalProperties", "unevaluatedProperties"):
        if keyword in schema:
            below = schema[keyword]
            names |= {name for name, item in instance.items() if _fits(validator, item, below)}
    for inner, part in _applied(validator, instance, schema):
        names |= _evaluated(inner, instance, part, how)
    return names


def _applied(validator: Any, instance: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[tuple[Any, Any]]:
    """The schemas that hold for the same object, each with the validator that resolves its references."""
    for keyword in ("$ref", "$dynamicRef"):
        if keyword in schema:
            resolved = validator._resolver.lookup(schema[keyword])
            yield validator.evolve(schema=resolved.contents, _resolver=resolved.resolver), resolved.contents
    for name, part in schema.get("dependentSchemas", {}).items():
        if name in instance:
            yield validator, part
    for keyword in ("allOf", "oneOf", "anyOf"):
        yield from ((validator, part) for part in schema.get(keyword, ()) if _fits(validator, instance, part))
    if "if" in schema:
        holds = _fits(validator, instance, schema["if"])
        then = "then" if holds else "else"
        yield from ((validator, schema[word]) for word in ("if", then) if word in schema and (holds or word == then))


def _fits(validator: Any, instance: Any, schema: Any) -> bool:
    return next(validator.descend(instance, schema), None) is None
