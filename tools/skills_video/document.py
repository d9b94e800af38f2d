"""The whole OpenAPI 3.1 document of skills.video, from the sources."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from generate_media.contract import Contract, Document, make_source

from .flags import flag_forms
from .renew import written
from .schemas import SHARED, body_schema
from .sources import Model, Sources

Node = dict[str, Any]
BASE_URL = "https://open.skills.video/api/v1"
QUERY = "/generation/{id}"
STATUSES = ("IN_QUEUE", "IN_PROGRESS", "COMPLETED", "FAILED", "CANCELED")
OLDER_STATUSES = ("starting", "processing", "succeeded", "failed", "canceled")
WEBHOOK_STATUSES = ("queued", "running")
ERRORS = {
    "400": "invalid input or unsupported model",
    "401": "no key, or a wrong one",
    "402": "insufficient credits",
    "403": "no API access: perhaps the free plan",
    "404": "no such model or generation",
    "422": "rejected by moderation",
    "429": "rate limited",
    "500": "server error",
    "502": "the provider failed",
    "503": "the provider is unavailable",
    "504": "time-out; a job may exist all the same",
}


def build_document(sources: Sources) -> Node:
    """Every model's two twins, the query, the credits, all shapes of answers and errors."""
    paths: Node = {}
    for model in sources.models:
        paths[f"/generation/sse/{model.path}"] = {"post": _create(model, sources, streams=True)}
        paths[f"/generation/{model.path}"] = {"post": _create(model, sources, streams=False)}
    paths[QUERY] = {"get": _query()}
    paths["/credits"] = {"get": _credits()}
    document = {
        "openapi": "3.1.0",
        "info": {
            "title": "skills.video Open Platform API (snapshot)",
            "version": sources.snapshot_date,
            "description": (
                "Built by tools/build_references.py; do not edit. Marks: [D] the provider's documentation, "
                "[C] earlier public clients, [I] inferred. Nothing here was measured on the live service."
            ),
        },
        "x-snapshot": {"date": sources.snapshot_date, "drift": sources.drift_date, "source": sources.source},
        "x-error-codes": {
            "prefixes": ["IMAGE_GENERATION_", "VIDEO_GENERATION_", "TTS_GENERATION_"],
            "codes": sources.supplement["error_codes"],
        },
        "servers": [{"url": BASE_URL}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": _components(sources),
    }
    _add_flags(document, [model for model in sources.models if model.fresh])
    return document


def _add_flags(document: Node, models: Sequence[Model]) -> None:
    """The flags of models that came after the first table: from their fields, as --renew finds them."""
    contract = Contract([make_source(Document(document, "skills-video.openapi.json"), "skills_video")])
    for model in models:
        forms = [written(form) for form in contract.forms(contract.find_model(model.path))]
        for rule in (rule for form in forms for rule in form["flags"].values()):
            rule["source"] = model.fields[rule["to"]].get("source", "[D]")
        for prefix in ("/generation/sse/", "/generation/"):
            document["paths"][prefix + model.path]["post"]["x-flags"] = forms


def _create(model: Model, sources: Sources, *, streams: bool) -> Node:
    mode, twin = ("sse", "/generation/") if streams else ("poll", "/generation/sse/")
    node: Node = {
        "operationId": f"{mode}.{model.key}",
        "summary": f"{model.path}: make {'an image' if model.kind == 'image' else 'a video'}"
        + (", streamed" if streams else ""),
        "tags": [model.kind],
        "x-model": model.path,
        "x-kind": model.kind,
        "x-mode": mode,
        "x-twin": twin + model.path,
        "x-query": QUERY,
    }
    node |= _marks(model)
    flags = {"x-flags": flag_forms(model, sources)} if model.documented and not model.fresh else {}
    known = "[I]" if model.guessed else "[D]" if model.page and not model.moved_to else "[C]"
    return {
        **node,
        "requestBody": {"$ref": f"#/components/requestBodies/{model.key}"},
        "responses": _create_responses(streams),
        **flags,
        "x-source": known,
    }


def _marks(model: Model) -> Node:
    """What is peculiar about a model: little known, moved, or newer than the snapshot."""
    marks: Node = {}
    if not model.documented:
        marks["x-fields"] = "unknown"
    elif model.partial or model.open:
        marks["x-fields"] = "partial"
    if model.moved_to:
        marks |= {"deprecated": True, "x-moved-to": f"/generation/{model.moved_to}"}
    if model.new:
        marks["x-since"] = "after the snapshot"
    if model.note:
        marks["description"] = model.note
    if model.page:
        marks["externalDocs"] = {"url": model.page}
    return marks


def _create_responses(streams: bool) -> Node:
    errors = {code: {"$ref": f"#/components/responses/E{code}"} for code in ERRORS}
    if streams:
        return {"200": {"$ref": "#/components/responses/Stream"}, **errors}
    created = {"$ref": "#/components/responses/Created"}
    return {"200": created, "202": created, **errors}


def _query() -> Node:
    name = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    errors = {code: {"$ref": f"#/components/responses/E{code}"} for code in ERRORS if code not in ("402", "422")}
    return {
        "operationId": "query",
        "summary": "One generation: its status, its data once it is done",
        "tags": ["query"],
        "parameters": [name],
        "responses": {"200": _json("the generation as it stands", "Generation"), **errors},
        "x-source": "[D]",
    }


def _credits() -> Node:
    errors = {code: {"$ref": f"#/components/responses/E{code}"} for code in ("401", "403", "429", "500")}
    return {
        "operationId": "credits",
        "summary": "The balance; the answer's shape is unknown",
        "tags": ["account"],
        "x-fields": "unknown",
        "responses": {
            "200": {"description": "of unknown shape: shown as it comes", "content": {"application/json": {}}},
            **errors,
        },
        "x-source": "[C]",
    }


def _components(sources: Sources) -> Node:
    bodies = {model.key: _request_body(model) for model in sources.models}
    schemas: Node = {model.key: body_schema(model, sources) for model in sources.models}
    return {
        "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        "requestBodies": bodies,
        "responses": _responses(),
        "schemas": {**SHARED, **_answers(), **schemas},
    }


def _request_body(model: Model) -> Node:
    """JSON, or a form in which a list repeats its field's name and each item is a URL or a binary part [D]."""
    schema = {"schema": {"$ref": f"#/components/schemas/{model.key}"}}
    return {"required": True, "content": {"application/json": schema, "multipart/form-data": schema}}


def _responses() -> Node:
    generation = {"schema": {"$ref": "#/components/schemas/Generation"}}
    stream = {
        "description": (
            "server-sent events: unnamed `data:` lines, each a whole GenerationEvent, until a terminal status; "
            "some answers are plain JSON, which is followed by polling"
        ),
        "content": {
            "text/event-stream": {"schema": {"$ref": "#/components/schemas/GenerationEvent"}},
            "application/json": generation,
        },
    }
    errors = {f"E{code}": _json(words, "Error") for code, words in ERRORS.items()}
    return {"Stream": stream, "Created": _json("accepted; follow it with the query", "Generation"), **errors}


def _json(description: str, schema: str) -> Node:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    return {"description": description, "content": content}


def _answers() -> Node:
    text = {"type": "string"}
    return {
        "Status": {"type": "string", "enum": list(STATUSES), "x-source": "[D]"},
        "OlderStatus": {"type": "string", "enum": list(OLDER_STATUSES), "x-source": "[D]"},
        "WebhookStatus": {"type": "string", "enum": list(WEBHOOK_STATUSES), "x-source": "[D]"},
        "Generation": {
            "description": (
                "The top-level status alone decides. data is null or missing until the end. A FAILED generation is "
                "HTTP 200 with data null, code and message."
            ),
            "type": "object",
            "required": ["id", "status"],
            "properties": {
                "id": {"type": ["string", "integer"], "x-source": "[D]"},
                "status": {
                    "anyOf": [
                        {"$ref": "#/components/schemas/Status"},
                        {"$ref": "#/components/schemas/OlderStatus"},
                        {"$ref": "#/components/schemas/WebhookStatus"},
                        text,
                    ],
                    "x-source": "[D]",
                },
                "input": {"x-source": "[D]"},
                "data": {"anyOf": [{"$ref": "#/components/schemas/Data"}, {"type": "null"}], "x-source": "[D]"},
                "usage": {"anyOf": [{"$ref": "#/components/schemas/Usage"}, {"type": "null"}], "x-source": "[D]"},
                "code": {"type": ["string", "null"], "x-source": "[D]"},
                "message": {"type": ["string", "null"], "x-source": "[D]"},
                "error": {"x-source": "[D]"},
            },
            "additionalProperties": True,
        },
        "GenerationEvent": {"$ref": "#/components/schemas/Generation"},
        "Data": _data(),
        "Usage": {
            "type": "object",
            "properties": {
                name: {"type": "number", "x-source": "[D]"} for name in ("total", "subscription", "permanent")
            },
            "additionalProperties": True,
        },
        "Error": {
            "anyOf": [
                {"$ref": "#/components/schemas/ErrorNow"},
                {"$ref": "#/components/schemas/ErrorEarlier"},
                {"$ref": "#/components/schemas/ErrorPlain"},
            ]
        },
        "ErrorNow": _error(
            ["error", "code", "message"], "branch on code; error is a legacy word", {"error": text, "code": text}
        ),
        "ErrorEarlier": _error(["error", "message"], "earlier: error holds the code", {"error": text}),
        "ErrorPlain": _error(["message"], "earlier: a message alone", {}),
    }


def _data() -> Node:
    """An image's data is documented; the fields of a video's or a sound's are inferred from it."""
    item: Node = {
        "type": "object",
        "required": ["url"],
        "properties": {
            "url": {"type": "string", "format": "uri"},
            "file_name": {"type": "string"},
            "content_type": {"type": "string"},
            "width": {"type": "integer"},
            "height": {"type": "integer"},
        },
        "additionalProperties": True,
    }
    properties: Node = {
        "type": {"type": "string", "x-source": "[D]"},
        "n": {"type": "integer", "x-source": "[D]"},
        "actual_prompt": {"type": ["string", "null"], "x-source": "[D]"},
        "images": {"type": "array", "items": item, "x-source": "[D]"},
        "image": {"x-source": "[D]"},
    }
    inferred = ("videos", "video", "audio", "audio_url")
    properties |= {name: {"x-source": "[I]"} for name in inferred}
    return {"type": "object", "properties": properties, "additionalProperties": True}


def _error(required: list[str], description: str, extra: Node) -> Node:
    properties = {**extra, "message": {"type": "string"}}
    return {
        "description": description,
        "type": "object",
        "required": required,
        "properties": properties,
        "x-source": "[D]",
    }
