"""Local files in: recognised by their bytes, measured, encoded at the moment of sending. No HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .bounded import LOOK_SECONDS as LOOK_SECONDS, Bounded as Bounded
    from .conversion import can_convert as can_convert, convert_picture as convert_picture
    from .endings import EXTENSIONS as EXTENSIONS, extension as extension
    from .iso_boxes import boxes as boxes
    from .local import (
        MediaLimits as MediaLimits,
        encode as encode,
        load as load,
        multipart_fields as multipart_fields,
        objections as objections,
    )
    from .measures import webp as webp
    from .scaling import fit as fit
    from .sniff import HEAD_BYTES as HEAD_BYTES, identify as identify, measure as measure
    from .views import canonical as canonical, files_of as files_of, for_validation as for_validation, redact as redact
    from .wholeness import Structure as Structure, structure as structure
else:
    from ..core.door import opened

    __getattr__ = opened(
        __name__,
        ("bounded", "Bounded LOOK_SECONDS"),
        ("conversion", "can_convert convert_picture"),
        ("endings", "EXTENSIONS extension"),
        ("iso_boxes", "boxes"),
        ("local", "MediaLimits encode load multipart_fields objections"),
        ("measures", "webp"),
        ("scaling", "fit"),
        ("sniff", "HEAD_BYTES identify measure"),
        ("views", "canonical files_of for_validation redact"),
        ("wholeness", "Structure structure"),
    )
