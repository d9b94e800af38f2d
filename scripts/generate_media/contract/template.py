"""The smallest request that is valid but for what only the user can say.

What only the user can say is a :class:`FillIn`; in the template a marker stands there that validation refuses,
so that nothing made up is ever sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import clean_text
from ..results import Json
from .checking import errors_of, is_valid
from .fields import pick
from .merge import Schema, merge, same, type_list
from .problems import dotted
from .refs import Definitions
from .variants import union_of

_DEPTH = 24
_REPAIRS = 12
Path = tuple["str | int", ...]
_ACROSS = frozenset({"allOf", "not", "if", "dependentSchemas", "contains", "propertyNames", "$ref"})
_ACROSS |= {"unevaluatedProperties", "unevaluatedItems", "patternProperties", "minProperties", "maxProperties"}
_PLAIN = {"type", "enum", "const", "default", "description", "title", "examples", "format", "deprecated", "writeOnly"}


@dataclass(frozen=True)
class FillIn:
    """A value that only the user can give: where, and what it must be (``schema`` is self-contained)."""

    path: Path
    schema: Mapping[str, Any] = field(repr=False)

    @property
    def marker(self) -> str:
        return f"<fill in {dotted(self.path) or 'the request'}>"

    def as_json(self) -> dict[str, Any]:
        kinds = [kind for kind in type_list(self.schema.get("type")) if kind != "null"]
        row: dict[str, Any] = {"path": dotted(self.path), "type": kinds[0] if len(kinds) == 1 else kinds or "any"}
        text = clean_text(str(self.schema.get("description") or ""), 120)
        return {**row, "description": text} if text else row


@dataclass(frozen=True)
class Template:
    """``body`` holds each fill-in's marker at its path; ``variant`` is the branch taken where there was a choice."""

    body: Json
    fill_in: tuple[FillIn, ...]
    variants: tuple[str, ...] = ()


def make_template(schema: Mapping[str, Any], definitions: Definitions, chosen: Sequence[str] = ()) -> Template:
    """A template for a body's schema; ``chosen`` are names or key values of the variants to take."""
    builder = _Builder(schema, definitions, chosen)
    first = template = builder.template({})
    if not builder.doubtful:
        return first
    forced: dict[Path, set[str]] = {}
    for _ in range(_REPAIRS):
        more, ambiguous = _lacking(schema, definitions, template)
        if not more:
            return first if ambiguous else template
        for path, names in more.items():
            forced.setdefault(path, set()).update(names)
        template = _Builder(schema, definitions, chosen).template(forced)
    return first


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
            first = error.context[0].relative_schema_path[0] if error.context else None
            waiting.extend(child for child in error.context or () if child.relative_schema_path[0] == first)
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


