"""What a run says: lines on stdout, words on stderr, printed commands, outcomes, signals."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .audience import JSON_FLAG as JSON_FLAG, is_person as is_person, wants_json as wants_json
    from .commands import (
        SAFE_WORD as SAFE_WORD,
        command as command,
        commands_of as commands_of,
        resume_command as resume_command,
        runnable as runnable,
    )
    from .ending import at_end as at_end, leave as leave, leave_with as leave_with
    from .printer import (
        Outcome as Outcome,
        Printer as Printer,
        error_outcome as error_outcome,
        print_document as print_document,
        run_document as run_document,
        standard_printer as standard_printer,
    )
    from .signals import Signals as Signals
    from .view import View as View, show_with as show_with
    from .viewer import show as show
else:
    from ..core.door import opened

    __getattr__ = opened(
        __name__,
        ("audience", "JSON_FLAG is_person wants_json"),
        ("commands", "SAFE_WORD command commands_of resume_command runnable"),
        ("ending", "at_end leave leave_with"),
        ("printer", "Outcome Printer error_outcome print_document run_document standard_printer"),
        ("signals", "Signals"),
        ("view", "View show_with"),
        ("viewer", "show"),
    )
