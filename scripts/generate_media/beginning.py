"""The first thing that every script does, before it imports what takes time.

Only modules that the interpreter itself has loaded: a signal that comes during all later imports finds its handler,
and a file that they open never gets the number of a standard stream. It stands before the rooms, since even a room's
door takes ten times as long to import as this. Python 3.6 reads it too, and is told what it lacks: so annotations that
only a newer one understands stand in quotes.
"""

import _signal  # type: ignore[import-not-found]  # signal would first load enum and six more: 5 ms without a handler
import gc
import os
import sys

_AGAIN = "run the same command again: it goes on with the job where there is one, and never pays twice"
_LINE = (
    '{{"event":"error","error":"{error}","category":"unknown","message":"{message}","should_retry":false,'
    '"guidance":["' + _AGAIN + '"]}}\n'
)
_UNFORESEEN = 25
"""The exit code of what nobody foresaw."""
_TOO_OLD = 2
"""And of a Python that is too old: something is missing that is needed."""
_GC_THRESHOLD = 500_000
"""New objects before the collector looks; Python's own 700 is for programs that run long."""


def begin() -> None:
    """Standard streams that are open and speak UTF-8, no traceback whatever happens from now on, nothing written into
    the bundle's folder by running it."""
    for number in (_signal.SIGINT, _signal.SIGTERM):
        _signal.signal(number, _stopped)
    sys.excepthook = _unforeseen
    # Imports make a hundred thousand objects that all stay: looking through them over and over costs 20 ms.
    gc.set_threshold(_GC_THRESHOLD)
    _open_what_is_closed()
    if sys.version_info < (3, 10):  # noqa: UP036 - whoever has an older one is to be told so
        import json

        from .core import newer_python_needed

        row = newer_python_needed()
        _leave(row, json.dumps(row, separators=(",", ":")) + "\n", _TOO_OLD)
    from .bytecode import keep_bytecode_elsewhere

    keep_bytecode_elsewhere()
    _speak_utf8()


def _stopped(number: int, frame: object) -> None:
    """A signal while nothing is at work yet: the line, and out. As an exception it would be lost in an import."""
    _leave_with("interrupted", "stopped by a signal", 128 + number)


def _unforeseen(kind: "type[BaseException]", error: BaseException, trace: object) -> None:
    """What not even a script's own net has caught. Its text is left out: it may hold a URL or a key."""
    if isinstance(error, KeyboardInterrupt):
        _stopped(getattr(error, "number", _signal.SIGINT), None)
    _leave_with("internal_error", f"{kind.__name__}, which nobody foresaw; please report it", _UNFORESEEN)


def _leave_with(error: str, message: str, code: int) -> None:
    row: dict[str, object] = {"event": "error", "error": error, "message": message, "guidance": [_AGAIN]}
    _leave(row, _LINE.format(error=error, message=message), code)


def _leave(row: "dict[str, object]", line: str, code: int) -> None:
    """In words where a person reads them, else by the line that says the same."""
    if not _shown(row):
        try:  # noqa: SIM105 - contextlib is one of the imports that come later
            os.write(1, line.encode("ascii", "replace"))
        except OSError:  # closed: the exit code says it
            pass
    at_end = getattr(sys.modules.get("generate_media.events.ending"), "at_end", None)  # half loaded it has none
    if at_end is not None:
        at_end.close()
    os._exit(code)


def _shown(row: "dict[str, object]") -> bool:
    """Whether it was said in words, where a person reads them."""
    try:
        if not sys.stdout.isatty():
            return False
        _forget_half_modules()
        views = sys.modules.get("generate_media.events.view")
        view = views and views.shown_with()
        if view:
            view.row(row)
            return True
        from .cli import said_plainly

        return said_plainly(row)
    except Exception:  # the terminal is gone; an old Python that cannot read the words
        return False


def _forget_half_modules() -> None:
    """What was being imported is imported anew by whoever needs it: this process never goes on where it was."""
    for name, module in list(sys.modules.items()):
        if getattr(getattr(module, "__spec__", None), "_initializing", False):
            del sys.modules[name]


def _open_what_is_closed() -> None:
    """Give a standard descriptor that came closed to nothing, before another file gets its number."""
    try:
        descriptor = os.open(os.devnull, os.O_RDWR)
        while descriptor <= 2:
            os.set_inheritable(descriptor, True)
            descriptor = os.open(os.devnull, os.O_RDWR)
        os.close(descriptor)
    except OSError:
        return
    sys.stdin = sys.stdin or open(0, encoding="utf-8")  # noqa: SIM115 - as long as the process
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", encoding="utf-8")  # noqa: SIM115


def _speak_utf8() -> None:
    """Arguments, file names and data are UTF-8, whatever the locale.

    Where Python read the arguments otherwise (a locale of ISO 8859-1), the interpreter begins anew in its UTF-8 mode
    (PEP 540, in which 3.15 starts by itself): it alone reaches everything, sqlite3 and child processes included.
    """
    asked_for = "utf8" in sys._xoptions  # by us a moment ago, or against it by the user
    if os.name == "posix" and sys.getfilesystemencoding() != "utf-8" and not asked_for:
        try:  # noqa: SIM105
            os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])  # noqa: S606
        except (OSError, ValueError):  # no such file; no name at all
            pass
    sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")  # type: ignore[union-attr]
