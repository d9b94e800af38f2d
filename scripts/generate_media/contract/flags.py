"""``x-flags`` of a create operation: how the friendly flags map onto its fields, as data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..core import Json

FIELDS_OF_FLAGS: Mapping[str, tuple[str, ...]] = {
    "prompt": ("prompt",),
    "aspect-ratio": ("aspect_ratio", "ratio"),
    "size": ("size", "image_size"),
    "resolution": ("resolution",),
    "duration": ("duration", "seconds"),
    "seed": ("seed",),
    "audio-track": ("generate_audio",),
    "watermark": ("watermark",),
    "image": ("image_urls", "images", "reference_image_urls", "image_url", "image"),
    "first-frame": ("first_frame_url", "start_image_url", "first_frame"),
    "last-frame": ("last_frame_url", "end_image_url", "end_frame_url", "last_frame"),
    "video": ("video_url", "video_urls"),
    "audio": ("audio_url", "audio_urls"),
}
"""Names that fields have at the providers, best first: for documents that carry no ``x-flags``."""
_MEDIA = ("image", "first-frame", "last-frame", "video", "audio")
_TYPES = ("string", "integer", "number", "boolean")


@dataclass(frozen=True)
class FlagForm:
    """One way to fill a request from flags; the first whose ``needs`` are given and whose ``flags`` cover all fits.

    ``set`` are constants of the body; each rule in ``flags`` says where the value goes and what bounds it.
    """

    name: str
    models: tuple[str, ...] = ()
    kind: str = ""
    set: Mapping[str, Json] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    flags: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)


def forms_of(operation: Mapping[str, Any], model: str = "") -> tuple[FlagForm, ...]:
    """The operation's forms in order, without those for other models."""
    forms = (
        FlagForm(
            name=str(row.get("name", "")),
            models=tuple(row.get("models", ())),
            kind=str(row.get("kind", "")),
            set=row.get("set", {}),
            needs=tuple(row.get("needs", ())),
            flags=row.get("flags", {}),
        )
        for row in operation.get("x-flags", ())
    )
    return tuple(form for form in forms if not form.models or not model or model in form.models)


def still_there(forms: Sequence[FlagForm], properties: Mapping[str, Any]) -> tuple[FlagForm, ...]:
    """The forms without the flags whose field a newer document no longer has (all of them where it names none)."""

    def kept(rule: Mapping[str, Json]) -> bool:
        return not properties or "to" not in rule or str(rule["to"]).split(".")[0].removesuffix("[]") in properties

    return tuple(replace(form, flags={flag: rule for flag, rule in form.flags.items() if kept(rule)}) for form in forms)


def without_fields(forms: Sequence[FlagForm], lacking: frozenset[str]) -> tuple[FlagForm, ...]:
    """The forms without the flags that would fill a field which the model has not."""

    def kept(rule: Mapping[str, Json]) -> bool:
        return str(rule.get("to", "")).split(".")[0].removesuffix("[]") not in lacking

    return tuple(replace(form, flags={flag: rule for flag, rule in form.flags.items() if kept(rule)}) for form in forms)


def forms_from_fields(properties: Mapping[str, Any], *, files: bool) -> tuple[FlagForm, ...]:
    """One form by the names of a body's fields; ``files``: local files may go along as multipart."""
    flags: dict[str, Mapping[str, Json]] = {}
    for flag, names in FIELDS_OF_FLAGS.items():
        name = next((name for name in names if name in properties), None)
        if name is not None:
            flags[flag] = _rule(flag, name, properties[name], files)
    return (FlagForm("fields", flags=flags),) if flags else ()


def _rule(flag: str, name: str, schema: Any, files: bool) -> Mapping[str, Json]:
    kinds = schema.get("type") if isinstance(schema, Mapping) else None
    kind = next((one for one in ([kinds] if isinstance(kinds, str) else kinds or ()) if one != "null"), "")
    rule: dict[str, Json] = {"to": name}
    if flag in _MEDIA:
        return rule | ({"many": True} if kind == "array" else {}) | ({"encode": "multipart"} if files else {})
    return rule | ({"as": kind} if kind in _TYPES else {})
