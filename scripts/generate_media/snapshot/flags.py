"""Which friendly flag fills which field of a model: ``x-flags``, made from the names of its documented fields.

Only documented fields are filled; nothing is guessed for the branches of a union that no page describes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .sources import Model, Sources

Rule = dict[str, Any]
_MANY_IMAGES = ("image_urls", "reference_image_urls")
_ONE_IMAGE = ("image_url", "reference_image_url", "first_frame_url")
_FIRST = ("first_frame_url", "start_image_url", "image_url")
_LAST = ("last_frame_url", "end_frame_url", "end_image_url")
_PLAIN = {
    "prompt": (("prompt",), "string"),
    "aspect-ratio": (("aspect_ratio",), "string"),
    "size": (("image_size",), "string"),
    "resolution": (("resolution",), "string"),
    "duration": (("duration", "seconds"), "number"),
    "seed": (("seed",), "integer"),
    "audio-track": (("generate_audio",), "boolean"),
}


def flag_forms(model: Model, sources: Sources) -> list[Rule]:
    """The model's one form. A model without documented fields takes a prompt and nothing else."""
    if not model.documented:
        return [{"name": "prompt", "flags": {"prompt": {"to": "prompt", "source": "[I]"}}}]
    flags = dict(_rules(model))
    for flag, constants in sources.rule("flag_sets", model.path).items():
        flags[flag]["set"] = constants
    form: Rule = {"name": model.fields.get("feature", {}).get("const", model.kind)}
    constants = dict(_constants(model.fields, {rule["to"] for rule in flags.values()}))
    return [{**form, **({"set": constants} if constants else {}), "flags": flags}]


def _rules(model: Model) -> Iterator[tuple[str, Rule]]:
    fields = model.fields
    for flag, (names, kind) in _PLAIN.items():
        name = _first(fields, names)
        if name:
            wanted = fields[name].get("type") if fields[name].get("type") in ("integer", "number") else kind
            yield flag, {"to": name, **({"as": wanted} if wanted != "string" else {}), "source": "[D]"}
    yield from _pictures(fields, model.kind)
    yield from _media("video", fields, (), ("video_url",))
    yield from _media("audio", fields, ("audio_urls",), ("audio_url",))


def _pictures(fields: Mapping[str, Any], kind: str) -> Iterator[tuple[str, Rule]]:
    for flag, rule in _media("image", fields, _MANY_IMAGES, _ONE_IMAGE):
        if rule["to"] == "first_frame_url":
            rule["warn"] = "this model has no field for a reference picture; the picture is used as the first frame"
        yield flag, rule
    if kind == "video":
        yield from _media("first-frame", fields, (), _FIRST)
        yield from _media("last-frame", fields, (), _LAST)


def _media(
    flag: str, fields: Mapping[str, Any], many: tuple[str, ...], single: tuple[str, ...]
) -> Iterator[tuple[str, Rule]]:
    lists = _first(fields, many)
    if lists:
        most = fields[lists].get("maxItems")
        bound = {"max": most} if most else {}
        yield flag, {"to": lists, "many": True, **bound, "encode": "multipart", "source": "[D]"}
    elif _first(fields, single):
        yield flag, {"to": _first(fields, single), "encode": "multipart", "source": "[D]"}


def _constants(fields: Mapping[str, Any], filled: set[str]) -> Iterator[tuple[str, Any]]:
    """What must be sent and no flag fills: the union's discriminator, required fields with a default or null."""
    for name, field in fields.items():
        if "const" in field:
            yield name, field["const"]
        elif field.get("required") and name not in filled and ("default" in field or field.get("nullable")):
            yield name, field.get("default")


def _first(fields: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next((name for name in names if name in fields), "")
