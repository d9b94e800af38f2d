"""Who may have put something into the state folder: others' and others' to write is refused, with what mends it."""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
from pathlib import Path

import pytest

from generate_media.core.errors import ExitCode, StorageError
from generate_media.journal.rows import ClaimKind
from generate_media.journal.store import Journal
from generate_media.sandbox.store import Store
from journal_help import job

FILE = "journal.sqlite3"
NOBODY = 65534
root_only = pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="root: only it can give a folder away")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def refused(folder: Path, *, read_only: bool = False) -> StorageError:
    with pytest.raises(StorageError) as caught:
        Journal.open(folder, read_only=read_only)
    assert (caught.value.code, caught.value.exit_code) == ("state_not_private", ExitCode.USAGE)
    assert caught.value.details["try"] == "GENERATE_MEDIA_STATE_DIR=$PWD/.generate-media"
    return caught.value


def mend(error: StorageError) -> None:
    """Runs the command that the error prints, word for word."""
    command = error.details["command"]
    assert any(command in line for line in error.guidance)
    subprocess.run(command, shell=True, check=True, cwd="/", env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin"})


@pytest.mark.parametrize("found", [0o755, 0o750, 0o711, 0o704, 0o500 | 0o055])
def test_a_folder_that_others_could_only_read_is_tightened(tmp_path: Path, found: int) -> None:
    Journal.open(tmp_path).close()
    tmp_path.chmod(found)
    with Journal.open(tmp_path) as journal:
        assert journal.claim(job()).kind is ClaimKind.CREATED
    assert mode(tmp_path) == found & 0o700


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize("found", [0o775, 0o707, 0o1777, 0o720])
def test_a_folder_that_others_can_write_is_refused(tmp_path: Path, found: int, read_only: bool) -> None:
    folder = tmp_path / "it's mine"
    Journal.open(folder).close()
    folder.chmod(found)
    error = refused(folder, read_only=read_only)
    assert mode(folder) == found, "nothing is changed unasked"
    mend(error)
    Journal.open(folder, read_only=read_only).close()


@root_only
@pytest.mark.parametrize("read_only", [False, True])
def test_a_folder_of_another_user_is_refused(tmp_path: Path, read_only: bool) -> None:
    folder = tmp_path / "state"
    Journal.open(folder).close()
    os.chown(folder, NOBODY, NOBODY)
    mend(refused(folder, read_only=read_only))
    Journal.open(folder, read_only=read_only).close()


@pytest.mark.parametrize("name", [FILE, f"{FILE}-wal", f"{FILE}-shm", "locks"])
def test_a_link_in_place_of_ours_is_not_followed(tmp_path: Path, name: str) -> None:
    folder, elsewhere = tmp_path / "state", tmp_path / "elsewhere"
    folder.mkdir(mode=0o700)
    if name == "locks":
        elsewhere.mkdir()
    else:
        elsewhere.write_bytes(b"")
    (folder / name).symlink_to(elsewhere)
    error = refused(folder)
    if name == "locks":
        assert list(elsewhere.iterdir()) == []
    else:
        assert elsewhere.read_bytes() == b""
    assert shlex.split(error.details["command"]) == ["rm", str(folder / name)]
    mend(error)
    Journal.open(folder).close()


def test_a_link_to_nowhere_makes_no_file_there(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    (folder / FILE).symlink_to(tmp_path / "made")
    refused(folder)
    assert not (tmp_path / "made").exists()


def test_a_folder_reached_by_a_link_is_as_good_as_another(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir(mode=0o700)
    (tmp_path / "state").symlink_to(tmp_path / "disk")
    Journal.open(tmp_path / "state").close()
    assert (tmp_path / "disk" / FILE).exists()


@pytest.mark.parametrize("umask", [0o000, 0o002, 0o022])
def test_the_sandboxs_store_makes_no_folder_that_the_journal_refuses(tmp_path: Path, umask: int) -> None:
    """The store lies inside the journal's folder and is often there first."""
    folder = tmp_path / "state" / "sandbox"
    before = os.umask(umask)
    try:
        Store(folder / "store")
        Journal.open(folder).close()
    finally:
        os.umask(before)
    assert {mode(path) for path in (folder, folder.parent, folder / "store")} == {0o700}


@pytest.mark.parametrize("name", ["../../elsewhere", "/etc/passwd", "a" * 300, "", "a\0b"])
def test_a_writer_that_is_no_name_of_ours_is_nobody(tmp_path: Path, name: str) -> None:
    with Journal.open(tmp_path) as journal:
        row_id = journal.claim(job()).row.row_id
        with journal._database.transaction() as db:
            db.execute("UPDATE job SET writer = ? WHERE row_id = ?", (name, row_id))
        claim = journal.claim(job())
        assert (claim.kind, claim.row.row_id) == (ClaimKind.CREATED, row_id)
