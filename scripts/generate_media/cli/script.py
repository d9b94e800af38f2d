"""How every script begins and ends: with its packages, in the user's venv if need be, or with one clear error; and with
one last line and its exit code, whatever happened in between.

Only the standard library, and of the bundle only what needs nothing else: this runs before anything is installed.
"""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..core import (
    BUNDLE,
    GUARD,
    REQUIREMENTS,
    InternalError,
    Interrupted,
    ReportedError,
    go_on_with,
    python_of,
    venvs,
)
from ..events import error_outcome, leave, leave_with, standard_printer
from .terminal import at_terminal

if TYPE_CHECKING:
    from ..events import Outcome, Printer, Signals

Run = Callable[["Printer", "Signals", ExitStack], "Outcome"]
"""What a script that prints lines does."""
_BARE = frozenset({"-h", "--help", "--version"})
_REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+)\s*>=\s*([0-9.]+)\s*,\s*<\s*([0-9.]+)")
_INSTALLED = re.compile(r"^(.+?)-(\d[^-]*?)(?:-py[\d.]+)?\.(?:dist-info|egg-info)$")


class Requirement(NamedTuple):
    """One line of requirements.txt: a name and the half-open range of versions that will do."""

    name: str
    lowest: tuple[int, ...]
    below: tuple[int, ...]

    def met_by(self, version: str | None) -> bool:
        return version is not None and self.lowest <= _numbers(version) < self.below


def start(main: Callable[[], int], *, bare: Iterable[str] = ()) -> None:
    """Run ``main`` and end the process with its exit code.

    A python that lacks the packages hands over to a venv that has them, once; what needs none (--help, --version, the
    flags in ``bare``) never does.
    """
    at_terminal()
    if not _BARE.union(bare) & set(sys.argv[1:]):
        missing = missing_requirements(sys.path)
        if missing:
            go_on_in_venv()
            standard_printer().line(missing_dependency(missing))
            leave(2)
    leave_with(main)


def requirements() -> tuple[Requirement, ...]:
    """The bundle's requirements.txt."""
    lines = REQUIREMENTS.read_text(encoding="utf-8").splitlines()
    found = (_REQUIREMENT.match(line) for line in lines)
    return tuple(Requirement(m[1], _numbers(m[2]), _numbers(m[3])) for m in found if m)


def missing_requirements(search_path: Sequence[str]) -> list[str]:
    """Names of packages that are absent or outside their range, told by the metadata folders on the path.

    Reading folder names takes a fraction of a millisecond; importlib.metadata would take tens.
    """
    installed: dict[str, str] = {}
    for name, version in _distributions(search_path):
        installed.setdefault(name, version)
    return [item.name for item in requirements() if not item.met_by(installed.get(_normal(item.name)))]


def missing_dependency(missing: Sequence[str]) -> Mapping[str, object]:
    """The ``error`` object: what lacks, and the exact commands that help."""
    from ..core import shell_line, uv_run, venv_commands
    from ..events import command

    return {
        "event": "error",
        "error": "missing_dependency",
        "category": "validation",
        "message": f"these Python packages are missing or too old or too new: {', '.join(missing)}",
        "should_retry": True,
        "missing": list(missing),
        "install": shell_line(venv_commands(venvs(os.environ)[0], os.environ)),
        "guidance": [
            "run install once, then the same command again: it finds that venv by itself, and updates leave it alone",
            f"or, packages and key at once: {command('ensure_api_key.py', ['--setup'])}",
            uv_run(str(BUNDLE / "scripts" / Path(sys.argv[0]).name), os.environ),
            "if venv fails for lack of ensurepip: apt install python3-venv, or install uv",
        ],
    }


def go_on_in_venv(has_more: Callable[[Sequence[str]], bool] = lambda folders: True) -> None:
    """Replace this process by the same script in the first venv that has the packages, and ``has_more`` in its folders
    of packages; nothing where none has."""
    if os.environ.get(GUARD):
        return
    for venv in venvs(os.environ):
        if has_packages(venv) and has_more(_search_path(venv)):
            go_on_with(python_of(venv))


def has_packages(venv: Path) -> bool:
    """Whether a venv has an interpreter and all packages, each in its range."""
    return python_of(venv).exists() and not missing_requirements(_search_path(venv))


def _search_path(venv: Path) -> list[str]:
    pattern = "Lib/site-packages" if os.name == "nt" else "lib/python*/site-packages"
    return [str(folder) for folder in venv.glob(pattern)]


def _distributions(search_path: Sequence[str]) -> Iterator[tuple[str, str]]:
    for folder in search_path:
        try:
            names = os.listdir(folder or ".")
        except OSError:
            continue
        for match in filter(None, map(_INSTALLED.match, names)):
            yield _normal(match[1]), match[2]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.split("+")[0])[:3])


def run_lines(run: Run) -> int:
    """Run, print the last line, put away what was opened; the exit code."""
    from ..events import Signals

    printer, signals, stack = standard_printer(), Signals(), ExitStack()
    with _helpers_told(printer):
        outcome = _ended(run, printer, signals, stack)
        outcome = _printed(outcome, printer)
        with suppress(Exception):  # all is told and on disk; what cannot be put away ends with the process
            stack.close()
    return int(outcome.exit_code)


def _ended(run: Run, printer: Printer, signals: Signals, stack: ExitStack) -> Outcome:
    try:
        try:
            outcome = run(printer, signals, stack)
        except Exception as error:
            outcome = _outcome_of(error)
        signals.done()
    except Interrupted as error:
        signals.done()
        return _outcome_of(error)
    return outcome


def _printed(outcome: Outcome, printer: Printer) -> Outcome:
    """The outcome, its line printed; where that is read from a journal which fails meanwhile, the failure too."""
    try:
        if outcome.line:
            printer.line(outcome.line)
    except ReportedError as error:
        outcome = _outcome_of(error)
        printer.line(outcome.line)
    return outcome


def _outcome_of(error: BaseException) -> Outcome:
    return error_outcome(error if isinstance(error, ReportedError) else InternalError(error))


@contextmanager
def _helpers_told(printer: Printer) -> Iterator[None]:
    """An error that nobody foresaw in a helper's thread is a warning: the run goes on without that help."""

    def told(failed: threading.ExceptHookArgs) -> None:
        if failed.exc_value is not None:
            printer.event("warning", message=f"{InternalError(failed.exc_value).message}; the run goes on")

    before, threading.excepthook = threading.excepthook, told
    try:
        yield
    finally:
        threading.excepthook = before
