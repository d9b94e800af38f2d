"""The two Markdown tables of models that an agent reads when it has to choose one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .document import BASE_URL, QUERY

Node = Mapping[str, Any]


def model_table(document: Node, kind: str) -> str:
    """The whole page for ``image`` or ``video``: how to read it, then one row a model."""
    snapshot = document["x-snapshot"]
    operations = [
        item["post"]
        for path, item in document["paths"].items()
        if path.startswith("/generation/sse/") and item["post"]["x-kind"] == kind
    ]
    known = [operation for operation in operations if operation.get("x-fields") != "unknown"]
    unknown = [operation["x-model"] for operation in operations if operation.get("x-fields") == "unknown"]
    rows = [f"| {operation['x-model']} | {' '.join(_row(document, operation))} |" for operation in known]
    head = [
        f"# skills.video: {kind} models",
        "",
        f"Made from skills-video.openapi.json by tools/build_references.py; do not edit. Endpoints: snapshot of "
        f"{snapshot['date']}, with what changed by {snapshot['drift']}. Base: {BASE_URL}",
        "",
        f"Stream (default): `POST /generation/sse/MODEL`. Poll: `POST /generation/MODEL`. Query: `GET {QUERY}`.",
        "",
        "**field** is required, `field[≤n]` a list, `(a b=c)` the allowed values, `=` the default, `a..b` a range. "
        "Flags are what create_and_wait.py maps onto the model; everything else goes by `--set field=value`. "
        "*open*: other fields may exist. `?`: inferred, a warning at most. "
        "`python3 scripts/inspect_openapi.py --provider skills.video --endpoint MODEL --include-template` "
        "shows one model whole.",
        "",
        "| model | fields |",
        "|---|---|",
    ]
    foot = [
        "",
        "Undocumented: only `prompt` is known (inferred); flags go by the names that most other models have, and all "
        f"fields pass unchecked, with a warning: {', '.join(unknown)}",
    ]
    return "\n".join([*head, *rows, *foot]) + "\n"


def _row(document: Node, operation: Node) -> Iterator[str]:
    schema = document["components"]["schemas"][operation["x-model"].replace("/", ".")]
    if operation.get("deprecated"):
        yield f"*moved to {operation['x-moved-to'].removeprefix('/generation/')}.*"
    branches = schema.get("oneOf", [schema])
    first = branches[0]
    required = first.get("required", ())
    yield ", ".join(_field(name, field, name in required) for name, field in first["properties"].items())
    known = [branch for branch in branches[1:] if branch.get("x-fields") != "unknown"]
    for branch in known:
        fields = branch["properties"].items()
        own = [_field(n, f, n in branch.get("required", ())) for n, f in fields if f != first["properties"].get(n)]
        yield f"<br>*{branch['title']}*: {', '.join(own)}"
    unknown = [branch for branch in branches[1:] if branch not in known]
    if unknown:
        yield f"*open; other `feature` variants, fields unknown: {', '.join(b['title'] for b in unknown)}*"
    elif first["additionalProperties"]:
        yield "*open*"
    yield from (_rule(rule) for rule in first.get("allOf", ()))
    given = (flag for form in operation["x-flags"] for flag in form["flags"])
    flags = [f"--{flag}" for flag in dict.fromkeys(given) if flag != "prompt"]
    yield f"<br>flags: {' '.join(flags) or '--prompt only'}"


def _field(name: str, field: Node, required: bool) -> str:
    words = (f"**{name}**" if required else name) + ("?" if "x-inferred" in field else "")
    if "const" in field:
        return f"{words}={field['const']}"
    if field.get("type") == "array":
        return f"{words}[{'≤' + str(field['maxItems']) if 'maxItems' in field else ''}]"
    if field.get("type") == "boolean":
        return words + (f"={str(field['default']).lower()}" if "default" in field else "")
    bounds = _bounds(field)
    default = f"={field['default']}" if field.get("default") not in (None, "") else ""
    inside = bounds + default
    return f"{words} ({inside.strip()})" if inside else words


def _bounds(field: Node) -> str:
    if "enum" in field:
        return " ".join(str(value) for value in field["enum"] if value is not None) + " "
    if "minimum" in field or "maximum" in field:
        return f"{field.get('minimum', '')}..{field.get('maximum', '')} "
    if "maxLength" in field:
        return f"≤{field['maxLength']} characters "
    return f"e.g. {' '.join(field['examples'])} " if "examples" in field else ""


def _rule(rule: Node) -> str:
    """A cross-field rule in words; the schemas hold only rules of these few forms."""
    return f"Rule: if {_clause(rule['if'])} then {_clause(rule['then'])}."


def _clause(schema: Node) -> str:
    if "not" in schema:
        return f"no {_clause(schema['not'])}"
    parts = [
        f"{name} is {field.get('const', (field.get('enum') or [''])[0])}"
        for name, field in schema.get("properties", {}).items()
    ]
    return " and ".join(parts) or ", ".join(schema["required"])
