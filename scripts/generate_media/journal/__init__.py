"""The durable record of every job: what was meant, sent, accepted, ended and saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .balances import last_balance as last_balance, remember_balance as remember_balance
    from .failures import (
        IdAlreadyKnown as IdAlreadyKnown,
        IllegalTransition as IllegalTransition,
        JournalDamaged as JournalDamaged,
        JournalWriteError as JournalWriteError,
        unwritable as unwritable,
    )
    from .private import make_folder as make_folder
    from .rows import (
        Claim as Claim,
        ClaimKind as ClaimKind,
        Expense as Expense,
        NewJob as NewJob,
        Row as Row,
        State as State,
        fingerprint as fingerprint,
        local_id as local_id,
    )
    from .store import Journal as Journal
else:
    from ..core.door import opened

    __getattr__ = opened(
        __name__,
        ("balances", "last_balance remember_balance"),
        ("failures", "IdAlreadyKnown IllegalTransition JournalDamaged JournalWriteError unwritable"),
        ("private", "make_folder"),
        ("rows", "Claim ClaimKind Expense NewJob Row State fingerprint local_id"),
        ("store", "Journal"),
    )
