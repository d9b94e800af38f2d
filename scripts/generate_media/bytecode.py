"""Compiled modules of the bundle in the user's cache, or nowhere: never beside their sources.

There they would be files that no installer knows, and it refuses to update a folder that was changed.
``sys.pycache_prefix`` would do the same to the standard library and to every package, which have theirs already.
"""

from __future__ import annotations

import os
import stat
import sys
from importlib.machinery import FileFinder, SourceFileLoader
from types import CodeType

_HOUSE = os.path.dirname(os.path.abspath(__file__))


def keep_bytecode_elsewhere() -> None:
    """For all that is imported of the house from now on; a user's own PYTHONPYCACHEPREFIX is a place as good."""
    sys.dont_write_bytecode = bool(sys.flags.dont_write_bytecode)  # a script's first lines had to switch it off
    if sys.pycache_prefix is None:
        _Loader.cache = _cache_folder()
        sys.path_hooks.insert(0, _finder)
        sys.path_importer_cache.pop(_HOUSE, None)


def _finder(folder: str) -> FileFinder:
    if not folder.startswith(_HOUSE):
        raise ImportError(folder)
    return FileFinder(folder, (_Loader, [".py"]))


def _cache_folder() -> str | None:
    """A folder that nobody else can write to; None where there is none and none can be made."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):
        base = os.path.join(os.path.expanduser("~"), ".cache")
    folder = os.path.join(base, "generate-media")
    if not os.path.isabs(folder):
        return None
    try:
        found = _made(base, folder)
        if os.name == "posix" and (found.st_uid != os.geteuid() or found.st_mode & 0o022):
            return None
        if os.name == "posix" and found.st_mode & 0o077:
            os.chmod(folder, 0o700)
    except (OSError, ValueError):  # ValueError: NUL in the name
        return None
    return folder if stat.S_ISDIR(found.st_mode) else None


def _made(base: str, folder: str) -> os.stat_result:
    try:
        return os.lstat(folder)
    except FileNotFoundError:
        for missing in (base, folder):
            if not os.path.isdir(missing):
                os.mkdir(missing, 0o700)
        return os.lstat(folder)


class _Loader(SourceFileLoader):
    """Python's own loader of source files, its compiled ones in another place."""

    cache: str | None = None
    _spoilt = False

    def get_code(self, fullname: str) -> CodeType | None:
        """The module's code; what the cache holds of it is made anew where it cannot be read."""
        try:
            return super().get_code(fullname)
        except (EOFError, ImportError, TypeError, ValueError):
            self._spoilt = True
            return super().get_code(fullname)

    def path_stats(self, path: str) -> dict[str, int]:
        """What compiled code must match: for the time of change a number that no unpacking gives to another file
        again, since an installer may give the files of all versions the same time."""
        found = os.stat(path)
        return {"mtime": hash((found.st_mtime_ns, found.st_ctime_ns, found.st_ino)), "size": found.st_size}

    def get_data(self, path: str) -> bytes:
        if not path.endswith(".pyc"):
            return super().get_data(path)
        if self.cache is None or self._spoilt:
            raise FileNotFoundError(path)
        return super().get_data(_place(self.cache, path))

    def set_data(self, path: str, data: bytes, *, _mode: int = 0o600) -> None:  # type: ignore[override]  # Buffer: 3.12
        """Nothing where it cannot be written: Python's own does not raise for that either."""
        if self.cache is not None:
            super().set_data(_place(self.cache, path), data, _mode=_mode)


def _place(cache: str, path: str) -> str:
    return cache + os.path.splitdrive(path)[1]
