"""The tables of references/ark-pictures.md, from agcloud.openapi.json: models, fields, sizes by ratio."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from generate_media.core import REFERENCES
from pages import Node, filled, line, values

PICTURES_PAGE, DOCUMENT = "ark-pictures.md", "agcloud.openapi.json"
PATH, SCHEMA = "/images/generations", "Pictures"
RATIOS = ("1:1", "4:3", "16:9", "3:2", "21:9")


def pictures_page() -> str:
    """The whole page, its tables as the document has them now."""
    document: Node = json.loads((REFERENCES / DOCUMENT).read_text(encoding="utf-8"))
    operation, schema = document["paths"][PATH]["post"], document["components"]["schemas"][SCHEMA]
    text = (REFERENCES / PICTURES_PAGE).read_text(encoding="utf-8")
    text = filled(text, "models", _models(operation, schema))
    text = filled(text, "fields", _fields(schema))
    return filled(text, "sizes", _sizes(operation))


def _models(operation: Node, schema: Node) -> Iterator[str]:
    yield "| model | size words | pixels | references | sets | format | end of service, UTC+8 |"
    yield "|---|---|---|---|---|---|---|"
    for row in operation["x-models"]:
        if row["id"].startswith("doubao-"):
            rule = _rule(schema["allOf"], row["id"])["then"]["properties"]
            bounds = _rule(schema["x-pixels"], row["id"])
            words = [word.replace("\\", "") for word in rule["size"]["pattern"][2:-2].split("|")]
            yield line(
                f"`{row['id']}`",
                " ".join(word for word in words if word[-1] == "K"),
                f"{bounds['least']:,}–{bounds['most']:,}",
                rule.get("image", schema["properties"]["image"])["maxItems"],
                "no" if "sequential_image_generation" in rule else "yes",
                "jpeg" if "output_format" in rule else "jpeg, png",
                row.get("x-end-of-service", {}).get("date", "–")[:16].replace("T", " "),
            )


def _rule(rows: list[Node], model: str) -> Node:
    """The row whose ``if`` holds for a model."""
    return next(row for row in rows if re.search(row["if"]["properties"]["model"]["pattern"], model))


def _fields(schema: Node) -> Iterator[str]:
    yield "| field | values | meaning | source |"
    yield "|---|---|---|---|"
    for name, field in schema["properties"].items():
        shown = f"**{name}**" if name in schema["required"] else name
        yield line(shown, values(field), field["description"], field["x-source"])


def _sizes(operation: Node) -> Iterator[str]:
    """One row a tier and table of sizes; the upright ratios are the same ones the other way round."""
    yield line("models", "tier", *RATIOS)
    yield "|" + "---|" * (2 + len(RATIOS))
    for form in operation["x-flags"]:
        for tier, sizes in form["flags"]["aspect-ratio"]["map"].items():
            yield line(form["name"], tier, *(sizes[ratio] for ratio in RATIOS))
