"""The value of a media flag: a URL as it is, a local file checked against its rule's limits, scaled if asked to."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..core import Body, Encoding, LocalMedia, UsageError
from ..media import MediaLimits, load, objections
from .awaited import awaited
from .flag_names import MEDIA_KINDS
from .references import is_reference

_URL = re.compile(r"(https?|asset)://\S", re.IGNORECASE)
_OTHER_URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_DATA = re.compile(r"data:[\w.+-]+/[\w.+-]+;base64,", re.IGNORECASE)


@dataclass(frozen=True)
class MediaOptions:
    """``fit``: pictures may be scaled down. ``known_url``: sha256 → where the provider has these bytes already.
    ``folder``: where scaled pictures go; None: a private one."""

    fit: bool
    known_url: Callable[[str], str | None]
    folder: Path | None


def media_value(flag: str, value: str, rule: Mapping[str, Any], how: MediaOptions) -> tuple[Body, str]:
    """A URL as it is, or a local file as :class:`LocalMedia`; the note says how it was scaled."""
    encoding = Encoding(rule["encode"]) if "encode" in rule else None
    if is_reference(value):
        return awaited(flag, value, rule, fit=how.fit), ""
    if _URL.match(value):
        _check_url(flag, value)
        return value, ""
    if _OTHER_URL.match(value):
        raise UsageError(
            "bad_value",
            f"--{flag} takes a file's path or an http(s) URL",
            details={"received": value[:80], "allowed": ["PATH", "http://…", "https://…"]},
            guidance=("download the file first and give its path",),
        )
    if _DATA.match(value):
        if encoding is Encoding.DATA_URI:
            return value, ""
        raise UsageError("bad_value", f"--{flag} takes no data: URI for this model; give the file's path or a URL")
    file = load(value, encoding or Encoding.DATA_URI, kind=MEDIA_KINDS[flag])
    known = how.known_url(file.sha256) if encoding is not Encoding.MULTIPART else None
    if known:
        return replace(file, remote_url=known), ""
    if encoding is None:
        reason = rule.get("local", "this model takes URLs only")
        raise UsageError("local_file_refused", f"--{flag} {value}: {reason}")
    return _within_limits(flag, file, rule, how)


def _check_url(flag: str, value: str) -> None:
    if not value.isprintable() or any(ch.isspace() for ch in value):
        raise UsageError(
            "bad_value",
            f"--{flag} has a URL with blanks or control characters in it",
            details={"received": value[:80]},
            guidance=(f"write %20 for a blank, and give --{flag} once for each URL",),
        )


def _within_limits(flag: str, file: LocalMedia, rule: Mapping[str, Any], how: MediaOptions) -> tuple[Body, str]:
    limits = MediaLimits(
        kind=MEDIA_KINDS[flag],
        types=tuple(rule.get("types", ())),
        max_bytes=rule.get("max_bytes"),
        side=_pair(rule.get("side")),
        aspect=_pair(rule.get("aspect")),
        seconds=_pair(rule.get("seconds")),
    )
    problems = objections(file, limits)
    if not problems:
        return file, ""
    can_fit = bool(rule.get("fit")) and limits.kind == "image" and _is_only_too_large(file, limits)
    name, note = file.path, ""
    if how.fit and can_fit:
        from ..media import fit

        smaller = load(fit(file, limits, how.folder), file.encoding, kind="image")
        sizes = f"{file.width}x{file.height}, {file.size_bytes:,} bytes", f"{smaller.width}x{smaller.height}"
        note = f"--{flag} {file.path} was scaled from {sizes[0]} to {sizes[1]}, {smaller.size_bytes:,} bytes"
        file, problems = smaller, objections(smaller, limits)
    if problems:
        advice = ("--fit scales it down",) if can_fit and not how.fit else ()
        raise UsageError("bad_media", f"--{flag} {name} {'; '.join(problems)}", guidance=advice)
    return file, note


def _is_only_too_large(file: LocalMedia, limits: MediaLimits) -> bool:
    """Whether a smaller picture of the same shape may do."""
    side = None if limits.side is None else (limits.side[0], math.inf)
    return not objections(file, MediaLimits(side=side, aspect=limits.aspect))


def _pair(value: Any) -> tuple[float, float] | None:
    return (value[0], value[1]) if value else None
