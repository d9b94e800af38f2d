"""--list of more rows than are read at a time: all of them, newest first, nothing secret, valid to the end."""

from __future__ import annotations

import io
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from conftest import Desk
from generate_media.core import StorageError
from generate_media.events.printer import Printer
from generate_media.journal import Journal

ROWS = 1203
KEY = "sk-test-0123456789abcdef"


def fill(desk: Desk, **changes: Any) -> None:
    """A journal of jobs that ended, written by SQLite; ``changes`` are those of the row in the middle."""
    with Journal.open(desk.state):
        pass
    with closing(sqlite3.connect(desk.state / "journal.sqlite3")) as db, db:
        for number in range(1, ROWS + 1):
            row = {
                **dict.fromkeys(("base_url", "key_fingerprint", "path", "output_dir"), ""),
                **{
                    "copy": 0,
                    "ordinal": 0,
                    "provider": "skills.video",
                    "key_space": "k",
                    "model": "m",
                    "kind": "image",
                },
                **{"fingerprint": f"{number}", "generation_id": f"gen_{number}", "prompt": f"what is {number}?"},
                **{"state": "collected", "status": "COMPLETED", "result": "succeeded", "created_at": 1.79e9 + number},
                **{"ended_at": 1.79e9 + number + 0.9, "usage": '{"credits":4}', "saved": '[{"path":"/a/b.png"}]'},
                **(changes if number == ROWS // 2 else {}),
            }
            db.execute(f"INSERT INTO job ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", tuple(row.values()))


def test_every_row_newest_first(desk: Desk) -> None:
    fill(desk)
    ran = desk.call("wait_generation", "--list", "--limit", "1200")
    jobs = ran.last["jobs"]
    assert [job["generation_id"] for job in jobs] == [f"gen_{number}" for number in range(ROWS, ROWS - 1200, -1)]
    assert jobs[0] == {
        **{"generation_id": f"gen_{ROWS}", "provider": "skills.video", "model": "m", "kind": "image"},
        **{"state": "collected", "status": "COMPLETED", "result": "succeeded", "prompt": f"what is {ROWS}?"},
        **{"created_at": "2026-09-21T14:33:23+00:00", "ended_at": "2026-09-21T14:33:23+00:00"},
        **{"files": ["/a/b.png"], "usage": {"credits": 4}, "command": None},
    }
    assert ran.last["counts"] == {"collected": ROWS}


DAMAGE = {
    "a key": ({"status": KEY, "usage": json.dumps({KEY: "x"})}, "<key>"),
    "a signature": ({"status": "https://files.example/a?X-Signature=0123456789abcdef"}, "<signature>"),
    "control characters": ({"status": "a\x1b[31m\u202eb\x85"}, "a[31mb"),
    "text that is no UTF-8": ({"model": sqlite3.Binary(b"\xff\xfe"), "prompt": sqlite3.Binary(b"\xff")}, "\ufffd"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_row_that_strangers_wrote(desk: Desk, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    changes, shown = DAMAGE[name]
    monkeypatch.setenv("SKILLS_VIDEO_API_KEY", KEY)
    fill(desk, **changes)
    ran = desk.call("wait_generation", "--list", "--limit", str(ROWS))
    assert len(ran.last["jobs"]) == ROWS
    assert KEY not in ran.out
    assert "0123456789abcdef" not in ran.out
    assert shown in json.dumps(ran.last["jobs"][ROWS - ROWS // 2], ensure_ascii=False)


def test_a_journal_that_breaks_while_it_is_listed_ends_the_line() -> None:
    def rows() -> Iterator[dict[str, Any]]:
        yield from ({"prompt": "a cat"} for _ in range(700))
        raise StorageError("journal_corrupt", "the journal is damaged")

    out = io.StringIO()
    with pytest.raises(StorageError):
        Printer(out, io.StringIO()).line({"event": "list", "jobs": rows(), "counts": {"collected": 700}})
    [line] = map(json.loads, out.getvalue().splitlines())
    assert (line["event"], line["incomplete"], "counts" in line) == ("list", True, False)
