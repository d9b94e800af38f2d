"""What a contract says against a request: every problem at once, each in one sentence.

jsonschema finds the errors, explain.py puts them into words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..results import Json
from .advice import advice
from .checking import errors_of
from .merge import merge
from .operations import Operation
from .placeholders import placeholders
from .problems import ERROR, RANK, WARNING, Problem, dotted
from .refs import Definitions
from .unknown import unknown_fields


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
        if not errors:
            return []
        from .explain import Scope, explain

        found = [problem for error in errors for problem in explain(error, Scope(schema, definitions))]
        firm = {problem.field for problem in found if problem.severity == ERROR}
        return [problem for problem in found if problem.severity == ERROR or problem.field not in firm]
    except RecursionError:
        message = "the document's schema refers to itself without end, so this request was not checked"
        return [Problem(message, severity=WARNING)]


def _placeholder_problems(body: Json) -> Iterator[Problem]:
    for path, text, whole in placeholders(body):
        field = dotted(path)
        message = f"{field or 'the request'} still holds the placeholder {text}: put the real value in its place"
        yield Problem(message, field, text, severity=ERROR if whole else WARNING, rank=RANK["placeholder"])


def _unknown_warnings(operation: Operation, body: Json, told: set[str]) -> Iterator[Problem]:
    found = [row for row in unknown_fields(operation.schema, operation.definitions, body) if dotted(row[0]) not in told]
    if not found:
        return
    from . import words

    if operation.node.get("x-fields") == "unknown":
        names = words.listed([dotted(path) for path, _, _ in found])
        yield Problem(f"this model's fields are undocumented, so {names} could not be checked", severity=WARNING)
        return
    for path, known, value in found:
        field = dotted(path)
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
        key = (problem.field, "value" if problem.rank == RANK["type"] else problem.message)
        if key not in found or (found[key].corrected is None and problem.corrected is not None):
            found[key] = problem
    return list(found.values())
