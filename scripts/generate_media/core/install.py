"""How the packages get into the user's folder, as commands to run or to print: never into a Python that others share.

Python 3.6 reads this file too (home.py says why).
"""

import os
import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from .home import BUNDLE, FILM_REQUIREMENTS, REQUIREMENTS, python_of, venvs

UV_PAGE = "https://docs.astral.sh/uv/getting-started/installation/"


def shell_line(commands: "Iterable[Sequence[str]]") -> str:
    """Commands as one line, each only after the one before succeeded."""
    return " && ".join(" ".join(map(_quoted, words)) for words in commands)


def _quoted(word: str) -> str:
    """For sh; a path stands between double quotes, which cmd.exe knows as well."""
    return f'"{word}"' if os.sep in word and not set('"$`!') & set(word) else shlex.quote(word)


def uv_command(environ: "Mapping[str, str]") -> "str | None":
    """uv's own place: what ``uv run`` says of itself, or the first on the PATH; None without uv."""
    return environ.get("UV") or _which("uv", environ)


def venv_commands(venv: Path, environ: "Mapping[str, str]") -> "list[list[str]]":
    """What makes ``venv`` with the packages, or mends it, with what this machine has.

    By this interpreter where it has ensurepip (Debian packs that apart), else by uv, else by its own pip from outside.
    """
    own, uv = str(python_of(venv)), uv_command(environ)
    if find_spec("ensurepip") is None and uv:
        return _by_uv(uv, venv, sys.executable)
    if find_spec("ensurepip") is None and find_spec("pip"):
        packages = next(venv.glob("lib/python*/site-packages"), _site_packages(venv))
        pip = [sys.executable, "-m", "pip", "install", "--upgrade", "--target", str(packages), "-r", str(REQUIREMENTS)]
        return [[sys.executable, "-m", "venv", "--without-pip", str(venv)], pip]
    broken = os.path.lexists(own) and not os.path.exists(own)  # its Python was taken away
    make = [sys.executable, "-m", "venv", *(["--clear"] if broken else []), str(venv)]
    return [make, [own, "-m", "pip", "install", "-r", str(REQUIREMENTS)]]


def film_commands(environ: "Mapping[str, str]") -> "list[list[str]]":
    """What adds the packages for films: to the venv that runs now, else to the user's own, made where there is none."""
    uv = uv_command(environ)
    if sys.prefix != sys.base_prefix and not environ.get("UV_RUN_RECURSION_DEPTH"):
        return [_added(sys.executable, uv if find_spec("pip") is None else None)]
    venv = venvs(environ)[0]
    return [*venv_commands(venv, environ), _added(str(python_of(venv)), uv if find_spec("ensurepip") is None else None)]


def _added(python: str, uv: "str | None") -> "list[str]":
    pip = [uv, "pip", "install", "--python", python] if uv else [python, "-m", "pip", "install"]
    return [*pip, "-r", str(FILM_REQUIREMENTS)]


def newer_python_commands(venv: Path, environ: "Mapping[str, str]") -> "list[list[str]]":
    """The same where this interpreter is too old: by a newer one on the PATH, else by uv; none where neither is."""
    names = [*(f"python3.{minor}" for minor in range(20, 9, -1)), "python3"]
    found = filter(None, (_which(name, environ) for name in names))
    newer = next(filter(_is_new_enough, found), None)
    if newer:
        return [[newer, str(BUNDLE / "scripts" / "ensure_api_key.py"), "--setup"]]
    uv = uv_command(environ)
    return _by_uv(uv, venv, ">=3.10") if uv else []


def _which(name: str, environ: "Mapping[str, str]") -> "str | None":
    import shutil  # and three decompressors: no start is to wait for them

    return shutil.which(name, path=environ.get("PATH"))


def _by_uv(uv: str, venv: Path, python: str) -> "list[list[str]]":
    own = str(python_of(venv))
    return [
        [uv, "venv", "--allow-existing", "--python", python, str(venv)],
        [uv, "pip", "install", "--python", own, "-r", str(REQUIREMENTS)],
    ]


def _site_packages(venv: Path) -> Path:
    return venv / "lib" / "python{}.{}".format(*sys.version_info[:2]) / "site-packages"


def _is_new_enough(python: str) -> bool:
    """Asked of itself: pyenv leaves a name on the PATH for each version, chosen or not."""
    import subprocess

    asked = [python, "-c", "import sys; sys.exit(sys.version_info < (3, 10))"]
    return subprocess.call(asked, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0  # noqa: S603


def uv_run(script: str, environ: "Mapping[str, str]") -> str:
    """Advice: how uv runs a script without anything installed for it."""
    line = shell_line([[uv_command(environ) or "uv", "run", script]])
    return f"or, without installing packages: {line} … (uv: {UV_PAGE})"
