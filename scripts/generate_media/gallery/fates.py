"""What became of a job that left no file, in our words: a head, what happened, and what to do about it.

A provider's own words follow beneath, as words of a stranger. A job that the provider completed is never shown as one
that failed: what is missing then is the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..core import GONE, Category
from ..job import RESULT_LOST
from ..journal import State

FAILED, MISSING, OPEN = "failed", "missing", "open"


class Fate(NamedTuple):
    """``kind`` is ``failed``, ``missing`` (generated, but no file) or ``open``; the texts are ours, in English."""

    kind: str
    head: str
    words: str
    next: str
    """What to do."""
    way: str = "again"
    """Which command helps: ``again`` (the same request), ``fetch`` (by its id, nothing is paid), or none."""


_CHANGE = "Change what was refused, then make it again."
_RESEND = "Run the command: nothing was created, so nothing is paid twice."
_FETCH = "Run the command: it only fetches the file, nothing is paid again."

NEVER_SENT = Fate(FAILED, "Never sent", "The run was stopped before anything was sent; nothing was created.", _RESEND)
NOT_SENT = Fate(
    FAILED, "Not created", "The provider could not be reached, or had no room; nothing was created.", _RESEND
)
REFUSED: Mapping[str, Fate] = {
    Category.CREDITS.value: Fate(
        FAILED, "Out of credits", "The account's credits or quota do not cover this job; nothing was created.",
        "Top up, or wait for the quota to come back, then run the command.",
    ),
    Category.AUTH.value: Fate(
        FAILED, "Key refused", "The provider did not accept the key; nothing was created.",
        "Check the key with ensure_api_key.py --verify, then run the command.",
    ),
    Category.VALIDATION.value: Fate(
        FAILED, "Request refused", "The provider says that the request is not valid; nothing was created.", _CHANGE,
    ),
    Category.NOT_FOUND.value: Fate(
        FAILED, "Model not found", "The provider does not have this model or endpoint; nothing was created.",
        "inspect_openapi.py --models lists the models: name another one.",
    ),
    Category.CONTENT_REJECTED.value: Fate(
        FAILED, "Refused by moderation", "The provider's content rules stopped it.",
        "Say it in other words, or use another picture: the same request would be refused again.",
    ),
    Category.TRANSIENT.value: NOT_SENT,
}  # fmt: skip
"""By the category of a create that was refused."""
REFUSED_OTHERWISE = Fate(FAILED, "Refused", "The provider refused it; nothing was created.", _CHANGE)

UNKNOWN = Fate(
    OPEN, "Outcome unknown", "The request was sent and its answer was lost: it may have been created, and may be paid.",
    "Look in the provider's dashboard. The command looks for the job and pays nothing.",
)  # fmt: skip
SENDING = Fate(OPEN, "Being sent", "The request is on its way to the provider.", "", "")
RUNNING = Fate(
    OPEN, "Still running", "The provider accepted the job; its end has not been seen here yet.",
    "Run the command to follow it to its end: nothing is paid again.", "fetch",
)  # fmt: skip

FETCHING = Fate(
    OPEN, "Being fetched", "It was made, and its file is on its way here.",
    "If no run fetches it, the command does: nothing is paid again.", "fetch",
)  # fmt: skip

ENDED: Mapping[str, Fate] = {
    "canceled": Fate(FAILED, "Cancelled", "The job was cancelled before it was done.", "Run the command to make it."),
    "expired": Fate(FAILED, "Expired", "The provider gave the job up before it was done.", "Run the command again."),
    GONE: Fate(
        FAILED, "Gone", "The provider does not know the job any more; it may have been made, and paid.",
        "Look in the provider's dashboard before you make it again.",
    ),
    Category.CREDITS.value: Fate(
        FAILED, "Out of credits", "The job failed because the credits ran out.",
        "Top up, then run the command: it makes a new job.",
    ),
    Category.CONTENT_REJECTED.value: REFUSED[Category.CONTENT_REJECTED.value],
}  # fmt: skip
"""By a job's result, its code, or its category."""
FAILED_OTHERWISE = Fate(
    FAILED, "Failed", "The provider could not make it.", "Change what failed, then run the command: it makes a new job."
)

NO_OUTPUT = Fate(
    MISSING, "Completed without a file", "The provider says that it is done, and named no file.",
    "Run the command to look once more: nothing is paid again.", "fetch",
)  # fmt: skip
LOST = Fate(
    MISSING, "Completed, then deleted", "The file was not saved within the time for which the provider keeps it.",
    "The command asks once more; the provider's console may still show it.", "fetch",
)  # fmt: skip
CUT = Fate(
    MISSING, "File cut short", "The file broke off on its way; what came is kept as a .part file.", _FETCH, "fetch"
)
NOT_SAVED = Fate(MISSING, "Completed, not saved", "It was made, but its file could not be saved.", _FETCH, "fetch")
NOT_FETCHED = Fate(MISSING, "Completed, not fetched", "It was made; its file was not fetched.", _FETCH, "fetch")
NOT_HERE = Fate(MISSING, "File not here", "The file was saved, and is not here any more.", _FETCH, "fetch")

ALL = (
    *(NEVER_SENT, NOT_SENT, *REFUSED.values(), REFUSED_OTHERWISE, UNKNOWN, SENDING, RUNNING, FETCHING, *ENDED.values()),
    *(FAILED_OTHERWISE, NO_OUTPUT, LOST, CUT, NOT_SAVED, NOT_FETCHED, NOT_HERE),
)
"""Every fate, for whoever translates them."""


def fate_of(record: Mapping[str, Any], state: State | None, category: str, *, is_lost: bool, is_fresh: bool) -> Fate:
    """The fate of a job none of whose files is here; ``category`` is the classifier's word for its error.

    ``is_lost``: its provider has deleted the result since; ``is_fresh``: it ended so lately that a run may be fetching.
    """
    code = code_of(record)
    by_state = {State.UNKNOWN: UNKNOWN, State.ACCEPTED: RUNNING, State.INTENT: SENDING, State.SENDING: SENDING}
    if state in by_state:
        return by_state[state]
    if state is State.REJECTED:
        return (
            NEVER_SENT
            if code == "never_sent"
            else NOT_SENT
            if not category
            else REFUSED.get(category, REFUSED_OTHERWISE)
        )
    if record.get("result") not in ("succeeded", None, ""):
        return ENDED.get(code) or ENDED.get(category) or ENDED.get(str(record["result"]), FAILED_OTHERWISE)
    if is_lost or code == RESULT_LOST:
        return LOST
    if not record.get("outputs") and not record.get("promised") and not code:
        return NO_OUTPUT
    if code:
        return output_fate(code)
    return FETCHING if is_fresh and state is State.ENDED else NOT_FETCHED


def output_fate(code: str) -> Fate:
    """What one file's error says: the codes of :class:`OutputError` (files/)."""
    by_code = {"no_output": NO_OUTPUT, "output_truncated": CUT, "output_gone": LOST, RESULT_LOST: LOST}
    return by_code.get(code, NOT_SAVED)


def code_of(record: Mapping[str, Any]) -> str:
    """The code in a record's error: a sidecar's ``error``, the journal's ``code``."""
    error = record.get("error")
    found = (error.get("error") or error.get("code")) if isinstance(error, dict) else ""
    return found if isinstance(found, str) else str(found) if isinstance(found, int) else ""
