"""What a contract says against a request: every problem at once, each in one sentence.

jsonschema finds the errors; here they are put into words, with the branch of a union that was meant, the
nearest right spelling, and the corrected value where there is no doubt about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from ..models import Json
from . import words
from .advice import advice
from .checking import errors_of
from .conditions import condition
from .merge import merge, type_list
from .operations import Operation
from .placeholders import placeholders
from .refs import Definitions
from .unknown import closed_extras, unknown_fields
from .variants import Union, union_of

ERROR, WARNING = "error", "warning"
_RANK = {"placeholder": 1, "discriminator": 0, "extra": 2, "required": 3, "type": 4, "enum": 4, "const": 4}


@dataclass(frozen=True)
class Problem:
    """One objection. ``field`` is a dotted path ("" for the whole body), ``received`` the value there, ``allowed``
    what may stand there, ``corrected`` the value meant, only where that is certain (else None)."""

    message: str
    field: str = ""
    received: Json = None
    allowed: Json = None
    corrected: Json = None
    severity: str = ERROR
    rank: int = 5

    def as_json(self) -> dict[str, Any]:
        """For ``--validate`` and an ``error`` line's ``problems``; parts that say nothing are left out."""
        row = {"message": self.message, "field": self.field, "received": self.received, "allowed": self.allowed}
        row |= {"corrected": self.corrected, "severity": self.severity}
        return {key: value for key, value in row.items() if value is not None}


class _Scope(NamedTuple):
    """What an explanation needs besides the error: the whole schema, its definitions, the variant it is about."""

    root: Any
    definitions: Definitions
    variant: str = ""


def check(operation: Operation, body: Json) -> tuple[Problem, ...]:
    """The problems of a request body under an operation's schema, best first; warnings come last."""
    schema, definitions = operation.schema, operation.definitions
    top = merge(schema, definitions)
    if top.get("x-null-is-absent") is True:
        body = _without_nulls(body)
    problems = list(_placeholder_problems(body))
    blank = {problem.field for problem in problems if problem.severity == ERROR}
    problems += [p for p in schema_problems(schema, definitions, body) if p.field not in blank]
    problems += _unknown_warnings(operation, body, {problem.field for problem in problems})
    problems += [Problem(message, field, severity=WARNING) for message, field in advice(top, definitions, body)]
    return tuple(sorted(_once(problems), key=lambda p: (p.severity != ERROR, p.rank)))


def schema_problems(schema: Mapping[str, Any], definitions: Definitions, body: Json) -> list[Problem]:
    """What the schema alone says; a schema that never ends is a warning."""
    try:
        errors = list(errors_of(schema, body))
        found = [problem for error in errors for problem in _explain(error, _Scope(schema, definitions))]
        firm = {problem.field for problem in found if problem.severity == ERROR}
        return [problem for problem in found if problem.severity == ERROR or problem.field not in firm]
    except RecursionError:
        message = "the document's schema refers to itself without end, so this request was not checked"
        return [Problem(message, severity=WARNING)]


def _explain(error: Any, scope: _Scope) -> Iterator[Problem]:
    """The problems behind one of jsonschema's errors."""
    if error.validator in ("oneOf", "anyOf"):
        yield from _explain_union(error, scope)
    elif error.validator in ("additionalProperties", "unevaluatedProperties"):
        yield from _explain_extras(error, scope)
    elif error.validator == "required":
        yield from _explain_required(error, scope)
    else:
        field = words.dotted(error.absolute_path)
        said = words.say(error.validator, error.validator_value, error.instance, error.schema, field)
        yield Problem(
            condition(scope.root, error.absolute_schema_path, scope.definitions) + said.message + _in(scope),
            field,
            error.instance,
            said.allowed,
            said.corrected,
            _severity(error),
            rank=_RANK.get(error.validator, 5),
        )


def _severity(error: Any) -> str:
    """``x-severity: warning`` on a schema softens its bounds and lists of values, never its type."""
    soft = isinstance(error.schema, dict) and error.schema.get("x-severity") == WARNING
    return WARNING if soft and error.validator != "type" else ERROR


