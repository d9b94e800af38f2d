"""One request out of a schema, value by value: what it fixes, its defaults, its required parts, else gaps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ..core import Json, clean_text
from .checking import is_valid
from .fields import pick
from .merging import Schema, merge, same, type_list
from .problems import dotted
from .refs import Definitions
from .variants import Union, union_of

DEPTH = 24
Path = tuple["str | int", ...]
_ACROSS = frozenset({"allOf", "not", "if", "dependentSchemas", "contains", "propertyNames", "$ref"})
_ACROSS |= {"unevaluatedProperties", "unevaluatedItems", "patternProperties", "minProperties", "maxProperties"}
_PAIRS = [("minimum", "maximum"), ("minLength", "maxLength"), ("minItems", "maxItems")]
_PLAIN = {"type", "enum", "const", "default", "description", "title", "examples", "format", "deprecated", "writeOnly"}


class NoValue(Exception):
    """There is no value for ``path``; ``why`` says it in words that follow the path's."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__()
        self.path = path
        self.why = why


class Endless(NoValue):
    """The value at ``path`` must hold one of its own kind, and that one another; ``deep``: or it only lies too deep."""

    def __init__(self, path: Path, *, deep: bool) -> None:
        super().__init__(path, "would have to hold itself without end")
        self.deep = deep


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


class Builder:
    """``chosen`` are the variants to take, ``forced`` fields to fill besides the required ones. Raises NoValue,
    TooLarge."""

    def __init__(self, definitions: Definitions, chosen: Sequence[str], forced: Mapping[Path, set[str]]) -> None:
        self.definitions = definitions
        self.chosen = chosen
        self.forced = forced
        self.gaps: list[FillIn] = []
        self.variants: list[str] = []
        self.doubtful = False
        """Whether rules across fields were met, so that jsonschema (200 ms to import) has to look at the result."""
        self._above: list[Any] = []
        """The schemas by reference that the present value lies in."""

    def value(self, schema: Any, path: Path, depth: int = 0) -> Json:
        """The value for a schema: what it fixes, its default, else built of its required parts, else a fill-in."""
        flat = merge(schema, self.definitions)
        self.doubtful = self.doubtful or not _ACROSS.isdisjoint(flat)
        against = contradiction(flat)
        if against:
            raise NoValue(path, against)
        settled, value = self.settled(flat)
        if settled:
            return value
        if flat.get("enum"):
            raise NoValue(path, "has values to choose from of which none is allowed")
        if depth > DEPTH or schema in self._above:
            return self.again(schema, flat, path, depth)
        with self.inside(schema):
            return self.built(flat, path, depth)

    def again(self, schema: Any, flat: Schema, path: Path, depth: int) -> Json:
        """For a value within one of its own kind: nothing, or what the user can say in a word. The chosen variants
        are the outer one's; the inner one is then as simple as can be."""
        if "null" in type_list(flat.get("type")):
            return None
        if _takes_scalars(flat, self.definitions):
            return self.gap(flat, path)
        if not self.chosen:
            raise Endless(path, deep=schema not in self._above)
        inner = Builder(self.definitions, (), self.forced)
        value = inner.value(schema, path, depth)
        self.gaps += inner.gaps
        self.doubtful = self.doubtful or inner.doubtful
        return value

    @contextmanager
    def inside(self, schema: Any) -> Iterator[None]:
        named = isinstance(schema, dict) and ("$ref" in schema or "allOf" in schema)
        self._above += [schema] if named else []
        try:
            yield
        finally:
            del self._above[len(self._above) - named :]

    def built(self, flat: Schema, path: Path, depth: int) -> Json:
        kinds = [kind for kind in type_list(flat.get("type")) if kind != "null"]
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
            fits = ("boolean" if isinstance(value, bool) else "string") in kinds
            return fits and any(same(value, one) for one in flat.get("enum", (value,)))
        return is_valid({**flat, "$defs": self.definitions}, value)

    def branch(self, flat: Schema, union: Union, path: Path, depth: int) -> Json:
        """The chosen branch of a union, else the first whose template stands on its own."""
        kinds = [kind for branch in union.branches for kind in type_list(branch.get("type")) or ["any", "any"]]
        self.doubtful = self.doubtful or len(kinds) != len(set(kinds))
        rest = {key: value for key, value in flat.items() if key not in (union.keyword, "discriminator")}
        chosen = pick(union, self.chosen)
        *others, last = _possible(union, rest) if chosen is None else [chosen]
        for index in others:
            before = len(self.gaps), len(self.variants)
            try:
                return self.taken(union, index, rest, path, depth)
            except NoValue:
                del self.gaps[before[0] :], self.variants[before[1] :]
        return self.taken(union, last, rest, path, depth)

    def taken(self, union: Union, index: int, rest: Schema, path: Path, depth: int) -> Json:
        """A value of one branch."""
        branch = union.branches[index]
        if union.key and union.values and union.values[index]:
            branch = _bound(branch, union.key, union.values[index][0], self.definitions)
        if any("properties" in one for one in union.branches):
            self.variants.append(union.names[index])
        return self.value(merge({"allOf": [rest, branch]}, self.definitions), path, depth + 1)

    def object(self, flat: Schema, path: Path, depth: int) -> dict[str, Json]:
        properties = flat.get("properties") or {}
        told = properties if flat.get("x-fields") == "unknown" else ()  # all that anybody knows of it
        names = dict.fromkeys([*told, *flat.get("required", ()), *sorted(self.forced.get(path, ()))])
        for key, others in (flat.get("dependentRequired") or {}).items():
            names |= dict.fromkeys(others) if key in names else {}
        for name in properties:
            if len(names) >= flat.get("minProperties", 0):
                break
            names[name] = None
        body: dict[str, Json] = {}
        for name in names:
            schema = properties.get(name, flat.get("additionalProperties", True))
            if not (name in properties and merge(schema, self.definitions).get("readOnly") is True):
                body[name] = self.value(schema, (*path, name), depth + 1)
        return body

    def array(self, flat: Schema, path: Path, depth: int) -> Json:
        """As many items as must be, at least one; lists whose items must differ are the user's to fill."""
        count = max(flat.get("minItems", 0), min(1, flat.get("maxItems", 1)))
        if depth >= DEPTH // 2 and not flat.get("minItems"):
            return []
        if flat.get("uniqueItems") and count > 1:
            return self.gap(flat, path)
        self.definitions.spend(count)
        schemas = [*flat.get("prefixItems", []), *[flat.get("items", True)] * count][:count]
        gaps = len(self.gaps)
        try:
            return [self.value(schema, (*path, index), depth + 1) for index, schema in enumerate(schemas)]
        except NoValue:
            if flat.get("minItems"):
                raise
            del self.gaps[gaps:]
            return []

    def gap(self, flat: Schema, path: Path) -> str:
        found = FillIn(path, {**flat, "$defs": self.definitions})
        self.gaps.append(found)
        return found.marker


