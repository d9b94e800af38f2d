"""Who may ask a server on loopback: a program on this machine, or a page of such a server; no page from elsewhere."""

from __future__ import annotations

import re

HOST = "127.0.0.1"
_ORIGIN = re.compile(r"https?://(127\.0\.0\.1|localhost)(:\d+)?")


def refuse_stranger(host: str, origin: str, port: int) -> tuple[int, str] | None:
    """Status and words for a request whose Host or Origin header (empty: none) is not of this machine; else None.

    Another name may be DNS rebinding from a browser; a page of another origin has no business here.
    """
    names = {f"{name}{end}" for name in (HOST, "localhost", "[::1]") for end in ("", f":{port}")}
    if host.lower() not in names:
        return 421, "this server answers to 127.0.0.1 and localhost only"
    if origin and _ORIGIN.fullmatch(origin) is None:
        return 403, "requests from pages of other origins are refused"
    return None
