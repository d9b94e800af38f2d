"""The values that a contract allows for one field of one model: what ``"nearest": "enum"`` chooses from."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .contract import Endpoint
from .contract.merge import merge
from .contract.modelinfo import body_of
from .contract.variants import branch_for, held_values, union_of
from .models import Json


def legal_values(endpoint: Endpoint, model: str) -> Callable[[str], Sequence[Json]]:
    """A function from a field's name to its enum (or const) in the model's branch; empty where it has none."""

    def look(name: str) -> Sequence[Json]:
        schema, definitions = body_of(endpoint)
        wide = merge(schema, definitions)
        branch = branch_for(wide, model, definitions) or wide
        union = union_of(branch, definitions)
        for part in (branch, *(union.branches if union else ())):
            found = held_values(part, name, definitions)
            if found:
                return tuple(found)
        return ()

    return look
