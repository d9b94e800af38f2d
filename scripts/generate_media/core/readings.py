"""What comes back: a provider's answer, what it says of a job, and the files that are made of it.

Tuples rather than dataclasses: the journal's readers need them, and Python compiles a dataclass's methods anew at
each start (0.3 ms each, and 9 for the first).
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any, NamedTuple

from .json import Json, without_none
from .text import is_signed

MAX_OUTPUTS = 1000
"""No model gives so many. What is beyond is counted: neither fetched nor printed."""


class Result(str, Enum):
    """How a job ended, in our words; the provider's own word stands beside it."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"
    EXPIRED = "expired"


class Answer(NamedTuple):
    """A whole HTTP answer; ``body`` is decoded text, at most a few MiB. Header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: str

    @property
    def succeeded(self) -> bool:
        return 200 <= self.status < 300

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").split(";")[0].strip().lower()


GONE = "gone"
"""Our own code of a job that the provider forgot, after its documented retention, before it told of an end."""


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


class Reading(NamedTuple):
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
    ended_at: float | None = None
    """When it came to that end, in unix seconds, where the provider tells."""


class JobRef(NamedTuple):
    """Enough to ask a provider about a job."""

    generation_id: str
    model: str
    kind: str
    aliases: tuple[tuple[str, str], ...] = ()
    query_path: str | None = None


class SavedOutput(NamedTuple):
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
    source_sha256: str = ""
    """Of the bytes as they were delivered, where the file has a label since; ``sha256`` is always the file's."""
    converted_from: str = ""
    """The media type as it was delivered, where the file's name asked for another."""

    def as_json(self, *, show_query: bool) -> dict[str, Any]:
        """The ``outputs[]`` object of a terminal line; the URL's query is cut unless ``show_query``."""
        row: dict[str, Any] = {"path": self.path, "url": self.url}
        if self.url is not None and not show_query and is_signed(self.url):
            row |= {"url": self.url.split("?", 1)[0], "url_redacted": True}
        if self.path is None:  # nothing was fetched, so nothing was measured
            return without_none({**row, "role": self.role or None})
        row |= {
            "media_type": self.media_type,
            "bytes": self.size_bytes,
            "width": self.width,
            "height": self.height,
            "duration_seconds": self.duration_seconds,
            "sha256": self.sha256,
        }
        more = {"source_sha256": self.source_sha256, "converted_from": self.converted_from, "role": self.role}
        return row | {name: value for name, value in more.items() if value}
