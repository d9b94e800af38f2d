"""What a contract says against a request: every problem at once, each in one sentence.

jsonschema finds the errors, explain.py puts them into words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..core import Json, without_nulls
from .advice import advice
from .budget import TooLarge
from .checking import certain_errors
from .inferred import softened
from .merging import merge
from .operations import Operation
from .pixels import pixel_problems
from .placeholders import placeholders
from .problems import ERROR, RANK, UNCHECKED, WARNING, Problem, dotted
from .refs import Definitions
from .unknown import read_only_fields, unknown_fields


def check(operation: Operation, body: Json) -> tuple[Problem, ...]:
    """The problems of a request body under an operation's schema, best first; warnings and what could not be
    checked come last. A schema without end, or larger than its budget, leaves the request unchecked."""
    problems = list(_placeholder_problems(body))
    if operation.content_types and not operation.content_type:
        kinds = " or ".join(operation.content_types[:3])
        return (*problems, Problem(f"the body is {kinds}, which is neither JSON nor a form and was not checked",
                                   severity=UNCHECKED))  # fmt: skip
    try:
        problems += _found(operation, body, {problem.field for problem in problems if problem.severity == ERROR})
    except RecursionError:
        message = "the document's schema refers to itself without end, so this request was not checked"
        problems.append(Problem(message, severity=UNCHECKED))
    except TooLarge as error:
        problems.append(Problem(f"{error.message}, so this request was not checked whole", severity=UNCHECKED))
    return tuple(sorted(_once(problems), key=lambda p: (p.severity != ERROR, p.rank)))


def _found(operation: Operation, body: Json, blank: set[str]) -> list[Problem]:
    """What the schema says of a body; fields in ``blank`` were objected to already."""
    schema, definitions = operation.schema, operation.definitions
    top = merge(schema, definitions)
    if top.get("x-null-is-absent") is True:
        body = without_nulls(body)
    found = [p for p in schema_problems(schema, definitions, body) if p.field not in blank]
    problems = list(softened(found, schema, definitions, body))
    told = blank | {problem.field for problem in problems}
    problems += [p for p in pixel_problems(top, definitions, body) if p.field not in told]
    problems += _unknown_warnings(operation, body, told)
    for path in read_only_fields(schema, definitions, body):
        said = f"{dotted(path)} is read-only: the provider sets it and may refuse it"
        problems.append(Problem(said, dotted(path), severity=WARNING))
    return problems + [Problem(text, field, severity=WARNING) for text, field in advice(top, definitions, body)]


def schema_problems(schema: Mapping[str, Any], definitions: Definitions, body: Json) -> list[Problem]:
    """What the schema alone says, and what of it could not be checked."""
    errors, sentences = certain_errors(schema, body)
    unchecked = [Problem(sentence, severity=UNCHECKED) for sentence in sentences]
    if not errors:
        return unchecked
    from .explain import Scope, explain_all

    found = list(explain_all(errors, Scope(schema, definitions)))
    firm = {problem.field for problem in found if problem.severity == ERROR}
    return [*(p for p in found if p.severity == ERROR or p.field not in firm), *unchecked]


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

    if operation.fields_unknown:
        names = words.listed([dotted(path) for path, _, _ in found])
        yield Problem(f"this model's fields are undocumented, so {names} could not be checked", severity=UNCHECKED)
        return
    for path, known, value in found:
        field = dotted(path)
        said = words.unknown_name(field, str(path[-1]), known, known)
        yield Problem(said.message, field, value, said.allowed, severity=WARNING)


def _once(problems: list[Problem]) -> list[Problem]:
    """One problem a field and sentence, and one word about its type or values: the one that knows the remedy."""
    found: dict[tuple[str, str], Problem] = {}
    for problem in problems:
        key = (problem.field, "value" if problem.rank == RANK["type"] else problem.message)
        if key not in found or (found[key].corrected is None and problem.corrected is not None):
            found[key] = problem
    return list(found.values())
