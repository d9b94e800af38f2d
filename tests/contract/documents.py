"""Small documents for the tests of the contract: a skills.video-shaped one, and helpers to build others."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from generate_media.contract.catalog import Contract
from generate_media.contract.load import document_from_bytes
from generate_media.contract.source import make_source


def body(schema: Any, media: str = "application/json", **operation: Any) -> dict[str, Any]:
    """A path item whose POST takes ``schema``."""
    return {"post": {"requestBody": {"content": {media: {"schema": schema}}}, **operation}}


def document(paths: Mapping[str, Any], *, version: str = "3.1.0", **more: Any) -> dict[str, Any]:
    return {"openapi": version, "info": {"title": "t", "version": "1"}, "paths": paths, **more}


def contract(*roots: Mapping[str, Any]) -> Contract:
    return Contract([make_source(document_from_bytes(json.dumps(root).encode(), "test.json")) for root in roots])


def of_schema(schema: Any, *, version: str = "3.1.0", schemas: Mapping[str, Any] | None = None) -> Any:
    """(contract, endpoint) of a document with one POST /x."""
    made = contract(document({"/x": body(schema)}, version=version, components={"schemas": schemas or {}}))
    return made, made.find_endpoint("/x")


PRO = {
    "type": "object",
    "required": ["prompt"],
    "additionalProperties": False,
    "properties": {
        "prompt": {"type": "string", "minLength": 1},
        "image_urls": {"type": "array", "items": {"type": "string"}},
        "aspect_ratio": {"enum": ["1:1", "16:9"], "x-hint": {"3:3": "a slip of the table; send 1:1"}},
        "n": {"type": "integer", "minimum": 1, "maximum": 4},
    },
    "if": {"properties": {"aspect_ratio": {"const": "1:1"}}, "required": ["aspect_ratio"]},
    "then": {"properties": {"n": {"maximum": 2}}},
}
TEXT = {
    "type": "object",
    "required": ["feature", "prompt"],
    "properties": {
        "feature": {"const": "text-to-video"},
        "prompt": {"type": "string"},
        "duration": {"enum": [5, 10], "default": 5},
    },
}
FRAMES = {
    "type": "object",
    "required": ["feature", "first_frame"],
    "properties": {"feature": {"const": "frame-to-video"}, "first_frame": {"type": "string"}},
}
UNION = {"oneOf": [{"$ref": "#/components/schemas/Text"}, {"$ref": "#/components/schemas/Frames"}]}
MODELS = document(
    {
        "/v1/generation/google/pro": body(PRO, tags=["Image"]),
        "/v1/generation/sse/kling/o3/video": body(UNION, **{"x-kind": "video"}),
        "/v1/generation/kling/o3/video": body({"type": "object"}, **{"x-kind": "video"}),
        "/v1/generation/{id}": {"get": {"responses": {"200": {"description": "ok"}}}},
    },
    servers=[{"url": "/api"}],
    components={"schemas": {"Text": TEXT, "Frames": FRAMES}},
)
