"""What the last line of many jobs says beside their number and sum: files, failures, how many are left. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..core import ExitCode, clean_text
from ..events import Outcome

SHOWN_FILES = 50
SHOWN_FAILURES = 20
MESSAGE_CAP = 200
_LEFT = frozenset({ExitCode.DEADLINE, ExitCode.DEADLINE_READS_FAILED, ExitCode.TRANSIENT})
"""The same command goes on with these: nothing is lost, and nothing was refused."""


def told(labels: Sequence[Mapping[str, Any]], outcomes: Sequence[Outcome | None]) -> dict[str, Any]:
    """``files`` (the first ones in line order, then how many ``more``), ``failed`` (the first ones) and ``left``, the
    number of jobs that the same command would go on with; an outcome is None where a job never began."""
    files = [path for outcome in outcomes if outcome is not None for path in _paths(outcome.line)]
    failed = [_failure(label, outcome) for label, outcome in zip(labels, outcomes, strict=True) if _has_failed(outcome)]
    left = sum(outcome is None or outcome.exit_code in _LEFT for outcome in outcomes)
    return {
        "files": files[:SHOWN_FILES],
        "more": len(files[SHOWN_FILES:]) or None,
        "failed": failed[:SHOWN_FAILURES] or None,
        "left": left or None,
    }


def _paths(line: Mapping[str, Any]) -> Iterable[str]:
    return (item["path"] for item in line.get("outputs") or () if item.get("path"))


def _has_failed(outcome: Outcome | None) -> bool:
    return outcome is not None and outcome.exit_code not in _LEFT | {ExitCode.OK}


def _failure(label: Mapping[str, Any], outcome: Outcome | None) -> dict[str, Any]:
    assert outcome is not None
    line = outcome.line
    which = dict(label) or {"generation_id": line.get("generation_id")}
    return which | {"error": line.get("error"), "message": clean_text(str(line.get("message") or ""), MESSAGE_CAP)}
