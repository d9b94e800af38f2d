"""Unions (oneOf, anyOf): which field tells the branches apart, what they are called, which one is meant."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from .merging import Schema, identity, merge, same, type_list
from .refs import PREFIX, Definitions

_USUAL_KEYS = ("feature", "model", "mode", "type", "role", "kind")


class Union(NamedTuple):
    """The branches of a union, flattened; ``key`` is the field that tells them apart ("" where none does) and
    ``values`` what it holds in each branch."""

    keyword: str
    branches: tuple[Schema, ...]
    names: tuple[str, ...]
    key: str = ""
    values: tuple[tuple[Any, ...], ...] = ()
    places: tuple[int, ...] = ()
    """Each branch's place in the keyword's list (null branches are left out of the union)."""
    mapped: tuple[str, ...] = ()
    """The words of the discriminator's mapping, whatever they lead to."""

    def index_of(self, value: Any) -> int | None:
        """The branch whose key holds ``value``."""
        for index, held in enumerate(self.values):
            if any(same(value, one) for one in held):
                return index
        return None

    @property
    def key_values(self) -> list[Any]:
        return [value for held in self.values for value in held] or list(self.mapped)

    def is_unknown(self, value: Any) -> bool:
        """Whether ``value`` is surely none of the key's: a branch that does not say its own may have any word, but
        for what a mapping leaves."""
        return self.index_of(value) is None and (all(self.values) or bool(self.mapped)) and value not in self.mapped


def union_of(schema: Schema, definitions: Definitions | None) -> Union | None:
    """The union in a flattened schema; None where there is none, or only "this or null" without a
    discriminator."""
    for keyword in ("oneOf", "anyOf"):
        listed = schema.get(keyword)
        if isinstance(listed, list) and listed:
            found = _union(schema, keyword, listed, definitions)
            if found is not None:
                return found
    return None


def _union(schema: Schema, keyword: str, listed: Sequence[Any], definitions: Definitions | None) -> Union | None:
    flat = [(place, merge(branch, definitions)) for place, branch in enumerate(listed)]
    flat = [(place, branch) for place, branch in flat if type_list(branch.get("type")) != ["null"]]
    if len(flat) < (1 if "discriminator" in schema else 2):
        return None
    places = tuple(place for place, _ in flat)
    branches = tuple(branch for _, branch in flat)
    labels = [_label(listed[place], branch) for place, branch in flat]
    key, values = _key_of(schema, branches, [_reference(listed[place]) for place in places], definitions)
    names = tuple(
        label or (", ".join(map(str, values[i])) if key else "") or f"option-{i + 1}" for i, label in enumerate(labels)
    )
    named = schema.get("discriminator")
    mapping = named.get("mapping") if isinstance(named, dict) else None
    mapped = tuple(mapping) if isinstance(mapping, dict) else ()
    return Union(keyword, branches, names, key, tuple(values), places, mapped)


def _label(raw: Any, branch: Schema) -> str:
    title = (raw.get("title") if isinstance(raw, dict) else None) or branch.get("title")
    return str(title or "").strip() or _reference(raw)


def _reference(raw: Any) -> str:
    reference = raw.get("$ref") if isinstance(raw, dict) else None
    return reference[len(PREFIX) :] if isinstance(reference, str) and reference.startswith(PREFIX) else ""


def _key_of(
    schema: Schema, branches: Sequence[Schema], references: Sequence[str], definitions: Definitions | None
) -> tuple[str, list[tuple[Any, ...]]]:
    named = schema.get("discriminator")
    if isinstance(named, dict) and isinstance(named.get("propertyName"), str):
        key = named["propertyName"]
        mapping = named.get("mapping") or {}
        return key, [
            held_values(branch, key, definitions) or _mapped(mapping, reference)
            for branch, reference in zip(branches, references, strict=True)
        ]
    first = branches[0].get("properties")
    candidates = list(first) if isinstance(first, dict) else []
    candidates.sort(key=lambda name: _USUAL_KEYS.index(name) if name in _USUAL_KEYS else len(_USUAL_KEYS))
    for key in candidates:
        values = [held_values(branch, key, definitions) for branch in branches]
        flat = [value for held in values for value in held]
        if all(values) and len({identity(value) for value in flat}) == len(flat):
            return key, values
    return "", []


def _mapped(mapping: dict[str, Any], reference: str) -> tuple[Any, ...]:
    """The words that OpenAPI's ``discriminator.mapping`` gives a branch; without one, its schema's own name."""
    words = [word for word, target in mapping.items() if str(target).rsplit("/", 1)[-1] == reference]
    return tuple(words) or ((reference,) if reference else ())


def held_values(branch: Schema, key: str, definitions: Definitions | None) -> tuple[Any, ...]:
    """The values to which a branch binds a property by ``const`` or ``enum``; empty where it does not."""
    properties = branch.get("properties")
    if not isinstance(properties, dict) or key not in properties:
        return ()
    flat = merge(properties[key], definitions)
    if "const" in flat:
        return (flat["const"],)
    return tuple(flat.get("enum", ()))


def branch_for(schema: Schema, model: str, definitions: Definitions | None) -> Schema | None:
    """The branch of a union over models that is for ``model``."""
    union = union_of(schema, definitions)
    if union is None or union.key != "model":
        return None
    index = union.index_of(model)
    return None if index is None else union.branches[index]


def variants_of(schema: Schema, definitions: Definitions | None) -> tuple[str, ...]:
    """Names of a body's variants; unions that only combine required fields are none."""
    union = union_of(schema, definitions)
    if union is None or not all("properties" in branch or "type" in branch for branch in union.branches):
        return ()
    return union.names
