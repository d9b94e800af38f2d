"""What is asked for: a request, its body, and the calls that are made for it; every one is frozen.

A *body* is a JSON tree whose leaves may also be :class:`LocalMedia`: local files stay references until the
moment of sending, so that neither the journal, nor a sidecar, nor the terminal can ever hold their bytes.
"""

import re
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, Union
from urllib.parse import urlsplit

from .json import Json

if TYPE_CHECKING:
    from .local_media import LocalMedia


class Encoding(str, Enum):
    """How a local file travels to the provider."""

    DATA_URI = "data-uri"
    BASE64 = "base64"
    MULTIPART = "multipart"


Body = Union[None, bool, int, float, str, "LocalMedia", "Sequence[Body]", "Mapping[str, Body]"]


class EndOfService(NamedTuple):
    """The end of a model at its provider. ``date``: as a document says it, ISO 8601 with its zone, and ``at`` the same
    in Unix seconds; "" and None where nobody knows the day. ``replacement``: the model in its place, or ""."""

    date: str = ""
    at: float | None = None
    replacement: str = ""


class Request(NamedTuple):
    """One job as it will be sent: what, where to, and how it is told from other jobs."""

    provider: str
    path: str
    """The create path that will be called, relative to the base URL; the SSE one when ``stream``."""
    canonical_path: str
    """The polling twin (or ``path``): both twins are one job, so this is what the fingerprint sees."""
    model: str
    kind: str
    stream: bool
    body: Mapping[str, Body]
    multipart: bool = False
    query_path: str | None = None
    """The document's own query path, with one ``{placeholder}`` for the id."""
    prompt: str = ""
    """For the file's name only; the body is what is sent."""
    synchronous: bool = False
    """The create itself answers with the result."""
    made_up_stream: bool = False
    """``path`` stands in no document: where it is not there, ``canonical_path`` is called."""
    warnings: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()
    """What the contract could not check, in sentences."""
    ended: EndOfService | None = None
    """Its model is no longer served: it is answered here, and never sent."""
    asked: Mapping[str, Json] = {}
    """The command's own words, by flag: for the journal only."""


class Call(NamedTuple):
    """One HTTP request to a provider, before authentication."""

    operation: str
    """create, query, list, cancel, credits, models: what errors and retries call it."""
    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: Mapping[str, Body] | None = None
    multipart: bool = False
    stream: bool = False
    """True asks for text/event-stream."""
    at_host_root: bool = False
    """True joins ``path`` to the scheme and host alone, not to the base URL's path."""

    def url(self, base_url: str) -> str:
        """Where it goes: under a base URL, or under the same one in another version where ``path`` says so."""
        base = urlsplit(base_url)
        under, path = ("", self.path) if self.at_host_root else moved_base(self.path, base.path)
        under = under or ("" if self.at_host_root else base.path.rstrip("/"))
        return f"{base.scheme}://{base.netloc}{under}/{path.lstrip('/')}"


def moved_base(path: str, base: str) -> tuple[str, str]:
    """A base path in another version and what follows it, where ``path`` begins with that or its end: ``/api/v2`` and
    ``/x`` of ``/api/v2/x`` and of ``/v2/x``, for ``/api/v1``. Else the empty string and the path."""
    parts = base.strip("/").split("/")
    for start in range(len(parts)):
        shape = re.sub(r"\d+", r"\\d+", re.escape("/" + "/".join(parts[start:])))
        found = re.match(shape + "(?=/.)", path) if "\\d" in shape else None
        if found:
            return "/".join(["", *parts[:start]]) + found[0], path[found.end() :]
    return "", path
