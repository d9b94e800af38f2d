"""--list of more rows than are read at a time: all of them, newest first, nothing secret, valid to the end."""

from __future__ import annotations

import io
import json
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

import pytest

from conftest import Desk
from generate_media.core import BUNDLE, StorageError
from generate_media.events.printer import Printer
from generate_media.journal import Journal

ROWS = 1203
KEY = "sk-test-0123456789abcdef"


def fill(desk: Desk, **changes: Any) -> None:
    """A journal of jobs that ended; ``changes`` are those of the row in the middle."""
    write(desk, [changes if number == ROWS // 2 else {} for number in range(1, ROWS + 1)])


def write(desk: Desk, rows: Sequence[dict[str, Any]]) -> None:
    """A journal of jobs that ended, written by SQLite; ``rows`` are what each has unlike the others."""
    with Journal.open(desk.state):
        pass
    with closing(sqlite3.connect(desk.state / "journal.sqlite3")) as db, db:
        for number, changes in enumerate(rows, 1):
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
                **changes,
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


HOST = "https://open.skills.video/api/v1"
ALIKE = {"base_url": HOST, "output_dir": "/out", "asked": '{"prompt":"a cat"}', "usage": '{"credits":1}'}
SAID = ["--prompt=a cat", "--provider=skills.video", "--output-dir=/out"]


def place(**more: Any) -> str:
    return json.dumps({"pattern": "/o/{n}.png", "number": 1, "most": None, "overwrite": False} | more)


UNLIKE: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"asked": '{"prompt":"a dog"}'}, {"command": ["--prompt=a dog", *SAID[1:]]}),
    ({"asked": '{"prompt":"a cat","x":1}'}, {"command": [SAID[0], "--x=1", *SAID[1:]]}),
    ({"asked": '{"prompt":"a cat","x":true}'}, {"command": [SAID[0], "--x", *SAID[1:]]}),
    ({"asked": '{"prompt":"a cat","x":1.0}'}, {"command": [SAID[0], "--x=1.0", *SAID[1:]]}),
    ({"asked": '{"provider":"agnes","prompt":"a cat"}'}, {"command": ["--provider=agnes", SAID[0], SAID[2]]}),
    ({"asked": '{"prompt":"-"}'}, {"command": None}),
    ({"asked": None}, {"command": None}),
    ({"provider": "agnes"},
     {"provider": "agnes", "command": [SAID[0], "--provider=agnes", SAID[2], f"--base-url={HOST}"]}),
    ({"base_url": "http://[::1]:1"}, {"command": [*SAID, "--base-url=http://[::1]:1"]}),
    ({"copy": 2}, {"command": [*SAID[:2], "--count=3", SAID[2]]}),
    ({"output_dir": ""}, {"command": [*SAID[:2], "--no-download"]}),
    ({"output_dir": "/o u/t"}, {"command": [*SAID[:2], "--output-dir=/o u/t"]}),
    ({"place": place()}, {"command": [*SAID[:2], "--output=/o/{n}.png"]}),
    ({"place": place(overwrite=True)}, {"command": [*SAID[:2], "--output=/o/{n}.png", "--overwrite"]}),
    ({"place": "{}"}, {}),
    ({"usage": '{"credits":true}'}, {"usage": {"credits": True}}),
    ({"usage": '{"credits":1.0}'}, {"usage": {"credits": 1.0}}),
    ({"usage": "7"}, {"usage": 7}),
    ({"usage": '"7"'}, {"usage": "7"}),
    ({"usage": None}, {"usage": None}),
    ({"saved": '[{"path":"/a/1.png"},{"path":"/a/2.png"}]'}, {"files": ["/a/1.png", "/a/2.png"]}),
    ({"saved": "damaged"}, {"files": None}),
    ({"ended_at": None}, {"ended_at": None}),
    ({"status": "DONE", "kind": "video", "model": "n"}, {"status": "DONE", "kind": "video", "model": "n"}),
    ({"state": "rejected", "result": None, "error": '{"code":"no","message":"not so"}'},
     {"state": "rejected", "result": None, "error": "no", "message": "not so"}),
]  # fmt: skip
"""A row's columns, and how its line differs from that of its neighbours."""


def test_nothing_of_a_row_stands_in_its_neighbours_lines(desk: Desk) -> None:
    """Alike rows before, between and after such as differ in one thing: what rows share is worked out once for all."""
    changes = [columns for columns, _ in UNLIKE for columns in (columns, {}, columns)]
    write(desk, [ALIKE | columns for columns in changes])
    jobs = desk.call("wait_generation", "--list", "--limit", str(ROWS)).last["jobs"][::-1]
    alike = {**{"provider": "skills.video", "model": "m", "kind": "image", "state": "collected", "status": "COMPLETED"},
             **{"result": "succeeded", "files": ["/a/b.png"], "usage": {"credits": 1}, "command": SAID}}  # fmt: skip
    own = ("generation_id", "prompt", "created_at")
    expected = [told for _, differs in UNLIKE for told in (alike | differs, alike, alike | differs)]
    for number, (job, told) in enumerate(zip(jobs, expected, strict=True), 1):
        assert [job.pop(name) for name in own[:2]] == [f"gen_{number}", f"what is {number}?"]
        assert job.pop("created_at").endswith("+00:00")
        assert ("ended_at" in job) == ("ended_at" not in told)
        job["command"] = job["command"] and shlex.split(job["command"])[2:]
        kept = {name: value for name, value in told.items() if value is not None or name == "command"}
        assert repr({name: job[name] for name in sorted(job) if name != "ended_at"}) == repr(dict(sorted(kept.items())))


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


def test_a_list_s_start_loads_nothing_that_it_does_not_need(desk: Desk) -> None:
    """Each of them costs its start some per cent: OpenSSL, media types, Unicode's tables, HTTP."""
    write(desk, [ALIKE] * 3)
    code = "import sys, wait_generation\nwait_generation.main(['--list'])\n"
    code += (
        "print({'hashlib', 'unicodedata', 'requests', 'generate_media.media', 'generate_media.files'} & {*sys.modules})"
    )
    environ = {
        "PYTHONPATH": str(BUNDLE / "scripts"),
        "GENERATE_MEDIA_STATE_DIR": str(desk.state),
        "HOME": str(desk.home),
    }
    environ["SKILLS_VIDEO_API_KEY"] = KEY
    ran = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True)
    [line, loaded] = ran.stdout.splitlines()
    assert [shlex.split(job["command"])[2:] for job in json.loads(line)["jobs"]] == [SAID] * 3
    assert loaded == "set()"
