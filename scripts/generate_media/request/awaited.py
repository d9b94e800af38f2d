"""A file that another line of the same batch is still to make: ``@ID``, or ``@ID.last-frame`` of its clip.

Until that line has succeeded an :class:`Awaited` stands for it in the body, so that everything else of the request is
checked before anything is sent. What identifies it in the fingerprint is what the other line delivered, whatever
travels to the provider in the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..core import Body, Encoding, LocalMedia
from ..media import files_of
from .flag_names import MEDIA_KINDS
from .references import REFERENCE, Reference, parse_reference

if TYPE_CHECKING:
    from .prepare import Prepared

_STAND_IN = "https://local.file/awaited"


@dataclass(frozen=True)
class Awaited(LocalMedia):
    """Stands for the file; ``path`` is the reference as it was written."""

    flag: str = ""
    rule: Mapping[str, Any] = field(default_factory=dict)
    fit: bool = False

    @property
    def reference(self) -> Reference:
        return parse_reference(self.path)


def awaited(flag: str, value: str, rule: Mapping[str, Any], *, fit: bool) -> Awaited:
    """What stands in a body for a file that is still to be made."""
    parse_reference(value)
    encode = rule.get("encode")
    return Awaited(
        path=value,
        media_type={"image": "image/png", "video": "video/mp4", "audio": "audio/mpeg"}[MEDIA_KINDS[flag]],
        size_bytes=0,
        sha256="",
        encoding=Encoding(encode) if encode else Encoding.DATA_URI,
        remote_url=None if encode else _STAND_IN,
        identity=value,
        flag=flag,
        rule=rule,
        fit=fit,
    )


def awaited_in(body: Body) -> Iterator[Awaited]:
    """Every file of a body that is still to be made."""
    return (leaf for leaf in files_of(body) if isinstance(leaf, Awaited))


def identified(prepared: Prepared, identities: Mapping[Reference, str]) -> Prepared:
    """The request as its fingerprint will be, once it is known what the other lines delivered."""
    body = _replaced(prepared.request.body, lambda leaf: replace(leaf, identity=identities[leaf.reference]))
    return prepared._replace(request=prepared.request._replace(body=body))


def with_files(prepared: Prepared, files: Mapping[Reference, str], known_url: Callable[[str], str | None]) -> Prepared:
    """The request with the files themselves, each checked against what the model takes; same fingerprint.

    Raises:
        UsageError: see :func:`media_value`.
    """
    from .media_flags import MediaOptions, media_value

    notes: list[str] = []

    def loaded(leaf: Awaited) -> Body:
        how = MediaOptions(leaf.fit, known_url, None)
        media, note = media_value(leaf.flag, files[leaf.reference], leaf.rule, how)
        notes.extend([note] if note else [])
        assert isinstance(media, LocalMedia)
        return replace(media, identity=leaf.identity)

    request = prepared.request
    body = _replaced(request.body, loaded)
    asked = {name: _asked(value, files) for name, value in request.asked.items()}
    done = request._replace(body=body, asked=asked, warnings=(*request.warnings, *notes))
    return prepared._replace(request=done)


def _asked(value: Any, files: Mapping[Reference, str]) -> Any:
    """The words of the command that makes the same job alone."""
    if not isinstance(value, list):
        return value
    return [files.get(parse_reference(one), one) if REFERENCE.fullmatch(str(one)) else one for one in value]


def _replaced(body: Any, turn: Callable[[Awaited], Body]) -> Any:
    if isinstance(body, Awaited):
        return turn(body)
    if isinstance(body, Mapping):
        return {key: _replaced(value, turn) for key, value in body.items()}
    return [_replaced(value, turn) for value in body] if isinstance(body, (list, tuple)) else body
