"""The state folder: nobody else's, on a local disk, with the journal's file in it; a damaged file set aside."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shlex
import stat
from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path

from .failures import not_private, unwritable
from .private import make_folder, open_private

FILE_NAME = "journal.sqlite3"
NETWORK_FILE_SYSTEMS = frozenset(
    (
        *("afs", "beegfs", "ceph", "cifs", "coda", "glusterfs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "orangefs"),
        *("smb3", "smbfs", "fuse.ceph", "fuse.glusterfs", "fuse.rclone", "fuse.s3fs", "fuse.sshfs"),
    )
)
"""Where SQLite's WAL fails: its index is memory shared between processes of one machine (sqlite.org/wal.html)."""


def prepare(folder: Path) -> None:
    """The folder and ``locks`` in it, 0700 whatever the umask; one that others could only read is tightened.

    Raises StorageError ``state_not_private``, ``state_unwritable`` or ``state_on_network_filesystem``.
    """
    try:
        if folder.is_dir():
            _make_ours(folder)
        make_folder(folder / "locks")
        kind = file_system_of(folder)
    except OSError as error:
        raise unwritable(folder, error.strerror or str(error)) from error
    if kind in NETWORK_FILE_SYSTEMS:
        raise unwritable(folder, f"it is on a network file system ({kind})", "state_on_network_filesystem")


def make_file(file: Path) -> None:
    """The journal's file, 0600 whatever the umask; SQLite gives its -wal and -shm the same mode.

    One that is there is looked at without being opened: closing it would take away the locks that another connection
    of this process holds on it (POSIX; sqlite.org/howtocorrupt.html, 2.2). Raises OSError where it cannot be written.
    """
    try:
        found = os.lstat(file)
    except FileNotFoundError:
        with open_private(file):
            return
    if stat.S_ISLNK(found.st_mode):
        raise _os_error(errno.ELOOP, file)
    if os.name == "posix" and stat.S_IMODE(found.st_mode) != 0o600:
        os.chmod(file, 0o600)
    if not os.access(file, os.R_OK | os.W_OK):
        read_only = hasattr(os, "statvfs") and os.statvfs(file.parent).f_flag & os.ST_RDONLY
        raise _os_error(errno.EROFS if read_only else errno.EACCES, file)


def _os_error(number: int, file: Path) -> OSError:
    return OSError(number, os.strerror(number), str(file))


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


def _make_ours(folder: Path) -> None:
    """A folder that was there. What others own or can write may hold a journal that they prepared.

    Root is trusted, as it must be: a folder of its own can be read where it can be.
    """
    if os.name != "posix":
        return
    found, us = folder.stat(), os.geteuid()
    if found.st_uid != us:
        command = shlex.join([*(["sudo"] if us else []), "chown", "-R", str(us), str(folder)])
        if found.st_uid != 0:
            raise not_private(folder, f"it belongs to user {found.st_uid}", command)
        if not os.access(folder, os.W_OK | os.X_OK):
            raise unwritable(folder, "it belongs to root", command=command)
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise not_private(folder, "others can write it", shlex.join(["chmod", "700", str(folder)]))
    for path in (folder / FILE_NAME, folder / f"{FILE_NAME}-wal", folder / f"{FILE_NAME}-shm", folder / "locks"):
        if path.is_symlink():
            raise not_private(folder, f"{path.name} in it is a symbolic link", shlex.join(["rm", str(path)]))
    if found.st_mode & 0o077:
        with contextlib.suppress(OSError):  # a read-only disk
            folder.chmod(stat.S_IMODE(found.st_mode) & ~0o077)