class _Builder:
    def __init__(self, schema: Mapping[str, Any], definitions: Definitions, chosen: Sequence[str]) -> None:
        self.schema = schema
        self.definitions = definitions
        self.chosen = chosen
        self.gaps: list[FillIn] = []
        self.variants: list[str] = []
        self.forced: Mapping[Path, set[str]] = {}
        self.doubtful = False
        """Whether rules across fields were met, so that jsonschema (200 ms to import) has to look at the result."""

    def template(self, forced: Mapping[Path, set[str]]) -> Template:
        self.forced = forced
        body = self.value(self.schema, ())
        return Template(body, tuple(self.gaps), tuple(self.variants))

    def value(self, schema: Any, path: Path, depth: int = 0) -> Json:
        """The value for a schema: what it fixes, its default, else built of its required parts, else a fill-in."""
        flat = merge(schema, self.definitions)
        self.doubtful = self.doubtful or not _ACROSS.isdisjoint(flat)
        settled, value = self.settled(flat)
        if settled:
            return value
        kinds = [kind for kind in type_list(flat.get("type")) if kind != "null"]
        if depth > _DEPTH:
            return None if "null" in type_list(flat.get("type")) else self.gap(flat, path)
        union = union_of(flat, self.definitions)
        if union is not None:
            return self.branch(flat, union, path, depth)
        single = _only_real(flat, self.definitions)
        if single is not None:
            return self.value(single, path, depth + 1)
        if "object" in kinds or (not kinds and ("properties" in flat or "required" in flat)):
            return self.object(flat, path, depth)
        if kinds == ["array"] or (not kinds and "items" in flat):
            return self.array(flat, path, depth)
        return None if type_list(flat.get("type")) == ["null"] else self.gap(flat, path)

    def settled(self, flat: Schema) -> tuple[bool, Json]:
        if "const" in flat:
            return True, flat["const"]
        for value in [flat["default"]] if flat.get("default") is not None else []:
            if self.valid(flat, value):
                return True, value
        values = [value for value in flat.get("enum", ()) if value is not None] or list(flat.get("enum", ()))
        for value in values:
            if self.valid(flat, value):
                return True, value
        return False, None

    def valid(self, flat: Schema, value: Json) -> bool:
        if isinstance(value, str | bool) and all(key in _PLAIN or key.startswith("x-") for key in flat):
            kinds = type_list(flat.get("type")) or ["string", "boolean"]
            among = any(same(value, one) for one in flat.get("enum", (value,)))
            return among and ("boolean" if isinstance(value, bool) else "string") in kinds
        return is_valid({**flat, "$defs": self.definitions}, value)

    def branch(self, flat: Schema, union: Any, path: Path, depth: int) -> Json:
        """The chosen branch of a union, else the first whose template stands on its own."""
        kinds = [kind for branch in union.branches for kind in type_list(branch.get("type")) or ["any", "any"]]
        self.doubtful = self.doubtful or len(kinds) != len(set(kinds))
        rest = {key: value for key, value in flat.items() if key not in (union.keyword, "discriminator")}
        index = pick(union, self.chosen)
        index = self.simplest(union, rest) if index is None else index
        branch = union.branches[index]
        if union.key and union.values and union.values[index]:
            branch = _bound(branch, union.key, union.values[index][0], self.definitions)
        if any("properties" in one for one in union.branches):
            self.variants.append(union.names[index])
        joined = merge({"allOf": [rest, branch]}, self.definitions)
        if union_of(joined, self.definitions) == union:
            return self.gap(flat, path)
        return self.value(joined, path, depth + 1)

    def simplest(self, union: Any, rest: Schema) -> int:
        """The first branch, but never one that the surrounding schema rules out by its type."""
        kinds = set(type_list(rest.get("type")))
        for index, branch in enumerate(union.branches):
            own = set(type_list(branch.get("type")))
            if not kinds or not own or kinds & own:
                return index
        return 0

    def object(self, flat: Schema, path: Path, depth: int) -> dict[str, Json]:
        properties = flat.get("properties") or {}
        names = [*flat.get("required", ()), *sorted(self.forced.get(path, ()))]
        for key, others in (flat.get("dependentRequired") or {}).items():
            names += others if key in names else []
        for name in properties:
            if len(set(names)) >= flat.get("minProperties", 0):
                break
            names.append(name)
        body: dict[str, Json] = {}
        for name in dict.fromkeys(names):
            schema = properties.get(name, flat.get("additionalProperties", True))
            if not (name in properties and merge(schema, self.definitions).get("readOnly") is True):
                body[name] = self.value(schema, (*path, name), depth + 1)
        return body

    def array(self, flat: Schema, path: Path, depth: int) -> Json:
        """As many items as must be, at least one; lists whose items must differ are the user's to fill."""
        count = max(flat.get("minItems", 0), min(1, flat.get("maxItems", 1)))
        if depth >= _DEPTH // 2 and not flat.get("minItems"):
            return []
        if flat.get("uniqueItems") and count > 1:
            return self.gap(flat, path)
        prefix = flat.get("prefixItems", [])
        schemas = [*prefix, *[flat.get("items", True)] * count][: max(count, 0)]
        return [self.value(schema, (*path, index), depth + 1) for index, schema in enumerate(schemas)]

    def gap(self, flat: Schema, path: Path) -> str:
        found = FillIn(path, {**flat, "$defs": self.definitions})
        self.gaps.append(found)
        return found.marker


def _bound(branch: Schema, key: str, value: Json, definitions: Definitions) -> Schema:
    """The branch with its discriminating field required and fixed."""
    return merge({"allOf": [branch, {"required": [key], "properties": {key: {"const": value}}}]}, definitions)


def _only_real(flat: Schema, definitions: Definitions) -> Schema | None:
    """The one branch of "this or null" (or of a union of one)."""
    for keyword in ("oneOf", "anyOf"):
        if keyword in flat:
            branches = [merge(branch, definitions) for branch in flat[keyword]]
            real = [branch for branch in branches if type_list(branch.get("type")) != ["null"]]
            rest = {key: value for key, value in flat.items() if key != keyword}
            return merge({"allOf": [rest, real[0] if real else {"type": "null"}]}, definitions)
    return None
