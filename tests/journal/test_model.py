"""Any sequence of steps, deaths and reopenings by two writers, held against a plain dictionary."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from generate_media.journal.failures import IllegalTransition
from generate_media.journal.rows import ClaimKind, State
from generate_media.journal.store import Journal
from journal_help import end, integrity, job

WRITERS = st.integers(0, 1)
JOBS = st.integers(0, 2)
RESULTS = st.sampled_from(["succeeded", "failed", "canceled", "expired"])


@dataclass
class Expected:
    number: int
    state: State
    writer: object
    result: str | None = None


class Model(RuleBasedStateMachine):
    """``rows`` is what must be on disk; a writer is the Journal object that took the row, dead once closed."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="journal-model-"))
        self.journals = [Journal.open(self.folder), Journal.open(self.folder)]
        self.rows: dict[int, Expected] = {}

    def teardown(self) -> None:
        for journal in self.journals:
            journal.close()
        assert integrity(self.folder) == "ok"
        shutil.rmtree(self.folder)

    def newest(self, number: int) -> int | None:
        return max((row_id for row_id, row in self.rows.items() if row.number == number), default=None)

    def alive(self, row: Expected) -> bool:
        return any(row.writer is journal for journal in self.journals)

    def expected_claim(self, number: int, force_new: bool) -> tuple[ClaimKind, int | None]:
        """The kind, and the row if it is an old one."""
        row_id = self.newest(number)
        if row_id is None:
            return ClaimKind.CREATED, None
        row = self.rows[row_id]
        if row.state is State.SENDING and not self.alive(row):
            row.state = State.UNKNOWN
        if row.state is State.INTENT and not self.alive(row):
            return ClaimKind.CREATED, row_id
        if force_new or row.state is State.REJECTED or (row.result is not None and row.result != "succeeded"):
            return ClaimKind.CREATED, None
        kinds = {State.INTENT: ClaimKind.BUSY, State.SENDING: ClaimKind.BUSY, State.ACCEPTED: ClaimKind.ATTACHED}
        kinds |= {State.UNKNOWN: ClaimKind.UNKNOWN}
        return kinds.get(row.state, ClaimKind.FINISHED), row_id

    @rule(who=WRITERS, number=JOBS, force_new=st.booleans())
    def claim(self, who: int, number: int, force_new: bool) -> None:
        kind, row_id = self.expected_claim(number, force_new)
        claim = self.journals[who].claim(job(number), force_new=force_new)
        assert claim.kind is kind
        if row_id is None:
            assert claim.row.row_id not in self.rows
        else:
            assert claim.row.row_id == row_id
        if kind is ClaimKind.CREATED:
            self.rows[claim.row.row_id] = Expected(number, State.INTENT, self.journals[who])

    @rule(who=WRITERS, number=JOBS)
    def dies(self, who: int, number: int) -> None:
        self.journals[who].close()
        self.journals[who] = Journal.open(self.folder)

    @rule(
        who=WRITERS,
        number=JOBS,
        to=st.sampled_from(
            [State.INTENT, State.SENDING, State.ACCEPTED, State.REJECTED, State.UNKNOWN, State.COLLECTED]
        ),
    )
    def step(self, who: int, number: int, to: State) -> None:
        row_id = self.newest(number)
        if row_id is None:
            return
        row, journal = self.rows[row_id], self.journals[who]
        legal = {
            State.INTENT: (State.INTENT, State.SENDING),
            State.SENDING: (State.INTENT, State.SENDING),
            State.ACCEPTED: (State.SENDING, State.UNKNOWN, State.ACCEPTED),
            State.REJECTED: (State.INTENT, State.SENDING, State.REJECTED),
            State.UNKNOWN: (State.SENDING, State.UNKNOWN),
            State.COLLECTED: (State.ENDED, State.COLLECTED),
        }[to]
        act = {
            State.INTENT: lambda: journal.retreat(row_id),
            State.SENDING: lambda: journal.sending(row_id),
            State.ACCEPTED: lambda: journal.accepted(row_id, generation_id=f"gen-{row_id}"),
            State.REJECTED: lambda: journal.rejected(row_id, {"code": "no"}),
            State.UNKNOWN: lambda: journal.unknown(row_id, {"code": "lost"}),
            State.COLLECTED: lambda: journal.collected(row_id, saved=[], output_dir="o"),
        }[to]
        if row.state in legal and (to is not State.SENDING or row.writer is journal):
            act()
            row.state = to
        else:
            with pytest.raises(IllegalTransition):
                act()

    @rule(who=WRITERS, number=JOBS, result=RESULTS)
    def ends(self, who: int, number: int, result: str) -> None:
        row_id = self.newest(number)
        if row_id is None:
            return
        row = self.rows[row_id]
        if row.state in (State.INTENT, State.REJECTED):
            with pytest.raises(IllegalTransition):
                end(self.journals[who], row_id, result)
            return
        end(self.journals[who], row_id, result)
        if row.result == "succeeded" != result:
            return
        if row.state is not State.COLLECTED or row.result != result:
            row.state = State.ENDED
        row.result = result

    @invariant()
    def both_see_what_must_be_there(self) -> None:
        for journal in self.journals:
            seen = {row.row_id: (row.state, row.result) for row in journal.recent(10_000)}
            dead = {State.INTENT: State.REJECTED, State.SENDING: State.UNKNOWN}
            assert seen == {
                row_id: (row.state if self.alive(row) else dead.get(row.state, row.state), row.result)
                for row_id, row in self.rows.items()
            }
            assert sum(journal.counts().values()) == len(self.rows)


TestModel = Model.TestCase
TestModel.settings = settings(max_examples=25, stateful_step_count=25, deadline=None, derandomize=True)
