"""What a label says, and in which words of which vocabulary. Pure.

Sources. IPTC: NewsCodes "Digital Source Type" and the Photo Metadata Standard 2025.1 (``Iptc4xmpExt``:
DigitalSourceType, AISystemUsed, AIPromptInformation). XMP: ISO 16684-1 (``xmp:CreateDate``). China: GB 45438-2025,
Annex E, whose seven fields, values of ``Label`` and set of characters are taken [I] from implementations that cite its
clauses; the text itself was not at hand. Name space, prefix and the JSON's bare form: practice guides TC260-PG-20259A
(pictures: XMP in JPEG's APP1, PNG's iTXt and WebP's XMP chunk) and TC260-PG-20257A (clips), quoted likewise [I].
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import NamedTuple
from urllib.parse import quote

PREFIXES: Mapping[str, str] = {
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "TC260": "http://www.tc260.org.cn/ns/AIGC/1.0/",
    "genmedia": "https://generate-media.invalid/ns/1.0/",
}
"""Prefix → name space. Ours is a name and no address: nothing under .invalid can ever be fetched (RFC 2606)."""

_SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
GENERATED = _SOURCE_TYPES + "trainedAlgorithmicMedia"
EDITED = _SOURCE_TYPES + "compositeWithTrainedAlgorithmicMedia"
SYNTHETIC = frozenset({GENERATED, EDITED, _SOURCE_TYPES + "compositeSynthetic"})
"""Source types that say what ours say: the maker's own word stays where it is one of these."""

_AIGC_CHARACTERS = "".join(map(chr, (0x21, *range(0x23, 0x5C), *range(0x5D, 0x7F))))
"""Annex E j): printable ASCII without space, quotation mark and backslash [I]."""


@dataclass(frozen=True)
class Provenance:
    """What made a file. Texts may be empty where nothing is known; the prompt is empty unless it was asked for."""

    provider: str
    model: str
    handle: str
    """Ours, one a file: never the provider's id."""
    created_at: float = 0.0
    """Unix seconds, whole ones in the file; 0 where unknown."""
    edited: bool = False
    """Made from somebody's picture or clip, and not from words alone."""
    prompt: str = ""
    seed: str = ""


class Property(NamedTuple):
    """One property of the label. ``keep``: what the file says already, by whoever made it, stays in its place."""

    name: str
    """``{name space}local``, as xml.etree writes it."""
    value: str
    keep: bool = False


def properties_of(label: Provenance) -> tuple[Property, ...]:
    """All properties of a label, those without a value left out."""
    created = _iso(label.created_at)
    rows = (
        Property(clark("Iptc4xmpExt:DigitalSourceType"), EDITED if label.edited else GENERATED),
        Property(clark("Iptc4xmpExt:AISystemUsed"), label.model, keep=True),
        Property(clark("Iptc4xmpExt:AIPromptInformation"), label.prompt),
        Property(clark("xmp:CreateDate"), created, keep=True),
        Property(AIGC, _aigc(label), keep=True),
        *(Property(name, value) for name, value in _own(label, created).items()),
    )
    return tuple(row for row in rows if row.value)


def label_among(found: Mapping[str, str]) -> Provenance | None:
    """The label among a file's properties; None where it has none of ours."""
    own = {name: found.get(clark(f"genmedia:{name}"), "") for name in OWN_NAMES}
    if not own["model"] and not own["handle"]:
        return None
    return Provenance(
        provider=own["provider"],
        model=own["model"],
        handle=own["handle"],
        created_at=_unix(own["created"]),
        edited=found.get(clark("Iptc4xmpExt:DigitalSourceType")) == EDITED,
        prompt=found.get(clark("Iptc4xmpExt:AIPromptInformation"), ""),
        seed=own["seed"],
    )


def clark(name: str) -> str:
    """``prefix:local`` as ``{name space}local``."""
    prefix, local = name.split(":")
    return f"{{{PREFIXES[prefix]}}}{local}"


OWN_NAMES = ("provider", "model", "handle", "created", "seed")
OWN = frozenset(clark(f"genmedia:{name}") for name in OWN_NAMES)
AIGC = clark("TC260:AIGC")


def _own(label: Provenance, created: str) -> dict[str, str]:
    values = (label.provider, label.model, label.handle, created, label.seed)
    return {clark(f"genmedia:{name}"): value for name, value in zip(OWN_NAMES, values, strict=True)}


def _aigc(label: Provenance) -> str:
    """China's implicit label. ``Label`` "1": generated. At the first writing the propagator's two fields repeat the
    producer's (note 1 of Annex E [I]); the two reserved codes are for signatures, which we do not make."""
    producer, number = (quote(text, safe=_AIGC_CHARACTERS.replace("%", "")) for text in (label.provider, label.handle))
    fields = {
        "Label": "1",
        "ContentProducer": producer,
        "ProduceID": number,
        "ReservedCode1": "",
        "ContentPropagator": producer,
        "PropagateID": number,
        "ReservedCode2": "",
    }
    return json.dumps(fields, separators=(",", ":"))


def _iso(unix_seconds: float) -> str:
    if not unix_seconds:
        return ""
    try:
        moment = datetime.fromtimestamp(int(unix_seconds), timezone.utc)
    except (ValueError, OverflowError, OSError):
        return ""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _unix(text: str) -> float:
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0
