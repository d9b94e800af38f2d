"""The durable record of every job: what was meant, sent, accepted, ended and saved (DESIGN rule 1)."""

from .failures import IdAlreadyKnown, IllegalTransition, JournalDamaged, JournalWriteError, unwritable
from .rows import Claim, ClaimKind, NewJob, Row, State, fingerprint, local_id
from .store import Journal

__all__ = [
    "Claim",
    "ClaimKind",
    "IdAlreadyKnown",
    "IllegalTransition",
    "Journal",
    "JournalDamaged",
    "JournalWriteError",
    "NewJob",
    "Row",
    "State",
    "fingerprint",
    "local_id",
    "unwritable",
]
