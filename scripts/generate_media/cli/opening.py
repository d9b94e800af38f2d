"""``--open``: the result of a run with the system's own viewer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..events import Printer, show


def show_result(line: Mapping[str, Any], printer: Printer) -> None:
    """Show what a run's last line tells of: its page where there is one, else its film, else its first file."""
    target = line.get("gallery") or line.get("joined") or _first_file(line)
    if target and not show(str(target)):
        printer.say("this machine has no viewer to open it with")


def _first_file(line: Mapping[str, Any]) -> str | None:
    paths = [*(line.get("files") or ()), *(item.get("path") for item in line.get("outputs") or ())]
    return next((path for path in paths if path), None)
