"""The smallest request that is valid but for what only the user can say.

What only the user can say is a :class:`FillIn`; in the template a marker stands there that validation refuses,
so that nothing made up is ever sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..core import Json, UsageError
from .budget import TooLarge
from .builder import DEPTH, Builder, Endless, FillIn, NoValue, Path
from .checking import errors_of
from .merging import merge
from .problems import dotted
from .refs import Definitions

__all__ = ["FillIn", "Template", "Unsatisfiable", "filled", "make_template"]

_REPAIRS = 12
_AMBIGUOUS = "it fits several variants and must fit exactly one: add a field that only one of them takes"


class Unsatisfiable(UsageError):
    """A schema that no request of finite size fulfils."""


@dataclass(frozen=True)
class Template:
    """``body`` holds each fill-in's marker at its path; ``variant`` is the branch taken where there was a choice."""

    body: Json
    fill_in: tuple[FillIn, ...]
    variants: tuple[str, ...] = ()
    problem: str = ""
    """Why it may be refused all the same."""


def make_template(schema: Mapping[str, Any], definitions: Definitions, chosen: Sequence[str] = ()) -> Template:
    """A template for a body's schema; ``chosen`` are names or key values of the variants to take.

    Raises:
        Unsatisfiable, TooLarge.
    """
    try:
        return _made(schema, definitions, chosen)
    except NoValue as error:
        if isinstance(error, Endless) and error.deep:
            name = definitions.document.name
            raise TooLarge(name, f"its required fields lie more than {DEPTH} levels deep") from None
        message = f"unsatisfiable: {dotted(error.path) or 'the request'} {error.why}"
        raise Unsatisfiable("unsatisfiable", message) from None


def _made(schema: Mapping[str, Any], definitions: Definitions, chosen: Sequence[str]) -> Template:
    first, doubtful = _built(schema, definitions, chosen, {})
    if not doubtful:
        return first
    template = first
    forced: dict[Path, set[str]] = {}
    for _ in range(_REPAIRS):
        more, ambiguous = _lacking(schema, definitions, template)
        if not more:
            return replace(first, problem=_AMBIGUOUS) if ambiguous else template
        for path, names in more.items():
            forced.setdefault(path, set()).update(names)
        template, _ = _built(schema, definitions, chosen, forced)
    return first


def _built(
    schema: Mapping[str, Any], definitions: Definitions, chosen: Sequence[str], forced: Mapping[Path, set[str]]
) -> tuple[Template, bool]:
    """A template with the ``forced`` fields, and whether rules across fields were met."""
    builder = Builder(definitions, chosen, forced)
    body = builder.value({key: value for key, value in schema.items() if key != "$defs"}, ())
    return Template(body, tuple(builder.gaps), tuple(builder.variants)), builder.doubtful


def filled(template: Template, values: Sequence[Json]) -> Json:
    """The template's body with each fill-in's value in its place, in the order of ``fill_in``."""
    body = template.body
    for gap, value in zip(template.fill_in, values, strict=True):
        body = _put(body, gap.path, value)
    return body


def _put(body: Json, path: Path, value: Json) -> Json:
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(body, list) and isinstance(step, int):
        return [_put(item, rest, value) if index == step else item for index, item in enumerate(body)]
    if isinstance(body, dict) and isinstance(step, str):
        return {key: _put(item, rest, value) if key == step else item for key, item in body.items()}
    return body


def _lacking(
    schema: Mapping[str, Any], definitions: Definitions, template: Template
) -> tuple[dict[Path, set[str]], bool]:
    """Fields that rules across fields (if/then, dependentRequired, unions of requirements) call for besides.

    Also whether an object fits several branches of a oneOf: another field of theirs may tell them apart.
    """
    wanted: dict[Path, set[str]] = {}
    ambiguous = False
    waiting = list(errors_of(schema, template.body))
    gaps = {gap.path for gap in template.fill_in}
    while waiting:
        error = waiting.pop()
        path = tuple(error.absolute_path)
        if path in gaps:
            continue
        if error.validator == "required":
            names = {name for name in error.validator_value if name not in error.instance}
        elif error.validator == "dependentRequired":
            pairs = error.validator_value.items()
            names = {n for key, all_ in pairs if key in error.instance for n in all_ if n not in error.instance}
        elif error.validator == "oneOf" and not error.context:
            ambiguous = True
            names = _telling_apart(error, definitions)
        else:
            branches = [list(child.relative_schema_path)[:1] for child in error.context or ()]
            children = zip(error.context or (), branches, strict=True)
            waiting.extend(child for child, branch in children if branch == branches[0])
            continue
        if names:
            wanted.setdefault(path, set()).update(names)
    return wanted, ambiguous


def _telling_apart(error: Any, definitions: Definitions) -> set[str]:
    if not isinstance(error.instance, dict):
        return set()
    branches = [merge(branch, definitions) for branch in error.validator_value]
    named = [name for branch in branches for name in branch.get("properties") or {} if name not in error.instance]
    return set(named[:1])
