"""What a user hands over: a file, read whole and once, up to a size, and JSON. What has no end, or may never begin, is
refused."""

from __future__ import annotations

import json
import os
import stat
import sys
from pathlib import Path

from .errors import UsageError
from .json import Json, NoJsonConstant, strict_json

MIB = 1 << 20
PIPE_SECONDS = 30.0
"""How long a pipe may be silent. A shell's ``<(command)`` is one."""
_PIECE_BYTES = 1 << 18
_HANDED_OVER = ("/dev/fd/", "/dev/stdin", "/proc/self/fd/")
"""Pipes that somebody holds the other end of. A FIFO with a name may wait for a writer for ever."""
_OPEN = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def read_user_file(
    file: str | Path, max_bytes: int, *, code: str = "unreadable_file", pipe_seconds: float = PIPE_SECONDS
) -> bytes:
    """All bytes of a file, of a pipe that the shell handed over, or, for the text ``-``, of stdin.

    Raises:
        UsageError: ``code``: it cannot be read, is larger, is a folder, device or named FIFO, or a pipe stays silent.
    """
    try:
        data = _stdin(max_bytes + 1) if file == "-" else _read(Path(file), max_bytes + 1, pipe_seconds)
    except (OSError, ValueError) as error:  # ValueError: NUL in the name, too
        reason = getattr(error, "strerror", None) or error
        raise UsageError(code, f"{file} cannot be read: {reason}", details={"file": str(file)}) from None
    if len(data) > max_bytes:
        message = f"{file} cannot be read: it is larger than the {max_bytes // MIB} MiB that are taken here"
        raise UsageError(code, message, details={"file": str(file)})
    return data


def read_user_text(file: str | Path, max_bytes: int, *, code: str = "unreadable_file") -> str:
    """The same as text: UTF-8, a byte-order mark taken off. Raises UsageError ``code`` for other text as well."""
    try:
        return read_user_file(file, max_bytes, code=code).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(code, f"{file} is not UTF-8 text", details={"file": str(file)}) from None


def user_json(text: str, what: str, *, guidance: tuple[str, ...] = ()) -> Json:
    """The JSON value of a text that somebody wrote; ``what`` names it.

    Raises:
        UsageError: ``bad_json``, with line and column where it breaks.
    """
    try:
        return strict_json(text)
    except json.JSONDecodeError as error:
        message = f"{what} is no JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        near = text[max(0, error.pos - 30) : error.pos + 30]
        raise UsageError("bad_json", message, details={"received": near}, guidance=guidance) from None
    except NoJsonConstant as error:
        message = f"{what} holds {error}, which JSON cannot say"
        raise UsageError("bad_json", message, details={"received": str(error)}) from None
    except (RecursionError, ValueError):  # ValueError: a number of more than 4300 digits
        raise UsageError("bad_json", f"{what} is nested too deeply, or a number in it is too long") from None


def user_json_object(text: str, what: str, *, guidance: tuple[str, ...] = ()) -> dict[str, Json]:
    """The same, which must be an object. Raises UsageError ``bad_json``."""
    value = user_json(text, what, guidance=guidance)
    if not isinstance(value, dict):
        raise UsageError("bad_json", f"{what} must be a JSON object, not {type(value).__name__}")
    return value


def _stdin(count: int) -> bytes:
    if sys.stdin is None:
        raise ValueError("stdin is closed")
    return sys.stdin.buffer.read(count)


def _read(path: Path, count: int, pipe_seconds: float) -> bytes:
    _check_kind(path, os.stat(path).st_mode)
    descriptor = os.open(path, _OPEN)
    try:
        mode = os.fstat(descriptor).st_mode
        _check_kind(path, mode)  # of what was really opened
        return _all(descriptor, count, pipe_seconds if stat.S_ISFIFO(mode) else None)
    finally:
        os.close(descriptor)


def _check_kind(path: Path, mode: int) -> None:
    """Raises ValueError for what is neither a plain file nor a pipe that was handed over."""
    if stat.S_ISDIR(mode):
        raise ValueError("it is a directory")
    if stat.S_ISFIFO(mode) and not str(path).startswith(_HANDED_OVER):
        raise ValueError("it is a named pipe, which may stay silent for ever; give a file")
    if not stat.S_ISREG(mode) and not stat.S_ISFIFO(mode):
        raise ValueError("it is a device, not a file")


def _all(descriptor: int, count: int, silence_seconds: float | None) -> bytes:
    """What is there, ``count`` bytes at most."""
    data = bytearray()
    while len(data) < count:
        if silence_seconds is not None:
            _wait(descriptor, silence_seconds)
        piece = os.read(descriptor, min(_PIECE_BYTES, count - len(data)))
        if not piece:
            break
        data += piece
    return bytes(data)


def _wait(descriptor: int, seconds: float) -> None:
    import select

    if not select.select([descriptor], [], [], seconds)[0]:
        raise ValueError(f"nothing came through the pipe for {seconds:g} seconds")
