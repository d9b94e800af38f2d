"""One model's field table as a JSON Schema 2020-12 request body."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .sources import Model, Sources

Schema = dict[str, Any]
MEDIA_URL = {"$ref": "#/components/schemas/MediaUrl"}
NUMERIC = {"$ref": "#/components/schemas/NumberOrNumericString"}
_LIMITS = {
    "min": "minimum",
    "max": "maximum",
    "minItems": "minItems",
    "maxItems": "maxItems",
    "minLength": "minLength",
    "maxLength": "maxLength",
}
_COPIED = ("default", "const", "examples", "description")

SHARED: dict[str, Schema] = {
    "MediaUrl": {
        "description": "The address of a picture, clip or sound. In multipart/form-data a binary part may stand here.",
        "type": "string",
        "format": "uri",
        "pattern": "^(https?://.|data:)",
        "x-message": "must be a URL (https://…); a local file goes by a media flag such as --image",
    },
    "NumberOrNumericString": {
        "description": "The pages show a union without types; a number and its decimal text are both taken [I].",
        "type": ["number", "string"],
        "pattern": "^[0-9]+(\\.[0-9]+)?$",
    },
}


def body_schema(model: Model, sources: Sources) -> Schema:
    """The request body: closed where its page is whole, open where it is known to be partial or unknown."""
    if not model.documented:
        return {
            "type": "object",
            "x-fields": "unknown",
            "properties": {"prompt": {"type": "string", "x-source": "[I]"}},
            "additionalProperties": True,
        }
    union = sources.rule("unions", model.path)
    if model.variants:
        return union_schema(model, complete=bool(union.get("complete")))
    schema = object_schema(model, open_fields=model.partial or model.open or bool(union))
    rules = sources.rule("rules", model.path)
    if rules:
        schema["allOf"] = list(rules)
    return _union(model, schema, union) if union else schema


def union_schema(model: Model, *, complete: bool) -> Schema:
    """A body whose branches' fields are known one by one; those of an unknown branch, and whole branches, may be
    missing, so each is open. ``complete``: the page names every branch."""
    rows: Mapping[str, Mapping[str, Any]] = model.variants["values"]
    listed = {name for row in rows.values() for name in row.get("fields") or ()}
    unlisted = {name for name, field in model.fields.items() if name not in listed and not _is_alias(field)}
    everywhere = {*model.variants.get("common", ()), *unlisted}
    branches = [_branch(model, name, row, everywhere) for name, row in rows.items()]
    others = model.variants.get("other_tabs") or model.variants.get("others_in_prose")
    if not complete or others or any(row.get("value_inferred") for row in rows.values()):
        branches.append(_unknown_branch("other", {"not": {"enum": list(rows)}}))
    return {"discriminator": {"propertyName": "feature"}, "oneOf": branches}


def _is_alias(field: Mapping[str, Any]) -> bool:
    """A list of files under a name that nobody shows: it is another word for one that is listed."""
    return bool(field.get("inferred")) and field.get("items") == "uri"


def _branch(model: Model, name: str, row: Mapping[str, Any], everywhere: set[str]) -> Schema:
    """One branch: its own fields and those of all, what it requires, and what it bounds otherwise."""
    if not row.get("fields") and not row["shown"]:
        return _unknown_branch(name, {"const": name})
    own = row.get("fields") or list(model.fields)
    wanted = row.get("required", [key for key in own if model.fields[key].get("required")])
    required = [key for key in wanted if key not in row.get("optional", ())]
    fields: dict[str, Any] = {}
    for key, value in model.fields.items():
        if key in own or key in everywhere:
            fields[key] = {**value, **_bounds(row, key, value), "required": key in required}
            if key in required and row.get("required_inferred") and not value.get("required"):
                fields[key] = {"inferred": "required", **fields[key]}
    known = {"const": name, "required": not row["shown"], "type": "string"}
    guess = {"inferred": "values", "source": "[I]"} if row.get("value_inferred") else {}
    fields = {**fields, "feature": {**known, **guess}}
    whole = object_schema(replace(model, fields=fields, partial=False), open_fields=True)
    return {"title": name, **whole}


def _bounds(row: Mapping[str, Any], key: str, field: Mapping[str, Any]) -> dict[str, Any]:
    """How a branch bounds a list (``max 5``, ``1-9``) or which further words it takes."""
    bounds: dict[str, Any] = {}
    numbers = re.findall(r"[0-9]+", str(row.get(key, "")))
    if numbers:
        bounds["maxItems"] = int(numbers[-1])
    if len(numbers) == 2:
        bounds["minItems"] = int(numbers[0])
    if f"{key}_extra" in row:
        bounds["enum"] = [*field["enum"], *row[f"{key}_extra"]]
    return bounds


def field_schema(name: str, field: Mapping[str, Any]) -> Schema:
    """One field. A default outside the field's own enum is dropped, because a template would send it."""
    kind = field.get("type")
    schema: Schema = {}
    if kind == "array":
        schema |= {"type": "array", "items": MEDIA_URL if field["items"] == "uri" else {"type": field["items"]}}
    elif kind == "number?":
        schema |= NUMERIC
    elif _is_url(name, field):
        schema |= {**SHARED["MediaUrl"], "type": ["string", "null"]} if field.get("nullable") else MEDIA_URL
    else:
        schema["type"] = [kind or "string", "null"] if field.get("nullable") else kind or "string"
    if "enum" in field:
        schema["enum"] = [*field["enum"], *([None] if field.get("nullable") else [])]
    schema |= {new: field[old] for old, new in _LIMITS.items() if old in field}
    schema |= {word: field[word] for word in _COPIED if word in field}
    if "enum" in field and "default" in schema and schema["default"] not in schema["enum"]:
        schema["x-documented-default"] = schema.pop("default")
    if "note" in field:
        schema["x-note"] = field["note"]
    inferred = {"x-inferred": field["inferred"]} if "inferred" in field else {}
    return {**schema, **inferred, "x-source": field.get("source", "[D]")}


