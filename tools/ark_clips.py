"""The tables of references/agcloud.md: a clip's fields, and what each line of models takes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from generate_media.core import REFERENCES
from pages import Node, filled, line, values

CLIPS_PAGE = "agcloud.md"
CLIPS = "/contents/generations/tasks"
_COUNTED = ("ReferenceImage", "VideoPart", "AudioPart")
_WORDS = {"service_tier": "flex", "output_format": "mov"}
"""Fields that every model has, by the value that some have not."""


def clips_page() -> str:
    """The whole page, its tables as the document has them now; its own words stay."""
    document: Node = json.loads((REFERENCES / "agcloud.openapi.json").read_text(encoding="utf-8"))
    page = (REFERENCES / CLIPS_PAGE).read_text(encoding="utf-8")
    task = document["components"]["schemas"]["VideoTask"]
    listed = [row["id"] for row in document["paths"][CLIPS]["post"]["x-models"]]
    page = filled(page, "fields", fields_table(task))
    return filled(page, "models", models_table(task, listed, document))


def fields_table(task: Node) -> list[str]:
    """One row a field; Ark's own in a sentence."""
    rows = ["| field | values | meaning | source |", "|---|---|---|---|"]
    arks = []
    for name, field in task["properties"].items():
        if field["description"] == "Ark alone":
            arks.append(f"{name} ({values(field)})")
        else:
            shown = f"**{name}**" if name in task["required"] else name
            rows.append(line(shown, values(field), field["description"], field["x-source"]))
    return [*rows, "", f"At Ark alone [ARK] [SDK]: {', '.join(arks)}."]


def models_table(task: Node, listed: Sequence[str], document: Node) -> list[str]:
    """One row a line of models: each of the schema's rules on ``model``, with the listed ids that it is the last for.

    A line within another (2.0 fast within 2.0) has what it does not say itself from there.
    """
    rules = {
        rule["title"]: rule for rule in task["allOf"] if "pattern" in rule["if"].get("properties", {}).get("model", {})
    }
    lines = {model: [title for title, rule in rules.items() if re.search(_pattern(rule), model)] for model in listed}
    rows = ["| models | duration, s | resolution | references | not there |", "|---|---|---|---|---|"]
    for title, rule in rules.items():
        ids = [model for model, titles in lines.items() if titles[-1:] == [title]]
        fields: dict[str, Any] = {}
        for name in lines[ids[0]] if ids else [title]:
            fields |= rules[name]["then"]["properties"]
        name = f"{title} {rule['x-source']}" + (f": {' '.join(f'`{model}`' for model in ids)}" if ids else "")
        resolution = " ".join(fields["resolution"]["enum"])
        lacking = ", ".join(_lacking(fields)) or "–"
        rows.append(line(name, _span(fields), resolution, _references(fields, document), lacking))
    return rows


def _pattern(rule: Node) -> str:
    return str(rule["if"]["properties"]["model"]["pattern"])


def _span(fields: Node) -> str:
    seconds = [value for value in fields.get("duration", {}).get("enum", ()) if value > 0]
    return f"{seconds[0]}–{seconds[-1]}" if seconds else ""


def _references(fields: Node, document: Node) -> str:
    """How many images, videos and audios; "–" for none."""
    content = fields.get("content", {})
    if "not" in content:
        return "–"
    parts = [content, *content.get("allOf", ())]
    names = [part["$ref"].rsplit("/", 1)[1] for part in parts if "$ref" in part]
    rows = [row for name in names for row in document["components"]["schemas"][name].get("allOf", ())]
    return ", ".join(str(row["maxContains"]) for row in rows if row["contains"]["$ref"].rsplit("/", 1)[1] in _COUNTED)


def _lacking(fields: Node) -> Iterator[str]:
    for name, field in fields.items():
        if field.get("not") == {}:
            yield name
        elif len(field.get("enum", ())) == 1:
            yield _WORDS.get(name, name)
