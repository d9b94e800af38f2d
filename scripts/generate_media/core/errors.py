"""What a failure means, what to do about it, and the exit code it ends in.

The tree, those of other rooms included::

    ReportedError              whatever ends in an ``error`` line
    ├── GenerateMediaError
    │   ├── UsageError          2   bad flags, unreadable input, a broken config.json
    │   │   ├── BrokenDocument      (contract) an OpenAPI document that is none
    │   │   ├── TooLarge            (contract) a document beyond its budget
    │   │   └── Unsatisfiable       (contract) a schema that no body fits
    │   ├── StorageError        2   a folder or the journal cannot be used: disk full, read-only, others', damaged
    │   │   └── JournalWriteError   (journal) a step that could not be written
    │   │       └── JournalDamaged  (journal) rows are lost
    │   ├── AuthError          21   no usable key, or the provider refused it
    │   ├── InvalidRequest     22   the contract objects to the request
    │   ├── NotFound           23   no such endpoint, model or generation
    │   ├── ProviderRefused    by category: the provider answered with an error, or tells of a failed generation (10)
    │   ├── OutcomeUnknown     13   the create was sent and nobody knows what became of it
    │   ├── NotCreated         24   the time was up before anything was accepted
    │   ├── StillRunning   11, 12   the time was up, the job goes on at the provider
    │   ├── OutputError        14   generated, but there is no file to show for it
    │   │   └── CutShort            (files) less came than was announced
    │   └── InternalError      25   what nobody foresaw
    └── Interrupted      130, 143   SIGINT, SIGTERM; a KeyboardInterrupt, so that nobody takes it for a passing failure

Exit codes: 0 success · 2 usage · 10 generation failed · 11 deadline, job goes on · 12 the same
after failing reads · 13 create unknown · 14 no output · 20 credits · 21 auth · 22 request · 23 not found ·
24 transient · 25 unknown · 26 moderation · 130/143 signals.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from .failure import Category, ExitCode, Failure
from .text import clean_text

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep

TRY: Mapping[str, str] = {
    "unreadable_file": "check the path: an existing file that you may read; relative paths start at the current folder",
    "not_media": "give a PNG, JPEG, WebP, MP4, MOV, WAV or MP3 file, or an http(s) URL",
    "local_file_refused": "give an http(s) URL of the file in place of its path",
    "bad_media": "change the file to those limits, or give an http(s) URL of another",
    "bad_json": "write one JSON object with double quotes; in a shell, put it between single quotes, or use a file",
    "bad_value": "python3 scripts/inspect_openapi.py --endpoint MODEL shows what each field takes",
    "bad_set": "write --set field=value, with dots for fields inside fields and numbers for places in a list",
    "flag_not_supported": "leave the flag out, or name a model that takes it with --model",
    "unknown_key": "rename or remove that key; keys are the request flags' names without the dashes before them",
    "unknown_provider": "name one of those with --provider, or add it to config.json",
    "config_unreadable": "give a JSON file that you may read, or leave --config out to use the bundle's config.json",
    "config_invalid": "mend that line; config.schema.json beside config.json says what each key takes",
    "host_not_allowed": "leave --base-url out, or add the host to the provider's allowed_hosts in config.json",
    "empty_batch": 'write one JSON object a line, such as {"prompt": "a cat"}',
    "endpoint_not_found": "python3 scripts/inspect_openapi.py --list-endpoints shows what there is",
    "model_not_found": "python3 scripts/inspect_openapi.py --models --provider NAME lists what each provider makes",
    "broken_document": "mend the document there, or leave it out: the bundled snapshots are used then",
    "document_too_large": "give a smaller document (one model's will do); config.json's document_nodes and "
    "document_seconds are the limits",
    "model_needed": "add --model ID, or --provider NAME of a provider that makes it",
    "unknown_variant": "leave --variant out to see every variant with its fields",
    "interrupted": "run the same command again: it goes on with the job where there is one, and never pays twice",
    "network_blocked": "let this command use the network (a coding agent's sandbox may forbid it, or allow it for one "
    "command or host when asked; Codex: -c sandbox_workspace_write.network_access=true), or switch the network on; "
    "until then no try can succeed",
    "internal_error": "run the same command again; if it comes again, report this line",
    "cancel_not_offered": "go on waiting with the command in resume",
    "ca_bundle_unusable": "unset that variable, or let it name a readable PEM file",
    "usage": "run the same script with --help: every flag, with examples",
}
"""What to try, by error code, where the place that raised the error knows nothing better."""


class ReportedError(BaseException):
    """What ends a run in an ``error`` line. ``code`` is a short stable word, ``message`` one sentence.

    ``guidance`` is ours alone and never holds text from a server. ``details`` are further JSON fields of
    the ``error`` line (received, allowed, problems, resume …).
    """

    exit_code: ExitCode = ExitCode.UNKNOWN
    category: Category | None = None

    def __init__(
        self,
        code: str,
        message: str,
        *,
        guidance: tuple[str, ...] = (),
        should_retry: bool = False,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.guidance = guidance or tuple(filter(None, (TRY.get(code),)))
        self.should_retry = should_retry
        self.details: dict[str, Any] = dict(details or {})

    def as_json(self) -> dict[str, Any]:
        """The fields of an ``error`` line."""
        return {
            "error": self.code,
            "category": self.category.value if self.category else None,
            "message": clean_text(self.message),
            "should_retry": self.should_retry,
            "guidance": list(self.guidance),
            **self.details,
        }


class GenerateMediaError(ReportedError, Exception):
    """Base of all errors that reach a user."""


class UsageError(GenerateMediaError):
    """Bad flags, unreadable input, a broken config.json, a missing dependency."""

    exit_code = ExitCode.USAGE
    category = Category.VALIDATION


class StorageError(GenerateMediaError):
    """The journal or a folder cannot be used: the disk is full or read-only, or what lies there is damaged or others'.

    Nothing was wrong with the command; it has the exit code and category of one all the same.
    """

    exit_code = ExitCode.USAGE
    category = Category.VALIDATION


class AuthError(GenerateMediaError):
    """No usable key for the provider, or it was refused."""

    exit_code = ExitCode.AUTH
    category = Category.AUTH


class InvalidRequest(GenerateMediaError):
    """The contract objects to the request; nothing was sent."""

    exit_code = ExitCode.INVALID
    category = Category.VALIDATION


class NotFound(GenerateMediaError):
    """No such endpoint, model or generation."""

    exit_code = ExitCode.NOT_FOUND
    category = Category.NOT_FOUND


class OutputError(GenerateMediaError):
    """Generated, but without output, or a file could not be fetched, checked or saved."""

    exit_code = ExitCode.NO_OUTPUT
    category = Category.UNKNOWN


class OutcomeUnknown(GenerateMediaError):
    """A create was sent and its answer is lost; perhaps the job exists."""

    exit_code = ExitCode.OUTCOME_UNKNOWN
    category = Category.OUTCOME_UNKNOWN


class NotCreated(GenerateMediaError):
    """The time was up, or the provider busy, before anything was accepted: nothing to resume."""

    exit_code = ExitCode.TRANSIENT
    category = Category.TRANSIENT


class StillRunning(GenerateMediaError):
    """The time was up and the job goes on at the provider; ``reads_failed`` makes it exit 12."""

    category = Category.TRANSIENT

    def __init__(self, code: str, message: str, *, reads_failed: bool = False, **kwargs: Any) -> None:
        super().__init__(code, message, **kwargs)
        self.exit_code = ExitCode.DEADLINE_READS_FAILED if reads_failed else ExitCode.DEADLINE


class InternalError(GenerateMediaError):
    """What nobody foresaw: its kind and its place in our code, never its text, which may hold a URL or a key."""

    category = Category.UNKNOWN

    def __init__(self, error: BaseException) -> None:
        super().__init__("internal_error", f"{type(error).__name__} in {_place(error)}, which nobody foresaw")


class Interrupted(ReportedError, KeyboardInterrupt):
    """SIGINT or SIGTERM arrived."""

    category = Category.UNKNOWN

    def __init__(self, number: int) -> None:
        super().__init__("interrupted", "stopped by a signal")
        self.number = number
        self.exit_code = ExitCode(128 + number)


class ProviderRefused(GenerateMediaError):
    """The provider answered with an error; everything about it is in ``failure``."""

    def __init__(self, failure: Failure, *, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(
            failure.code or f"http_{failure.http_status}",
            failure.message,
            guidance=failure.guidance,
            should_retry=failure.should_retry,
            details={
                "http_status": failure.http_status,
                "may_have_been_created": failure.may_have_been_created,
                **(details or {}),
            },
        )
        self.failure = failure
        self.category = failure.category
        self.exit_code = failure.exit_code


def _place(error: BaseException) -> str:
    """The innermost line of ours that an error passed, such as ``files/names.py:42``."""
    place, trace = "an unknown place", error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if file.startswith(_PACKAGE):
            place = f"{file[len(_PACKAGE) :]}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place
