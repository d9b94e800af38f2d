"""What a claim answers in each state, which steps are allowed, and what can be asked."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import pytest

from generate_media.core.readings import RemoteOutput
from generate_media.journal.failures import IdAlreadyKnown, IllegalTransition
from generate_media.journal.rows import ClaimKind, State, fingerprint, local_id
from generate_media.journal.store import Journal
from journal_help import URL, advance, end, job

STATES = [state.value for state in State]


@pytest.fixture
def journal(tmp_path: Path):
    with Journal.open(tmp_path / "state") as opened:
        yield opened


@pytest.mark.parametrize(
    ("stage", "kind"),
    [
        ("intent", ClaimKind.BUSY),
        ("sending", ClaimKind.BUSY),
        ("accepted", ClaimKind.ATTACHED),
        ("ended", ClaimKind.FINISHED),
        ("collected", ClaimKind.FINISHED),
        ("rejected", ClaimKind.CREATED),
        ("unknown", ClaimKind.UNKNOWN),
    ],
)
def test_the_newest_row_decides(journal: Journal, stage: str, kind: ClaimKind) -> None:
    first = journal.claim(job())
    assert first.kind is ClaimKind.CREATED
    advance(journal, first.row.row_id, stage)
    again = journal.claim(job())
    assert again.kind is kind
    assert (again.row.row_id == first.row.row_id) is (kind is not ClaimKind.CREATED)
    assert journal.claim(job(), force_new=True).kind is ClaimKind.CREATED
    assert journal.claim(job(1)).kind is ClaimKind.CREATED
    assert journal.claim(job(copy=1)).kind is ClaimKind.CREATED


@pytest.mark.parametrize("result", ["failed", "canceled", "expired"])
@pytest.mark.parametrize("collected", [False, True])
def test_a_job_that_failed_is_made_anew(journal: Journal, result: str, collected: bool) -> None:
    row = journal.claim(job()).row
    advance(journal, row.row_id, "accepted")
    end(journal, row.row_id, result)
    if collected:
        journal.collected(row.row_id, saved=[], output_dir="o")
    again = journal.claim(job())
    assert (again.kind, again.row.ordinal) == (ClaimKind.CREATED, 1)


LEGAL = {
    "sending": {"intent", "sending"},
    "retreat": {"intent", "sending"},
    "accepted": {"sending", "unknown", "accepted"},
    "rejected": {"intent", "sending", "rejected"},
    "unknown": {"sending", "unknown"},
    "ended": {"sending", "unknown", "accepted", "ended", "collected"},
    "collected": {"ended", "collected"},
}


@pytest.mark.parametrize(("step", "stage"), list(product(LEGAL, STATES)))
def test_only_legal_steps(journal: Journal, step: str, stage: str) -> None:
    row_id = journal.claim(job()).row.row_id
    advance(journal, row_id, stage)
    before = journal.get(row_id)
    steps = {
        "sending": lambda: journal.sending(row_id),
        "retreat": lambda: journal.retreat(row_id),
        "accepted": lambda: journal.accepted(row_id, generation_id=f"gen-{row_id}"),
        "rejected": lambda: journal.rejected(row_id, None),
        "unknown": lambda: journal.unknown(row_id, None),
        "ended": lambda: end(journal, row_id),
        "collected": lambda: journal.collected(row_id, saved=[], output_dir="o"),
    }
    if stage in LEGAL[step]:
        steps[step]()
        wanted = {"retreat": "intent", "ended": "collected" if stage == "collected" else "ended"}.get(step, step)
        assert journal.get(row_id).state.value == wanted
    else:
        with pytest.raises(IllegalTransition):
            steps[step]()
        assert journal.get(row_id) == before


def test_a_whole_job_is_found_again_as_it_was_written(tmp_path: Path) -> None:
    odd = "caf\udce9 \ud800 猫\x00"
    with Journal.open(tmp_path) as journal:
        row_id = journal.claim(job(prompt=odd, output_dir=odd, request={"prompt": odd})).row.row_id
        journal.sending(row_id, key_fingerprint="fedcba987654", base_url="https://mirror.example")
        journal.accepted(row_id, generation_id="g", aliases=[("video_id", "v")], status="QUEUED", usage={"credits": 3})
        journal.status(row_id, "RUNNING", [("task_id", "t")])
        remote = [RemoteOutput(url=URL, kind="image", role="last_frame")]
        end(journal, row_id, remote=remote, response={"a": [1, None, odd]})
        journal.collected(row_id, saved=[{"path": odd, "sha256": "ab", "url": URL}], output_dir="out")
    with Journal.open(tmp_path) as journal:
        row = journal.get(row_id)
    assert (row.prompt, row.request, row.response) == (odd, {"prompt": odd}, {"a": [1, None, odd]})
    assert (row.state, row.status, row.result, row.usage) == (State.COLLECTED, "COMPLETED", "succeeded", {"credits": 3})
    assert (row.key_fingerprint, row.base_url) == ("fedcba987654", "https://mirror.example")
    assert row.aliases == (("video_id", "v"), ("task_id", "t"))
    assert row.remote == tuple(remote)
    assert (row.saved, row.output_dir) == ([{"path": odd, "sha256": "ab", "url": URL}], "out")


def test_a_synchronous_result_gets_a_local_id(journal: Journal) -> None:
    row = journal.claim(job()).row
    journal.sending(row.row_id)
    end(journal, row.row_id)
    identity = f"local-{row.fingerprint[:12]}-0"
    assert journal.get(row.row_id).generation_id == identity == local_id(row.fingerprint, row.ordinal)
    assert [found.row_id for found in journal.find(identity)] == [row.row_id]


def test_neither_media_bytes_nor_endless_answers_are_kept(tmp_path: Path) -> None:
    picture = "iVBORw0KGgo" + "QUJD" * 2000
    deep: list[object] = []
    for _ in range(500):
        deep = [deep]
    with Journal.open(tmp_path) as journal:
        body = {
            "image": f"data:image/png;base64,{picture}",
            "images": [picture],
            "prompt": "word " * 2000,
            "deep": deep,
        }
        row_id = journal.claim(job(request=body)).row.row_id
        journal.sending(row_id)
        inline = [RemoteOutput(inline=picture, kind="image"), RemoteOutput(url=f"data:image/png;base64,{picture}")]
        end(journal, row_id, remote=inline, response={"data": [{"b64_json": picture}], "long": ["ä;"] * 500_000})
        row = journal.get(row_id)
    on_disk = b"".join(path.read_bytes() for path in tmp_path.glob("journal*"))
    assert picture[:100].encode() not in on_disk
    assert [output.url for output in row.remote] == [None, None]
    assert isinstance(row.request, dict)
    assert row.request["prompt"] == "word " * 2000
    assert len(json.dumps(row.response)) < 100


def test_a_success_is_never_overwritten(journal: Journal) -> None:
    row_id = journal.claim(job()).row.row_id
    advance(journal, row_id, "accepted")
    end(journal, row_id, "canceled")
    end(journal, row_id, "succeeded")
    end(journal, row_id, "expired")
    assert (journal.get(row_id).result, journal.get(row_id).remote) == ("succeeded", (RemoteOutput(url=URL),))


def test_a_lost_job_is_attached_to_one_row_only(journal: Journal) -> None:
    rows = [journal.claim(job(copy=copy)).row.row_id for copy in (0, 1)]
    for row_id in rows:
        advance(journal, row_id, "unknown")
    journal.accepted(rows[0], generation_id="found")
    with pytest.raises(IdAlreadyKnown):
        journal.accepted(rows[1], generation_id="found")
    assert [journal.get(row_id).state for row_id in rows] == [State.ACCEPTED, State.UNKNOWN]


def test_an_adopted_id_has_one_row_and_no_claim_finds_it(journal: Journal) -> None:
    elsewhere = job(fingerprint="")
    adopted = journal.adopt(elsewhere, "made-elsewhere")
    assert adopted.state is State.ACCEPTED
    assert journal.adopt(elsewhere, "made-elsewhere").row_id == adopted.row_id
    assert journal.adopt(elsewhere, "another").row_id != adopted.row_id
    assert journal.claim(elsewhere).kind is ClaimKind.CREATED
    assert journal.known_ids("skills.video") == {"made-elsewhere", "another"}
    assert journal.known_ids("agnes") == frozenset()


def test_what_a_run_had_no_time_left_to_send_is_no_job(journal: Journal) -> None:
    put_off, refused = journal.claim(job()).row, journal.claim(job(1)).row
    journal.rejected(put_off.row_id, None)
    advance(journal, refused.row_id, "rejected")
    for seen in (journal.listed(9), journal.listed(9, unsuccessful=True), journal.of_folder(("generated",))):
        assert [row.row_id for row in seen] == [refused.row_id]
    assert journal.counts() == {State.REJECTED: 1}
    assert journal.expenses() == ()
    again = journal.claim(job())
    assert again.kind is ClaimKind.CREATED
    assert [row.row_id for row in journal.recent()] == [again.row.row_id, refused.row_id], "it took the other's place"
    assert (again.row.state, again.row.ordinal) == (State.INTENT, 0)
    assert journal.claim(job(1)).row.ordinal == 1, "a refusal stays"


def test_questions(journal: Journal) -> None:
    rows = {stage: journal.claim(job(n)).row.row_id for n, stage in enumerate(STATES)}
    for stage, row_id in rows.items():
        advance(journal, row_id, stage)
    assert journal.counts() == dict.fromkeys(State, 1)
    assert {row.state.value for row in journal.open_rows()} == {"intent", "sending", "accepted", "unknown"}
    assert [row.row_id for row in journal.unsaved_rows()] == [rows["ended"]]
    assert [row.row_id for row in journal.recent(2)] == sorted(rows.values(), reverse=True)[:2]
    journal.accepted(rows["accepted"], generation_id=f"gen-{rows['accepted']}", usage={"credits": 3})
    assert journal.last_usage("skills.video", "m") is None, "an open job does not teach what its like costs"
    end(journal, rows["ended"], usage={"credits": 7})
    assert journal.last_usage("skills.video", "m") == {"credits": 7}
    assert journal.last_usage("skills.video", "other") is None
    assert journal.find("gen-1", "agnes") == journal.find("none") == ()
    with pytest.raises(KeyError):
        journal.get(99)


def test_a_saved_picture_goes_by_its_url_while_that_is_fresh(tmp_path: Path) -> None:
    now = [1000.0]
    with Journal.open(tmp_path, wall=lambda: now[0]) as journal:
        row_id = journal.claim(job()).row.row_id
        advance(journal, row_id, "ended")
        journal.collected(row_id, saved=[{"sha256": "ab", "url": URL}, {"sha256": "cd"}], output_dir="o")
        assert journal.url_for_bytes("ab", "skills.video", 100) == URL
        assert journal.url_for_bytes("cd", "skills.video", 100) is None
        assert journal.url_for_bytes("ab", "agnes", 100) is None
        now[0] = 1101.0
        assert journal.url_for_bytes("ab", "skills.video", 100) is None
        end(journal, row_id)
        assert journal.url_for_bytes("ab", "skills.video", 100) is None, (
            "the same URL is no younger for being seen again"
        )
        now[0] = 500.0
        assert journal.url_for_bytes("ab", "skills.video", 100) == URL, "a clock set back makes no negative age"


def test_a_clock_set_back_does_not_hide_the_newest_row(tmp_path: Path) -> None:
    now = [2_000_000_000.0]
    with Journal.open(tmp_path, wall=lambda: now[0]) as journal:
        advance(journal, journal.claim(job()).row.row_id, "rejected")
        now[0] = 5.0
        second = journal.claim(job()).row
        advance(journal, second.row_id, "accepted")
        assert journal.claim(job()).row.row_id == second.row_id
        assert journal.recent(1)[0].row_id == second.row_id


def test_fingerprint_sees_every_part_and_no_order() -> None:
    parts: list[tuple[str, str, str, str, object]] = [
        ("p", "k", "POST", "/x", {"a": 1, "b": ["\ud800"]}),
        ("q", "k", "POST", "/x", {"a": 1, "b": ["\ud800"]}),
        ("p", "l", "POST", "/x", {"a": 1, "b": ["\ud800"]}),
        ("p", "k", "PUT", "/x", {"a": 1, "b": ["\ud800"]}),
        ("p", "k", "POST", "/y", {"a": 1, "b": ["\ud800"]}),
        ("p", "k", "POST", "/x", {"a": "1", "b": ["\ud800"]}),
    ]
    assert len({fingerprint(*part) for part in parts}) == len(parts)  # type: ignore[arg-type]
    assert fingerprint("p", "k", "POST", "/x", {"b": ["\ud800"], "a": 1}) == fingerprint(*parts[0])  # type: ignore[arg-type]


MADE_ELSEWHERE = {"fingerprint": ""}
# how a row came to be and how far it has got → whether it is forgotten
DISOWNED: dict[str, tuple[dict[str, str], str, bool]] = {
    "an id made elsewhere of which nobody has heard": (MADE_ELSEWHERE, "", True),
    "one of which its provider has spoken": (MADE_ELSEWHERE, "status", False),
    "one that has ended": (MADE_ELSEWHERE, "ended", False),
    "one that has ended without a word": (MADE_ELSEWHERE, "ended in silence", False),
    "a job of ours": ({}, "", False),
    "a job of ours that was told of": ({}, "status", False),
}


@pytest.mark.parametrize("name", DISOWNED)
def test_only_an_id_that_was_never_a_job_is_forgotten(journal: Journal, name: str) -> None:
    """A slip of the keyboard leaves no trace; a job that was accepted, or that its provider knew, stays."""
    changes, stage, forgotten = DISOWNED[name]
    other = journal.adopt(job(**MADE_ELSEWHERE), "gen-2").row_id
    if changes:
        row_id = journal.adopt(job(**changes), "gen-1").row_id
    else:
        row_id = journal.claim(job()).row.row_id
        journal.sending(row_id)
        journal.accepted(row_id, generation_id="gen-1", aliases=[("video_id", "video-1")])
    if stage == "status":
        journal.status(row_id, "IN_QUEUE")
    elif stage:
        end(journal, row_id, status="" if "silence" in stage else "COMPLETED")
    journal.disown(row_id)
    assert [row.row_id for row in journal.find("gen-1")] == ([] if forgotten else [row_id])
    assert sorted(row.row_id for row in journal.recent()) == sorted([other, *([] if forgotten else [row_id])])
    assert [row.row_id for row in journal.find("gen-2")] == [other]
    later = journal.adopt(job(**MADE_ELSEWHERE), "gen-3").row_id  # SQLite may give it the number that became free
    assert [row.row_id for row in journal.find("gen-1")] == ([] if forgotten else [row_id])
    assert [row.row_id for row in journal.find("gen-3")] == [later]
