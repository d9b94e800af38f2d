"""The state folder: made private, on a local disk, with the journal's file in it; a damaged file set aside."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path

from .failures import unwritable

FILE_NAME = "journal.sqlite3"
NETWORK_FILE_SYSTEMS = frozenset(
    (
        *("afs", "beegfs", "ceph", "cifs", "coda", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "orangefs"),
        *("smb3", "smbfs", "fuse.ceph", "fuse.glusterfs", "fuse.rclone", "fuse.s3fs", "fuse.sshfs"),
    )
)
"""Where SQLite's WAL fails: its index is memory shared between processes of one machine (sqlite.org/wal.html)."""


def prepare(folder: Path) -> None:
    """The folder and ``locks`` in it, 0700 whatever the umask; one that was there keeps its mode.

    Raises UsageError ``state_unwritable`` or ``state_on_network_filesystem``.
    """
    try:
        for made in (*reversed(_missing(folder)), folder / "locks"):
            if not made.is_dir():
                _make_private(made)
        kind = file_system_of(folder)
    except OSError as error:
        raise unwritable(folder, error.strerror or str(error)) from error
    if kind in NETWORK_FILE_SYSTEMS:
        raise unwritable(folder, f"it is on a network file system ({kind})", "state_on_network_filesystem")


def make_file(file: Path) -> None:
    """The journal's file, 0600 whatever the umask; SQLite gives its -wal and -shm the same mode."""
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
    try:
        if os.name == "posix" and os.fstat(descriptor).st_mode & 0o777 != 0o600:
            os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


def file_system_of(folder: Path) -> str:
    """The kind of file system, e.g. ``ext4``; empty where the system does not tell."""
    if os.name == "nt":  # pragma: no cover
        return "smb3" if str(folder).startswith("\\\\") else ""
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as lines:
            return kind_of_mount(os.path.realpath(folder), lines)
    except OSError:
        return ""


def kind_of_mount(path: str, mountinfo: Iterable[str]) -> str:
    """The kind in the line of proc(5)'s mountinfo whose mount point is the longest above ``path``."""
    best, kind = "", ""
    for line in mountinfo:
        mount, _, device = line.partition(" - ")
        fields = mount.split(" ")
        if len(fields) < 5 or not device:
            continue
        point = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[4])
        above = path == point or path.startswith(point.rstrip("/") + "/")
        if above and len(point) >= len(best):  # a later mount on the same point hides the earlier
            best, kind = point, device.split(" ")[0]
    return kind


def set_aside(file: Path) -> Path:
    """Renames a damaged journal and its companions; gives the new name. The caller holds the set-up lock."""
    stamp = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S.%fZ")
    kept = file.with_name(f"{file.name}.corrupt-{stamp}")
    for suffix in ("-wal", "-shm", ""):
        with contextlib.suppress(FileNotFoundError):
            os.rename(f"{file}{suffix}", f"{kept}{suffix}")
    return kept


def _missing(folder: Path) -> list[Path]:
    missing = []
    for path in (folder, *folder.parents):
        if os.path.lexists(path):
            break
        missing.append(path)
    return missing


def _make_private(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        if not folder.is_dir():
            raise
        return
    folder.chmod(0o700)
    if os.name == "posix":
        descriptor = os.open(folder.parent, os.O_RDONLY)
        try:
            with contextlib.suppress(OSError):  # some file systems cannot sync a folder
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
