"""A small generator of values for a JSON Schema: what a user would write into a template's gaps.

Written apart from the code under test; jsonschema, and not this file, decides whether a value is right.
"""

from __future__ import annotations

import random
import re
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator


class Filler:
    """Values for self-contained schemas (``$defs`` at their root)."""

    def __init__(self, seed: int = 0) -> None:
        self.rng = random.Random(seed)

    def fill(self, schema: dict[str, Any], tries: int = 40) -> Any:
        """A value that jsonschema accepts; the last attempt where none of ``tries`` is accepted."""
        validator = Draft202012Validator(schema)
        value: Any = None
        for _ in range(tries):
            value = self.value(schema, schema.get("$defs", {}), 0)
            if validator.is_valid(value):
                break
        return value

    def value(self, schema: Any, defs: Any, depth: int) -> Any:
        if not isinstance(schema, dict):
            return self.word()
        if "$ref" in schema:
            return self.value(defs[schema["$ref"].rsplit("/", 1)[-1]], defs, depth + 1)
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return self.rng.choice(schema["enum"])
        for keyword in ("oneOf", "anyOf"):
            if schema.get(keyword):
                rest = {key: item for key, item in schema.items() if key != keyword}
                return self.value(both(rest, self.rng.choice(schema[keyword])), defs, depth + 1)
        if schema.get("allOf"):
            rest = {key: item for key, item in schema.items() if key != "allOf"}
            for part in schema["allOf"]:
                while isinstance(part, dict) and "$ref" in part:
                    part = defs[part["$ref"].rsplit("/", 1)[-1]]
                rest = both(rest, part)
            return self.value(rest, defs, depth + 1)
        return self.typed(schema, defs, depth)

    def typed(self, schema: dict[str, Any], defs: Any, depth: int) -> Any:
        kind = schema.get("type", "object" if "properties" in schema or "required" in schema else "string")
        if isinstance(kind, list):
            kind = self.rng.choice(kind)
        if kind == "object":
            return self.object(schema, defs, depth)
        if kind == "array":
            count = max(schema.get("minItems", 0), min(1, schema.get("maxItems", 1)) if depth < 8 else 0)
            return [self.value(schema.get("items", {}), defs, depth + 1) for _ in range(count)]
        if kind in ("integer", "number"):
            return self.number(schema, kind)
        return {"boolean": self.rng.random() < 0.5, "null": None}.get(kind, self.text(schema))

    def object(self, schema: dict[str, Any], defs: Any, depth: int) -> dict[str, Any]:
        properties = schema.get("properties", {})
        names = list(schema.get("required", ()))
        names += [name for name in properties if name not in names][: max(0, schema.get("minProperties", 0))]
        found = {name: self.value(properties.get(name, {}), defs, depth + 1) for name in names}
        while len(found) < schema.get("minProperties", 0):
            found[self.word()] = self.value(schema.get("additionalProperties", {}), defs, depth + 1)
        return found

    def number(self, schema: dict[str, Any], kind: str) -> float:
        low = schema.get("minimum", schema.get("exclusiveMinimum", 0) + ("exclusiveMinimum" in schema))
        high = schema.get("maximum", schema.get("exclusiveMaximum", max(low, 0) + 100))
        step = schema.get("multipleOf", 1)
        if kind == "number" and step == 1 and self.rng.random() < 0.5:
            return float(self.rng.uniform(float(low), float(high)))
        first = -(-low // step)
        return int(first if low > high - step else self.rng.uniform(first, high // step)) * step

    def text(self, schema: dict[str, Any]) -> str:
        low, high = schema.get("minLength", 0), schema.get("maxLength", 10**6)
        if "pattern" in schema:
            return matching(schema["pattern"], low, high)
        word = self.word()
        return (word * (low // len(word) + 1))[: max(low, min(high, len(word)))]

    def word(self) -> str:
        return "".join(self.rng.choice("abcdefghijklmnop") for _ in range(12))


@cache
def matching(pattern: str, low: int, high: int) -> str:
    """A text of the pattern and length; hypothesis finds it once."""
    from hypothesis import HealthCheck, find, settings, strategies as st

    quiet = settings(max_examples=200, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    return find(st.from_regex(re.compile(pattern)), lambda text: low <= len(text) <= high, settings=quiet)


def both(left: Any, right: Any) -> Any:
    """Two schemas in one, roughly: the validator has the last word."""
    if not isinstance(right, dict):
        return left
    if "$ref" in right and len(right) == 1 and not left.keys() - {"$defs", "description", "title"}:
        return {**left, **right}
    merged = {**left, **right}
    merged["properties"] = {**left.get("properties", {}), **right.get("properties", {})}
    merged["required"] = [*left.get("required", ()), *right.get("required", ())]
    if not merged["properties"] and not merged["required"]:
        del merged["properties"], merged["required"]
    return merged
