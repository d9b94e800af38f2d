"""How a job or a run ended: an exit code, and the line that says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..core import ExitCode, Json, ReportedError
from .printer import without_none


class Outcome(NamedTuple):
    """How one job left this run: its exit code and the line that says so."""

    exit_code: ExitCode
    line: Mapping[str, Any]

    @property
    def usage(self) -> Json:
        usage: Json = self.line.get("usage")
        return usage


def error_outcome(error: ReportedError, **fields: Any) -> Outcome:
    """A run that ended before the job did."""
    line = {"event": "error", **error.as_json()}
    line |= {name: value for name, value in fields.items() if value is not None}
    return Outcome(error.exit_code, without_none(line))
