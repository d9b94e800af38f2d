"""The two Markdown tables of models that an agent reads when it has to choose one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from generate_media.core import CONFIG_FILE

from .document import BASE_URL, QUERY

Node = Mapping[str, Any]
_MEDIA = {
    "image": ("a picture", "pictures"),
    "first-frame": ("a first frame", "first frames"),
    "last-frame": ("a last frame", "last frames"),
    "video": ("a clip", "clips"),
    "audio": ("a sound", "sounds"),
}
"""What a media flag brings: one, or more than one."""


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
    service = json.loads(CONFIG_FILE.read_text(encoding="utf-8"))["providers"]["skills.video"]
    columns = ("model", "made from", "ratio", "size", *(["length, s"] if kind == "video" else []), "to know")
    rows = [_line(_row(document, operation, kind, service["default_models"])) for operation in known]
    head = [
        f"# skills.video: {kind} models",
        "",
        f"Made from skills-video.openapi.json by tools/build_references.py; do not edit. Endpoints: snapshot of "
        f"{snapshot['date']}, with what changed by {snapshot['drift']}. Base: {BASE_URL}",
        "",
        f"Stream (default): `POST /generation/sse/MODEL`. Poll: `POST /generation/MODEL`. Query: `GET {QUERY}`.",
        "",
        "**Bold** is what the model takes when nothing is said, *italic* what a request cannot lack. "
        "`--aspect-ratio`, `--size` or `--resolution`, "
        "`--duration` and the media flags fill these; every other field goes by `--set field=value`, and "
        "`python3 scripts/inspect_openapi.py --provider skills.video --endpoint MODEL --include-template` shows them. "
        f"{_mark(rows)}Prices are in credits; the sources give none by model: see {service['pricing_url']}, "
        "and `--models` for what each cost you last.",
        "",
        _line(columns),
        "|" + "---|" * len(columns),
    ]
    foot = [
        "",
        "Undocumented: only `prompt` is known (inferred); flags go by the names that most other models have, and all "
        f"fields pass unchecked, with a warning: {', '.join(unknown)}",
    ]
    return "\n".join([*head, *rows, *foot]) + "\n"


def _mark(rows: Sequence[str]) -> str:
    return "(?): inferred, a warning at most. " if any("(?)" in row for row in rows) else ""


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _row(document: Node, operation: Node, kind: str, defaults: Mapping[str, str]) -> list[str]:
    schema = document["components"]["schemas"][operation["x-model"].replace("/", ".")]
    branches = schema.get("oneOf", [schema])
    fields: dict[str, Node] = {}
    for branch in reversed(branches):
        fields |= branch["properties"]
    flags: dict[str, Node] = {}
    for form in reversed(operation["x-flags"]):
        flags |= form["flags"]
    required = set(branches[0].get("required", ()))
    named = [name for name, model in defaults.items() if model == operation["x-model"]]
    length = [_values(fields, flags, "duration")] if kind == "video" else []
    return [
        operation["x-model"],
        ", ".join(_sources(operation["x-flags"], flags, required)),
        _values(fields, flags, "aspect-ratio"),
        _values(fields, flags, "resolution", "size"),
        *length,
        " ".join(_notes(operation, branches, flags, named)) or "–",
    ]


def _sources(forms: Sequence[Node], flags: Mapping[str, Node], required: set[str]) -> Iterator[str]:
    """Words, pictures, frames …; in italics what a request cannot do without, when it is more than words."""
    if "prompt" in flags:
        yield "words"
    for flag, (one, many) in _MEDIA.items():
        rules = [form["flags"][flag] for form in forms if flag in form["flags"]]
        if not rules or (flag == "image" and flags.get("first-frame", {}).get("to") == rules[0]["to"]):
            continue
        most = max((rule.get("max", 0) for rule in rules), default=0)
        several = any(rule.get("many") for rule in rules)
        words = (f"{most} {many}" if most > 1 else many) if several else one
        words += " (?)" if all(rule.get("source") == "[I]" for rule in rules) else ""
        yield f"*{words}*" if any(rule["to"] in required for rule in rules) else words


def _values(fields: Mapping[str, Node], flags: Mapping[str, Node], *names: str) -> str:
    """What the fields behind some flags take; "–" where there is none."""
    targets = dict.fromkeys(flags[name]["to"] for name in names if name in flags)
    found = (_choices(fields[target]) for target in targets if target in fields)
    return " or ".join(filter(None, found)) or "–"


def _choices(field: Node) -> str:
    default = field.get("default")
    mark = " (?)" if "x-inferred" in field else ""
    if "enum" in field:
        values = (f"**{value}**" if value == default else str(value) for value in field["enum"] if value is not None)
        return " ".join(values) + mark
    span = f"{field['minimum']}–{field['maximum']}" if "minimum" in field and "maximum" in field else ""
    if not span and "examples" in field:
        span = f"such as {' '.join(field['examples'])}"
    return f"{span} **{default}**".strip() + mark if default not in (None, "") else (span or "any") + mark


def _notes(
    operation: Node, branches: Sequence[Node], flags: Mapping[str, Node], defaults: Sequence[str]
) -> Iterator[str]:
    if defaults:
        yield f"default for {' and '.join(defaults)}."
    if operation.get("deprecated"):
        yield f"moved to {operation['x-moved-to'].removeprefix('/generation/')}."
    if "audio-track" in flags:
        yield "sound by `--audio-track`."
    if len(branches) > 1:
        yield f"also by `--set feature=…`: {', '.join(branch['title'] for branch in branches[1:])}."
    yield from (_rule(rule) for rule in branches[0].get("allOf", ()))


def _rule(rule: Node) -> str:
    """A cross-field rule in words; the schemas hold only rules of these few forms."""
    return f"If {_clause(rule['if'])} then {_clause(rule['then'])}."


def _clause(schema: Node) -> str:
    if "not" in schema:
        return f"no {_clause(schema['not'])}"
    parts = [
        f"{name} is {field.get('const', (field.get('enum') or [''])[0])}"
        for name, field in schema.get("properties", {}).items()
    ]
    return " and ".join(parts) or ", ".join(schema["required"])
