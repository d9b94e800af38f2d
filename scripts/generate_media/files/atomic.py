"""Files that are there whole or not at all, and never in place of another one."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, NamedTuple

from ..core import StorageError

_BUFFER_BYTES = 1 << 18
_MAX_PARTS = 1000
_OPEN_OLD = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_OPEN_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


class Part(NamedTuple):
    """A file being written, beside its place; no other process touches it while we live."""

    path: Path
    file: BinaryIO

    def sync(self) -> None:
        """All bytes on the disk itself."""
        self.file.flush()
        os.fsync(self.file.fileno())


@contextmanager
def part_file(folder: Path, stem: str) -> Iterator[Part]:
    """``.<stem>.part`` in ``folder``, open and empty; gone at the end, whatever happens.

    A part that a killed run left behind is removed first. Whether its writer lives is told by a lock that the
    kernel frees, never by an age or a pid. Raises OSError.
    """
    path, descriptor = _open_part(folder, stem)
    try:
        with open(descriptor, "w+b", buffering=_BUFFER_BYTES) as file:
            try:
                yield Part(path, file)
            finally:
                if os.name != "nt":
                    with suppress(FileNotFoundError):
                        path.unlink()
    finally:
        if os.name == "nt":  # an open file cannot be removed there
            with suppress(FileNotFoundError):
                path.unlink()


def check_folder(folder: Path) -> None:
    """Make the folder and try it, before anything is sent.

    Raises:
        StorageError: ``output_dir_unwritable``.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with part_file(folder, "generate-media-check") as part:
            part.file.write(b"\0")
            part.file.flush()
    except (OSError, ValueError) as error:  # ValueError: NUL in the name
        raise StorageError(
            "output_dir_unwritable",
            f"files cannot be written to {folder}: {getattr(error, 'strerror', None) or error}",
            guidance=("Nothing was sent. Choose another folder with --output-dir.",),
        ) from None


def publish(part: Path, folder: Path, names: Iterable[str], *, size_bytes: int, sha256: str) -> Path:
    """Give a whole part the first name that is free; a name that already has these very bytes is as good.

    The folder is synced, so that the name survives a power cut as the bytes do. Raises OSError.
    """
    for name in names:
        target = folder / name
        if move_to_free_name(part, target):
            sync_folder(target.parent)
            return target
        if has_bytes(target, size_bytes=size_bytes, sha256=sha256):
            sync_folder(target.parent)  # the run that put it there may have been killed before it did this
            return target
    raise OSError(errno.EEXIST, os.strerror(errno.EEXIST))


def keep(part: Part, path: Path) -> None:
    """Put a part at ``path``, in place of what an earlier try left there. Raises OSError."""
    part.sync()
    if os.name == "nt":
        part.file.close()
    os.replace(part.path, path)


def write_whole(path: Path, data: bytes, mode: int) -> None:
    """Put ``data`` at ``path``, replacing what was there in one step. Raises OSError."""
    with part_file(path.parent, path.name) as part:
        with suppress(AttributeError):  # Windows before 3.13 has no fchmod; its folders have access lists instead
            os.fchmod(part.file.fileno(), mode)
        part.file.write(data)
        keep(part, path)
    sync_folder(path.parent)


def has_bytes(path: Path, *, size_bytes: int, sha256: str) -> bool:
    """Whether a regular file (no link, no device) holds exactly these bytes."""
    try:
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode) or found.st_size != size_bytes:
            return False
        return digest_of(path)[1] == sha256
    except OSError:
        return False


def digest_of(path: Path) -> tuple[int, str]:
    """How many bytes a file has, and their sha256. Raises OSError."""
    digest, size_bytes = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(_BUFFER_BYTES):
            digest.update(piece)
            size_bytes += len(piece)
    return size_bytes, digest.hexdigest()


def sync_folder(folder: Path) -> None:
    """fsync of a folder, where folders can be opened and synced at all. Raises OSError (EIO)."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def move_to_free_name(part: Path, target: Path) -> bool:
    """False when the name is taken. A hard link never replaces anything, a rename would."""
    try:
        os.link(part, target)
    except FileExistsError:
        return False
    except OSError:  # FAT, some network and phone storage: no hard links
        return _move_by_reserving(part, target)
    return True


def _move_by_reserving(part: Path, target: Path) -> bool:
    if os.name == "nt":
        try:
            os.rename(part, target)  # never replaces there
        except FileExistsError:
            return False
        return True
    try:
        os.close(os.open(target, _OPEN_NEW, 0o666))
    except FileExistsError:
        return False
    try:
        os.replace(part, target)
    except OSError:
        target.unlink()
        raise
    return True


def _open_part(folder: Path, stem: str) -> tuple[Path, int]:
    for number in range(1, _MAX_PARTS):
        path = folder / (f".{stem}.part" if number == 1 else f".{stem}.{number}.part")
        _remove_abandoned(path)
        try:
            descriptor = os.open(path, _OPEN_NEW, 0o666)
        except FileExistsError:
            continue
        # Another run may take the new file for an abandoned one before we hold its lock.
        if _lock(descriptor) and os.fstat(descriptor).st_nlink == 1:
            return path, descriptor
        os.close(descriptor)
    raise OSError(errno.EEXIST, os.strerror(errno.EEXIST))


def _remove_abandoned(path: Path) -> None:
    try:
        descriptor = os.open(path, _OPEN_OLD)
    except OSError:
        return
    try:
        if stat.S_ISREG(os.fstat(descriptor).st_mode) and _lock(descriptor):
            if os.name == "nt":
                return
            with suppress(OSError):
                path.unlink()
    finally:
        os.close(descriptor)
        if os.name == "nt":
            with suppress(OSError):
                path.unlink()  # fails while its writer lives


def _lock(descriptor: int) -> bool:
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks: the name that nobody else has must do
        return True
    return True