def contradiction(flat: Schema) -> str:
    """What of a flattened schema rules every value out, in words; empty where nothing plainly does."""
    if flat.get("not") == {}:
        return "is asked for, and not allowed"
    for part in flat.get("allOf", ()):
        ours, theirs = type_list(flat.get("type")), type_list(part.get("type") if isinstance(part, dict) else None)
        alike = set(ours) & set(theirs) or ({"integer", "number"} <= {*ours, *theirs})
        if ours and theirs and not alike:
            return f"would have to be {' or '.join(ours)} and {' or '.join(theirs)}"
    for least, most in _PAIRS:
        low, high = flat.get(least), flat.get(most)
        if low is not None and high is not None and low > high and "null" not in type_list(flat.get("type")):
            return f"has {least} {low} above {most} {high}"
    return ""


def _possible(union: Union, rest: Schema) -> list[int]:
    """The branches that the surrounding schema does not rule out by its type; the first where it does all."""
    kinds = set(type_list(rest.get("type")))
    owns = [set(type_list(branch.get("type"))) for branch in union.branches]
    return [index for index, own in enumerate(owns) if not kinds or not own or kinds & own] or [0]


def _takes_scalars(flat: Schema, definitions: Definitions) -> bool:
    """Whether something that is neither object nor list may stand there: a schema without a type binds neither."""
    kinds = type_list(flat.get("type"))
    if kinds:
        return not set(kinds) <= {"object", "array"}
    branches = [merge(branch, definitions) for keyword in ("oneOf", "anyOf") for branch in flat.get(keyword, ())]
    return not branches or any(_takes_scalars(branch, definitions) for branch in branches)


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
