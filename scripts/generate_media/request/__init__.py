"""What is asked for: from flags or a payload to one valid request. Nothing here sends anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .able import Ability as Ability, ability as ability, wishes_in as wishes_in
    from .asked import words_of as words_of
    from .awaited import awaited_in as awaited_in, identified as identified, with_files as with_files
    from .build import Wish as Wish, build_body as build_body
    from .choose import Chooser as Chooser
    from .expected import differences as differences, outputs_expected as outputs_expected
    from .flag_names import MEDIA_FLAGS as MEDIA_FLAGS, MEDIA_KINDS as MEDIA_KINDS, WISH_FLAGS as WISH_FLAGS
    from .origin import Origin as Origin, read_origin as read_origin, with_origin as with_origin
    from .owners import known_models as known_models
    from .prepare import (
        JobSpec as JobSpec,
        KnownUrl as KnownUrl,
        Prepared as Prepared,
        Wanted as Wanted,
        prepare_request as prepare_request,
        wanted_from as wanted_from,
    )
    from .read_back import read_flags as read_flags
    from .references import (
        ID as ID,
        Reference as Reference,
        is_reference as is_reference,
        parse_reference as parse_reference,
    )
    from .translation import translated as translated
    from .unknown import the_way_on as the_way_on
else:
    from ..core.door import opened

    __getattr__ = opened(
        __name__,
        ("able", "Ability ability wishes_in"),
        ("asked", "words_of"),
        ("awaited", "awaited_in identified with_files"),
        ("build", "Wish build_body"),
        ("choose", "Chooser"),
        ("expected", "differences outputs_expected"),
        ("flag_names", "MEDIA_FLAGS MEDIA_KINDS WISH_FLAGS"),
        ("origin", "Origin read_origin with_origin"),
        ("owners", "known_models"),
        ("prepare", "JobSpec KnownUrl Prepared Wanted prepare_request wanted_from"),
        ("read_back", "read_flags"),
        ("references", "ID Reference is_reference parse_reference"),
        ("translation", "translated"),
        ("unknown", "the_way_on"),
    )
