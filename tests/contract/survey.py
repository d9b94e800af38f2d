"""Every operation of a real document: a contract, a template, and the template filled and valid.

python3 tests/contract/survey.py DOCUMENT…
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2] / part) for part in ("scripts", "tests")]

from jsonschema import Draft202012Validator  # noqa: E402

from contract.filler import Filler  # noqa: E402
from generate_media.contract.catalog import Contract, make_source  # noqa: E402
from generate_media.contract.fields import fields_of  # noqa: E402
from generate_media.contract.load import read_document  # noqa: E402
from generate_media.contract.template import filled, make_template  # noqa: E402


@dataclass
class Survey:
    """Counts for one document; ``failures`` name the operation and what was wrong. Seconds of wall clock."""

    name: str
    operations: int = 0
    bodies: int = 0
    json_bodies: int = 0
    fields: int = 0
    valid: int = 0
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0


def survey(path: Path, every: int = 1) -> Survey:
    """All operations with a request body (or one in ``every``), through fields, template, filling, validation."""
    started = time.monotonic()
    contract = Contract([make_source(read_document(path))])
    found = Survey(path.name)
    filler = Filler()
    for endpoint in contract.endpoints:
        operation = endpoint.operation
        found.operations += 1
        if operation is None or not operation.content_type:
            continue
        found.bodies += 1
        found.json_bodies += operation.takes_json
        if found.bodies % every:
            continue
        where = f"{endpoint.method} {endpoint.path}"
        try:
            found.fields += bool(fields_of(operation.schema, operation.definitions))
            template = make_template(operation.schema, operation.definitions)
            body = filled(template, [filler.fill(gap.schema) for gap in template.fill_in])
            errors = list(Draft202012Validator(operation.schema).iter_errors(body))
        except Exception as error:
            found.failures.append(f"{where}: {type(error).__name__}: {str(error)[:200]}")
            continue
        if errors:
            found.failures.append(f"{where}: {errors[0].message[:200]} at {list(errors[0].path)}")
        else:
            found.valid += 1
    found.seconds = time.monotonic() - started
    return found


if __name__ == "__main__":
    for name in sys.argv[1:]:
        row = survey(Path(name))
        print(
            f"| {row.name} | {row.operations} | {row.bodies} | {row.json_bodies} | {row.fields} | {row.valid} "
            f"| {len(row.failures)} | {row.seconds:.1f} |",
            flush=True,
        )
        for failure in row.failures[:12]:
            print("   ", failure)
