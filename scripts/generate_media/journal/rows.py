"""What the journal holds, and how a job is recognised.

Annotations are no strings here: NamedTuple would compile each of them, and these have many fields.
"""

import json
from enum import Enum
from typing import Literal, NamedTuple

from ..core import Json, RemoteOutput


class State(str, Enum):
    """Where a job stands."""

    INTENT = "intent"
    SENDING = "sending"
    ACCEPTED = "accepted"
    ENDED = "ended"
    COLLECTED = "collected"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


class NewJob(NamedTuple):
    """A job about to be made. ``request`` is the redacted body: no media bytes, no key."""

    fingerprint: str
    """sha256 hex of :func:`fingerprint`; empty for a job that was made elsewhere."""
    copy: int
    """0, or k for the k-th further copy of ``--count`` and of equal lines in a batch file."""
    provider: str
    key_space: str
    base_url: str
    key_fingerprint: str
    path: str
    query_path: str | None
    model: str
    kind: str
    prompt: str
    request: Json
    output_dir: str
    asked: Json = None
    """The flags of create_and_wait.py that ask for this job, by name; None where nobody knows them."""
    place: Json = None
    """Where ``--output`` wants its files; None: names of ours in ``output_dir``."""


class Row(NamedTuple):
    """One row as it is on disk. Times in unix seconds; a reader takes a negative age as 0.

    A tuple: so many fields weigh far less in one than in an object, and a thousand jobs hold a thousand rows.
    """

    row_id: int
    ordinal: int
    """The n-th row of this fingerprint, from 0."""
    fingerprint: str
    copy: int
    provider: str
    key_space: str
    base_url: str
    key_fingerprint: str
    path: str
    query_path: str | None
    model: str
    kind: str
    prompt: str
    request: Json
    output_dir: str
    state: State
    writer: str
    """Who holds the row in intent and sending: the name of its lock."""
    generation_id: str | None
    aliases: tuple[tuple[str, str], ...]
    status: str
    """The provider's last word."""
    result: str | None
    error: Json
    response: Json
    remote: tuple[RemoteOutput, ...]
    """Whole URLs; inline results have neither URL nor bytes here."""
    saved: Json
    """The saved outputs, a list of objects with ``path``, ``url``, ``sha256`` …"""
    usage: Json
    created_at: float
    sending_at: float | None
    accepted_at: float | None
    ended_at: float | None
    provider_created_at: float | None
    asked: Json = None
    """As in :class:`NewJob`."""
    place: Json = None

    @property
    def exists(self) -> bool:
        """Whether the provider knew the job for sure: it accepted our create, or has told its status since.

        Else it is an id that was given by hand, and may be a slip of the keyboard.
        """
        return bool(self.fingerprint or self.status)


Fate = Literal["succeeded", "failed", "open", "unknown"]


class Expense(NamedTuple):
    """A job as its provider's bill may show it."""

    row_id: int
    job: tuple[str, int]
    """Fingerprint and copy, which the rows of a job that was tried again have in common."""
    provider: str
    model: str
    fate: Fate
    """``unknown``: sent, and its answer was lost."""
    usage: Json
    """What it cost, in the provider's own words; None: not told, or not yet."""
    at: float
    """When it was sent, in unix seconds."""


class ClaimKind(str, Enum):
    """What :meth:`Journal.claim` found."""

    CREATED = "created"
    """The row is this writer's: call ``sending`` and send."""
    ATTACHED = "attached"
    """The job is open at the provider: follow it."""
    BUSY = "busy"
    """A live writer is about to send, or sending: wait and claim again."""
    FINISHED = "finished"
    """The job succeeded, its files perhaps saved."""
    UNKNOWN = "unknown"
    """The create was sent and its answer is lost."""


class Claim(NamedTuple):
    """What became of asking for a job, and the row that it is about."""

    kind: ClaimKind
    row: Row


def fingerprint(provider: str, key_space: str, method: str, path: str, canonical_body: Json) -> str:
    """How a job is told from others: sha256 (hex) of its parts as sorted, compact, ASCII JSON."""
    parts = [provider, key_space, method, path, canonical_body]
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    import hashlib  # OpenSSL: --list and --all need none

    return hashlib.sha256(text.encode("ascii")).hexdigest()


def local_id(fingerprint: str, ordinal: int) -> str:
    """Our own name for a row: the id of a synchronous result, for which the provider gives none; and how a lost create
    is spoken of."""
    return f"local-{fingerprint[:12]}-{ordinal}"
