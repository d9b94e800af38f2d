"""What a document says of a field by inference alone: it warns and never refuses.

``x-inferred`` on a field says what of it no page of the model shows: its ``name`` (then nothing of it is sure), its
``values``, or that it is ``required``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from ..core import Json
from .merging import merge
from .problems import ERROR, RANK, WARNING, Problem
from .refs import Definitions
from .unknown import field_schema

_FIRST_NAME = re.compile(r"[^.\[]+")
_NOT_SURE = {"name": (True, False), "values": (True,), "required": (False,)}
"""What is inferred → whether the field is there, in the objections that are not sure."""
_SURE = ("prompt",)
"""Every model that takes words calls them so."""


def softened(
    problems: Iterable[Problem], schema: Any, definitions: Definitions | None, body: Json
) -> Iterator[Problem]:
    """The problems, those about what is inferred as warnings, and a word on what is sent by inference alone."""
    fields = body if isinstance(body, dict) else {}
    flat = merge(schema, definitions)
    objected: set[str] = set()
    for problem in problems:
        found = _FIRST_NAME.match(problem.field)
        name = found[0] if found and problem.severity == ERROR and problem.rank != RANK["placeholder"] else ""
        if name and (name in fields) in _NOT_SURE.get(_inferred(flat, name, definitions, fields), ()):
            objected.add(name)
            said = f"{problem.message} (inferred, not documented: nothing is refused for it)"
            problem = problem._replace(message=said, severity=WARNING, inferred=True)
        yield problem
    others = [name for name in fields if name not in objected and name not in _SURE]
    used = [name for name in others if _inferred(flat, name, definitions, fields) in ("name", "values")]
    if used:
        message = f"inferred, not documented for this model: {', '.join(used)}"
        yield Problem(message, severity=WARNING)


def _inferred(flat: Any, name: str, definitions: Definitions | None, fields: dict[str, Any]) -> str:
    """What of a body's own field is inferred, in the branch that the body means; empty: nothing."""
    found = field_schema(flat, name, definitions, fields)
    return str(merge(found, definitions).get("x-inferred", "")) if found is not None else ""