def _is_url(name: str, field: Mapping[str, Any]) -> bool:
    return field.get("type") == "string" and (field.get("format") == "uri" or name.endswith("_url"))


def object_schema(model: Model, *, open_fields: bool) -> Schema:
    """A body without branches: its fields, what it requires."""
    properties = {name: field_schema(name, field) for name, field in model.fields.items()}
    for name in _older_fields(model.note):
        properties.setdefault(name, {"x-note": "on an older page only; its type is not known", "x-source": "[D]"})
    schema: Schema = {"type": "object"}
    if model.partial or model.open:
        schema["x-fields"] = "partial"
    required = [name for name, field in model.fields.items() if field.get("required")]
    if required:
        schema["required"] = required
    return {**schema, "properties": properties, "additionalProperties": open_fields}


def _older_fields(note: str) -> list[str]:
    """``A also had sync_mode``: fields that another edition of the page listed."""
    found = re.search(r"also had ([\w, ]+)$", note)
    return [name.strip() for name in found[1].split(",")] if found else []


def _union(model: Model, documented: Schema, union: Mapping[str, Any]) -> Schema:
    """The documented branch and the others, of which the pages give only the names, or only that they exist."""
    known = model.fields["feature"]["const"]
    branches = [{"title": known, **documented}]
    branches += [_unknown_branch(name, {"const": name}) for name in union["named"]]
    if not union["complete"]:
        branches.append(_unknown_branch("other", {"not": {"enum": [known, *union["named"]]}}))
    return {"discriminator": {"propertyName": "feature"}, "oneOf": branches}


def _unknown_branch(title: str, feature: Schema) -> Schema:
    return {
        "title": title,
        "type": "object",
        "x-fields": "unknown",
        "x-source": "[I]",
        "required": ["feature"],
        "properties": {"feature": {"type": "string", **feature}},
        "additionalProperties": True,
    }
