"""jsonschema's errors in our words: the branch of a union that was meant, the nearest right spelling, and the
corrected value where there is no doubt about it. Loaded only for a request that has errors.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from . import words
from .conditions import condition
from .merging import merge, type_list
from .problems import ERROR, RANK, WARNING, Problem, dotted, join
from .refs import Definitions
from .unknown import closed_extras
from .variants import Union, union_of


class Scope(NamedTuple):
    """What an explanation needs besides the error: the whole schema, its definitions, the variant it is about."""

    root: Any
    definitions: Definitions
    variant: str = ""


def explain_all(errors: Iterable[Any], scope: Scope) -> Iterator[Problem]:
    """The problems behind jsonschema's errors. It gives one error a missing field, without its name: the first of
    them stands for all."""
    told: set[tuple[Any, ...]] = set()
    for error in errors:
        place = (*error.absolute_path, None, *error.absolute_schema_path)
        if error.validator != "required" or place not in told:
            told.add(place)
            yield from explain(error, scope)


def explain(error: Any, scope: Scope) -> Iterator[Problem]:
    """The problems behind one of jsonschema's errors."""
    if error.validator in ("oneOf", "anyOf"):
        yield from _explain_union(error, scope)
    elif error.validator in ("additionalProperties", "unevaluatedProperties"):
        yield from _explain_extras(error, scope)
    elif error.validator == "required":
        yield from _explain_required(error, scope)
    else:
        field = dotted(error.absolute_path)
        said = words.say(error.validator, error.validator_value, error.instance, error.schema, field)
        yield Problem(
            condition(scope.root, error.absolute_schema_path, scope.definitions) + said.message + _in(scope),
            field,
            error.instance,
            said.allowed,
            said.corrected,
            _severity(error),
            rank=RANK.get(error.validator, 5),
        )


def _severity(error: Any) -> str:
    """``x-severity: warning`` on a schema softens its bounds and lists of values, never its type."""
    soft = isinstance(error.schema, dict) and error.schema.get("x-severity") == WARNING
    return WARNING if soft and error.validator != "type" else ERROR


def _explain_union(error: Any, scope: Scope) -> Iterator[Problem]:
    union = union_of(merge(error.schema, scope.definitions), scope.definitions)
    field = dotted(error.absolute_path)
    if union is None:
        single = _best_place(error)
        yield from explain_all(_children(error, single), scope)
        return
    if not error.context:
        message = f"{field or 'the request'} fits several of {words.listed(union.names)}, and must fit exactly one"
        yield Problem(message, field, allowed=list(union.names))
        return
    value = error.instance
    if union.key and isinstance(value, dict):
        index = union.index_of(value.get(union.key))
        if index is None and union.is_unknown(value.get(union.key)):
            yield _bad_key(union, value, field)
            if union.key in value:
                return
    else:
        index = None
    place = _best_place(error) if index is None else union.places[index]
    name = union.names[union.places.index(place)] if place in union.places else ""
    if not union.key and _only_types(error):
        yield _wrong_type(error, union, field)
        return
    for problem in explain_all(_children(error, place), scope._replace(variant=name)):
        if not (union.key and problem.field == join(field, union.key)):
            yield problem


def _bad_key(union: Union, value: Mapping[str, Any], field: str) -> Problem:
    path = join(field, union.key)
    allowed = union.key_values
    if union.key not in value:
        message = f"{path} is required and missing; it may be {words.listed(allowed)}"
        return Problem(message, path, allowed=allowed, rank=RANK["discriminator"])
    said = words.say("enum", allowed, value[union.key], {}, path)
    return Problem(said.message, path, value[union.key], allowed, said.corrected, rank=RANK["discriminator"])


def _only_types(error: Any) -> bool:
    """Every branch objects to the value's type and to nothing inside it: then no branch was meant."""
    return all(child.validator == "type" and not child.relative_path for child in error.context)


def _wrong_type(error: Any, union: Union, field: str) -> Problem:
    kinds = list(dict.fromkeys(kind for child in error.context for kind in type_list(child.validator_value)))
    said = words.say("type", kinds, error.instance, {}, field)
    return Problem(said.message, field, error.instance, said.allowed, said.corrected, rank=RANK["type"])


def _best_place(error: Any) -> int:
    """The branch that objects least: first by what its constants say, then by the number of objections."""
    scores: dict[int, list[int]] = {}
    for child in error.context:
        score = scores.setdefault(child.relative_schema_path[0], [0, 0])
        score[0] += child.validator in ("const", "type") or (child.validator == "enum" and len(child.path) == 0)
        score[1] += 1
    return min(scores, key=lambda place: scores[place])


def _children(error: Any, place: int) -> list[Any]:
    return [child for child in error.context if child.relative_schema_path[0] == place]


def _explain_extras(error: Any, scope: Scope) -> Iterator[Problem]:
    field = dotted(error.absolute_path)
    known, extras = closed_extras(error, scope.definitions)
    free = [name for name in known if name not in error.instance]
    for extra in extras:
        scope.definitions.spend(1 + len(known))
        said = words.unknown_name(join(field, extra), extra, free, known)
        yield Problem(
            said.message + _in(scope),
            join(field, extra),
            error.instance[extra],
            said.allowed,
            rank=RANK["extra"],
        )


def _explain_required(error: Any, scope: Scope) -> Iterator[Problem]:
    field = dotted(error.absolute_path)
    properties = merge(error.schema, scope.definitions).get("properties", {})
    strangers = [key for key in error.instance if key not in properties]
    for name in error.validator_value:
        if name not in error.instance:
            wanted = merge(properties.get(name, True), scope.definitions)
            said = words.missing(join(field, name), name, wanted, strangers)
            yield Problem(said.message + _in(scope), join(field, name), allowed=said.allowed, rank=3)


def _in(scope: Scope) -> str:
    return f" (variant {scope.variant})" if scope.variant else ""
