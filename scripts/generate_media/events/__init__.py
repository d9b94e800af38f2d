"""What a run says: lines on stdout, words on stderr, printed commands, outcomes, signals."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .commands import SAFE_WORD as SAFE_WORD, command as command, resume_command as resume_command
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
    from .viewer import show as show
else:
    from ..core.door import opened

    __getattr__ = opened(
        __name__,
        ("commands", "SAFE_WORD command resume_command"),
        ("ending", "at_end leave leave_with"),
        ("printer", "Outcome Printer error_outcome print_document run_document standard_printer"),
        ("signals", "Signals"),
        ("viewer", "show"),
    )
