"""Damaged, foreign, older and newer journals; folders that cannot be used; disks that fail."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import sqlite3
import stat
import subprocess
from pathlib import Path

import pytest

from generate_media.core.errors import ExitCode, StorageError
from generate_media.core.paths import BUNDLE
from generate_media.journal import columns, folder, schema
from generate_media.journal.failures import JournalWriteError
from generate_media.journal.rows import ClaimKind, State
from generate_media.journal.store import Journal
from journal_help import advance, integrity, job, writer
from tools import require_tool

FILE = "journal.sqlite3"
OPEN_AND_CLAIM = """
from generate_media.core.errors import StorageError
try:
    with Journal.open(Path(sys.argv[1])) as journal:
        print(journal.claim(job()).kind.value)
except StorageError as error:
    print(error.code, error.details.get("try"))
"""


def damaged(path: Path, how: str) -> None:
    whole = path.read_bytes()
    rng = random.Random(7)
    contents = {
        "garbage": rng.randbytes(20_000),
        "text": b"not a journal\n" * 100,
        "truncated": whole[: len(whole) // 2],
        "first page only": whole[:4096],
        "header lost": b"\0" * 100 + whole[100:],
        "pages overwritten": whole[:4096] + rng.randbytes(len(whole) - 4096),
    }
    path.write_bytes(contents[how])


@pytest.mark.parametrize("how", ["garbage", "text", "truncated", "first page only", "header lost", "pages overwritten"])
def test_a_damaged_journal_is_set_aside_and_said_so(tmp_path: Path, how: str) -> None:
    with Journal.open(tmp_path) as journal:
        for number in range(5):
            advance(journal, journal.claim(job(number)).row.row_id, "accepted")
    damaged(tmp_path / FILE, how)
    bytes_before = (tmp_path / FILE).read_bytes()
    with pytest.raises(StorageError) as caught, Journal.open(tmp_path) as journal:
        journal.claim(job())
    assert (caught.value.code, caught.value.exit_code) == ("journal_corrupt", ExitCode.USAGE)
    kept = Path(caught.value.details["set_aside"])
    assert kept.read_bytes() == bytes_before
    assert str(kept) in caught.value.message
    with Journal.open(tmp_path) as journal:
        assert journal.claim(job()).kind is ClaimKind.CREATED
    assert kept.read_bytes() == bytes_before


def test_another_programs_database_is_set_aside(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / FILE)) as db:
        db.execute("CREATE TABLE other (x)")
    (tmp_path / "locks").mkdir()
    with pytest.raises(StorageError, match="not a database of this program"):
        Journal.open(tmp_path)


def test_an_empty_file_is_a_new_journal(tmp_path: Path) -> None:
    (tmp_path / FILE).touch()
    with Journal.open(tmp_path) as journal:
        assert journal.claim(job()).kind is ClaimKind.CREATED


@pytest.mark.parametrize("read_only", [False, True])
def test_a_newer_journal_is_refused_and_left_alone(tmp_path: Path, read_only: bool) -> None:
    Journal.open(tmp_path).close()
    with contextlib.closing(sqlite3.connect(tmp_path / FILE)) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(StorageError) as caught:
        Journal.open(tmp_path, read_only=read_only)
    assert (caught.value.code, caught.value.details["received"]) == ("journal_newer", 99)
    assert [path.name for path in tmp_path.glob("journal*")] == [FILE]


def test_a_journal_of_version_1_comes_forward(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / FILE)) as db:
        db.executescript((Path(__file__).parent / "version_1.sql").read_text(encoding="utf-8"))
    with Journal.open(tmp_path, wall=lambda: 1700.0) as journal:
        row = journal.get(1)
        assert (row.state, row.generation_id, row.prompt) == (State.COLLECTED, "gen-1", "a cat")
        assert journal.url_for_bytes("ab" * 32, "skills.video", 3600) == "https://files.example/a.png?sign=1"
        assert journal.get(2).state is State.UNKNOWN
        assert [found.row_id for found in journal.find("gen-1")] == [1]
        assert journal.claim(job()).kind is ClaimKind.CREATED
    with contextlib.closing(sqlite3.connect(tmp_path / FILE)) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == len(schema.STEPS)
    assert integrity(tmp_path) == "ok"


def test_a_migration_that_fails_leaves_the_old_journal(tmp_path: Path) -> None:
    with contextlib.closing(sqlite3.connect(tmp_path / FILE)) as db:
        db.executescript((Path(__file__).parent / "version_1.sql").read_text(encoding="utf-8"))
        db.execute("CREATE TABLE saved_file (in_the_way)")
    with pytest.raises(JournalWriteError):
        Journal.open(tmp_path)
    with contextlib.closing(sqlite3.connect(tmp_path / FILE)) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == 1
        assert db.execute("SELECT count(*) FROM job").fetchone()[0] == 2


@pytest.mark.parametrize(
    "value", [None, b"\xff\xfe", "{", "[1]", '[["a"]]', '{"a":1}', "x" * 100, 3.5, "NaN", "[null,[]]"]
)
def test_damaged_columns_never_raise_and_never_create(tmp_path: Path, value: object) -> None:
    with Journal.open(tmp_path) as journal:
        row_id = journal.claim(job()).row.row_id
        advance(journal, row_id, "collected")
    free = (
        "aliases",
        "error",
        "response",
        "remote",
        "saved",
        "usage",
        "request",
        "media_sha256",
        "accepted_at",
        "stem",
    )
    with contextlib.closing(sqlite3.connect(tmp_path / FILE)) as db:
        for name in free:
            db.execute(f"UPDATE job SET {name} = ?", (value,))
        db.execute("UPDATE job SET state = coalesce(?, 'x'), prompt = CAST(x'ff61' AS TEXT)", (value,))
        db.commit()
    with Journal.open(tmp_path) as journal:
        assert journal.get(row_id).state is State.UNKNOWN
        assert journal.get(row_id).prompt == "\ufffda"
        assert journal.claim(job()).kind is ClaimKind.UNKNOWN
        assert journal.counts() == {State.UNKNOWN: 1}
        assert len(journal.recent()) == 1


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("x")
    for place in (tmp_path / "state", tmp_path / "state" / "deeper"):
        with pytest.raises(StorageError) as caught:
            Journal.open(place)
        assert (caught.value.code, caught.value.details["try"]) == (
            "state_unwritable",
            "GENERATE_MEDIA_STATE_DIR=$PWD/.generate-media",
        )


def test_reading_a_missing_journal_makes_nothing(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "state", read_only=True) as journal:
        assert journal.recent() == journal.open_rows() == ()
        assert journal.counts() == {}
    assert list(tmp_path.iterdir()) == []


def as_nobody() -> tuple[str, ...]:
    """root may write everywhere; nobody may not."""
    if os.name != "posix" or os.geteuid() != 0:
        return ()
    return (require_tool("setpriv"), "--reuid=65534", "--regid=65534", "--clear-groups")


@pytest.fixture
def modules(tmp_path: Path):
    """The package where everybody can read it: a checkout may lie in a private folder."""
    place = Path("/tmp") / f"journal-modules-{os.getpid()}-{tmp_path.name}"
    shutil.copytree(BUNDLE / "scripts/generate_media", place / "generate_media")
    shutil.copy(BUNDLE / "tests/support/journal_help.py", place)
    subprocess.run(["chmod", "-R", "a+rX", str(place)], check=True)
    yield place
    shutil.rmtree(place)


@pytest.fixture
def open_path(tmp_path: Path):
    """A folder that another user can reach and read, and nobody else can write."""
    place = Path("/tmp") / f"journal-test-{os.getpid()}-{tmp_path.name}"
    place.mkdir(mode=0o755)
    yield place
    subprocess.run(["rm", "-rf", str(place)], check=True)


def test_a_folder_that_cannot_be_written(open_path: Path, modules: Path) -> None:
    open_path.chmod(0o555)
    with writer(OPEN_AND_CLAIM, open_path / "state", prefix=as_nobody(), modules=modules) as process:
        out, err = process.communicate(timeout=20)
    assert (out, err) == ("state_unwritable GENERATE_MEDIA_STATE_DIR=$PWD/.generate-media\n", "")


def test_a_journal_in_a_read_only_folder_can_be_listed(open_path: Path, modules: Path) -> None:
    with Journal.open(open_path) as journal:
        advance(journal, journal.claim(job()).row.row_id, "accepted")
    (open_path / FILE).chmod(0o444)
    open_path.chmod(0o555)
    code = "print([r.generation_id for r in Journal.open(Path(sys.argv[1]), read_only=True).recent()])\n"
    with writer(code + OPEN_AND_CLAIM, open_path, prefix=as_nobody(), modules=modules) as process:
        out, err = process.communicate(timeout=20)
    assert out.splitlines() == ["['gen-1']", "state_unwritable GENERATE_MEDIA_STATE_DIR=$PWD/.generate-media"], err


@pytest.mark.parametrize("umask", [0o000, 0o777, 0o277])
def test_nobody_else_can_read_it_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    code = "os.umask(int(sys.argv[2]))\n" + OPEN_AND_CLAIM + "\nos._exit(0)"
    place = tmp_path / "home" / "state"
    hang = code.replace("print(journal.claim(job()).kind.value)", "journal.claim(job()); os.kill(os.getpid(), 9)")
    with writer(hang, place, umask) as process:
        process.wait(timeout=20)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in place.glob("journal*")}
    assert modes == dict.fromkeys((FILE, f"{FILE}-wal", f"{FILE}-shm"), 0o600)
    assert {stat.S_IMODE(path.stat().st_mode) for path in (place, place.parent, place / "locks")} == {0o700}


MOUNTS = """22 1 254:0 / / rw,relatime - ext4 /dev/vda rw
30 22 0:50 / /home rw shared:1 - nfs4 server:/home rw
31 30 0:51 / /home/my\\040disk rw - xfs /dev/sdb rw
32 22 0:52 / /mnt rw - fuse.sshfs me@host: rw
33 32 0:53 / /mnt rw - tmpfs tmpfs rw
a damaged line
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/me/.local/state", "nfs4"),
        ("/home", "nfs4"),
        ("/homework", "ext4"),
        ("/home/my disk/state", "xfs"),
        ("/mnt/x", "tmpfs"),
        ("/", "ext4"),
    ],
)
def test_the_file_system_under_a_path(path: str, kind: str) -> None:
    assert folder.kind_of_mount(path, MOUNTS.splitlines()) == kind