def _explain_union(error: Any, scope: _Scope) -> Iterator[Problem]:
    union = union_of(merge(error.schema, scope.definitions), scope.definitions)
    field = words.dotted(error.absolute_path)
    if union is None:
        single = _best_place(error)
        yield from (p for child in _children(error, single) for p in _explain(child, scope))
        return
    if not error.context:
        message = f"{field or 'the request'} fits several of {words.listed(union.names)}, and must fit exactly one"
        yield Problem(message, field, allowed=list(union.names))
        return
    value = error.instance
    if union.key and isinstance(value, dict):
        index = union.index_of(value.get(union.key))
        if index is None:
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
    for child in _children(error, place):
        for problem in _explain(child, scope._replace(variant=name)):
            if not (union.key and problem.field == words.join(field, union.key)):
                yield problem


def _bad_key(union: Union, value: Mapping[str, Any], field: str) -> Problem:
    path = words.join(field, union.key)
    allowed = union.key_values
    if union.key not in value:
        message = f"{path} is required and missing; it may be {words.listed(allowed)}"
        return Problem(message, path, allowed=allowed, rank=_RANK["discriminator"])
    said = words.say("enum", allowed, value[union.key], {}, path)
    return Problem(said.message, path, value[union.key], allowed, said.corrected, rank=_RANK["discriminator"])


def _only_types(error: Any) -> bool:
    """Every branch objects to the value's type and to nothing inside it: then no branch was meant."""
    return all(child.validator == "type" and not child.relative_path for child in error.context)


def _wrong_type(error: Any, union: Union, field: str) -> Problem:
    kinds = list(dict.fromkeys(kind for child in error.context for kind in type_list(child.validator_value)))
    said = words.say("type", kinds, error.instance, {}, field)
    return Problem(said.message, field, error.instance, said.allowed, said.corrected, rank=_RANK["type"])


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


def _explain_extras(error: Any, scope: _Scope) -> Iterator[Problem]:
    field = words.dotted(error.absolute_path)
    known, extras = closed_extras(error, scope.definitions)
    free = [name for name in known if name not in error.instance]
    for extra in extras:
        said = words.unknown_name(words.join(field, extra), extra, free, known)
        yield Problem(
            said.message + _in(scope),
            words.join(field, extra),
            error.instance[extra],
            said.allowed,
            rank=_RANK["extra"],
        )


def _explain_required(error: Any, scope: _Scope) -> Iterator[Problem]:
    """jsonschema gives one error a missing field, without its name: all are told at once, doubles fall away later."""
    field = words.dotted(error.absolute_path)
    properties = merge(error.schema, scope.definitions).get("properties", {})
    for name in error.validator_value:
        if name not in error.instance:
            wanted = merge(properties.get(name, True), scope.definitions)
            said = words.missing(words.join(field, name), name, wanted, error.instance, properties)
            yield Problem(said.message + _in(scope), words.join(field, name), allowed=said.allowed, rank=3)


def _in(scope: _Scope) -> str:
    return f" (variant {scope.variant})" if scope.variant else ""


def _placeholder_problems(body: Json) -> Iterator[Problem]:
    for path, text, whole in placeholders(body):
        field = words.dotted(path)
        message = f"{field or 'the request'} still holds the placeholder {text}: put the real value in its place"
        yield Problem(message, field, text, severity=ERROR if whole else WARNING, rank=_RANK["placeholder"])


def _unknown_warnings(operation: Operation, body: Json, told: set[str]) -> Iterator[Problem]:
    found = [
        row for row in unknown_fields(operation.schema, operation.definitions, body) if words.dotted(row[0]) not in told
    ]
    if operation.node.get("x-fields") == "unknown" and found:
        names = words.listed([words.dotted(path) for path, _, _ in found])
        yield Problem(f"this model's fields are undocumented, so {names} could not be checked", severity=WARNING)
        return
    for path, known, value in found:
        field = words.dotted(path)
        said = words.unknown_name(field, str(path[-1]), known, known)
        yield Problem(said.message, field, value, said.allowed, severity=WARNING)


def _without_nulls(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _once(problems: list[Problem]) -> list[Problem]:
    """One problem a field and sentence, and one word about its type or values: the one that knows the remedy."""
    found: dict[tuple[str, str], Problem] = {}
    for problem in problems:
        key = (problem.field, "value" if problem.rank == _RANK["type"] else problem.message)
        if key not in found or (found[key].corrected is None and problem.corrected is not None):
            found[key] = problem
    return list(found.values())
