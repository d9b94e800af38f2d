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
    """The forms of a model with documented fields.

    Where there is a field for one picture and another for several, two forms say which count goes where.
    """
    flags = {flag: rule for flag, rule in _rules(model) if flag not in (sources.rule("no_flags", model.path) or ())}
    for flag, constants in sources.rule("flag_sets", model.path).items():
        flags[flag]["set"] = constants
    name = model.fields.get("feature", {}).get("const", model.kind)
    forms = [{"name": name, **_set(model, flags), "flags": flags}]
    several = _first(model.fields, _MANY_IMAGES)
    if several and "image_url" in model.fields:
        wide = {**flags, "image": _list_rule(model, several)}
        forms.append({"name": f"{name}, several images", **_set(model, wide), "flags": wide})
    return forms


def _rules(model: Model) -> Iterator[tuple[str, Rule]]:
    fields = model.fields
    for flag, (names, kind) in _PLAIN.items():
        name = _first(fields, names)
        if name:
            wanted = fields[name].get("type") if fields[name].get("type") in ("integer", "number") else kind
            yield flag, {"to": name, **({"as": wanted} if wanted != "string" else {}), "source": "[D]"}
    yield from _pictures(model)
    for flag, many, single in (("video", "", "video_url"), ("audio", "audio_urls", "audio_url")):
        if many in fields:
            yield flag, _list_rule(model, many)
        elif single in fields:
            yield flag, _media_rule(model, single)


def _pictures(model: Model) -> Iterator[tuple[str, Rule]]:
    fields = model.fields
    several = _first(fields, _MANY_IMAGES)
    single = _first(fields, _ONE_IMAGE)
    if "image_url" in fields or (single and not several):
        rule = _media_rule(model, single)
        if single == "first_frame_url":
            rule["warn"] = "this model has no field for a reference picture; the picture is used as the first frame"
        yield "image", rule
    elif several:
        yield "image", _list_rule(model, several)
    for flag, names in (("first-frame", _FIRST), ("last-frame", _LAST)):
        # In a union of workflows, image_url is the field of the documented one (text-image-to-video).
        name = _first(fields, names[::-1] if _merged(model) else names)
        if name and model.kind == "video":
            yield flag, _media_rule(model, name)


def _merged(model: Model) -> bool:
    """The page lists one workflow's discriminator and the fields of all, so most fields' workflow is not known."""
    return "image" in model.fields.get("feature", {}).get("const", "")


def _media_rule(model: Model, name: str) -> Rule:
    rule: Rule = {"to": name, "encode": "multipart", "source": "[D]"}
    if _merged(model) and name not in ("image_url", "end_image_url"):
        rule["warn"] = f"the page does not say whether {name} belongs to {model.fields['feature']['const']}"
    return rule


def _list_rule(model: Model, name: str) -> Rule:
    most = model.fields[name].get("maxItems")
    return {"many": True, **({"max": most} if most else {}), **_media_rule(model, name)}


def _set(model: Model, flags: Mapping[str, Rule]) -> Rule:
    constants = dict(_constants(model.fields, {rule["to"] for rule in flags.values()}))
    return {"set": constants} if constants else {}


def _constants(fields: Mapping[str, Any], filled: set[str]) -> Iterator[tuple[str, Any]]:
    """What must be sent and no flag fills: the union's discriminator, required fields with a default or null."""
    for name, field in fields.items():
        if "const" in field:
            yield name, field["const"]
        elif field.get("required") and name not in filled and ("default" in field or field.get("nullable")):
            yield name, field.get("default")


def _first(fields: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next((name for name in names if name in fields), "")
