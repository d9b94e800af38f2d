"""A state folder that somebody else prepared: no file of the user's becomes an output, no link leads out of it."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from conftest import Desk, Ran

MAIN = ("--model", "google/nano-banana-pro", "--prompt", "a cat")


def outside(desk: Desk, data: bytes, name: str = "mine.png") -> Path:
    """A file of the user's that no job made."""
    path = desk.home / name
    path.write_bytes(data)
    return path


def picture(colour: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(out, "PNG")
    return out.getvalue()


def prepare(desk: Desk, path: str | None, data: bytes, **columns: str) -> None:
    """Makes the finished job's row name ``path`` as its one output, with the size and sha256 of ``data``."""
    with sqlite3.connect(desk.state / "journal.sqlite3") as db:
        (text,) = db.execute("SELECT saved FROM job").fetchone()
        item = json.loads(text)[0]
        item |= {"path": path, "size_bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        db.execute("UPDATE job SET saved = ?", (json.dumps([item]),))
        for name, value in columns.items():
            db.execute(f"UPDATE job SET {name} = ?", (value,))
    db.close()


def in_folder(ran: Ran) -> Path:
    return Path(ran.last["outputs"][0]["path"])


def same_size(desk: Desk, made: Path) -> None:
    """Other bytes of the same length at the very place."""
    whole = bytearray(made.read_bytes())
    whole[-20] ^= 0xFF
    made.write_bytes(whole)


def elsewhere(desk: Desk, made: Path) -> None:
    data = picture("teal")
    prepare(desk, str(outside(desk, data)), data)


def above(desk: Desk, made: Path) -> None:
    data = picture("teal")
    outside(desk, data)
    prepare(desk, f"{made.parent}/../../mine.png", data)


def link(desk: Desk, made: Path) -> None:
    data = picture("teal")
    (made.parent / "link.png").symlink_to(outside(desk, data))
    prepare(desk, str(made.parent / "link.png"), data)


def linked_folder(desk: Desk, made: Path) -> None:
    data = picture("teal")
    outside(desk, data)
    (made.parent / "deeper").symlink_to(desk.home)
    prepare(desk, str(made.parent / "deeper/mine.png"), data)


def no_media(desk: Desk, made: Path) -> None:
    """With its true sha256, in a folder that the journal calls its own."""
    data = b"-----BEGIN PLACEHOLDER-----\n" * 40
    path = outside(desk, data, "id_test")
    prepare(desk, str(path), data, output_dir=str(path.parent))


def no_folder(desk: Desk, made: Path) -> None:
    data = picture("teal")
    prepare(desk, str(outside(desk, data)), data, output_dir="")


def no_path(desk: Desk, made: Path) -> None:
    prepare(desk, 5, made.read_bytes())  # type: ignore[arg-type]


TRICKS: dict[str, Callable[[Desk, Path], None]] = {
    "other bytes of the same size": same_size,
    "a file elsewhere": elsewhere,
    "a way out by dots": above,
    "a link": link,
    "a folder that is a link": linked_folder,
    "no picture": no_media,
    "no folder of its own": no_folder,
    "a number for a path": no_path,
}


@pytest.mark.parametrize("name", TRICKS)
def test_what_the_journal_names_is_an_output_only_if_the_job_made_it(desk: Desk, name: str) -> None:
    first = desk.run(*MAIN)
    original = in_folder(first).read_bytes()
    TRICKS[name](desk, in_folder(first))
    again = desk.run(*MAIN)
    assert (again.code, again.last["ok"], again.last.get("reused")) == (0, True, True), again.out
    path = in_folder(again)
    assert path.parent == Path("generated").absolute()
    assert path.read_bytes() == original, "fetched anew"
    assert not path.is_symlink()
    assert desk.creates() == 1


def test_an_honest_row_is_reused_without_a_request(desk: Desk) -> None:
    first = desk.run(*MAIN)
    before = len(desk.log()["requests"])
    again = desk.run(*MAIN)
    assert (again.code, again.last["reused"], in_folder(again)) == (0, True, in_folder(first))
    assert len(desk.log()["requests"]) == before


def test_an_output_folder_that_is_a_link_of_the_users_is_fine(desk: Desk) -> None:
    (desk.home / "big-disk").mkdir()
    Path("generated").symlink_to(desk.home / "big-disk")
    first = desk.run(*MAIN)
    before = len(desk.log()["requests"])
    again = desk.run(*MAIN)
    assert (again.code, in_folder(again)) == (0, in_folder(first))
    assert len(desk.log()["requests"]) == before


def writable_by_others(desk: Desk) -> None:
    desk.state.chmod(0o777)


def of_another_user(desk: Desk) -> None:
    if os.geteuid() != 0:
        pytest.skip("root: only it can give a folder away")
    os.chown(desk.state, 65534, 65534)


def linked_journal(desk: Desk) -> None:
    file = desk.state / "journal.sqlite3"
    shutil.move(file, desk.home / "elsewhere.sqlite3")
    file.symlink_to(desk.home / "elsewhere.sqlite3")


FOLDERS: dict[str, Callable[[Desk], None]] = {
    "others can write it": writable_by_others,
    "it belongs to user": of_another_user,
    "is a symbolic link": linked_journal,
}
CALLS: dict[str, tuple[str, tuple[str, ...]]] = {
    "the same command": ("create_and_wait", MAIN),
    "a dry run": ("create_and_wait", (*MAIN, "--dry-run")),
    "--list": ("wait_generation", ("--list",)),
    "--all": ("wait_generation", ("--all",)),
}


@pytest.mark.parametrize(
    ("name", "call"),
    [
        *((name, "the same command") for name in FOLDERS),
        ("is a symbolic link", "--list"),
        ("is a symbolic link", "--all"),
    ],
)
def test_a_folder_that_is_not_the_users_alone_is_refused(desk: Desk, name: str, call: str) -> None:
    assert desk.run(*MAIN).code == 0
    FOLDERS[name](desk)
    script, args = CALLS[call]
    ran = desk.run(*args, script=script) if script == "create_and_wait" else desk.call(script, *args)
    assert (ran.code, ran.last["error"]) == (2, "state_not_private"), ran.out
    assert name in ran.last["message"]
    assert ran.last["command"] in " ".join(ran.last["guidance"])
    assert desk.creates() == 1


LOSSES: dict[str, Callable[[Path], Any]] = {
    "emptied": lambda file: file.write_bytes(b""),
    "gone": lambda file: [path.unlink() for path in file.parent.glob(f"{file.name}*")],
    "cut in half": lambda file: os.truncate(file, file.stat().st_size // 2),
    "cut to a page": lambda file: os.truncate(file, 4096),
}


@pytest.mark.parametrize(
    ("loss", "call"),
    [
        *((loss, "the same command") for loss in LOSSES),
        *(("gone", call) for call in CALLS if call != "the same command"),
    ],
)
def test_a_journal_that_lost_its_rows_is_said_once(desk: Desk, loss: str, call: str) -> None:
    """Exit 2 with what to do, before anything is sent; the next run goes on."""
    assert desk.run(*MAIN).code == 0
    LOSSES[loss](desk.state / "journal.sqlite3")
    script, args = CALLS[call]
    ran = desk.run(*args, script=script) if script == "create_and_wait" else desk.call(script, *args)
    assert (ran.code, ran.last["error"] in ("journal_lost", "journal_corrupt")) == (2, True), ran.out
    assert ran.last["guidance"]
    assert desk.creates() == 1
    assert desk.run(*MAIN).code == 0
    assert desk.creates() == 2


def test_the_sandboxs_journal_is_watched_as_well(desk: Desk) -> None:
    words = ("--sandbox", "--prompt", "a paper boat")
    assert desk.call("create_and_wait", *words).code == 0
    (desk.state / "sandbox/journal.sqlite3").write_bytes(b"")
    said = desk.call("create_and_wait", *words)
    assert (said.code, said.last["error"]) == (2, "journal_lost"), said.out
    assert desk.call("create_and_wait", *words).code == 0
    assert desk.run(*MAIN).code == 0, "the real one has lost nothing"
