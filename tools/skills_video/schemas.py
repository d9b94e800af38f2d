"""One model's field table as a JSON Schema 2020-12 request body."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .sources import Model, Sources

Schema = dict[str, Any]
MEDIA_URL = {"$ref": "#/components/schemas/MediaUrl"}
NUMERIC = {"$ref": "#/components/schemas/NumberOrNumericString"}
_LIMITS = {
    "min": "minimum",
    "max": "maximum",
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
    schema = _object(model, open_fields=model.partial or bool(union))
    rules = sources.rule("rules", model.path)
    if rules:
        schema["allOf"] = list(rules)
    return _union(model, schema, union) if union else schema


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
    return {**schema, "x-source": field.get("source", "[D]")}


def _is_url(name: str, field: Mapping[str, Any]) -> bool:
    return field.get("type") == "string" and (field.get("format") == "uri" or name.endswith("_url"))


def _object(model: Model, *, open_fields: bool) -> Schema:
    properties = {name: field_schema(name, field) for name, field in model.fields.items()}
    for name in _older_fields(model.note):
        properties.setdefault(name, {"x-note": "on an older page only; its type is not known", "x-source": "[D]"})
    schema: Schema = {"type": "object"}
    if model.partial:
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
