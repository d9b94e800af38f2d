"""How often our validation and an independent validator differ over requests to real documents.

python3 tests/contract/agreement.py [--seconds N] DOCUMENT…

Each body is a template, filled, and small changes of it: a field left out, of another type, null, one too many. The
other validator is openapi-schema-validator's for requests, on the document as it is written.
"""

from __future__ import annotations

import copy
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / part) for part in ("scripts", "tests")]

from openapi_schema_validator import OAS30WriteValidator, OAS31Validator  # noqa: E402

from contract.filler import Filler  # noqa: E402
from generate_media.contract.catalog import Contract, make_source  # noqa: E402
from generate_media.contract.load import follow, read_document  # noqa: E402
from generate_media.contract.operations import Endpoint  # noqa: E402
from generate_media.contract.template import filled, make_template  # noqa: E402

CHANGES = 6
WRONG: tuple[Any, ...] = ({"an": "object"}, 5, "x", None, [], True)


class Difference(NamedTuple):
    """One body about which the two do not agree; ``ours`` and ``theirs`` are the objections, empty for none."""

    where: str
    body: Any
    ours: str
    theirs: str


class Agreement(NamedTuple):
    """What one document gave; ``unchecked``: bodies that one of the two could not judge."""

    name: str
    operations: int
    bodies: int
    unchecked: int
    bad_templates: tuple[str, ...]
    differences: tuple[Difference, ...]


def agreement(path: Path, seconds: float = 60.0, most: int = 1_000_000) -> Agreement:
    """Compare over a document's operations, chosen by lot, at most so many, for about so many seconds."""
    contract = Contract([make_source(read_document(path))])
    endpoints = [one for one in contract.endpoints if one.operation is not None and one.operation.content_type]
    rng = random.Random(7)
    rng.shuffle(endpoints)
    ends, counts, found, bad = time.monotonic() + seconds, Counter[str](), [], []
    for endpoint in endpoints[:most]:
        if time.monotonic() > ends:
            break
        counts["operations"] += 1
        independent = _independent(endpoint)
        where = f"{endpoint.method} {endpoint.path}"
        for number, body in enumerate(_bodies(endpoint, rng)):
            ours, theirs = _ours(contract, endpoint, body), _theirs(independent, body)
            counts["bodies"] += 1
            if ours is None or theirs is None:
                counts["unchecked"] += 1
                continue
            bad += [f"{where}: {theirs}"] if number == 0 and theirs else []
            found += [Difference(where, body, ours, theirs)] if bool(ours) != bool(theirs) else []
    sums = counts["operations"], counts["bodies"], counts["unchecked"]
    return Agreement(path.name, *sums, tuple(bad), tuple(found))


def _independent(endpoint: Endpoint) -> Any:
    operation = endpoint.operation
    assert operation is not None
    body, file = operation.request_body
    media, _ = follow(operation.document, body["content"][operation.content_type], file)
    root = operation.document.root
    schema = {**media.get("schema", {}), "components": root.get("components", {}), "paths": root["paths"]}
    return (OAS30WriteValidator if operation.document.version.startswith("3.0") else OAS31Validator)(schema)


def _bodies(endpoint: Endpoint, rng: random.Random) -> Iterator[Any]:
    operation = endpoint.operation
    assert operation is not None
    try:
        template = make_template(operation.schema, operation.definitions)
        filler = Filler(3)
        body = filled(template, [filler.fill(gap.schema) for gap in template.fill_in])
    except Exception as error:
        print("   ", endpoint.path, type(error).__name__, str(error)[:100], flush=True)
        return
    yield body
    for _ in range(CHANGES if isinstance(body, dict) else 0):
        yield _changed(body, operation.schema, rng)


def _changed(body: Any, schema: Any, rng: random.Random) -> Any:
    made = copy.deepcopy(body)
    objects = [made, *[value for value in made.values() if isinstance(value, dict)]]
    chosen = rng.choice(objects)
    names = [*chosen, *(schema.get("properties") or {})] or ["zzz"]
    name = rng.choice(names)
    if name in chosen and rng.random() < 0.4:
        del chosen[name]
    else:
        chosen[name if rng.random() < 0.9 else "zzz"] = rng.choice(WRONG)
    return made


def _ours(contract: Contract, endpoint: Endpoint, body: Any) -> str | None:
    problems = contract.validate(endpoint, body)
    if any(problem.severity == "unchecked" for problem in problems):
        return None
    errors = [problem for problem in problems if problem.severity == "error" and "placeholder" not in problem.message]
    return errors[0].message if errors else ""


def _theirs(validator: Any, body: Any) -> str | None:
    try:
        first = next(validator.iter_errors(body), None)
    except Exception:
        return None
    return "" if first is None else f"{first.message[:150]} at {list(first.absolute_path)} ({first.validator})"


def main(words: list[str]) -> None:
    seconds = float(words.pop(words.index("--seconds") + 1)) if "--seconds" in words else 60.0
    for name in (word for word in words if not word.startswith("--")):
        row = agreement(Path(name), seconds)
        print(
            f"| {row.name} | {row.operations} | {row.bodies} | {row.unchecked} | {len(row.bad_templates)} "
            f"| {len(row.differences)} |",
            flush=True,
        )
        for bad in row.bad_templates[:5]:
            print("    template", bad[:300])
        for one in row.differences[:8]:
            print("   ", one.where, str(one.body)[:200], "| ours:", one.ours[:200], "| theirs:", one.theirs[:200])


if __name__ == "__main__":
    main(sys.argv[1:])