def test_this_machines_file_systems_are_told(tmp_path: Path) -> None:
    findmnt = require_tool("findmnt")
    for path in (tmp_path, Path("/proc"), Path("/")):
        told = subprocess.run([findmnt, "-no", "FSTYPE", "-T", path], capture_output=True, text=True, check=True)
        assert folder.file_system_of(path) == told.stdout.split()[-1]


FULL_DISK = """
from generate_media.core.errors import StorageError
root = Path(sys.argv[1])
journal = Journal.open(root / "state")
done = journal.claim(job(0)).row.row_id
advance(journal, done, "sending")
ballast = os.open(root / "ballast", os.O_WRONLY | os.O_CREAT)
try:
    while True:
        os.write(ballast, b"x" * 4096)
except OSError:
    os.close(ballast)
written = []
try:
    for n in range(1, 100):
        written.append(journal.claim(job(n)).row.row_id)
    print("never full")
except JournalWriteError as error:
    print(error.code)
try:
    journal.accepted(done, generation_id="g" * 5000)
except JournalWriteError as error:
    print(error.code)
(root / "ballast").unlink()
journal.accepted(done, generation_id="paid")
journal.close()
journal = Journal.open(root / "state")
print(journal.get(done).generation_id, [row.row_id for row in reversed(journal.recent(1000))] == [done, *written])
journal.close()
print(integrity(root / "state"))
"""


