"""The values that travel from stage to stage; every one is frozen.

A *body* is a JSON tree whose leaves may also be :class:`LocalMedia`: local files stay references until the
moment of sending, so that neither the journal, nor a sidecar, nor the terminal can ever hold their bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, NamedTuple, Union

from .urls import is_signed

Json = Union[None, bool, int, float, str, "list[Json]", "dict[str, Json]"]


class Result(str, Enum):
    """How a job ended, in our words; the provider's own word stands beside it."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    EXPIRED = "expired"


class Encoding(str, Enum):
    """How a local file travels to the provider."""

    DATA_URI = "data-uri"
    BASE64 = "base64"
    MULTIPART = "multipart"


@dataclass(frozen=True)
class LocalMedia:
    """A local picture, clip or sound, known by its bytes and not by its name.

    Sizes in bytes and pixels, duration in seconds; None where the file does not tell.
    """

    path: str
    media_type: str
    size_bytes: int
    sha256: str
    encoding: Encoding
    width: int | None = None
    height: int | None = None
    duration_seconds: float | None = None
    remote_url: str | None = None
    """Where the provider already has these bytes; sent instead of them. The fingerprint still sees the bytes."""


Body = Union[None, bool, int, float, str, LocalMedia, "Sequence[Body]", "Mapping[str, Body]"]


@dataclass(frozen=True, eq=False, repr=False)
class Request:
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
    warnings: tuple[str, ...] = ()
    method: str = "POST"


@dataclass(frozen=True)
class Call:
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


class Answer(NamedTuple):
    """A whole HTTP answer; ``body`` is decoded text, at most a few MiB. Header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: str

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").split(";")[0].strip().lower()


class RemoteOutput(NamedTuple):
    """One result at the provider: a URL, or the bytes themselves in base64 (``inline``)."""

    url: str | None = None
    inline: str | None = None
    kind: str = ""
    """image, video, audio, or empty where the answer does not say."""
    role: str = ""
    """Empty for the main result; ``last_frame`` for the picture that goes with a clip."""


class JobFailure(NamedTuple):
    """What the provider said about a job that ended badly: its code and message, both perhaps empty."""

    code: str
    message: str


@dataclass(frozen=True, eq=False, repr=False)
class Reading:
    """What one answer (to a create, a query, or one server event) says about a job."""

    generation_id: str | None
    status: str
    """The provider's word, from its documented place; empty where there is none."""
    result: Result | None = None
    """None: not an end."""
    aliases: tuple[tuple[str, str], ...] = ()
    """Other ids of the same job, e.g. ``(("video_id", "video_…"),)``."""
    progress: float | None = None
    outputs: tuple[RemoteOutput, ...] = ()
    usage: Json = None
    failure: JobFailure | None = None
    created_at: float | None = None
    """Unix seconds, where the provider tells."""
    response: Json = None
    """The whole answer, as parsed."""


class JobRef(NamedTuple):
    """Enough to ask a provider about a job."""

    generation_id: str
    model: str
    kind: str
    aliases: tuple[tuple[str, str], ...] = ()
    query_path: str | None = None


@dataclass(frozen=True)
class SavedOutput:
    """One file on disk, measured from its own bytes. Bytes, pixels, seconds."""

    path: str | None
    url: str | None
    media_type: str
    size_bytes: int
    sha256: str
    width: int | None = None
    height: int | None = None
    duration_seconds: float | None = None
    role: str = ""

    def as_json(self, *, show_query: bool) -> dict[str, Any]:
        """The ``outputs[]`` object of a terminal line; the URL's query is cut unless ``show_query``."""
        row: dict[str, Any] = {"path": self.path, "url": self.url}
        if self.url is not None and not show_query and is_signed(self.url):
            row |= {"url": self.url.split("?", 1)[0], "url_redacted": True}
        if self.path is None:  # nothing was fetched, so nothing was measured
            return {name: value for name, value in {**row, "role": self.role or None}.items() if value is not None}
        row |= {
            "media_type": self.media_type,
            "bytes": self.size_bytes,
            "width": self.width,
            "height": self.height,
            "duration_seconds": self.duration_seconds,
            "sha256": self.sha256,
        }
        return row | ({"role": self.role} if self.role else {})
