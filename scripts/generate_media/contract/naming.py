"""Endpoints as people write them: method, host, base path, slashes and placeholders come and go."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from urllib.parse import unquote, urlsplit

_METHODS = frozenset(("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE"))


def readings(text: str, bases: Sequence[str]) -> tuple[str, list[str]]:
    """(method or "", possible relative paths) of an endpoint as people write it, likeliest first."""
    bare = text.strip().strip("`'\"")
    words = bare.split(maxsplit=1)
    method = words[0].upper() if len(words) == 2 and words[0].upper() in _METHODS else ""
    bare = words[1] if method else bare
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", bare):
        bare = urlsplit(bare).path
    path = "/" + unquote(re.split(r"[?#]", bare, maxsplit=1)[0]).strip().strip("/")
    fragment = bare.partition("#")[2]
    paths = [f"{path}#{fragment}", path] if fragment else [path]
    for base in bases:
        parts = base.strip("/").split("/") if base else []
        for start in range(len(parts)):
            prefix = "/" + "/".join(parts[start:]) + "/"
            paths += [written[len(prefix) - 1 :] for written in paths if written.startswith(prefix)]
    return method, list(dict.fromkeys(paths))


def alike(path: str, known: Mapping[str, str]) -> list[str]:
    """Known paths that are the same but for letter case and placeholders, the most literal first."""
    wanted = path.lower().strip("/").split("/")
    scored: list[tuple[int, str]] = []
    for candidate in known:
        parts = candidate.lower().strip("/").split("/")
        if len(parts) == len(wanted) and all(_segment(a, b) for a, b in zip(parts, wanted, strict=True)):
            scored.append((sum("{" in part for part in parts), candidate))
    return [candidate for _, candidate in sorted(scored, key=lambda pair: pair[0])]


def _segment(known: str, asked: str) -> bool:
    if "{" not in known:
        return known == asked
    pieces = re.split(r"\{[^}]*\}", known)
    return bool(re.fullmatch(".+".join(re.escape(piece) for piece in pieces), asked))