def test_a_full_disk(tmp_path: Path) -> None:
    unshare = require_tool("unshare")
    mount = f'mount -t tmpfs -o size=600k none {tmp_path} && exec "$@"'
    prefix = (unshare, "-rm", "sh", "-c", mount, "sh")
    if subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode:
        pytest.skip("unshare: this machine permits no mount in a user namespace")
    with writer(FULL_DISK, tmp_path, prefix=prefix) as process:
        out, err = process.communicate(timeout=30)
    assert out.split("\n") == ["journal_write_failed", "journal_write_failed", "paid True", "ok", ""], err


STEP_BY_STEP = """
journal = Journal.open(Path(sys.argv[1]))
for step in ("claim", "sending", "accepted", "ended"):
    try:
        if step == "claim": row_id = journal.claim(job()).row.row_id
        if step == "sending": journal.sending(row_id)
        if step == "accepted": journal.accepted(row_id, generation_id="paid")
        if step == "ended": end(journal, row_id)
    except JournalWriteError as error:
        print("failed", step, error.code, flush=True)
        break
    print("wrote", step, flush=True)
os.kill(os.getpid(), 9)
"""
REACHED = {"claim": "intent", "sending": "sending", "accepted": "accepted", "ended": "ended"}


@pytest.mark.parametrize(
    ("call", "error", "when"),
    [
        *[("fdatasync", "EIO", when) for when in (1, 2, 3, 4, 5, 6)],
        *[("pwrite64", "ENOSPC", when) for when in (9, 11, 14, 18, 22, 26)],
        *[("pwrite64", "EIO", when) for when in (10, 13, 17, 21)],
    ],
)
def test_a_failing_disk_writes_a_step_or_nothing(tmp_path: Path, call: str, error: str, when: int) -> None:
    Journal.open(tmp_path).close()
    trace = (require_tool("strace"), "-f", "-o", str(tmp_path / "trace"))
    with writer(
        STEP_BY_STEP, tmp_path, prefix=(*trace, "-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={when}")
    ) as process:
        out, err = process.communicate(timeout=30)
    assert "INJECTED" in (tmp_path / "trace").read_text(errors="replace"), f"the fault never came: {out}{err}"
    lines = [line.split() for line in out.splitlines()]
    wrote = [line[1] for line in lines if line[0] == "wrote"]
    failed = [line[1:] for line in lines if line[0] == "failed"]
    assert all(code == "journal_write_failed" for _, code in failed), out + err
    with Journal.open(tmp_path) as journal:
        with contextlib.closing(sqlite3.connect(tmp_path / FILE)) as db:
            states = [state for (state,) in db.execute("SELECT state FROM job")]
        # A step whose sync failed may still have reached the disk: then it is there whole.
        possible = [[REACHED[wrote[-1]]] if wrote else []] + [[REACHED[step]] for step, _ in failed]
        assert states in possible
        if "accepted" in wrote:
            assert journal.find("paid")
    assert integrity(tmp_path) == "ok"


def test_the_fixture_of_version_1_is_what_version_1_wrote() -> None:
    """The dump's tables are those of the first step, so that it cannot drift into a newer one."""
    with (
        contextlib.closing(sqlite3.connect(":memory:")) as made,
        contextlib.closing(sqlite3.connect(":memory:")) as kept,
    ):
        schema.STEPS[0](made)
        kept.executescript((Path(__file__).parent / "version_1.sql").read_text(encoding="utf-8"))
        names = "SELECT name FROM pragma_table_info('job') ORDER BY 1"
        assert made.execute(names).fetchall() == kept.execute(names).fetchall()
    assert columns.from_json("[1]") == [1]
